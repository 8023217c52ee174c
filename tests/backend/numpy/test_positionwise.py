"""Tests of graphnet.backend.numpy.positionwise; its values are those of InnerProduct's tests."""

from __future__ import annotations

import numpy as np
import pytest
from support.poisoned import placed, poisoned

from graphnet.backend import open_backend
from graphnet.backend.base import InnerProductArrays
from graphnet.backend.numpy.positionwise import by_position

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}


def results(backend, shape, n_out, dtype, *, in_rows):
    """Top and diffs of a pass over random arrays."""
    rng = np.random.default_rng(3)
    *lead, d = shape
    x, dy = rng.standard_normal(shape), rng.standard_normal((*lead, n_out))
    weight, bias = rng.standard_normal((n_out, d)), rng.standard_normal(n_out)
    host = [a.astype(dtype) for a in (x, dy, weight, bias)]
    x, dy, weight, bias = (placed(backend, a, blob=a.ndim > 2) for a in host)
    y, dx, dweight, dbias = (
        poisoned(backend, a.shape, dtype, blob=a.ndim > 2) for a in (dy, x, weight, bias)
    )
    source = host[0] if in_rows else x
    decls = backend.inner_product_scratch(shape, weight.shape, y.shape, backward=True)
    scratch = {name: poisoned(backend, decl.shape, dtype) for name, decl in decls.items()}
    arrays = InnerProductArrays(source, weight, bias, y, dx, dweight, dbias, dy)
    op = backend.inner_product(arrays, scratch)
    op.forward()
    op.backward()
    return [backend.download(a) for a in (y, dx, dweight, dbias)], host


@pytest.mark.parametrize("shape", [(3, 4, 5), (64, 43, 96), (2, 3, 2, 7), (1, 2, 1)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("in_rows", [False, True], ids=["batch last", "C order"])
def test_it_is_one_product_for_each_position(shape, dtype, in_rows):
    """Right for both ways x may be stored, and the same bits for any number of threads."""
    found = [results(backend, shape, 80, dtype, in_rows=in_rows) for backend in BACKENDS.values()]
    (y, dx, dweight, dbias), host = found[0]
    x, dy, weight, bias = (a.astype(np.float64) for a in host)
    flat_x, flat_dy = x.reshape(-1, x.shape[-1]), dy.reshape(-1, 80)
    tolerance = {"rtol": 1e-4, "atol": 1e-3} if dtype == "f4" else {"rtol": 1e-10, "atol": 1e-11}
    np.testing.assert_allclose(y, x @ weight.T + bias, **tolerance)
    np.testing.assert_allclose(dx, dy @ weight, **tolerance)
    np.testing.assert_allclose(dweight, flat_dy.T @ flat_x, **tolerance)
    np.testing.assert_allclose(dbias, flat_dy.sum(0), **tolerance)
    for others, _ in found[1:]:
        for one, other in zip(found[0][0], others, strict=True):
            np.testing.assert_array_equal(one, other)


def test_no_position_is_copied():
    """What it computes on is the blob's own memory, in either order."""
    blob = BACKENDS[1].empty_blob((3, 4, 5, 2), np.dtype("f4"))
    blob[...] = np.arange(120).reshape(blob.shape)
    for array in (blob, np.ascontiguousarray(blob)):
        view = by_position(array, 4)
        assert np.shares_memory(view, array)
        for place in np.ndindex(3, 4):
            np.testing.assert_array_equal(view[place[1], :, place[0]], array[place].ravel())
