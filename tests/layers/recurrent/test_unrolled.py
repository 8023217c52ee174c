"""The views that recurrent layers are bound to."""

import numpy as np
import pytest
from support.layer_case import numpy_backend

from graphnet.layers.recurrent.base import time_first


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5), (3, 4, 2, 5), (1, 4, 5)], ids=str)
def test_time_first(shape):
    """Blobs in either storage order are seen as (T, features, N), without a copy."""
    batch_last = numpy_backend().empty_blob(shape, np.dtype("float64"))
    batch_last[...] = np.arange(batch_last.size).reshape(shape)
    for array in (batch_last, np.ascontiguousarray(batch_last)):
        seen = time_first(array)
        expected = np.moveaxis(np.asarray(array).reshape(shape[0], shape[1], -1), 0, 2)
        np.testing.assert_array_equal(seen, expected)
        assert np.shares_memory(seen, array)


def test_time_first_never_copies():
    """An array in some other order is refused."""
    with pytest.raises(ValueError, match="not stored batch-last"):
        time_first(np.zeros((4, 3, 2)).transpose(1, 0, 2))
