"""The order of delivery as an index function."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.data.order import Order, permute


def permutation(n, key, *counter):
    out = np.empty(n, np.int64)
    permute(out, key, *counter)
    return out


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 4096, 10_001])
def test_permutes(n):
    """Every index comes exactly once."""
    assert np.array_equal(np.sort(permutation(n, 5, 1)), np.arange(n))


def test_depends_on_key_and_counter():
    """Another key, or another counter, is another permutation; the same are the same."""
    seen = {tuple(permutation(50, *a)) for a in [(1,), (2,), (1, 1), (1, 0, 1), (1, 1, 1)]}
    assert len(seen) == 5
    assert np.array_equal(permutation(50, 1, 2, 3), permutation(50, 1, 2, 3))


def test_is_pinned():
    """A resumed run relies on the permutation, so it is a function of the generator's words."""
    key = 2**100 + 7
    words = np.random.Philox(key=key, counter=np.array([0, 3, 0, 0], np.uint64)).random_raw(10)
    assert permutation(10, key, 3).tolist() == np.argsort(words).tolist()
    assert permutation(10, key, 3).tolist() == [3, 5, 8, 0, 6, 9, 1, 2, 7, 4]


def test_is_uniform():
    """Each of the 24 permutations of four comes about equally often."""
    counts = {}
    for i in range(12_000):
        order = tuple(permutation(4, 9, i))
        counts[order] = counts.get(order, 0) + 1
    # chi-squared with 23 degrees of freedom: 57.1 is passed once in ten thousand
    assert len(counts) == 24
    assert sum((c - 500) ** 2 / 500 for c in counts.values()) < 57.1


def test_allocates_no_array():
    """A permutation is made in place."""
    out = np.empty(100_000, np.int64)
    permute(out, 1)
    tracemalloc.start()
    permute(out, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 1024


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=12)


@given(SIZES, st.integers(1, 15), st.sampled_from([None, 77]), st.integers(0, 3))
def test_rows_cover_an_epoch(sizes, per_group, key, epoch):
    """An epoch delivers every row exactly once."""
    rows = Order(np.array(sizes), per_group, key).rows(epoch)
    assert np.array_equal(np.sort(rows), np.arange(sum(sizes)))


@given(SIZES, st.integers(1, 15), st.data())
def test_locate_agrees_with_rows(sizes, per_group, data):
    """The row at one position can be found without the positions before it."""
    order = Order(np.array(sizes), per_group, key=3)
    position = data.draw(st.integers(0, sum(sizes) - 1))
    group, offset = order.locate(2, position)
    chunks = order.chunks(2, group)
    read = np.concatenate([np.arange(*order.span(c)) for c in chunks])
    places = np.empty(len(read), np.int64)
    order.arrange(2, group, places)
    assert len(read) <= order.most_rows
    assert read[places[offset]] == order.rows(2)[position]


def test_unshuffled():
    """Without a key the rows come as they lie, whatever the groups."""
    assert Order(np.array([3, 4, 2]), 2, None).rows(7).tolist() == list(range(9))


def test_epochs_differ():
    """Every epoch has an order of its own."""
    order = Order(np.array([5, 5, 5, 5]), 2, key=1)
    assert len({tuple(order.rows(epoch)) for epoch in range(50)}) == 50


def test_groups_mix_chunks():
    """Over the epochs every row meets every position, though groups are smaller than the set."""
    order = Order(np.full(6, 2), 2, key=8)
    seen = {(p, r) for epoch in range(600) for p, r in enumerate(order.rows(epoch).tolist())}
    assert len(seen) == 12 * 12
