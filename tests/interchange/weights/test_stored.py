"""What is known of stored arrays."""

from pathlib import Path

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.interchange.weights.stored import StoredArray, check_size, widened


def test_what_is_shown():
    """Name, shape, and the type where it is not the usual one."""
    make = lambda dtype: StoredArray("a.w", (2, 3), dtype, lambda: np.zeros(0))  # noqa: E731
    assert str(make("float32")) == "a.w (2×3)"
    assert str(make("int64")) == "a.w (2×3 int64)"
    assert [make(d).is_float for d in ("float16", "bfloat16", "float64", "int8", "bool")] == [
        *(True, True, True, False, False)
    ]


def test_bfloat16():
    """Every pattern is the float32 whose upper half it is."""
    bits = np.arange(2**16, dtype=np.uint16)
    found = widened(bits)
    assert found.dtype == np.float32
    assert np.array_equal(found.view(np.uint32) >> 16, bits)
    assert not (found.view(np.uint32) & 0xFFFF).any()


def test_sizes():
    """An array has the bytes that its shape takes."""
    check_size(Path("m"), "a", (2, 3), 4, 24)
    check_size(Path("m"), "a", (), 4, 4)
    with pytest.raises(SnapshotError, match="takes 24 bytes, and 23 are there"):
        check_size(Path("m"), "a", (2, 3), 4, 23)
