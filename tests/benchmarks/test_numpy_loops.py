"""The loops written by hand do what nets/nielsen.yaml does."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from benchmarks.cases import CASES
from benchmarks.graphnet_case import make_net, make_solver
from benchmarks.numpy_loops import LOOPS, Params, one_hot
from benchmarks.numpy_worker import LR
from graphnet.solver.reporter import SilentReporter

N_UPDATES = 12


@pytest.fixture(scope="module")
def trained():
    """The rows, and graphnet's params before and after an epoch of them."""
    case = CASES["nielsen"]
    rng = np.random.default_rng(3)
    n_rows = N_UPDATES * case.batch
    rows = {
        "data": rng.random((n_rows, 784), dtype=np.float32),
        "label": rng.integers(0, 10, n_rows).astype(np.float32),
    }
    net = make_net(case, rows, threads=1, shuffle=False)
    before = [param.data.copy() for _, _, param in net.store.items()]
    gn.solve(make_solver(case, N_UPDATES), net, reporter=SilentReporter())
    return rows, before, [param.data for _, _, param in net.store.items()]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_leads_to_graphnets_params(trained, loop):
    """The same sums in another order."""
    rows, before, after = trained
    params = Params(*(values.copy() for values in before))
    order = np.arange(len(rows["data"]))
    LOOPS[loop](params, rows["data"], one_hot(rows["label"]), order, CASES["nielsen"].batch, LR)
    found = (params.w1, params.b1, params.w2, params.b2)
    for own, other, start in zip(found, after, before, strict=True):
        assert own.dtype == np.float32
        assert np.abs(other - start).max() > 1e-3
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)
