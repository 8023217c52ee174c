"""Characters as numbers."""

import numpy as np
import pytest

from graphnet.data.text.symbols import check_symbols, numbers_of, place_in, symbols_of
from graphnet.errors import DataError


def test_numbers():
    """The place of each among the symbols, in as few bytes as hold it."""
    found = numbers_of("ab\nba😀", "\nab😀", "t")
    assert found.tolist() == [1, 2, 0, 2, 1, 3]
    assert found.dtype == np.uint8
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    assert numbers_of(many, many, "t").dtype == np.uint16
    assert numbers_of("", "ab", "t").tolist() == []


def test_the_symbols_of_a_text():
    """Each once, in order."""
    assert symbols_of("hello\n") == "\nehlo"


def test_a_character_that_is_no_symbol():
    """Its place, as an editor shows it."""
    with pytest.raises(DataError, match=r"t:2:3: the character 'z' is none of the 3 symbols"):
        numbers_of("ab\nabz", "\nab", "t")
    assert place_in("ab\nabz", 5) == (2, 3)


@pytest.mark.parametrize(
    ("symbols", "message"), [("", "no symbols"), ("aba", "'a' is there twice")]
)
def test_symbols_that_are_none(symbols, message):
    """Each stands for one number."""
    with pytest.raises(DataError, match=message):
        check_symbols(symbols)


def test_symbols_that_are_right():
    """They are what they were."""
    assert check_symbols("ba") == "ba"
