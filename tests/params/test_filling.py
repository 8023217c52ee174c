"""Filling params part by part."""

import tracemalloc

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.params import filling, initializers
from graphnet.params.filling import PART, fill, parts_of
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4),
        np.arange(24.0).reshape(4, 3, 2).T,
        np.arange(48.0).reshape(2, 24)[:, ::2],
        np.full((), 3.0),
        np.zeros((0, 3)),
        np.zeros((3, 0)).T,
        np.arange(24.0)[::-1],
    ],
)
@pytest.mark.parametrize("most", [1, 5, 6, 100])
def test_parts_are_the_array_in_order(array, most, monkeypatch):
    """However it lies in memory, and wherever it is cut."""
    monkeypatch.setattr(filling, "PART", most)
    parts = list(parts_of(array))
    assert all(part.ndim == 1 for part in parts)
    assert np.array_equal(np.concatenate([np.empty(0), *parts]), array.reshape(-1))
    if array.flags.c_contiguous:
        assert all(part.size <= most for part in parts)


def test_an_array_is_filled_in_its_precision():
    """Each number is rounded once."""
    backend = open_backend("numpy", 1)
    values = np.random.default_rng(0).normal(size=(7, 9))
    out = backend.zeros((7, 9), np.dtype("float32"))
    fill(backend, out, [values.reshape(-1)[:20], values.reshape(-1)[20:]])
    assert np.array_equal(out, values.astype(np.float32))
    fill(backend, out, [])
    assert np.array_equal(out, values.astype(np.float32))


def test_drawing_a_large_param_takes_no_more_than_a_part():
    """Beside the params and their diffs there are a part in double precision and one in float32."""
    n = 8 * PART
    declared = {"ip": DeclaredParams({"weight": ParamDecl((8, PART), initializers.Xavier())}, {})}
    backend = open_backend("numpy", 1)
    tracemalloc.start()
    try:
        store = ParamStore(backend, np.dtype("float32"), declared, seed=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert store.data.nbytes == 4 * n
    assert peak < store.data.nbytes + store.diff.nbytes + 4 * PART * 8
