"""How a coffee break is written in YAML."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest

from graphnet.errors import SpecError
from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.coffee.items import CustomBreak, break_model


class Espresso(CoffeeBreak):
    """Strong.

    Args:
        sugar: How much.
    """

    python_only = ("machine",)

    def __init__(
        self,
        sugar: int,
        beans: list[str] | None = None,
        cup: Literal["small", "large"] = "small",
        where: Path = Path(),
        strength: float = 1.0,
        copy: bool = False,
        notes: Any = None,
        machine: object = None,
    ) -> None:
        self.given = (sugar, beans, cup, where, strength, copy, notes, machine)


def keywords(values, cls=Espresso):
    return break_model(cls).model_validate({"type": cls.__name__, **values}).keywords()


def test_keywords_are_those_given():
    """Defaults stay the constructor's affair; lists and paths are what it expects."""
    given = {"sugar": 1, "beans": ["a", "b"], "where": "x/y", "copy": True, "strength": 2}
    found = keywords({**given, "every_n_iter": 3})
    assert found == given | {"where": Path("x/y"), "strength": 2.0}
    assert isinstance(found["beans"], list)
    Espresso(**found)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "missing key 'sugar'"),
        ({"sugar": "1"}, "key 'sugar': expected a whole number, found the text '1'"),
        ({"sugar": True}, "key 'sugar': expected a whole number, found true"),
        ({"sugar": 1, "suger": 2}, "unknown key 'suger'\n  did you mean 'sugar'?"),
        ({"sugar": 1, "cup": "huge"}, "key 'cup': expected 'small' or 'large', found the text 'h"),
        ({"sugar": 1, "beans": "a"}, "key 'beans': expected a list, found the text 'a'"),
        ({"sugar": 1, "machine": 1}, "unknown key 'machine'"),
        ({"sugar": 1, "every_n_iter": -1}, "key 'every_n_iter': expected at least 0, found -1"),
    ],
)
def test_keywords_are_checked(values, message):
    """Missing, mistyped and unknown ones, each under its own name, in the words of YAML."""
    with pytest.raises(SpecError, match="^Espresso: " + re.escape(message)) as error:
        keywords(values)
    assert len(error.value.problems) == 1


def test_constructors_with_open_ends():
    """``**keywords`` take any name, and a break without a constructor takes none."""

    class Open(CoffeeBreak):
        def __init__(self, *_cups, **more):
            self.more = more

    class Plain(CoffeeBreak):
        pass

    assert keywords({"anything": [1]}, Open) == {"anything": (1,)}
    assert keywords({}, Plain) == {}
    with pytest.raises(SpecError, match="Plain: unknown key 'anything'"):
        keywords({"anything": 1}, Plain)


def test_keywords_without_annotation_take_anything():
    """Annotations are for those who want checks."""

    class Loose(CoffeeBreak):
        def __init__(self, what, much=3):
            self.what = what

    assert keywords({"what": "x"}, Loose) == {"what": "x"}
    with pytest.raises(SpecError, match="Loose: missing key 'what'"):
        keywords({}, Loose)


def test_constructors_that_cannot_be_called():
    """The author of the break is told, not its user."""

    class Positional(CoffeeBreak):
        def __init__(self, cups, /):
            self.cups = cups

    class Scheduler(CoffeeBreak):
        def __init__(self, every_n_iter=3):
            self.n = every_n_iter

    with pytest.raises(SpecError, match=r"'h.Positional': .*'cups' by position only\n  YAML gives"):
        break_model(Positional, "h.Positional")
    with pytest.raises(SpecError, match=r"has a keyword 'every_n_iter', which says what or when"):
        break_model(Scheduler)


def test_schedule():
    """Never, by iteration, by epoch, or both."""
    model = break_model(CoffeeBreak)
    assert model(type="CoffeeBreak").schedule == ()
    assert model(type="CoffeeBreak", every_n_iter=3).schedule == (Every(3, "iter"),)
    both = model(type="CoffeeBreak", every_n_iter=3, every_n_epoch=2)
    assert both.schedule == (Every(3, "iter"), Every(2, "epoch"))


def test_custom_items_keep_their_keys():
    """Until the class is there to check them."""
    item = CustomBreak(type="my.hooks.Espresso", every_n_epoch=1, sugar=2, beans=["a"])
    assert item.keywords() == {"sugar": 2, "beans": ("a",)}
    with pytest.raises(SpecError, match="expected a text of the form"):
        CustomBreak(type="my hooks.Espresso")


def test_schema_has_the_constructors_words():
    """For editors: the docstring, the keywords, their types and defaults."""
    schema = break_model(Espresso).model_json_schema()
    assert schema["description"].startswith("Strong.")
    assert schema["properties"]["cup"] == {
        "default": "small",
        "enum": ["small", "large"],
        "title": "Cup",
        "type": "string",
    }
    assert schema["required"] == ["sugar"]
