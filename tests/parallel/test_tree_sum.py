"""TreeSum: the order of a sum is that of the shards, whoever computes them."""

import numpy as np
import pytest
from support.thread_ranks import all_of

from graphnet.backend import open_backend
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.shards import Shards
from graphnet.parallel.tree_sum import WHOLE_ELEMENTS, TreeSum


def numbers(shard, size):
    """Such that every order of adding them gives other bits."""
    rng = np.random.Generator(np.random.Philox(key=shard))
    return (rng.standard_normal(size) * 10.0 ** rng.integers(-4, 4, size)).astype(np.float32)


def pairwise(arrays):
    """Neighbours in pairs, level by level."""
    while len(arrays) > 1:
        pairs = [arrays[i : i + 2] for i in range(0, len(arrays), 2)]
        arrays = [p[0] + p[1] if len(p) == 2 else p[0] for p in pairs]
    return arrays[0]


def summed(communicator, count, size):
    backend = open_backend("numpy", 1)
    array, small = np.zeros(size, np.float32), np.zeros(3)
    shards = Shards(count, 64, communicator.rank, communicator.size, is_uneven=True)
    tree = TreeSum(backend, [array, small, np.zeros(0)], shards, communicator)
    for _ in range(2):  # the second time nothing is left of the first

        def give(shard):
            array[...] = numbers(shard, size)
            small[...] = shard + 1

        tree(give)
    return array, small


@pytest.mark.parametrize("size", [1, 100, WHOLE_ELEMENTS + 5])
@pytest.mark.parametrize(
    ("count", "ranks"),
    [
        *((1, 1), (2, 2), (3, 1), (3, 3), (4, 1), (4, 2), (4, 4), (5, 5), (6, 1), (6, 2)),
        *((6, 3), (6, 6), (7, 1), (8, 2), (12, 4), (12, 3), (12, 6)),
        *((4, 3), (5, 2), (5, 3), (7, 4), (8, 3)),
    ],
)
def test_the_order_is_that_of_the_shards(count, ranks, size):
    """Bit for bit what adding neighbours in pairs gives, on every rank."""
    expected = pairwise([numbers(shard, size) for shard in range(count)])
    if ranks == 1:
        results = [summed(LocalCommunicator(), count, size)]
    else:
        results = all_of(ranks, lambda communicator: summed(communicator, count, size))
    for array, small in results:
        np.testing.assert_array_equal(array, expected)
        assert small.tolist() == [count * (count + 1) / 2] * 3


def test_the_numbers_tell_orders_apart():
    """The test above could fail."""
    parts = [numbers(shard, 100) for shard in range(4)]
    assert (pairwise(parts) != ((parts[0] + parts[1]) + parts[2]) + parts[3]).any()
