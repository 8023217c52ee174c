"""A case as graphnet runs it: its net over rows in memory, its solver without files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks.cases import DEEP, Case
from graphnet.errors import DataError
from graphnet.layers import MemoryData
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, Node, read_net
from graphnet.solver.load_solver import load_solver
from graphnet.solver.lr_policy import Fixed
from graphnet.solver.solver import Solver

ROOT = Path(__file__).parent.parent
#: Rows that are drawn from, but for nets that ask for more.
N_ROWS = 4096
_WIDTHS = ("n_filter", "output_dim")


def write_rows(case: Case, folder: Path, n_rows: int = N_ROWS) -> tuple[dict[str, str], str]:
    """The first rows of the case's training set, as its data layer gives them, one file a top.

    Returns:
        The file of each top, and where its rows are from.
    """
    arrays, source = rows_of(case, -(-n_rows // case.batch) * case.batch)
    return write(arrays, folder), source


def write(arrays: Mapping[str, np.ndarray], folder: Path) -> dict[str, str]:
    """The file of each top."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for top, values in arrays.items():
        files[top] = str(folder / f"{top}.npy")
        np.save(files[top], values)
    return files


def rows_of(case: Case, n_rows: int) -> tuple[dict[str, np.ndarray], str]:
    """Rows by top, of the set that is there or made up, and where they are from."""
    if case.name != DEEP.name:
        try:
            return _from_its_set(case, n_rows)
        except DataError:  # the set is not there
            pass
    return made_up(case, n_rows), "synthetic"


def made_up(case: Case, n_rows: int) -> dict[str, np.ndarray]:
    """Random rows by top."""
    rng = np.random.default_rng(0)
    return {
        name: rng.integers(top.low, top.high, (n_rows, *top.shape)).astype(np.float32)
        if top.high
        else rng.random((n_rows, *top.shape), dtype=np.float32)
        for name, top in case.tops.items()
    }


def _from_its_set(case: Case, n_rows: int) -> tuple[dict[str, np.ndarray], str]:
    """One batch of all the rows.

    Raises:
        DataError: If neither the set nor what stands in for it is there.
    """
    spec = resolve_data(read_net(ROOT / "nets" / f"{case.name}.yaml"), phase="train").spec
    node = next(n for n in spec.data_nodes() if n.spec.phase in (None, "train"))
    all_rows = node.spec.model_copy(update={"batch_size": n_rows})
    net = load_net(spec.with_nodes([Node.of(all_rows)]))
    net.forward()
    arrays = {
        name: np.array(net.blobs[name].data, order="C").reshape(n_rows, *top.shape)
        for name, top in case.tops.items()
    }
    net.close()
    return arrays, str(getattr(node.spec, "source", "the net"))


def declared(case: Case, rows: Mapping[str, np.ndarray], *, shuffle: bool) -> NetSpec:
    """The case's net, reading these rows from memory in place of its data set."""
    data = MemoryData(
        name="rows",
        batch_size=case.batch,
        shuffle=shuffle,
        shapes={top: values.shape[1:] for top, values in rows.items()},
        tops=tuple(rows),
    )
    if case.name == DEEP.name:
        return read_net([data, *_deep(case.depth)])
    spec = read_net(ROOT / "nets" / f"{case.name}.yaml")
    nodes = [
        Node.of(n.spec.model_copy(update=dict(case.changes[n.name])), n.position)
        if n.name in case.changes
        else n
        for n in spec.nodes
        if n not in spec.data_nodes()
    ]
    if case.width != 1:
        nodes = _scaled(nodes, case.width)
    return spec.with_nodes([Node.of(data), *nodes])


def _scaled(nodes: list[Node], width: float) -> list[Node]:
    """The layers with so many times the filters and outputs; the last keeps its classes."""
    sized = [n for n in nodes if any(hasattr(n.spec, key) for key in _WIDTHS)]

    def scaled(node: Node) -> Node:
        if node not in sized[:-1]:
            return node
        update = {k: int(getattr(node.spec, k) * width) for k in _WIDTHS if hasattr(node.spec, k)}
        return Node.of(node.spec.model_copy(update=update), node.position)

    return [scaled(node) for node in nodes]


def _deep(depth: int) -> list[dict[str, Any]]:
    """The layers of :data:`benchmarks.cases.DEEP`."""
    blobs = ["data", *(f"conv{i}" for i in range(1, depth + 1))]
    convs = [
        {"name": top, "type": "Convolution", "n_filter": 16, "kernel": 3, "pad": 1}
        | {"neuron": "ReLU", "bottoms": [bottom], "tops": [top]}
        for bottom, top in pairwise(blobs)
    ]
    return [
        *convs,
        {"name": "pool", "type": "Pooling", "kernel": 2, "stride": 2}
        | {"bottoms": [blobs[-1]], "tops": ["pool"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 10}
        | {"bottoms": ["pool"], "tops": ["ip"]},
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "label"]},
    ]


def make_net(
    case: Case,
    rows: Mapping[str, np.ndarray],
    threads: int,
    *,
    shuffle: bool | None = None,
    dtype: str = "float32",
    precision: str = "float32",
) -> Net:
    """The case's net, ready to train: memory is shared, as ``graphnet solve`` has it."""
    order = case.shuffle if shuffle is None else shuffle
    spec = declared(case, rows, shuffle=order)
    more: dict[str, Any] = {"threads": threads, "dtype": dtype, "precision": precision}
    return load_net(spec, inputs=rows, keep="needed", **more)


def make_solver(case: Case, max_iter: int) -> Solver:
    """The case's solver for so many iterations, which writes nothing and takes no breaks."""
    given = load_solver(ROOT / "solvers" / f"{case.solver or case.name}.yaml")
    update: dict[str, Any] = {
        "max_iter": max_iter,
        "max_epoch": None,
        "exp_dir": "",
        "coffee_breaks": (),
    }
    if case.lr:
        update["lr_policy"] = Fixed(base_lr=case.lr)
    return gn.Solver(given.spec.model_copy(update=update))


def load_rows(files: Mapping[str, str]) -> dict[str, np.ndarray]:
    """What :func:`write_rows` has written."""
    return {top: np.load(file) for top, file in files.items()}
