"""Plain functions as coffee breaks; docs/extending.md has one in a run."""

import pytest

from graphnet.errors import SpecError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.function_break import break_class, called, function_break
from graphnet.solver.coffee.items import break_model
from graphnet.solver.request import Request


def brew(net, state, lounge, sugar: int, milk: bool = False):
    """Makes coffee."""
    return Request(stop=f"{net} {state} {lounge} {sugar} {milk}")


def test_keys():
    """What follows net, state and lounge; checked by its annotations."""
    cls = function_break(brew)
    assert cls.__doc__ == "Makes coffee."
    item = break_model(cls, "m.brew").model_validate(
        {"type": "m.brew", "sugar": 2, "every_n_iter": 1}
    )
    assert item.keywords() == {"sugar": 2}
    assert cls(sugar=2).enjoy("n", "s", "l") == Request(stop="n s l 2 False")
    with pytest.raises(SpecError, match=r"unknown key 'suger'(?s:.)*'sugar'"):
        break_model(cls, "m.brew").model_validate({"type": "m.brew", "suger": 2})
    with pytest.raises(SpecError, match="key 'sugar': expected a whole number"):
        break_model(cls, "m.brew").model_validate({"type": "m.brew", "sugar": "x"})


def test_any_keys():
    """``**keys`` take whatever there is."""
    cls = function_break(lambda _net, _state, _lounge, **keys: Request(stop=str(keys)))
    item = break_model(cls, "m.f").model_validate({"type": "m.f", "a": 1})
    assert cls(**item.keywords()).enjoy(None, None, None).stop == "{'a': 1}"


class Machine:
    """Something with a method."""

    def brew(self, net, state, lounge):
        """Makes coffee."""
        return Request(stop=f"{net}{state}{lounge}")


def test_methods():
    """Of an object, too."""
    assert called(Machine().brew).enjoy(1, 2, 3) == Request(stop="123")


async def later(net, state, lounge):
    """Does nothing when it is called."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: None, r"the function <lambda>\(\) cannot be a coffee break\n .*net, state and"),
        (lambda _net, _state: None, "cannot be a coffee break"),
        (lambda _net, _state, *, lounge: lounge, "cannot be a coffee break"),
        (later, "a generator or a coroutine"),
    ],
)
def test_functions_that_cannot_be(function, message):
    """What it is given is said."""
    with pytest.raises(SpecError, match=message):
        function_break(function)


def test_what_python_must_give():
    """A function that needs more is called by another."""
    with pytest.raises(SpecError, match=r"brew also needs sugar\n .*sugar=…"):
        called(brew)


def test_what_a_name_stands_for():
    """A class is itself; what is neither is refused."""
    assert break_class(CoffeeBreak, "m.C") is CoffeeBreak
    assert break_class(brew, "m.brew").__name__ == "brew"
    for other in (3, Machine, len):
        with pytest.raises(SpecError, match=r"'m\.x' is not a CoffeeBreak"):
            break_class(other, "m.x")
