"""Tests of graphnet.backend.numpy.inner_product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.poisoned import placed

from graphnet.backend import open_backend
from graphnet.backend.base import InnerProductArrays

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}
DIFFS = ("dx", "dweight", "dbias")


def run(backend, x_shape, n_out, dtype, *, bias=True, wanted=DIFFS, by_rows=False):
    """Forward and backward once, beside float64 references: two dicts by name."""
    rng = np.random.default_rng(0)
    n, d = x_shape[0], int(np.prod(x_shape[1:]))
    x, dy = (
        rng.standard_normal(x_shape).astype(dtype),
        rng.standard_normal((n, n_out)).astype(dtype),
    )
    weight, b = (rng.standard_normal(s).astype(dtype) for s in ((n_out, d), (n_out,)))
    like = {"dx": x, "dweight": weight, "dbias": b}
    diffs = {
        name: placed(backend, np.full_like(like[name], np.nan), blob=name == "dx")
        if name in wanted
        else None
        for name in DIFFS
    }
    y = placed(backend, np.full_like(dy, np.nan), blob=True)
    op = backend.inner_product(
        InnerProductArrays(
            x=placed(backend, x, blob=not by_rows),
            weight=placed(backend, weight),
            bias=placed(backend, b) if bias else None,
            y=y,
            dy=placed(backend, dy, blob=True),
            **diffs,
        )
    )
    op.forward()
    op.backward()
    flat, dy64 = x.reshape(n, d).astype(np.float64), dy.astype(np.float64)
    expected = {
        "y": flat @ weight.T.astype(np.float64) + (b if bias else 0),
        "dx": (dy64 @ weight).reshape(x_shape),
        "dweight": dy64.T @ flat,
        "dbias": dy64.sum(0),
    }
    found = {name: a for name, a in {"y": y, **diffs}.items() if a is not None}
    return {name: backend.download(a) for name, a in found.items()}, expected


def check(x_shape, n_out, dtype, **how):
    """Every result is right, and bit for bit the same for every number of threads."""
    results = [run(backend, x_shape, n_out, dtype, **how) for backend in BACKENDS.values()]
    found, expected = results[0]
    for name, value in found.items():
        scale = np.abs(expected[name]).max() * (1e-5 if dtype == "float32" else 1e-13)
        np.testing.assert_allclose(value, expected[name], atol=scale, rtol=0, err_msg=name)
        for other, _ in results[1:]:
            np.testing.assert_array_equal(value, other[name], err_msg=name)
    return found


@settings(deadline=None, max_examples=60)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    n_out=st.integers(1, 9),
    bias=st.booleans(),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_small_shapes(shape, n_out, bias, dtype):
    """Any number of axes, of samples and of outputs, one included."""
    check(tuple(shape), n_out, dtype, bias=bias)


@pytest.mark.parametrize("x_shape", [(10, 784), (3, 2, 4, 5), (1, 7), (900, 310)])
def test_rows_as_they_are_read(x_shape):
    """The samples may lie one after another."""
    check(x_shape, 30, "float32", by_rows=True, wanted=("dweight", "dbias"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("x_shape", "n_out"),
    [((64, 50, 4, 4), 500), ((900, 30), 310), ((1000, 1200), 10), ((1, 3000), 3000)],
)
def test_large_enough_for_threads(x_shape, n_out, dtype):
    """Products that are cut into parts."""
    check(x_shape, n_out, dtype)


@pytest.mark.parametrize("wanted", [(), ("dx",), ("dweight",), ("dbias",), ("dweight", "dbias")])
def test_only_what_is_wanted(wanted):
    """A diff that is None is not computed, the others are."""
    found = check((7, 3, 2), 5, "float64", wanted=wanted)
    assert set(found) == {"y", *wanted}
