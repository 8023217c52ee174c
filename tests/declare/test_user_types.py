"""Classes of the user's own among graphnet's; whole nets and solvers are in test_extending.py."""

import sys
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter

from graphnet.declare.fields import ByName, Model
from graphnet.declare.user_types import OrUserClass, UserCode, is_users, type_name
from graphnet.declare.validation import validate
from graphnet.declare.yaml_reader import parse_yaml, plain_document
from graphnet.errors import SpecError
from graphnet.params.regularizers import L2Regu


class Shape(Model):
    """The base."""

    chosen_by_type = True


class Round(Shape):
    """As if it were graphnet's own."""

    __module__ = "graphnet.shapes"
    type: Literal["Round"] = "Round"
    r: float = 1.0


class Long(Shape):
    """Likewise."""

    __module__ = "graphnet.shapes"
    type: Literal["Long"] = "Long"


AnyShape = Annotated[Round | Long, Field(discriminator="type"), OrUserClass(Shape), ByName]


class Holder(Model):
    """A model with two keys."""

    shape: AnyShape
    more: tuple[AnyShape, ...] = ()


CODE = """
from tests_shape import Shape
class Square(Shape):
    side: int = 2
class Rounder(Shape):
    type: str
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A module of the user's, and the base by a name it can be imported by."""
    monkeypatch.setitem(sys.modules, "tests_shape", sys.modules[__name__])
    (tmp_path / "own_shapes.py").write_text(CODE, "utf-8")
    yield tmp_path
    sys.modules.pop("own_shapes", None)


def held(folder, text, *, allowed=True):
    document = parse_yaml(text, "f.yaml", folder)
    return validate(Holder, document.value, document, context=UserCode(folder, allowed))


def test_both_kinds(folder):
    """By name, with keys, in lists; written down as they can be read again."""
    more = "{type: own_shapes.Square, side: 3}, Long, {type: Round, r: 2}"
    found = held(folder, f"shape: own_shapes.Square\nmore: [{more}]")
    assert (found.shape.side, found.more[0].side, found.more[2].r) == (2, 3, 2)
    written = found.model_dump()
    assert written == {
        "shape": {"type": "own_shapes.Square", "side": 2},
        "more": (
            {"type": "own_shapes.Square", "side": 3},
            {"type": "Long"},
            {"type": "Round", "r": 2.0},
        ),
    }
    again = validate(Holder, written, plain_document(written), context=UserCode(folder))
    assert again == found
    assert again.model_dump(mode="json")["shape"] == written["shape"]


def test_a_type_of_its_own(folder):
    """A class that declares a required one gets the dotted path."""
    assert held(folder, "shape: own_shapes.Rounder").shape.type == "own_shapes.Rounder"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "shape: own_shapes.Squar",
            r"^f.yaml:1:8: key 'shape': module 'own_shapes' has no",
        ),
        (
            "shape: {type: own_shapes.Square, side: x}",
            "f.yaml:1:40: key 'shape.side': expected a whole",
        ),
        ("shape: {type: own_shapes.Square, sid: 1}", r"unknown key 'sid' in 'shape' \(own_shapes"),
        ("shape: Squar", "unknown type 'Squar'"),
        ("shape: own_shapes.Model", "has no 'Model'"),
    ],
)
def test_wrong(folder, text, message):
    """The place is that of the key."""
    with pytest.raises(SpecError, match=message):
        held(folder, text)


def test_refused(folder):
    """Where user code is not allowed."""
    with pytest.raises(SpecError, match="is user code"):
        held(folder, "shape: own_shapes.Square", allowed=False)
    assert held(folder, "shape: Long", allowed=False).shape == Long()


def test_names():
    """Of graphnet's own, their type; of the user's, their path, a built-in's heirs included."""

    class Mine(L2Regu):
        """Another."""

    assert not is_users(L2Regu)
    assert type_name(L2Regu()) == "L2Regu"
    assert type_name(Mine()).endswith("test_names.<locals>.Mine")
    union = TypeAdapter(AnyShape)
    assert union.validate_python(Round()) == Round()
