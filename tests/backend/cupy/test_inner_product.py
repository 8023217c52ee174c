"""Tests of graphnet.backend.cupy.inner_product, over a stand-in for CuPy."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.poisoned import placed

from graphnet.backend.base import InnerProductArrays
from graphnet.backend.cupy.backend import CupyBackend

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

CP = FakeCupy()
BACKEND = CupyBackend(CP)
DIFFS = ("dx", "dweight", "dbias")


def check(x_shape, n_out, dtype, *, bias=True, wanted=DIFFS, axis=1):
    """Every result is right, and nothing moves between host and device."""
    rng = np.random.default_rng(0)
    lead, d = x_shape[:axis], int(np.prod(x_shape[axis:]))
    shapes = {
        "x": x_shape, "weight": (n_out, d), "bias": (n_out,), "y": (*lead, n_out),
        "dx": x_shape, "dweight": (n_out, d), "dbias": (n_out,), "dy": (*lead, n_out),
    }  # fmt: skip
    host = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    arrays = {
        name: placed(BACKEND, np.full_like(a, np.nan) if name in ("y", *DIFFS) else a)
        for name, a in host.items()
        if (name not in DIFFS or name in wanted) and (bias or name != "bias")
    }
    op = BACKEND.inner_product(InnerProductArrays(**{"bias": None, **arrays}))
    CP.ledger.reset()
    op.forward()
    op.backward()
    assert vars(CP.ledger) == {"downloads": 0, "uploads": 0, "syncs": 0, "hidden_copies": 0}

    flat = host["x"].reshape(-1, d).astype(np.float64)
    weight, dy = host["weight"].astype(np.float64), host["dy"].reshape(-1, n_out).astype(np.float64)
    expected = {
        "y": (flat @ weight.T + (host["bias"] if bias else 0)).reshape(*lead, n_out),
        "dx": (dy @ weight).reshape(x_shape),
        "dweight": dy.T @ flat,
        "dbias": dy.sum(0),
    }
    for name in ("y", *wanted):
        scale = np.abs(expected[name]).max() * (1e-5 if dtype == "float32" else 1e-13)
        found = BACKEND.download(arrays[name])
        np.testing.assert_allclose(found, expected[name], atol=scale, rtol=0, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("x_shape", "n_out"), [((1, 1), 1), ((5, 3), 1), ((3, 4, 2, 2), 7), ((300, 30), 31)]
)
def test_shapes(x_shape, n_out, bias, dtype):
    """Any number of axes, of samples and of outputs, one included."""
    check(x_shape, n_out, dtype, bias=bias)


@pytest.mark.parametrize("wanted", [(), ("dx",), ("dweight",), ("dbias",), ("dweight", "dbias")])
def test_only_what_is_wanted(wanted):
    """A diff that is None is not computed, the others are."""
    check((7, 3, 2), 5, "float64", wanted=wanted)


def test_no_gradient_arrives():
    """In a net without a loss above it, backward does nothing."""
    arrays = [placed(BACKEND, np.ones(s, np.float32)) for s in ((2, 3), (4, 3), (4,), (2, 4))]
    dweight = placed(BACKEND, np.ones((4, 3), np.float32))
    op = BACKEND.inner_product(InnerProductArrays(*arrays, dweight=dweight))
    op.backward()
    np.testing.assert_array_equal(BACKEND.download(dweight), 1)


@pytest.mark.parametrize(("x_shape", "axis"), [((4, 3, 5), 2), ((2, 3, 2, 7), 3), ((1, 1, 1), 2)])
def test_positions_are_rows_of_one_product(x_shape, axis):
    """A top with axes between the first and the last is one larger matrix product."""
    check(x_shape, 6, "float32", axis=axis)
