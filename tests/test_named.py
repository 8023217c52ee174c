"""Named: a mapping that keeps a mapping's promises, and is not changed."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.errors import GraphnetError, UnknownNameError
from graphnet.named import Named


@pytest.fixture
def table():
    """Two arrays by name."""
    return Named("array", {"weight": np.ones(2), "bias": np.zeros(1)}, "copy into one")


def test_it_is_a_mapping(table):
    """What is in it can be got, and nothing else is in it."""
    assert list(table) == ["weight", "bias"]
    assert len(table) == 2
    assert "weight" in table
    assert "wait" not in table
    assert table.get("wait") is None
    assert all(table.get(name) is table[name] for name in table)
    assert repr(Named("number", {"a": 1})) == "{'a': 1}"
    assert Named("number", {"a": 1}) == {"a": 1}


def test_an_unknown_name_is_guessed(table):
    """The error is a KeyError with a text that can be read, as any of graphnet's."""
    text = "there is no array 'wieght'; there is: weight, bias\n  did you mean 'weight'?"
    with pytest.raises(KeyError, match="wieght") as caught:
        table["wieght"]
    assert str(caught.value) == text
    assert isinstance(caught.value, UnknownNameError)
    assert isinstance(caught.value, GraphnetError)
    with pytest.raises(KeyError, match="there is no array 3; there is: weight, bias"):
        table[3]
    with pytest.raises(KeyError, match="there is: none"):
        Named("array", {})["a"]


def test_nothing_can_be_exchanged(table):
    """But arithmetic in place is no exchange."""
    with pytest.raises(TypeError, match=r"'weight' cannot be exchanged(.|\n)*copy into one"):
        table["weight"] = np.zeros(2)
    with pytest.raises(TypeError, match="'weight' cannot be taken away"):
        del table["weight"]
    table["weight"] *= 3
    assert table["weight"].tolist() == [3, 3]
