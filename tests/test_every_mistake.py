"""Every key of everything that is declared: misspelt, of another type, left out.

In Python and in YAML the answer is the same: a graphnet error that names the class, the key, what
was found and what was expected, and never the words of the library that checks.
"""

from __future__ import annotations

import inspect
import re
from textwrap import dedent
from typing import get_args

import pytest

from graphnet.data.mixing import AnyMixer
from graphnet.data.transformers import AnyTransformer
from graphnet.declare.validation import keys_of
from graphnet.declare.yaml_reader import parse_yaml, plain_document, write_yaml
from graphnet.errors import SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import LayerSpec
from graphnet.net.spec import parse_net
from graphnet.params.constraints import AnyConstraint
from graphnet.params.initializers import EveryInitializer
from graphnet.params.regularizers import AnyRegularizer
from graphnet.solver import lr_policy, mom_policy
from graphnet.solver.coffee import BREAK_MODELS, COFFEE_BREAKS
from graphnet.solver.load_solver import parse_solver
from graphnet.solver.methods import METHODS
from graphnet.solver.spec import SolverSpec

FOREIGN = re.compile(
    r"pydantic|validation error|Traceback|<class|https?://|Input should|input_value|Field required"
    r"|Extra inputs|ErrorDetails|object at 0x"
)

#: What the required keys of a model are given.
VALUES = {
    "base_lr": 0.1, "gamma": 0.5, "stepsize": 5, "stepvalues": [5, 7], "power": 0.5, "max_iter": 9,
    "length": 3, "policy": {"type": "Fixed", "base_lr": 0.1}, "momentum": 0.5, "max_momentum": 0.9,
    "stages": [{"policy": {"type": "Fixed", "base_lr": 0.1}}],
    "key": "loss", "patience": 3, "threshold": 2.0,
    "pad": 1, "crop_size": 4, "shift": 2, "degrees": 10, "size": 4, "n_class": 4,
}  # fmt: skip


def unions(*annotations):
    """The classes in annotated unions."""
    return [cls for union in annotations for cls in get_args(get_args(union)[0])]


def layer_example(name):
    """The first layer of the type in its docstring's example."""
    text = dedent(inspect.getdoc(LAYER_TYPES[name]).split("Example:\n")[1].split("Source:")[0])
    return next(item for item in parse_yaml(text, name).value if item["type"] == name)


def minimal(cls):
    """Its required keys with values that fit."""
    values = {k: VALUES[k] for k, info in keys_of(cls).items() if info.is_required()}
    if cls.__name__ in ("NormalizeTransformer", "SubMeanTransformer"):
        values["mean"] = 0.5
    if cls.__name__ == "NormalizeTransformer":
        values["deviation"] = 2.0
    if cls is mom_policy.StagedMomentum:
        values["stages"] = [{"policy": {"type": "Fixed", "momentum": 0.1}}]
    return values


def in_solver(key, values):
    """A solver with these values under a key."""
    return {"max_iter": 9, "exp_dir": "run", key: values}


def word(cls):
    """What YAML calls it."""
    return keys_of(cls)["type"].default if "type" in keys_of(cls) else cls.__name__


def typed(cls, values):
    return {"type": word(cls), **values}


#: By name: the class, values that make it, and the document that has them in it.
CASES = {}
for _name in sorted(LAYER_TYPES):
    _given = layer_example(_name)
    CASES[_name] = (LAYER_TYPES[_name], _given, lambda values: [values])
for _cls in unions(lr_policy.AnyLRPolicy):
    CASES[f"lr {_cls.__name__}"] = (
        _cls, minimal(_cls), lambda v, c=_cls: in_solver("lr_policy", typed(c, v))
    )  # fmt: skip
for _cls in unions(mom_policy.AnyMomentumPolicy):
    CASES[f"momentum {_cls.__name__}"] = (
        _cls, minimal(_cls), lambda v, c=_cls: in_solver("mom_policy", typed(c, v))
    )  # fmt: skip
for _cls in METHODS.values():
    CASES[_cls.__name__] = (_cls, {}, lambda v, c=_cls: in_solver("method", typed(c, v)))
for _name, _cls in BREAK_MODELS.items():
    _given = {**minimal(_cls), "every_n_iter": 1}
    CASES[_name] = (_cls, _given, lambda v, n=_name: in_solver("coffee_breaks", [{"type": n, **v}]))
