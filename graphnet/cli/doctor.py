"""``graphnet doctor``: what graphnet finds on this machine, and what it would like to find."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from graphnet import __version__
from graphnet.backend.host_memory import available_memory
from graphnet.backend.machine import blas, gpus
from graphnet.backend.processors import n_processors
from graphnet.cli.output.terminal import bytes_text, facts, notice, say, say_json
from graphnet.control_groups import cpu_quota
from graphnet.data.sets import store
from graphnet.data.sets.catalog import SETS
from graphnet.data.sets.download import is_offline
from graphnet.dependencies import Dependency, dependencies, version_of
from graphnet.errors import DataError
from graphnet.files.paths import is_there
from graphnet.installation import in_the_way, is_clone, pip_install

_PACKAGE = Path(__file__).resolve().parent.parent
#: What each extra is good for; those that only development needs are left out.
ADDS = {
    "images": "data pack reads pictures, plot and draw write PNG",
    "onnx": "export onnx and import onnx",
    "onnxruntime": "export onnx compares what it writes",
    "notebooks": "histories as pandas data frames, progress in notebooks",
    "mpi": "several ranks by mpiexec",
    "sklearn": "gn.Classifier and gn.Regressor, estimators of scikit-learn",
    "optuna": "sweep --optuna",
    "tokens": "data tokenizer, and TextData by tokens",
    "serve": "serve, and pictures that it is sent",
    "cuda12": "NVIDIA GPUs with a driver for CUDA 12",
    "cuda13": "NVIDIA GPUs with a driver for CUDA 13",
}
_FOR_DEVELOPMENT = (
    *("dev", "gpu-check", "tensorboard-check", "caffe-check", "browser-check"),
    *("benchmarks", "docs"),
)
_VARIABLES = (
    "GRAPHNET_DATA",
    "GRAPHNET_OFFLINE",
    "CUDA_VISIBLE_DEVICES",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
)


def doctor(*, as_json: bool) -> int:
    """Print what is here; the exit status says whether anything is wrong with it.

    Returns:
        1 if something that graphnet needs is missing, too old or in its way; else 0.
    """
    found = diagnosis()
    if as_json:
        say_json(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        facts(_facts(found))
        if found["problems"]:
            say()
            notice([line for problem in found["problems"] for line in problem.splitlines()])
    return int(bool(found["problems"]))


def diagnosis() -> dict[str, Any]:
    """All that is found, as ``--json`` prints it."""
    known = dependencies()
    names, missing = gpus()
    needed = [d for d in known if not d.extra]
    data, problem = _data()
    return {
        "graphnet": {
            "version": __version__,
            "folder": str(_PACKAGE),
            "is_clone": is_clone(_PACKAGE.parent),
        },
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "path": sys.executable,
        },
        "system": platform.platform(),
        "packages": {d.name: d.version or None for d in needed},
        "blas": [vars(one) for one in blas()],
        "threads": {
            "used": n_processors(),
            "processors": os.cpu_count(),
            "quota": cpu_quota(),
        },
        "memory": _memory(),
        "gpu": {"names": names, "missing": missing or None},
        "mpi": {"mpi4py": version_of("mpi4py") or None, "mpiexec": _mpiexec()},
        "data": data,
        "extras": _extras(known),
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "problems": [*map(_lacking, (d for d in needed if not d.is_met)), *_others(problem)],
    }


def _lacking(one: Dependency) -> str:
    said = f"{one.name} {one.version} is here" if one.version else f"{one.name} is not installed"
    return f"{said}, and graphnet needs {one.name}{one.wanted}\n  {pip_install()}"


def _others(problem: str) -> list[str]:
    return [said for said in (in_the_way(), problem) if said]


def _memory() -> dict[str, Any]:
    room = available_memory()
    if room is None:
        return {"free": None, "reason": None}
    return {"free": room.n_bytes, "reason": room.reason}


def _mpiexec() -> str | None:
    """Where it is: beside this Python, or where commands are looked for."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("mpiexec", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))


def _data() -> tuple[dict[str, Any], str]:
    """Where named sets are kept and which are there; and what is wrong with the folder."""
    offline = is_offline()
    try:
        folder = store.data_folder()
    except DataError as error:
        return {"folder": None, "sets": [], "offline": offline}, str(error)
    nearest = next((f for f in (folder, *folder.parents) if is_there(f)), folder)
    problem = ""
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        problem = (
            f"data sets cannot be kept in {folder}: {nearest} does not allow it"
            "\n  set GRAPHNET_DATA to a folder that can be written to"
        )
    here = [
        name
        for name, one in SETS.items()
        if not one.embedded and all(is_there(folder / name / f"{part}.h5") for part in one.rows)
    ]
    return {"folder": str(folder), "sets": here, "offline": offline}, problem


def _extras(known: list[Dependency]) -> dict[str, Any]:
    """What each extra adds, and whether all it brings is here."""
    names = dict.fromkeys(d.extra for d in known if d.extra) or dict.fromkeys(ADDS)
    return {
        name: {
            "adds": ADDS.get(name, ""),
            "packages": {d.name: d.version or None for d in known if d.extra == name},
            "is_here": all(d.is_met for d in known if d.extra == name)
            and any(d.extra == name for d in known),
            "install": pip_install(name),
        }
        for name in names
        if name not in _FOR_DEVELOPMENT
    }


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as lines."""
    own, python, threads, data = (found[k] for k in ("graphnet", "python", "threads", "data"))
    quota = "" if threads["quota"] is None else f", a CPU quota of {threads['quota']:g}"
    kind = "the clone" if own["is_clone"] else "installed"
    lines = [
        ("graphnet", f"{own['version']}, {kind} in {own['folder']}"),
        ("python", f"{python['version']} ({python['implementation']}), {python['path']}"),
        ("system", found["system"]),
        *_under("packages", [f"{n} {v or 'is missing'}" for n, v in found["packages"].items()]),
        *_under(
            "blas",
            [
                " ".join(filter(None, (b["name"], b["version"])))
                + (f", kernels for {b['kernel']}" if b["kernel"] else "")
                for b in found["blas"]
            ]
            or ["unknown"],
        ),
        ("threads", f"{threads['used']}, of {threads['processors']} processors{quota}"),
    ]
    if found["memory"]["free"] is not None:
        memory = found["memory"]
        lines.append(("memory", f"{bytes_text(memory['free'])} {memory['reason']}"))
    lines += _under("gpu", found["gpu"]["names"] or found["gpu"]["missing"].splitlines())
    mpi = found["mpi"]
    about = f"mpi4py {mpi['mpi4py']}" if mpi["mpi4py"] else "mpi4py is not installed"
    lines.append(("mpi", f"{about}; {mpi['mpiexec'] or 'there is no mpiexec'}"))
    where = data["folder"] or "nowhere"
    sets = f"{where}: {', '.join(data['sets']) or 'nothing yet'}"
    lines.append(("data", sets + ("; downloads are off" if data["offline"] else "")))
    lines += _under(
        "extras",
        [
            f"{name}: {extra['adds'] or ', '.join(extra['packages'])}"
            + ("" if extra["is_here"] else f"\n  not here: {extra['install']}")
            for name, extra in found["extras"].items()
        ],
    )
    return [*lines, *_under("set", [f"{k}={v}" for k, v in found["variables"].items()])]


def _under(name: str, texts: list[str]) -> list[tuple[str, str]]:
    """Lines of which only the first has a name."""
    lines = [line for text in texts for line in text.splitlines()]
    return [(name if i == 0 else "", line) for i, line in enumerate(lines)]
