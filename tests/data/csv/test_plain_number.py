"""Which cells of a table are numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.data.csv.plain_number import (
    is_missing,
    is_plain,
    is_whole,
    is_word,
    plain_numbers,
    whole_number,
    why_not_plain,
)

PLAIN = {
    "1": 1,
    "-0": 0,
    "+5": 5,
    "007": 7,
    " 2.5\t": 2.5,
    ".5": 0.5,
    "5.": 5,
    "1e3": 1000,
    "1E-2": 0.01,
}


@pytest.mark.parametrize("cell", PLAIN)
def test_plain(cell):
    """Digits, a sign, a point, an exponent, blanks around."""
    assert is_plain(cell)
    assert plain_numbers([cell, "0"]) == [PLAIN[cell], 0]


ODD = {
    "": "the field is empty\n  fill in what is missing",
    " ": "the field is empty",
    "nan": "'nan' is not a plain number\n  fill in what is missing",
    "NA": "'NA' is not a plain number\n  fill in what is missing",
    "-inf": "'-inf' is not a plain number\n  write a finite number",
    "1_000": "'1_000' is not a plain number\n  write it with a decimal point, and without marks",
    "1,5": "'1,5' is not a plain number\n  write it with a decimal point",
    "1 000": "'1 000' is not a plain number\n  write it with a decimal point",
    "0x10": "'0x10' is not a plain number\n  write it in digits",
    "١": "'١' is not a plain number",
    "²": "'²' is not a plain number",
    "\N{NO-BREAK SPACE}5": r"'\xa05' is not a plain number",
    "\N{MINUS SIGN}5": "is not a plain number",
    "1e": "'1e' is not a plain number",
    "1-2": "'1-2' is not a plain number",
    "1\n2": r"'1\n2' is not a plain number",
    "dog": "'dog' is not a plain number\n  write a number, or leave out the column: --leave-out",
    "1e400": "1e400 is too large\n  expected what float64 can hold",
    "-1e-400": "-1e-400 is too small\n  expected what float64 can hold",
    "9" * 400: "is too large",
    "x" * 99: "…' is not a plain number",
}


@pytest.mark.parametrize("cell", ODD)
def test_odd(cell):
    """They are refused with the likely cure, beside what is plain, too."""
    assert plain_numbers([cell]) is None
    assert plain_numbers(["1", cell]) is None
    assert ODD[cell] in why_not_plain(cell)


def test_kinds():
    """Whole numbers, words, and what is missing."""
    assert is_whole(" -12 ")
    assert not is_whole("12.0")
    assert is_word("a1")
    assert not any(map(is_word, ["1,5", "?", "", "1e5"]))
    assert is_missing(" NaN ")
    assert not is_missing("0")


@given(
    st.one_of(
        st.text(), st.floats().map(repr), st.integers().map(str), st.text("0123456789eE.+-_,xnaif ")
    )
)
def test_a_number_is_what_it_says(cell):
    """What is taken is plain, and exactly what Python makes of the same digits."""
    found = plain_numbers([cell])
    if found is None:
        assert "\n  " in why_not_plain(cell)
        return
    assert is_plain(cell)
    assert found == [float(cell)]
    assert abs(found[0]) < float("inf")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("007", 7),
        (" -12\t", -12),
        ("+0", 0),
        ("0" * 5_000 + "3", 3),
        ("9" * 308, 10**308 - 1),
        ("-" + "9" * 309, math.inf),
        ("9" * 100_000, math.inf),
    ],
)
def test_whole_numbers_of_any_length(text, number):
    """Python itself reads no more than 4,300 digits, and makes no float of more than 309."""
    assert is_whole(text)
    assert whole_number(text) == number
