"""Fields: what a declared value may be, and what is refused."""

from __future__ import annotations

import re
from json import dumps

import pytest

from graphnet.declare.fields import (
    Model,
    NonNegativeFloat,
    NonNegativeInt,
    NonNegativePair,
    PositiveFloat,
    PositiveInt,
    PositivePair,
)
from graphnet.errors import SpecError
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.params.initializers import Constant, Xavier


class Everything(Model):
    """One field of each kind."""

    count: PositiveInt = 1
    index: NonNegativeInt = 0
    rate: PositiveFloat = 1.0
    ratio: NonNegativeFloat = 0.0
    kernel: PositivePair = (1, 1)
    pad: NonNegativePair = (0, 0)
    flag: bool = False
    word: str = ""
    number: float = 0.0
    names: tuple[str, ...] = ()
    table: dict[str, tuple[int, ...]] = {}  # noqa: RUF012  # pydantic copies a default


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("kernel", 5, (5, 5)),
        ("kernel", [5, 3], (5, 3)),
        ("pad", 0, (0, 0)),
        ("rate", 2, 2.0),
        ("ratio", 0, 0.0),
        ("names", ["a", "b"], ("a", "b")),
        ("table", {"x": [1, 2]}, {"x": (1, 2)}),
    ],
)
def test_accepted(field, value, expected):
    """One integer is a pair, a whole number is a float, a list is a tuple all the way down."""
    found = getattr(Everything(**{field: value}), field)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 0),
        ("count", 2.0),
        ("count", "2"),
        ("count", True),
        ("index", -1),
        ("rate", 0),
        ("rate", "0.1"),
        ("rate", True),
        ("ratio", -0.5),
        ("number", float("nan")),
        ("number", float("inf")),
        ("kernel", 0),
        ("kernel", [3, 0]),
        ("kernel", [3]),
        ("kernel", [3, 3, 3]),
        ("kernel", 2.0),
        ("kernel", True),
        ("pad", -1),
        ("flag", 1),
        ("flag", "true"),
        ("word", 5),
        ("names", "ab"),
    ],
)
def test_refused(field, value):
    """A value is taken strictly: nothing is turned into a number, a flag or a text."""
    with pytest.raises(SpecError, match=rf"key '{field}(\[1\])?': expected "):
        Everything(**{field: value})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"count": "2"}, "key 'count': expected a whole number, found the text '2'\n  write it"),
        ({"coutn": 3}, "unknown key 'coutn'\n  did you mean 'count'"),
        (5, "expected keys and values, found 5"),
        ([1], "expected keys and values, found a list of 1"),
    ],
)
def test_mappings_and_json_are_answered_alike(given, said):
    """By pydantic's own ways in, with the messages that a YAML file gets."""
    for build in (Everything.model_validate, lambda v: Everything.model_validate_json(dumps(v))):
        with pytest.raises(SpecError, match=f"^Everything: {re.escape(said)}"):
            build(given)
    assert Everything.model_validate({"names": ["a"]}) == Everything(names=["a"])
    assert Everything.model_validate_json('{"names": ["a"]}') == Everything(names=["a"])
    with pytest.raises(SpecError, match="Everything: expected JSON: EOF"):
        Everything.model_validate_json("{")
    with pytest.raises(SpecError, match="expected a text as the key, found 3"):
        Everything.model_validate({3: 1})


def test_an_unknown_key_is_refused():
    """A misspelt key never passes silently."""
    with pytest.raises(SpecError, match="Everything: unknown key 'coutn'\n  did you mean 'count'"):
        Everything(coutn=3)


def test_a_model_is_frozen_compared_by_value_and_hashed():
    """So it can be a default value, a key of a table, and shared between threads."""
    assert Constant(value=2.0) == Constant(value=2.0) != Constant(value=3.0)
    assert len({Constant(value=2.0), Constant(value=2.0), Xavier()}) == 2
    with pytest.raises(SpecError, match="a declaration cannot be changed"):
        Constant().value = 1.0


def test_a_name_stands_for_a_model_with_its_defaults():
    """``weight_init: Xavier`` is short for ``weight_init: {type: Xavier}``."""
    short = InnerProduct(name="a", output_dim=1, weight_init="Constant", neuron="ReLU")
    long = InnerProduct(
        name="a", output_dim=1, weight_init={"type": "Constant"}, neuron={"type": "ReLU"}
    )
    assert short == long
    assert short.weight_init == Constant()
