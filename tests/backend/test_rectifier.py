"""max(x, bound) and its derivative, and numbers as operands of ufuncs."""

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.backend.rectifier import SMALL, rectifier


@pytest.mark.parametrize("n", [5, SMALL])
@pytest.mark.parametrize("bound", [0.0, 0.3, -0.2])
def test_few_and_many_elements(n, bound):
    """Both ways of computing it give the same."""
    x = np.resize([-2.0, -0.2, -0.0, 0.0, 0.3, 1.5, np.nan], n)
    y, slope = np.empty_like(x), np.empty_like(x)
    rectify, differentiate = rectifier(bound, bound)
    rectify(np, x, y)
    np.testing.assert_array_equal(y, np.where(x < bound, bound, x))
    differentiate(np, y, slope)
    np.testing.assert_array_equal(slope, np.where(np.isnan(x), x, x > bound))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_operands_have_the_precision_of_arrays(dtype):
    """The number as an array would hold it; the same object each time, which nobody changes."""
    backend = open_backend("numpy", threads=1)
    x, tenth = np.ones(3, dtype), backend.operand(0.1, np.dtype(dtype))
    assert tenth.dtype == x.dtype
    assert tenth == np.dtype(dtype).type(0.1)
    assert np.multiply(x, tenth).dtype == x.dtype
    assert backend.operand(0.1, np.dtype(dtype)) is tenth
    with pytest.raises(ValueError, match="read-only"):
        tenth[...] = 1


def test_other_backends_get_the_number():
    """An array of the host would be out of place there."""
    assert Backend.operand(None, 0.1, np.dtype("f4")) == 0.1
