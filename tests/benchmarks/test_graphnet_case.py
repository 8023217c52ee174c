"""Cases as graphnet runs them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cases import CASES, DEEP, case_of
from benchmarks.graphnet_case import declared, load_rows, make_solver, rows_of, write_rows
from graphnet.backend import open_backend
from graphnet.net.compiled import compile_net
from graphnet.solver.lr_policy import Fixed


@pytest.fixture
def no_sets(tmp_path, monkeypatch):
    """Only what is part of graphnet is there."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "nothing"))


def compiled(case):
    """The case's net, over one batch of its rows."""
    rows, _ = rows_of(case, case.batch)
    spec = declared(case, rows, shuffle=False)
    return compile_net(spec, "train", open_backend("numpy"), np.dtype("float32"), "needed")


@pytest.mark.usefixtures("no_sets")
@pytest.mark.parametrize("name", CASES)
def test_every_case_compiles_over_rows_in_memory(name):
    """Its data layer is replaced by one that gives the case's tops in the case's batch."""
    case = CASES[name]
    net = compiled(case)
    for top, what in case.tops.items():
        assert net.graph.blob(top).shape == (case.batch, *what.shape)
    assert make_solver(case, 7).spec.max_iter == 7


@pytest.mark.usefixtures("no_sets")
def test_rows_are_those_of_the_set_or_made_up():
    """A set that is not there has rows of its shape; one that is part of graphnet has its own."""
    made, source = rows_of(CASES["cifar10-quick"], 20)
    assert source == "synthetic"
    assert made["data"].shape == (20, 3, 32, 32)
    assert set(made["label"]) <= set(range(10))
    flowers, source = rows_of(CASES["iris"], 20)
    assert source == "dataset:iris/train"
    assert flowers["data"].max() > 1


@pytest.mark.usefixtures("no_sets")
def test_rows_pass_through_files(tmp_path):
    """What a worker loads is what was written; there are whole batches of it."""
    case = CASES["iris"]
    files, _ = write_rows(case, tmp_path, n_rows=20)
    loaded = load_rows(files)
    assert {top: len(values) for top, values in loaded.items()} == {"data": 32, "label": 32}
    np.testing.assert_array_equal(loaded["data"], rows_of(case, 32)[0]["data"])


@pytest.mark.usefixtures("no_sets")
def test_a_wider_net_has_more_of_everything_but_classes():
    """Filters and outputs are multiplied, those of the last layer are not."""
    blobs = compiled(CASES["mnist"].with_sizes(batch=2, width=0.5)).graph.blobs
    shapes = {name: blob.shape for name, blob in blobs.items()}
    assert (shapes["conv1"][1], shapes["conv2"][1]) == (10, 25)
    assert shapes["ip1"][1] == 250
    assert shapes["ip2"][1] == 10


def test_a_deeper_net_has_more_convolutions():
    """As many as its depth; the arithmetic grows with them."""
    shallow, deep = (compiled(DEEP.with_sizes(batch=1, depth=d)) for d in (1, 3))
    macs = [sum(layer.macs for layer in net.layers) for net in (shallow, deep)]
    assert macs[1] - macs[0] == 2 * 28 * 28 * 16 * 16 * 9


def test_a_worker_finds_its_case_in_its_task():
    """Sizes and learning rate are the task's, the rest is the table's."""
    task = {"net": "mnist", "batch": 3, "width": 2.0, "depth": 0, "lr": 0.5}
    case = case_of(task)
    assert (case.batch, case.width, case.tops) == (3, 2.0, CASES["mnist"].tops)
    assert make_solver(case, 1).spec.lr_policy == Fixed(base_lr=0.5)
    assert case_of(task | {"net": "deep", "depth": 5}).depth == 5
