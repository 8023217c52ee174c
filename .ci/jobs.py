"""Jobs: a script of bash in a fresh clone, with an interpreter of its own and nothing of ours."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
#: No job takes longer, unless something hangs.
MOST_SECONDS = 3000
#: Variables that other environments leave, and that change what is tried.
_FOREIGN = re.compile(
    r"PYTHON|PYTEST|VIRTUAL_ENV|CONDA|PYENV_VERSION|GRAPHNET|OPENBLAS|OMP_|MKL_|GIT_(DIR|WORK|INDEX)"
)


_running: set[subprocess.Popen[bytes]] = set()
_stopping = Event()


@dataclass(frozen=True, order=True)
class Python:
    """An interpreter, and its version in full."""

    path: str
    version: str

    @property
    def minor(self) -> str:
        """``3.12`` of 3.12.1."""
        return self.version.rpartition(".")[0]


def find_python(minor: str) -> Python | None:
    """A Python of that version that can make environments: on the path, else of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    of_pyenv = sorted(pyenv.glob(f"{minor}.*/bin/python"), reverse=True)
    for path in (shutil.which(f"python{minor}"), shutil.which("python3"), *of_pyenv):
        if path is None:
            continue
        code = (
            "import ensurepip, platform as p, sys; print(sys._base_executable, p.python_version())"
        )
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        found = asked.stdout.split()
        if asked.returncode == 0 and found[1].startswith(f"{minor}."):
            return Python(*found)
    return None


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Attributes:
        code: The script's exit status.
        seconds: How long it took, the clone not counted.
        log: All that it printed.
        clone: Where it ran.
        numpy: The version in its environment.
        megabytes: What that environment takes on the disk.
    """

    code: int
    seconds: float
    log: str
    clone: Path
    numpy: str
    megabytes: int


def run(script: str, python: Python, clone: Path, options: str = "") -> Result:
    """Run a script of bash, ``python3`` being that Python.

    Args:
        script: It ends at the first command that fails.
        python: Which interpreter.
        clone: Where; made if it is not there.
        options: Of every pytest in it, besides its own.
    """
    if not clone.exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    start = perf_counter()
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=clone,
        env=_environment(python, clone.with_name(clone.name + ".aside"), options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _running.add(process)
    if _stopping.is_set():  # since it was begun
        _stop(process)
    try:
        out, _ = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        _stop(process)
        out, _ = process.communicate()
        out += f"\nnot finished after {MOST_SECONDS} s: stopped\n".encode()
    _running.discard(process)
    seconds = perf_counter() - start
    log = out.decode(errors="replace")
    return Result(process.returncode, seconds, log, clone, *_measured(clone / ".venv"))


def stop_all() -> None:
    """End every job that is going on, with all it has started; from now on none goes far."""
    _stopping.set()
    for process in list(_running):
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(python: Python, aside: Path, options: str) -> dict[str, str]:
    """The variables of this process without what belongs to its environment.

    The package cache of pip is shared, the data of graphnet are not.
    """
    bin_ = aside / "bin"
    bin_.mkdir(parents=True, exist_ok=True)
    # no link: an interpreter finds its library from the path that it is started by
    (bin_ / "python3").write_text(f'#!/bin/sh\nexec {python.path} "$@"\n')
    (bin_ / "python3").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    active = os.environ.get("VIRTUAL_ENV", "/nowhere")
    path = [p for p in os.environ["PATH"].split(os.pathsep) if not p.startswith(active)]
    return {
        **kept,
        "PATH": os.pathsep.join([str(bin_), *path]),
        "GRAPHNET_DATA": str(aside / "data"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        # checks.py reads which tests were skipped
        "PYTEST_ADDOPTS": f"--no-fold-skipped {options}".rstrip(),
    }


def _measured(environment: Path) -> tuple[str, int]:
    """The version of NumPy in an environment, and the size of it all."""
    code = "import numpy; print(numpy.__version__)"
    command = [environment / "bin/python", "-c", code]
    try:
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        version = "none"
    blocks = sum(p.lstat().st_blocks for p in environment.rglob("*"))
    return version, round(blocks * 512 / 1e6)
