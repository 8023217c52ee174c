"""Tests of graphnet.backend.staging."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.backend.staging import HostStaging, on_host

BACKEND = open_backend("numpy", 1)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("is_blob", [True, False])
def test_on_host(shape, is_blob):
    """The new array is stored in the same order, and is another one."""
    array = BACKEND.place(BACKEND.arena(999), 0, shape, np.dtype("f4"), blob=is_blob)
    made = on_host(array)
    assert (made.shape, made.dtype, made.strides) == (array.shape, array.dtype, array.strides)
    assert not np.may_share_memory(made, array)


def test_a_batch_arrives_when_it_is_delivered():
    """Until then the net keeps the one before."""
    targets = [BACKEND.empty_blob((2, 3), np.dtype("f4")), BACKEND.empty_blob((2,), np.dtype("f8"))]
    staging = BACKEND.staging(targets)
    assert isinstance(staging, HostStaging)
    for value in (1, 2):
        staging.wait()
        for array in staging.arrays:
            array.fill(value)
        staging.send()
        assert not any((target == value).any() for target in targets)
        staging.deliver()
        assert all((target == value).all() for target in targets)


def test_the_dtype_is_kept():
    """A batch of another precision is a mistake, not something to convert."""
    target = np.zeros(3, np.float32)
    staging = HostStaging([target])
    staging.arrays[0] = np.zeros(3)
    with pytest.raises(TypeError, match="Cannot cast"):
        staging.deliver()
