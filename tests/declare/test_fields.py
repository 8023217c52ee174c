"""Fields: what a declared value may be, and what is refused."""

from __future__ import annotations

import abc
import inspect
import re
from json import dumps

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import graphnet as gn
from graphnet.data.transformers import AnyTransformer
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
from graphnet.layers.dense.rbf_codes import AnyCodes
from graphnet.layers.neurons.any_neuron import AnyNeuron
from graphnet.params.constraints import AnyConstraint
from graphnet.params.initializers import AnyInitializer, Constant, Xavier
from graphnet.params.regularizers import AnyRegularizer
from graphnet.solver.coffee import AnyBreakItem
from graphnet.solver.lr_policy import AnyLRPolicy
from graphnet.solver.methods import AnyMethod
from graphnet.solver.mom_policy import AnyMomentumPolicy


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


class Base(Model, abc.ABC):
    """Needs two."""

    @abc.abstractmethod
    def first(self):
        """One."""

    @abc.abstractmethod
    def second(self):
        """The other."""


@pytest.mark.parametrize(
    ("base", "missing"),
    [
        (gn.Constraint, "apply"),
        (gn.Initializer, "sample"),
        (gn.LayerSpec, "build and top_shapes"),
        (gn.Method, "step"),
        (gn.Policy, "value_at"),
        (gn.Regularizer, "add_gradient"),
        (gn.Transformer, "bind"),
        (Base, "first and second"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_class_of_ones_own_that_lacks_a_method(base, missing):
    """It is named, with what it lacks and where that is described; so is the base itself."""
    own = type("Own", (base,), {"__module__": __name__})
    for cls in (own, base):
        file = re.escape(inspect.getsourcefile(cls))
        them = "them" if " and " in missing else "it"
        with pytest.raises(
            SpecError,
            match=rf"^class {cls.__name__} in {file} does not define {missing}\n"
            rf"  every {base.__name__} needs {them}; see help\({base.__name__}\)$",
        ):
            cls(name="x")


def with_param(**keys):
    """A layer with a param that is declared so."""
    return gn.layers.InnerProduct(name="ip", bottoms=("x",), tops=("y",), output_dim=2, **keys)


def with_transformer(own):
    """A data layer whose samples go through it."""
    return gn.layers.HDF5Data(name="d", source="a.h5", batch_size=2, transformers={"data": [own]})


@pytest.mark.parametrize(
    ("base", "method", "use", "known"),
    [
        (gn.Constraint, "apply", lambda own: with_param(weight_cons=own), "L2Cons, NoCons"),
        (gn.Initializer, "sample", lambda own: with_param(weight_init=own), "Bilinear, Constant, "),
        (gn.Method, "step", lambda own: gn.SolverSpec(max_iter=1, method=own), "Adadelta, "),
        (gn.Policy, "value_at", lambda own: gn.SolverSpec(max_iter=1, lr_policy=own), ""),
        (gn.Regularizer, "add_gradient", lambda own: with_param(weight_regu=own), "L1Regu, "),
        (gn.Transformer, "bind", with_transformer, "ColorJitter, Normalize, "),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_class_of_ones_own(base, method, use, known):
    """An object of one stands where graphnet's own do; names without a dot are graphnet's alone."""
    own = type("Mine7", (base,), {"__module__": __name__, method: lambda *_: None})
    assert "Mine7" in repr(use(own()))
    with pytest.raises(SpecError, match=rf"unknown type 'Mine7'\n  expected one of: {known}"):
        use({"type": "Mine7"})
    with pytest.raises(SpecError, match=r"cannot import 'mine7.Mine': there is no module 'mine7'"):
        use({"type": "mine7.Mine"})


def test_a_name_stands_for_a_model_with_its_defaults():
    """``weight_init: Xavier`` is short for ``weight_init: {type: Xavier}``."""
    short = InnerProduct(name="a", output_dim=1, weight_init="Constant", neuron="ReLU")
    long = InnerProduct(
        name="a", output_dim=1, weight_init={"type": "Constant"}, neuron={"type": "ReLU"}
    )
    assert short == long
    assert short.weight_init == Constant()


UNIONS = (
    *(AnyBreakItem, AnyCodes, AnyConstraint, AnyInitializer, AnyLRPolicy, AnyMethod),
    *(AnyMomentumPolicy, AnyNeuron, AnyRegularizer, AnyTransformer),
)


@pytest.mark.parametrize("union", UNIONS)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"type": "Qqq"}, "unknown type 'Qqq'\n  expected one of: "),
        ({"type": 3}, "key 'type': expected a text, found 3"),
        ({"qqq": 3}, "missing key 'type'"),
        (None, "expected (a name, or )?keys and values( with 'type')?, found nothing"),
        ([1], "expected (a name, or )?keys and values( with 'type')?, found a list of 1"),
        (3, "expected (a name, or )?keys and values( with 'type')?, found 3"),
    ],
)
def test_a_union_by_itself_speaks_as_a_model_does(union, value, message):
    """Whatever pydantic is asked to read it with; nothing is raw."""
    for adapter, given in ((union, value), (list[union], [value])):
        with pytest.raises(SpecError, match=message) as caught:
            TypeAdapter(adapter).validate_python(given)
        assert "pydantic" not in str(caught.value)


def test_a_union_in_another_ones_model():
    """What pydantic collects of the fields of a model that is not graphnet's stays its own."""

    class Theirs(BaseModel):
        rate: AnyLRPolicy
        regu: AnyRegularizer

    with pytest.raises(ValidationError) as caught:  # noqa: PT011  # the places are looked at
        Theirs(rate={"type": "Fixed"}, regu="L1")
    assert [e["loc"] for e in caught.value.errors()] == [("rate", "Fixed", "base_lr"), ("regu",)]
