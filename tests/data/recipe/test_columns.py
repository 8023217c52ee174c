"""Columns as features: numbers and words, gaps, what is refused."""

import numpy as np
import pytest

from graphnet.data.recipe.columns import UNKNOWN, NumberColumn, WordColumn
from graphnet.errors import SpecError


def features(column, *codes):
    out = np.full((len(codes), len(column.features)), np.nan)
    column.put(np.array(codes, np.float64), out)
    return out.tolist()


def test_numbers():
    """A number is its own feature, unless it is brought to another mean and deviation."""
    plain = NumberColumn(heading="age", place=2)
    assert plain.features == ("age",)
    assert (plain.code(" 1.5e1 "), plain.code("-0")) == (15, 0)
    assert features(plain, 0.1, -3) == [[0.1], [-3]]
    scaled = NumberColumn(place=2, mean=10, std=4)
    assert (scaled.name, scaled.features) == ("2", ("2",))
    assert features(scaled, 12, 2) == [[0.5], [-2]]


@pytest.mark.parametrize("gap", ["", " ", "NA", "nan", "?", "none", "-"])
def test_gaps_among_numbers(gap):
    """What fills them is scaled as a number is; a feature of their own says where they were."""
    column = NumberColumn(heading="x", place=0, fill=6, mean=2, std=2, gap_feature=True)
    assert column.features == ("x", "x missing")
    assert features(column, column.code("4"), column.code(gap)) == [[1, 0], [2, 1]]
    with pytest.raises(ValueError, match="the field is empty\n  the net has learned"):
        NumberColumn(place=0).code(gap)


@pytest.mark.parametrize("cell", ["blue", "1,5", "0x10", "inf", "1_000"])
def test_no_numbers(cell):
    """A cell that is no plain number is refused, whatever stands for gaps."""
    with pytest.raises(ValueError, match=r"is not a plain number\n  the net has learned"):
        NumberColumn(place=0, fill=0).code(cell)


def test_words():
    """A feature for each word, or their place."""
    column = WordColumn(heading="colour", place=0, words=["blue", "none", "red"], gap_word=True)
    assert column.features == ("colour=blue", "colour=none", "colour=red", "colour missing")
    codes = [column.code(cell) for cell in (" red", "blue", "none", "N/A")]
    assert features(column, *codes) == np.eye(4)[[2, 0, 1, 3]].tolist()
    index = column.model_copy(update={"encoding": "index"})
    assert index.features == ("colour",)
    assert features(index, *codes) == [[2], [0], [1], [3]]


def test_unknown_words():
    """They are refused with those that are known, or have no feature that is 1."""
    column = WordColumn(heading="colour", place=0, words=["blue", "red"])
    with pytest.raises(ValueError, match=r"'rad' is none of the 2 words(?s:.)*'red'(?s:.)*blue, "):
        column.code("rad")
    assert column.code("rad", zeros=True) == UNKNOWN
    assert features(column, UNKNOWN, 1) == [[0, 0], [0, 1]]
    with pytest.raises(ValueError, match="the field is empty"):
        column.code("", zeros=True)
    with pytest.raises(ValueError, match="none of the 2 words"):  # no index stands for none of them
        column.model_copy(update={"encoding": "index"}).code("rad", zeros=True)


@pytest.mark.parametrize("words", [[], ["a", "a"]])
def test_words_that_cannot_be(words):
    """Each stands for itself."""
    with pytest.raises(SpecError, match="expected different words"):
        WordColumn(place=0, words=words)