for _cls in [*get_args(EveryInitializer), *unions(AnyRegularizer, AnyConstraint)]:
    _name = _cls.__name__
    _key = "weight_" + next((k for k in ("cons", "regu") if _name.endswith(k.title())), "init")
    CASES[_cls.__name__] = (
        _cls, minimal(_cls),
        lambda v, c=_cls, k=_key: [{**layer_example("InnerProduct"), k: typed(c, v)}],
    )  # fmt: skip
for _cls in unions(AnyTransformer):
    CASES[f"transformer {_cls.__name__}"] = (
        _cls, minimal(_cls),
        lambda v, c=_cls: [{**layer_example("HDF5Data"), "transformers": {"data": [typed(c, v)]}}],
    )  # fmt: skip
for _cls in unions(AnyMixer):
    CASES[f"mixer {_cls.__name__}"] = (
        _cls, minimal(_cls), lambda v, c=_cls: [{**layer_example("HDF5Data"), "mix": typed(c, v)}]
    )  # fmt: skip
CASES["SolverSpec"] = (SolverSpec, {"max_iter": 9}, lambda values: values)


class Odd:
    """What fits no key."""


def in_yaml(values, document):
    """Read them as a file would be."""
    parsed = parse_yaml(write_yaml(document(values)), "f.yaml")
    reader = parse_net if isinstance(parsed.value, list) else parse_solver
    return reader(parsed, "net") if reader is parse_net else reader(parsed)


def plain(cls, values):
    """The values for a constructor: aliases are what YAML calls them."""
    return cls(**{k: v for k, v in values.items() if k != "type"})


def refused(make, *words):
    """The message of the error, which has these words and none of the library's."""
    with pytest.raises(SpecError) as caught:  # noqa: PT011  # looked at below
        make()
    said = str(caught.value)
    assert not FOREIGN.search(said), said
    assert caught.value.__cause__ is None
    for word in words:
        assert word in said, said
    return said


def own_keys(cls):
    """Its keys; those that all layers have, for one of them alone."""
    common = LayerSpec.model_fields if issubclass(cls, LayerSpec) else ()
    rest = common if cls.__name__ != "InnerProduct" else ("type",)
    return [key for key in keys_of(cls) if key not in {"type", *rest}]


EVERY = pytest.mark.parametrize("name", CASES)


@EVERY
def test_what_is_right_is_made(name):
    """So that what follows is wrong in one thing alone."""
    cls, values, document = CASES[name]
    plain(cls, values)
    in_yaml(values, document)


