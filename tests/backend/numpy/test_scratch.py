"""Tests of graphnet.backend.numpy.scratch."""

from __future__ import annotations

import numpy as np

from graphnet.backend.numpy.scratch import LINE, carve, footprint


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
