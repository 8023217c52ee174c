"""What graphnet does with the input of a case: its own commands, run in this process.

Everything goes through the functions behind ``graphnet …``, so that what is printed is what a user
would see, and a traceback is one that a user would get.
"""

from __future__ import annotations

import pkgutil
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import md5
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import typer

import graphnet.cli
from graphnet.backend import base
from graphnet.cli import app, using
from graphnet.cli.app import command
from graphnet.cli.data import commands as data_commands
from graphnet.data.sets.cifar import BinaryArchive
from graphnet.data.sets.store import fetch
from graphnet.errors import MissingExtraError
from graphnet.interchange.weights import importing
from graphnet.layers import LAYER_TYPES
from graphnet.net.load_net import load_net
from graphnet.solver.load_solver import load_solver
from tests.fuzz import hdf5_images
from tests.fuzz.inputs import CIFAR_ROWS

for _module in pkgutil.iter_modules(graphnet.cli.__path__, "graphnet.cli."):
    with suppress(MissingExtraError):
        import_module(_module.name)  # here, so that not every process does it

MEMORY_LIMIT = 64 * 2**20  # of a net that is checked
SMALL = 16 * 2**20  # of one that is trained
_MOST_BATCHES = 40
_OVERRIDES = ["max_iter=1", "iter_size=1", "load_from=null"]

#: Runs a command; whether it ended well.
Run = Callable[..., bool]

TINY_NET = """
name: tiny
layers:
  - name: data
    type: MemoryData
    batch_size: 2
    data: {x: [[1, 0], [0, 1], [1, 1]], y: [0, 1, 1]}
    tops: [x, y]
  - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [ip]}
  - {name: bn, type: BatchNorm, bottoms: [ip], tops: [bn]}
  - {name: loss, type: SoftmaxLoss, bottoms: [bn, y]}
  - {name: accuracy, type: Accuracy, phase: test, bottoms: [bn, y]}
"""
TINY_SOLVER = """
method: SGD
mom_policy: {type: Fixed, momentum: 0.9}
max_iter: 2
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 1}
  - {type: ValidationPerformance, every_n_iter: 1}
  - {type: Snapshot, every_n_iter: 2, keep_best: accuracy}
"""
ONE_STEP = "max_iter: 1\n"
_READING_NET = """
layers:
  - name: data
    type: {type}
    source: {source}
    batch_size: {batch_size}
    shuffle: {shuffle}
    buffer_bytes: {buffer_bytes}
    rows: '{rows}'
    {transformers}
    tops: [data, label]
  - {{name: ip, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip]}}
  - {{name: loss, type: SoftmaxLoss, bottoms: [ip, label]}}
"""


def read_once() -> None:
    """Have what is the same in all cases read and compiled once: it is not what is tried."""
    for spec_type in LAYER_TYPES.values():
        spec_type.model_rebuild()  # in each process anew, else
    read_spec, compile_phases = importing.spec_of, importing.compiled_phases

    @cache
    def spec_of(net: Path) -> Any:
        return read_spec(net)

    compiled: dict[int, Any] = {}  # by the object: the cache above keeps it

    def compiled_phases(spec: Any) -> Any:
        if id(spec) not in compiled:
            compiled[id(spec)] = compile_phases(spec)
        return compiled[id(spec)]

    importing.spec_of, importing.compiled_phases = spec_of, compiled_phases
    free = base.available_memory()
    base.available_memory = lambda: free


def write_fixtures(folder: Path) -> None:
    """The files that are sound, beside which the mutated one is read."""
    (folder / "sound.h5").write_bytes(hdf5_images.sound("chunked"))
    (folder / "tiny.yaml").write_text(TINY_NET, "utf-8")
    (folder / "tiny-solver.yaml").write_text(TINY_SOLVER, "utf-8")
    (folder / "one-step.yaml").write_text(ONE_STEP, "utf-8")


