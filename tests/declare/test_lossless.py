"""Numbers from outside are taken as they are, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.declare.lossless import first_inexact, lossless, most_exact, real_array
from graphnet.errors import DataError

SINGLE, DOUBLE = np.dtype("float32"), np.dtype("float64")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (np.array([1j]), "x holds complex64|complex128 values, not real numbers\n  give the real"),
        (np.array(["a"]), "x holds <U1 values, not numbers"),
        (np.array([None]), "x holds object values, not numbers\n  convert it"),
        (np.array(["2020-01-01"], "M8[D]"), r"datetime64\[D\] values, .*\n  give the time since"),
        (np.array([1], "m8[s]"), r"timedelta64\[s\] values, not numbers\n  divide it"),
        (np.zeros(1, [("a", "f4")]), "values, not numbers\n  give each field as an array"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "x: 1 of 2 values are masked\n  fill them"),
        ([[1, 2], [3]], "x: the rows have different shapes"),
        ([10**400], "x holds object values"),
    ],
)
def test_what_is_no_array_of_real_numbers(values, match):
    """The message says what was found and what to do."""
    with pytest.raises(DataError, match=match):
        real_array(values, "x")


def test_what_is_one_is_not_copied():
    """Data may be large."""
    array = np.ones(3, np.float32)
    assert real_array(array, "x") is array
    assert lossless(array, SINGLE, "x") is array
    unmasked = np.ma.masked_array([1.0], [False])
    assert real_array(unmasked, "x").tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f2", "f4", "f8", ">f4", "g"])
def test_all_kinds_of_real_numbers_are_taken(dtype):
    """And come out in the precision asked for."""
    made = lossless(np.array([0, 1], dtype), SINGLE, "x")
    assert (made.dtype, made.tolist()) == (SINGLE, [0.0, 1.0])


def test_what_is_too_large_for_the_precision():
    """Infinite and NaN are what they are; a number must not become infinite."""
    with pytest.raises(DataError, match=r"x: 1e\+39 at \[1\] is too large for float32"):
        lossless(np.array([1.0, 1e39]), SINGLE, "x")
    kept = lossless(np.array([np.inf, np.nan, 1e38]), SINGLE, "x")
    assert np.isinf(kept[0])
    assert np.isnan(kept[1])
    assert lossless(np.array([1e300]), DOUBLE, "x")[0] == 1e300


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_a_whole_number_stays_the_one_it_is(numbers):
    """In either precision: it is held exactly, or refused and named."""
    array = np.array(numbers, np.int64)
    for dtype in (SINGLE, DOUBLE):
        place = first_inexact(array, dtype)
        exact = [int(dtype.type(n)) == n for n in numbers]
        assert place == (None if all(exact) else (exact.index(False),))
        if place is None:
            assert [int(x) for x in lossless(array, dtype, "x")] == numbers
        else:
            with pytest.raises(DataError, match=f"the whole number {numbers[place[0]]} at"):
                lossless(array, dtype, "x")


def test_up_to_where_whole_numbers_are_held():
    """2²⁴ and 2⁵³, as IEEE 754 says."""
    assert (most_exact(SINGLE), most_exact(DOUBLE)) == (2**24, 2**53)
    assert first_inexact(np.array([2**24, -(2**24)]), SINGLE) is None
    assert first_inexact(np.array([[0], [2**24 + 1]]), SINGLE) == (1, 0)
    assert first_inexact(np.array([2**64 - 1], np.uint64), DOUBLE) == (0,)
