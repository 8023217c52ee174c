"""Portion: the rows of every batch that are delivered here, and no others."""

import numpy as np
import pytest

from graphnet.data.batches import Batches
from graphnet.data.pipeline import Pipeline
from graphnet.data.portion import Portion
from graphnet.data.table import ArrayPart, Table

N = 11


def batches(size, portion=None, key=None):
    table = Table([ArrayPart("a", {"x": np.arange(N)}, ["x"])])
    pipeline = Pipeline(
        table.columns[0], (), size, np.dtype(np.float64), seed=0, layer="a", check_finite=True
    )
    return Batches(table, [pipeline], size, key=key, buffer_bytes=1 << 20, portion=portion)


def delivered(source, size, n):
    out, found = np.empty(size), []
    for _ in range(n):
        assert source.bind([out])() == size
        found.append(out.astype(int).tolist())
    return found


@pytest.mark.parametrize("key", [None, 7])
def test_windows_of_every_batch(key):
    """In turn, over the ends of epochs, as a whole batch would have them."""
    whole = delivered(batches(6, key=key), 6, 8)
    portion = Portion(6, ((0, 2), (4, 6)))
    found = delivered(batches(2, portion, key), 2, 16)
    assert found == [window for batch in whole for window in (batch[:2], batch[4:])]
    assert delivered(batches(2, Portion(6, ((2, 4),)), key), 2, 8) == [b[2:4] for b in whole]


def test_going_on():
    """From the beginning of a batch, in the middle of an epoch."""
    source = batches(2, Portion(6, ((2, 4), (4, 6))))
    delivered(source, 2, 3)
    source.seek(18, wrap=True)
    assert delivered(source, 2, 3) == [[9, 10], [0, 1], [4, 5]]


@pytest.mark.parametrize(
    ("windows", "gaps"), [(((0, 8),), [0]), (((0, 2), (2, 4)), [0, 4]), (((1, 3), (5, 7)), [2, 2])]
)
def test_gap(windows, gaps):
    """Rows that belong to others, those of the next batch included."""
    portion = Portion(8, windows)
    assert [portion.gap(i) for i in range(len(windows))] == gaps