def read_net(run: Run, path: Path, rng: Random) -> None:
    """``graphnet check``, and one step of training if the net is small."""
    phase = rng.choice(("train", "train", "test"))
    keys = {"connections": rng.random() < 0.2, "json": rng.random() < 0.2}
    whole = run(app.check, path, phase, **keys, memory_limit=MEMORY_LIMIT)
    if whole and phase == "train":
        solver = path.with_name("one-step.yaml")
        run(app.solve, path, solver, memory_limit=SMALL, **_QUIETLY)


def read_solver(run: Run, path: Path, _rng: Random) -> None:
    """Load it, and train a small net for one iteration by it."""
    if run(as_command(load_solver), path):
        net, folder = path.with_name("tiny.yaml"), path.with_name("run")
        run(app.solve, net, path, list(_OVERRIDES), exp_dir=folder, **_QUIETLY)


def read_hdf5(run: Run, path: Path, rng: Random) -> None:
    """``graphnet data info``, an epoch of a data layer, and sometimes a mean or a prediction."""
    run(as_command(data_commands.info), str(path), json=rng.random() < 0.3)
    run(as_command(_read_epoch), _reading_net(rng, path))
    if rng.random() < 0.2:
        mean = f"transformers: {{data: [{{type: SubMean, mean_file: {path}}}]}}"
        run(as_command(_read_epoch), _reading_net(rng, path.with_name("sound.h5"), mean))
    if rng.random() < 0.2:
        _predict(run, path, "x")


def read_idx(run: Run, path: Path, rng: Random) -> None:
    """``graphnet data pack``."""
    _pack(run, rng, [f"data={path}"], path)


def read_npy(run: Run, path: Path, rng: Random) -> None:
    """``graphnet data pack`` or ``graphnet predict``."""
    if rng.random() < 0.5:
        _pack(run, rng, [f"data={path}"], path)
    else:
        _predict(run, path, "x")


def read_csv(run: Run, path: Path, rng: Random) -> None:
    """``graphnet data pack``."""
    options = {
        "label": rng.choice(("label", "0", "-1", "7", "a")),
        "leave_out": rng.choice((["0"], ["b", "-1"])),
        "no_label": True,
        "headings": rng.choice((True, False)),
        "delimiter": rng.choice((",", "tab", "space", ":")),
        "encoding": rng.choice(("latin-1", "utf-16", "utf-8", "ascii", "idna")),
    }
    options = {name: value for name, value in options.items() if rng.random() < 0.15}
    _pack(run, rng, [str(path)], path, **options)


def read_picture(run: Run, path: Path, rng: Random) -> None:
    """``graphnet data pack`` of a folder for each class."""
    folder = path.with_name("pictures") / "one"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / path.name)
    options = {
        "size": rng.choice((None, None, "4x4")),
        "grey": rng.random() < 0.3,
        "background": rng.choice((None, None, "white", "#12345678")),
    }
    _pack(run, rng, [str(folder.parent)], path, **options)


def read_cifar(run: Run, path: Path, _rng: Random) -> None:
    """As ``graphnet data cifar10 --from`` reads it, once its md5 sum is right."""
    archive = BinaryArchive(
        path.name,
        (),
        md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
        10**6,
        {"train": ("train.bin",), "test": ("test.bin",)},
        CIFAR_ROWS,
    )
    run(as_command(archive.from_folder), path.parent)
    run(as_command(fetch), "cifar10", from_dir=path.parent, to_dir=path.with_name("run"))


def read_listing(run: Run, path: Path, rng: Random) -> None:
    """An epoch of a data layer whose source is the list."""
    run(as_command(_read_epoch), _reading_net(rng, path))


