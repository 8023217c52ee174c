"""Numbers as operands of ufuncs."""

import numpy as np
import pytest

from graphnet.backend.constant import constant


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_precision_of_the_array(dtype):
    """The number as the array would hold it; the same object each time, which nobody changes."""
    x = np.ones(3, dtype)
    tenth = constant(np, 0.1, x)
    assert tenth.dtype == x.dtype
    assert tenth == np.dtype(dtype).type(0.1)
    assert np.multiply(x, tenth).dtype == x.dtype
    assert constant(np, 0.1, x) is tenth
    with pytest.raises(ValueError, match="read-only"):
        tenth[...] = 1


def test_other_modules_get_the_number():
    """An array of the host would be out of place there."""
    assert constant(object(), 0.1, np.ones(3)) == 0.1
