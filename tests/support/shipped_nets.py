"""The nets and solvers that come with graphnet, made small enough for a test."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from support.thread_ranks import all_of

import graphnet as gn
from graphnet.data.sets.catalog import SETS
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, read_net
from graphnet.parallel.communicator import Communicator, LocalCommunicator
from graphnet.parallel.load_sharded_net import load_sharded_net
from graphnet.solver.reporter import SilentReporter

ROOT = Path(__file__).parent.parent.parent
NETS = sorted(path.stem for path in (ROOT / "nets").glob("*.yaml"))
SOLVERS = sorted(path.stem for path in (ROOT / "solvers").glob("*.yaml"))


def shrunk(name: str, most: int = 8) -> NetSpec:
    """A shipped net on the data there is, in batches of ``most`` samples at most."""
    spec = resolve_data(read_net(ROOT / "nets" / f"{name}.yaml")).spec
    nodes = []
    for node in spec.nodes:
        size = getattr(node.spec, "batch_size", None)
        update: dict[str, object] = {"batch_size": min(size, most)} if size else {}
        if hasattr(node.spec, "batch_sizes"):
            update = {"batch_sizes": tuple(min(n, most) for n in node.spec.batch_sizes)}
        nodes.append(type(node).of(node.spec.model_copy(update=update), node.position))
    return spec.with_nodes(nodes)


def solver_of(name: str, **changes: object) -> gn.Solver:
    """The net's solver, without files and breaks but those given."""
    spec = gn.load_solver(ROOT / "solvers" / f"{name}.yaml").spec
    plain = {"exp_dir": None, "coffee_breaks": (), "max_epoch": None, "load_from": None}
    return gn.Solver(spec.model_copy(update=plain | changes))


def write_made_up_data(folder: Path) -> None:
    """Synthetic rows of each named set that a shipped net reads and has no fall-back for."""
    rng = np.random.default_rng(0)
    for net in NETS:
        for node in read_net(ROOT / "nets" / f"{net}.yaml").data_nodes():
            source = str(getattr(node.spec, "source", ""))
            name, _, split = source.removeprefix("dataset:").partition("/")
            if name not in SETS or SETS[name].embedded or getattr(node.spec, "otherwise", None):
                continue
            shapes = SETS[name].shapes
            (folder / name).mkdir(exist_ok=True)
            with h5py.File(folder / name / f"{split}.h5", "w") as file:
                for key, shape in shapes.items():
                    most = 256 if shape else 10
                    file[key] = rng.integers(0, most, (32, *shape), dtype=np.uint8)
            if SETS[name].has_mean:
                with h5py.File(folder / name / "mean.h5", "w") as file:
                    file["mean"] = np.full(shapes["data"], 127.5, np.float32)


def samples_of(net: NetSpec, layer: str) -> dict[str, np.ndarray]:
    """All samples a data layer reads, as they are stored, by top."""
    (node,) = [n for n in net.data_nodes() if n.name == layer]
    table = node.spec.open_table()
    rows = {c.name: np.empty((table.n_rows, *c.shape), c.dtype) for c in table.columns}
    table.read(0, table.n_rows, list(rows.values()))
    table.close()
    return rows


def trained_on(name: str, ranks: int, shards: int, max_iter: int) -> list[np.ndarray]:
    """The params after some updates, on each rank."""

    def work(communicator: Communicator) -> np.ndarray:
        net = load_sharded_net(shrunk(name), shards, communicator, "numpy", threads=1)
        gn.solve(solver_of(name, max_iter=max_iter), net, reporter=SilentReporter())
        params = net.store.data.copy()
        net.close()
        return params

    return [work(LocalCommunicator())] if ranks == 1 else all_of(ranks, work)