def read_snapshot(run: Run, path: Path, rng: Random) -> None:
    """``graphnet snapshot info``, then the run goes on from it, or another begins with it."""
    run(as_command(app.info), path, json=rng.random() < 0.3)
    net, solver, folder = (path.with_name(n) for n in ("tiny.yaml", "tiny-solver.yaml", "run"))
    match rng.randrange(4):
        case 0 | 1:
            (folder / "snapshots").mkdir(parents=True)
            shutil.copyfile(path, folder / "snapshots" / "snapshot-000002.h5")
            run(app.solve, net, solver, ["max_iter=3"], exp_dir=folder, **_QUIETLY)
        case 2:
            run(app.solve, net, solver, [f"load_from={path}"], exp_dir=folder, **_QUIETLY)
        case _:
            _predict(run, path.with_name("rows.npy"), "x", path)


def read_run(run: Run, path: Path, rng: Random) -> None:
    """A run goes on whose ``statistics.jsonl`` or ``run.json`` this is."""
    net, solver, folder = (path.with_name(n) for n in ("tiny.yaml", "tiny-solver.yaml", "run"))
    (folder / "snapshots").mkdir(parents=True)
    shutil.copyfile(path.with_name("whole.h5"), folder / "snapshots" / "snapshot-000002.h5")
    name = rng.choice(("statistics.jsonl", "statistics.jsonl", "run.json"))
    shutil.copyfile(path, folder / name)
    run(app.solve, net, solver, ["max_iter=3"], exp_dir=folder, **_QUIETLY | {"quiet": False})


_QUIETLY: dict[str, Any] = {"threads": 1, "backend": "numpy", "offline": True, "quiet": True}

#: By kind of case.
READERS: Mapping[str, Callable[[Run, Path, Random], None]] = {
    "net": read_net,
    "solver": read_solver,
    "hdf5": read_hdf5,
    "idx": read_idx,
    "npy": read_npy,
    "csv": read_csv,
    "picture": read_picture,
    "cifar": read_cifar,
    "listing": read_listing,
    "snapshot": read_snapshot,
    "forged": read_snapshot,
    "run": read_run,
}


def as_command(function: Callable[..., Any]) -> Callable[..., None]:
    """A function with the way commands have to report mistakes."""

    def run(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)

    return command(run, typer.Typer())


def _reading_net(rng: Random, source: Path, transformers: str = "") -> Path:
    """A net that reads a file in one of several ways."""
    text = _READING_NET.format(
        type=rng.choice(("HDF5Data", "HDF5Data", "AsyncHDF5Data")),
        source=source,
        batch_size=rng.choice((1, 4, 7, 30)),
        shuffle=rng.choice(("true", "false")),
        buffer_bytes=rng.choice((200, 1000, 2**20, 2**28)),
        rows=rng.choice((":", ":", ":", "2:", "50%:", "-3:", ":1000")),
        transformers=transformers,
    )
    path = source.with_name("reading.yaml")
    path.write_text(text, "utf-8")
    return path


def _read_epoch(path: Path) -> None:
    """All batches of an epoch, or the first and the last of one that is long."""
    net = load_net(path, threads=1, keep="needed", memory_limit=MEMORY_LIMIT)
    try:
        n = net.n_samples or 0
        for _ in range(min(-(-n // net.batch_size), _MOST_BATCHES)):
            net.forward()
        net.load_state_dict({"cursors": {"data": max(n - net.batch_size, 0)}})
        net.forward()
    finally:
        net.close()


def _pack(run: Run, rng: Random, sources: list[str], path: Path, **options: Any) -> None:
    options |= {"split": rng.choice(("0", "0", "0.5", "50%")), "mean": rng.random() < 0.3}
    pack = as_command(data_commands.pack)
    run(pack, sources, path.with_name("run"), force=True, **options)


def _predict(run: Run, source: Path, blob: str, weights: Path | None = None) -> None:
    net, model = source.with_name("tiny.yaml"), weights or source.with_name("whole.h5")
    run(
        using.predict,
        net,
        [str(source)],
        model,
        source.with_name("out.npy"),
        blob=[blob],
        threads=1,
        backend="numpy",
        memory_limit=MEMORY_LIMIT,
    )
