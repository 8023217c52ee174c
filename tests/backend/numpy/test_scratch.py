"""Tests of graphnet.backend.numpy.scratch."""

from __future__ import annotations

import numpy as np
import pytest
from support.layer_case import numpy_backend

from graphnet.backend.numpy.scratch import LINE, aligned, carve, footprint
from graphnet.blob import ALIGNMENT


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2**16,), (7, 2**14)], ids=str)
def test_aligned_arrays(shape, dtype):
    """Zeros of that shape, to be written to; where there are any, they start on a cache line."""
    for array in (aligned(shape, np.dtype(dtype)), numpy_backend().zeros(shape, np.dtype(dtype))):
        assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
        assert array.size == 0 or array.ctypes.data % ALIGNMENT == 0


def test_carved_arrays_share_nothing():
    """Each starts on a cache line, and they take what was said they would."""
    shapes = ((3, 5), (0, 7), (LINE,), (1,))
    work = np.full(footprint(*shapes), np.nan, np.float32)
    arrays = carve(work, *shapes)
    assert [array.shape for array in arrays] == list(shapes)
    for i, array in enumerate(arrays):
        array[...] = i
        offset = array.__array_interface__["data"][0] - work.__array_interface__["data"][0]
        assert array.size == 0 or offset % (LINE * work.itemsize) == 0
    for i, array in enumerate(arrays):
        assert (array == i).all()
    assert work.size == 4 * LINE - LINE  # 15, none, 16 and 1 element
