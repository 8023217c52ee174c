"""Tests of graphnet.backend.calls."""

from functools import partial
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from graphnet.backend.calls import cut, in_turn


def test_in_turn_keeps_the_order():
    """Calls are made one after another; of none there is nothing to do."""
    seen = []
    in_turn([partial(seen.append, i) for i in range(4)])()
    in_turn([])()
    assert seen == [0, 1, 2, 3]


def test_in_turn_makes_the_calls_each_time():
    """And not before it is called."""
    made = []
    run = in_turn([lambda: made.append(1), lambda: made.append(2)])
    assert made == []
    run()
    run()
    assert made == [1, 2, 1, 2]


@given(st.integers(1, 500), st.integers(-1, 40), st.integers(1, 64))
def test_cut(size, parts, multiple):
    """The runs follow each other, cover everything, and start at multiples."""
    runs = cut(size, parts, multiple)
    assert runs[0][0] == 0
    assert runs[-1][1] == size
    assert all(a[1] == b[0] for a, b in pairwise(runs))
    assert all(start < stop and start % multiple == 0 for start, stop in runs)
    assert len(runs) <= max(1, parts)
    lengths = [-(-(stop - start) // multiple) for start, stop in runs]
    assert max(lengths) - min(lengths) <= 1
