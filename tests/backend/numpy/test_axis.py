"""Maxima along one axis, as NumPy's own have them."""

import numpy as np
import pytest

from graphnet.backend.numpy.axis import bind_max
from graphnet.backend.numpy.backend import NumpyBackend

BACKEND = NumpyBackend(1)
#: ``(N, …)`` and an axis: of every size to 9, alone and with axes before it and behind it.
SHAPES = [((16, n), 1) for n in range(1, 10)]
SHAPES += [((64, n, 3, 3), 1) for n in (1, 2, 5)]
SHAPES += [((32, 4, n), 2) for n in (1, 3, 8, 64, 65)]
SHAPES += [((2, 3, 5), 2), ((1, 700, 2, 2), 1), ((7, 3, 90, 2), 2)]


def arrays(shape, axis, dtype, *, blob):
    """Random values, and scratch for the result and for the work, none of it initialised."""
    reduced = (*shape[:axis], 1, *shape[axis + 1 :])
    make = BACKEND.empty_blob if blob else np.empty
    x, out, scratch = make(shape, dtype), make(reduced, dtype), make(shape, dtype)
    x[...] = np.random.default_rng(0).standard_normal(shape)
    out.fill(np.nan)
    scratch.fill(np.nan)
    return x, out, scratch


@pytest.mark.parametrize("blob", [True, False], ids=["batch last", "C order"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_as_numpy(shape, axis, dtype, blob):
    """Whatever lies before and behind the axis, in either order of storage."""
    x, out, scratch = arrays(shape, axis, np.dtype(dtype), blob=blob)
    given = x.copy()
    bind_max(x, axis, out, scratch)()
    np.testing.assert_array_equal(out, given.max(axis=axis, keepdims=True))
    np.testing.assert_array_equal(x, given)


@pytest.mark.parametrize("place", range(5))
def test_nan_is_the_largest(place):
    """Wherever it stands."""
    x, out, scratch = arrays((16, 5), 1, np.dtype("f4"), blob=True)
    x[3, place] = np.nan
    bind_max(x, 1, out, scratch)()
    assert np.flatnonzero(np.isnan(out)).tolist() == [3]