@EVERY
def test_misspelt(name):
    """Each key with two letters swapped, or one too many."""
    cls, values, document = CASES[name]
    for key in own_keys(cls):
        for wrong in (key + "x", key[1:] + key[0], key[: len(key) // 2]):
            if wrong in keys_of(cls) or not wrong.isidentifier():
                continue
            given = {k: v for k, v in values.items() if k != key} | {wrong: values.get(key, 1)}
            unknown = f"unknown key '{wrong}'"
            refused(lambda g=given: plain(cls, g), unknown, word(cls))
            said = refused(lambda g=given: in_yaml(g, document), unknown, "f.yaml:")
            if len(key) > 4 and wrong == key + "x":
                assert f"'{key}'" in said


@EVERY
def test_of_another_type(name):
    """Each key given what fits nothing."""
    cls, values, _ = CASES[name]
    for key in own_keys(cls):
        try:
            plain(cls, values | {key: Odd()})
        except SpecError:
            said = refused(lambda k=key: plain(cls, values | {k: Odd()}), word(cls), key)
            assert "a Odd" in said or "expected" in said, said
        else:
            assert key in {"data", "axis"}, f"{key} takes anything"


@EVERY
@pytest.mark.parametrize("value", [[[["x"]]], "§", {"§": 1}, -1.5, True], ids=repr)
def test_of_another_type_in_yaml(name, value):
    """Each key given a list, a text, a mapping, a number or a flag: right, or refused in words."""
    cls, values, document = CASES[name]
    for key in own_keys(cls):
        if key == "name":
            continue
        given = values | {key: value}
        try:
            in_yaml(given, document)
        except SpecError:
            said = refused(lambda g=given: in_yaml(g, document), "f.yaml:")
            assert key in said or "needs" in said or "bottoms" in said or "§" in said, said


@EVERY
def test_left_out(name):
    """Each key that is required."""
    cls, values, document = CASES[name]
    for key, info in keys_of(cls).items():
        if info.is_required() and key in values:
            rest = {k: v for k, v in values.items() if k != key}
            refused(lambda r=rest: plain(cls, r), f"missing key '{key}'", word(cls))
            if key != "name":
                refused(lambda r=rest: in_yaml(r, document), f"missing key '{key}'", "f.yaml:")


#: Where the documents have what is built by itself in Python.
PLACE = (
    r"(method|lr_policy|mom_policy|coffee_breaks\[0\]|weight_(init|regu|cons)|mix"
    r"|transformers\.data\[0\])"
)


def essence(text, cls):
    """The messages about one of a class, without what they are about and where it stands."""
    subject = rf"^(layer( '[^']*'| \d+)? \(\w+\)|{PLACE} \(\w+\)|{cls.__name__}|{word(cls)}): "
    places = (rf"(?<=')(?<!unknown key '){PLACE}\.", rf"key '{PLACE}': ", rf" in '{PLACE}' \(\w+\)")
    for said in (subject, *places):
        text = re.sub(said, "", text, flags=re.MULTILINE)
    return text


@EVERY
def test_python_says_what_yaml_says(name):
    """Misspelt, one too many, left out, nothing, out of bounds, of another type, wrong inside."""
    cls, values, document = CASES[name]
    wrong = [values | {"strange": 1}]
    for key in own_keys(cls):
        rest = {k: v for k, v in values.items() if k != key}
        wrong += [rest, rest | {f"{key}x": 1}]
        wrong += [values | {key: v} for v in (None, -1.5, {"§": 1}, {"type": "§"}, [[["x"]]])]
    for given in wrong:
        try:
            plain(cls, given)
        except SpecError:
            ours = refused(lambda g=given: plain(cls, g))
            theirs = refused(lambda g=given: read(document(g)))
            assert essence(ours, cls) == essence(theirs, cls)


def read(content):
    """Read a document that is in no file."""
    reader = parse_net if isinstance(content, list) else parse_solver
    return reader(plain_document(content), *(["net"] if reader is parse_net else []))


@pytest.mark.parametrize("name", COFFEE_BREAKS)
def test_breaks_made_in_python(name):
    """Their constructors look at keywords as YAML's keys are looked at."""
    cls, model = COFFEE_BREAKS[name], BREAK_MODELS[name]
    keys = [k for k in keys_of(model) if k not in {"type", "every_n_iter", "every_n_epoch"}]
    values = {k: v for k, v in minimal(model).items() if k != "type"}
    cls(**values)
    for key in keys:
        refused(lambda k=key: cls(**values, **{k + "x": 1}), name, f"unknown key '{key}x'")
        refused(lambda k=key: cls(**values | {k: Odd()}), name, f"'{key}'", "a Odd")
    for key in values:
        rest = {k: v for k, v in values.items() if k != key}
        refused(lambda r=rest: cls(**r), name, f"missing '{key}'")
    refused(lambda: cls(**values, every_n_iter=3), name, "add_coffee_break")
    refused(lambda: cls(*[None] * 20), name, "is the first too many")


def test_values_by_their_place():
    """A declaration has keys, in Python too."""
    refused(lambda: LAYER_TYPES["InnerProduct"]("ip", 3), "layer (InnerProduct)", "keyword", "'ip'")
    refused(lambda: SolverSpec(100), "SolverSpec", "keyword", "100")


def test_changing_what_is_declared():
    """It stays as it is, and says how another is made."""
    spec = LAYER_TYPES["InnerProduct"](name="ip", output_dim=3)
    refused(lambda: setattr(spec, "output_dim", 4), "layer 'ip'", "'output_dim'", "model_copy")


def test_what_python_has_and_yaml_has_not():
    """Numbers of NumPy, paths and tuples are taken; classes and arrays are named."""
    import numpy as np

    ip = LAYER_TYPES["InnerProduct"]
    assert ip(name="a", output_dim=np.int64(3)) == ip(name="a", output_dim=3)
    refused(lambda: ip(name="a", output_dim=np.float64(3.5)), "a whole number, found 3.5")
    refused(lambda: ip(name="a", output_dim=np.zeros((2, 3))), "an array of shape 2 × 3")
    refused(lambda: ip(name="a", output_dim=3, neuron=LAYER_TYPES["ReLU"]), "write 'ReLU'")
    refused(
        lambda: SolverSpec(max_iter=1, lr_policy=lr_policy.Step),
        "the class StepRate",
        "make one of it: Step(…)",
    )
