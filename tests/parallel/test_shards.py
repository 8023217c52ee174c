"""Shards: how a batch is cut and who computes what."""

import pytest

from graphnet.errors import SpecError
from graphnet.parallel.shards import Shards, halves


@pytest.mark.parametrize(("count", "sizes"), [(1, [64]), (3, [21, 21, 22]), (4, [16] * 4)])
def test_rows(count, sizes):
    """Every row in one shard, and no shard larger than another by more than a row."""
    shards = Shards(count, 64)
    assert [shards.size(i) for i in range(count)] == sizes
    ends = [shards.rows(i) for i in range(count)]
    assert [a for a, _ in ends] == [0, *(b for _, b in ends[:-1])]
    assert ends[-1][1] == 64
    assert sum(shards.weight(i) for i in range(count)) == pytest.approx(1)


def test_ranks_own_neighbours():
    """Each rank the same number of them."""
    owned = [list(Shards(6, 64, rank, 3).own()) for rank in range(3)]
    assert owned == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("count", "ranks", "spans"),
    [
        (4, 2, [[(0, 2)], [(2, 4)]]),
        (6, 2, [[(0, 2), (2, 3)], [(3, 4), (4, 6)]]),
        (6, 3, [[(0, 2)], [(2, 4)], [(4, 6)]]),
        (7, 1, [[(0, 7)]]),
        (12, 4, [[(0, 2), (2, 3)], [(3, 4), (4, 6)], [(6, 8), (8, 9)], [(9, 10), (10, 12)]]),
    ],
)
def test_spans(count, ranks, spans):
    """A rank finishes the sums that lie whole within its shards."""
    assert [Shards(count, 64, rank, ranks).spans() for rank in range(ranks)] == spans


@pytest.mark.parametrize(
    ("count", "ranks", "owned"),
    [(4, 3, [[0], [1], [2, 3]]), (5, 2, [[0, 1], [2, 3, 4]]), (4, 2, [[0, 1], [2, 3]])],
)
def test_uneven_ranks(count, ranks, owned):
    """Of ranks that are left, some have a shard more."""
    assert [list(Shards(count, 64, rank, ranks, True).own()) for rank in range(ranks)] == owned
    with pytest.raises(SpecError, match=r"4 are too few for 5 ranks.*\n.*at most 4"):
        Shards(4, 64, 0, 5, True)


def test_halves():
    """The first half is the largest power of two that leaves something."""
    assert halves((0, 5)) == ((0, 4), (4, 5))
    assert halves((4, 6)) == ((4, 5), (5, 6))
    assert halves((0, 8)) == ((0, 4), (4, 8))


def test_another_number_of_ranks():
    """The message says which numbers would do."""
    with pytest.raises(SpecError, match=r"(?s)4 cannot .* 3 ranks\n.*1, 2, 4\n.*--shards 6"):
        Shards(4, 64, 0, 3)


def test_more_shards_than_rows():
    """A shard must have a row."""
    with pytest.raises(SpecError, match="5 is more than the 4 rows"):
        Shards(5, 4)
