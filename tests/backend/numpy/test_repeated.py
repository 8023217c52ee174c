"""A ufunc of an array and of one that is repeated beside it: as NumPy's own, to the bit."""

import numpy as np
import pytest

from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.numpy.repeated import _Copies, bind_repeated
from graphnet.backend.numpy.sums import ThreadScratch

#: Of an array and of what is repeated: groups of samples, scales of features, few runs and many,
#: sizes that no number of copies divides, and more than fits into the scratch.
SHAPES = [
    ((8, 512, 49), (8, 512, 1)),
    ((3, 5, 1009), (3, 5, 1)),
    ((4, 4096), (4, 1)),
    ((4, 16, 512), (1, 1, 512)),
    ((2, 9, 7, 8, 31), (2, 9, 1, 1, 1)),
    ((5, 1, 700, 1), (5, 1, 1, 1)),
    ((7, 3000, 11), (7, 3000, 1)),
    ((1, 512, 49), (1, 512, 1)),
    ((64, 16, 196), (64, 16, 1)),
    ((300, 4, 9), (300, 4, 1)),
    ((2, 3, 40, 50), (1, 3, 1, 50)),
    ((2, 3), (2, 1)),
]


def blob(rng, shape, dtype):
    """Stored batch last."""
    stored = rng.normal(size=(*shape[1:], shape[0])).astype(dtype)
    return stored.transpose(len(shape) - 1, *range(len(shape) - 1))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("shape", "smaller"), SHAPES, ids=str)
def test_as_numpy(shape, smaller, dtype):
    """To an array of its own, and in place."""
    rng = np.random.default_rng(0)
    a, b = blob(rng, shape, dtype), blob(rng, smaller, dtype)
    expected, out = a - b, np.full_like(a, np.nan)
    NumpyBackend(threads=1).repeated(np.subtract, a, b, out)()
    assert np.array_equal(out, expected)
    NumpyBackend(threads=1).repeated(np.subtract, a, b, a)()
    assert np.array_equal(a, expected)


def test_part_of_a_blob():
    """Some of the groups; and arrays in the order in which they are seen."""
    rng = np.random.default_rng(0)
    a, b = blob(rng, (4, 20, 300), "f4"), blob(rng, (4, 20, 1), "f4")
    some = slice(3, 11)
    for x, y in ((a[:, some], b[:, some]), (a.copy(order="C"), b.copy(order="C"))):
        expected = x * y
        NumpyBackend(threads=1).repeated(np.multiply, x, y, x)()
        assert np.array_equal(x, expected)


def test_few_samples_are_written_down_several_times():
    """Where runs are short and many; not where there are few or long ones."""
    rng, scratch = np.random.default_rng(0), ThreadScratch()

    def bound(shape, smaller):
        a, b = blob(rng, shape, "f4"), blob(rng, smaller, "f4")
        return bind_repeated(scratch, np.add, a, b, a)

    assert isinstance(bound((8, 512, 49), (8, 512, 1)), _Copies)
    assert not isinstance(bound((32, 512, 49), (32, 512, 1)), _Copies)
    assert not isinstance(bound((8, 3, 49), (8, 3, 1)), _Copies)
