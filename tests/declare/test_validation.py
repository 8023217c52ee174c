"""Validation: pydantic's findings in graphnet's words, each at its place."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from graphnet.declare.fields import ByName, Model, PositiveInt, PositivePair
from graphnet.declare.validation import describe, validate
from graphnet.declare.yaml_reader import parse_yaml, plain_document
from graphnet.errors import SpecError


class Round(Model):
    """A shape with one key."""

    type: Literal["Round"] = "Round"
    radius: Annotated[float, Field(gt=0, le=10)] = 1.0


class Square(Model):
    """A shape with one key that is required."""

    type: Literal["Square"] = "Square"
    side: float

    @model_validator(mode="after")
    def _check(self) -> Square:
        if self.side == 13:
            raise ValueError("13 is no side\n  take 12")
        return self


class Part(Model):
    """Something inside."""

    shape: Annotated[Round | Square, Field(discriminator="type"), ByName] = Round()
    weight: float = 1.0


class Thing(Model):
    """Something with one of everything."""

    name: str = Field(default="x", min_length=1)
    count: PositiveInt = 1
    area: tuple[float, float] = (0.0, 1.0)
    axis: int = 0
    kernel: PositivePair = (1, 1)
    flag: bool = False
    mode: Literal["fast", "slow"] = "fast"
    bottoms: tuple[str, ...] = ()
    named: dict[str, int] = Field(default_factory=dict)
    shape: Annotated[Round | Square, Field(discriminator="type"), ByName] = Round()
    parts: tuple[Part, ...] = ()
    n_filter: int = 0
    max_epoch: int = 0


def check(text):
    """Validate a YAML text as a Thing."""
    document = parse_yaml(text, "f.yaml")
    return validate(Thing, document.value, document, (), "thing: ")


def test_what_fits_becomes_the_model():
    """Short forms are filled in and lists become tuples."""
    thing = check("{kernel: 3, shape: Round, parts: [{shape: {type: Square, side: 2}}]}")
    assert thing.kernel == (3, 3)
    assert thing.shape == Round()
    assert thing.parts == (Part(shape=Square(side=2.0)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{cuont: 1}", "f.yaml:1:2: thing: unknown key 'cuont'\n  did you mean 'count'?"),
        (
            "{zzz: 1}",
            (
                "f.yaml:1:2: thing: unknown key 'zzz'\n"
                "  expected one of: area, axis, bottoms, count, flag, kernel, max_epoch, mode,"
                " n_filter, name, named, parts, shape"
            ),
        ),
        ("{filters: 1}", "f.yaml:1:2: thing: unknown key 'filters'\n  write 'n_filter'"),
        ("{num_output: 1}", "f.yaml:1:2: thing: unknown key 'num_output'\n  write 'n_filter'"),
        ("{epochs: 1}", "f.yaml:1:2: thing: unknown key 'epochs'\n  write 'max_epoch'"),
        (
            "{dim: -2}",
            (
                "f.yaml:1:2: thing: unknown key 'dim'\n"
                "  Mocha's 'dim: -2' is 'axis: 1' here (NumPy's order, from 0)\n"
                "  PyTorch's is 'axis: -2'"
            ),
        ),
        (
            "{channel_dim: 3}",
            (
                "f.yaml:1:2: thing: unknown key 'channel_dim'\n"
                "  Mocha's 'channel_dim: 3' is 'axis: n - 3' here for a blob of n axes"
                " (NumPy's order, from 0): 'axis: 1' for an image blob (N, C, H, W)"
            ),
        ),
        ("{count: 0}", "f.yaml:1:9: thing: key 'count': expected more than 0, found 0"),
        ("{count: 1.5}", "f.yaml:1:9: thing: key 'count': expected a whole number, found 1.5"),
        ("{count: true}", "f.yaml:1:9: thing: key 'count': expected a whole number, found true"),
        (
            "{count: }",
            (
                "f.yaml:1:8: thing: key 'count': expected a whole number, found nothing"
                "\n  give it a value, or leave the key out"
            ),
        ),
        (
            "{count: '3'}",
            (
                "f.yaml:1:9: thing: key 'count': expected a whole number, found the text '3'\n"
                "  write it without quotes"
            ),
        ),
        ("{flag: 1}", "f.yaml:1:8: thing: key 'flag': expected true or false, found 1"),
        (
            "{flag: no}",
            (
                "f.yaml:1:8: thing: key 'flag': expected true or false, found the text 'no'"
                "\n  write false"
            ),
        ),
        (
            "{mode: Fast}",
            (
                "f.yaml:1:8: thing: key 'mode': expected 'fast' or 'slow', found the text 'Fast'"
                "\n  did you mean 'fast'?"
            ),
        ),
        (
            "{name: 5}",
            "f.yaml:1:8: thing: key 'name': expected a text, found 5\n  write it in quotes: \"5\"",
        ),
        (
            "{name: ''}",
            "f.yaml:1:8: thing: key 'name': expected a text that is not empty, found the text ''",
        ),
        (
            "{bottoms: data}",
            (
                "f.yaml:1:11: thing: key 'bottoms': expected a list, found the text 'data'\n"
                "  write [data]"
            ),
        ),
        (
            "{bottoms: [a, [b]]}",
            "f.yaml:1:15: thing: key 'bottoms[1]': expected a text, found a list of 1: [b]",
        ),
        (
            "{named: {a: x}}",
            "f.yaml:1:13: thing: key 'named.a': expected a whole number, found the text 'x'",
        ),
        ("{named: 3}", "f.yaml:1:9: thing: key 'named': expected keys and values, found 3"),
        (
            "{kernel: [3, 3, 3]}",
            (
                "f.yaml:1:10: thing: key 'kernel': expected a whole number, or two as [height,"
                " width], found a list of 3: [3, 3, 3]"
            ),
        ),
        ("{kernel: [3, 0]}", "f.yaml:1:14: thing: key 'kernel[1]': expected more than 0, found 0"),
        (
            "{area: [0.5]}",
            "f.yaml:1:8: thing: key 'area': expected at least 2 items, found a list of 1: [0.5]",
        ),
        (
            "{shape: Rond}",
            "f.yaml:1:9: thing: key 'shape': unknown type 'Rond'\n  did you mean 'Round'?",
        ),
        (
            "{shape: {type: Cube}}",
            (
                "f.yaml:1:16: thing: key 'shape': unknown type 'Cube'\n"
                "  expected one of: Round, Square"
            ),
        ),
        (
            "{shape: {radius: 2}}",
            "f.yaml:1:9: thing: missing key 'type' in 'shape'\n  write {type: Round, radius: 2}",
        ),
        (
            "{shape: {}}",
            "f.yaml:1:9: thing: missing key 'type' in 'shape'\n  write {type: Round}",
        ),
        (
            "{shape: {Square: {side: 3}}}",
            "f.yaml:1:9: thing: missing key 'type' in 'shape'\n  write {type: Square, side: 3}",
        ),
        (
            "{shape: {width: 3}}",
            "f.yaml:1:9: thing: missing key 'type' in 'shape'\n  expected one of: Round, Square",
        ),
        (
            "{shape: {type: [1]}}",
            "f.yaml:1:16: thing: key 'shape.type': expected a text, found a list of 1: [1]",
        ),
        ("{shape: Square}", "f.yaml:1:9: thing: missing key 'side' in 'shape' (Square)"),
        (
            "{shape: 3}",
            (
                "f.yaml:1:9: thing: key 'shape': expected a name, or keys and values with 'type',"
                " found 3"
            ),
        ),
        (
            "{shape: {type: Round, radius: 11}}",
            "f.yaml:1:31: thing: key 'shape.radius': expected at most 10, found 11",
        ),
        (
            "{shape: {type: Round, radius: .nan}}",
            "f.yaml:1:31: thing: key 'shape.radius': expected a finite number, found nan",
        ),
        (
            "{shape: {type: Square, side: 13}}",
            "f.yaml:1:9: thing: key 'shape': 13 is no side\n  take 12",
        ),
        (
            "{shape: {type: Round, radios: 1}}",
            "f.yaml:1:23: thing: unknown key 'radios' in 'shape' (Round)\n  did you mean 'radius'?",
        ),
        (
            "{parts: [{}, {shape: {type: Square, sides: 1, side: 2}}]}",
            (
                "f.yaml:1:37: thing: unknown key 'sides' in 'parts[1].shape' (Square)\n"
                "  did you mean 'side'?"
            ),
        ),
        (
            "{parts: [{wait: 1}]}",
            "f.yaml:1:11: thing: unknown key 'wait' in 'parts[0]'\n  did you mean 'weight'?",
        ),
        ("[1]", "f.yaml:1:1: thing: expected keys and values, found a list of 1: [1]"),
    ],
)
def test_each_mistake_has_its_words_and_its_place(text, message):
    """What was found, what was expected, the fix; a value's place, or an unknown key's own."""
    with pytest.raises(SpecError, match=r"^f") as caught:
        check(text)
    assert str(caught.value) == message


def test_all_mistakes_come_at_once_in_the_order_of_the_file():
    """One run shows everything that is wrong."""
    with pytest.raises(SpecError, match="unknown") as caught:
        check("flag: 2\ncount: -1\nbad: 1\nshape: {type: Round, radius: 0}\n")
    assert [p.position.line for p in caught.value.problems if p.position] == [1, 2, 3, 4]


def test_a_place_inside_a_document():
    """A model that is a part of a document is reported where it stands there."""
    document = parse_yaml("layers:\n  - {count: 0}\n", "f.yaml")
    path = ("layers", 0)
    with pytest.raises(SpecError, match=r"^f\.yaml:2:13: key 'count': expected more than 0"):
        validate(Thing, document.value["layers"][0], document, path)


def test_without_positions_the_words_are_the_same():
    """A model made in Python is reported without a place."""
    with pytest.raises(SpecError, match=r"^key 'count': expected more than 0, found 0$"):
        validate(Thing, {"count": 0}, plain_document({"count": 0}))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5"),
        ("a" * 100, "the text '" + "a" * 59 + "…'"),
        ([1, "b"], "a list of 2: [1, b]"),
        ((("b",), ((1.5,), 2)), "a list of 2: [[b], [[1.5], 2]]"),
        ({"a": 1, "b": 2}, "a mapping with the keys a, b"),
        ({1, 2}, "set {1, 2}"),
    ],
)
def test_values_are_described_by_kind_and_beginning(value, words):
    """A message shows enough of a value to find it, never pages."""
    assert describe(value) == words


def test_kinds_of_mistakes_that_only_models_of_others_have():
    """Where there are no words of ours, pydantic's are completed by what was found."""

    class Other(Model):
        even: Annotated[int, Field(multiple_of=2)] = 0
        code: Annotated[str, Field(pattern="^[a-z]$", max_length=3)] = "a"
        place: Exception | None = None

    for given, said in [
        ({"even": 3}, "Other: key 'even': input should be a multiple of 2, found 3"),
        (
            {"code": "1"},
            "Other: key 'code': expected a text of the form ^[a-z]$, found the text '1'",
        ),
        (
            {"code": "abcd"},
            "Other: key 'code': expected at most 3 characters, found the text 'abcd'",
        ),
        ({"place": 3}, "Other: key 'place': expected an instance of Exception, found 3"),
    ]:
        with pytest.raises(SpecError, match=f"^{re.escape(said)}$"):
            Other(**given)
