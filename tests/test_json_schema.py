"""The JSON Schemas: shipped as generated, valid themselves, right about good and bad files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphnet.declare.yaml_reader import parse_yaml, read_yaml
from graphnet.json_schema import FOLDER, schema_text, write_shipped
from graphnet.layers import LAYER_TYPES
from graphnet.solver.coffee import COFFEE_BREAKS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", params=["net", "solver"])
def which(request):
    """Each of the two schemas."""
    return request.param


def problems(which, value):
    """What a validator says of a value."""
    schema = json.loads((FOLDER / f"{which}.json").read_text("utf-8"))
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_what_is_shipped_is_what_is_generated(which):
    """After a change of a model: ``python -m graphnet.json_schema``."""
    assert (FOLDER / f"{which}.json").read_text("utf-8") == schema_text(which)


def test_writing_makes_the_shipped_files(tmp_path, which):
    """The command above writes both."""
    write_shipped(tmp_path)
    assert (tmp_path / f"{which}.json").read_text("utf-8") == schema_text(which)


def test_the_schemas_are_valid(which):
    """They are JSON Schemas themselves, and every reference in them leads somewhere."""
    schema = json.loads(schema_text(which))
    Draft202012Validator.check_schema(schema)
    text = schema_text(which)
    for part in text.split('"$ref": "#/$defs/')[1:]:
        assert part.partition('"')[0] in schema["$defs"]


@pytest.mark.parametrize("path", sorted((ROOT / "nets").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_nets_fit(path):
    """No false alarm in an editor."""
    assert problems("net", read_yaml(path).value) == []


@pytest.mark.parametrize("path", sorted((ROOT / "solvers").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_solvers_fit(path):
    """No false alarm in an editor."""
    assert problems("solver", read_yaml(path).value) == []


NETS = [
    "- {name: ip1, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip1]}",
    "{name: x, layers: [{name: r, type: ReLU, bottoms: [data]}]}",
    "- {name: a, type: my_layers.Swish, beta: 2, bottoms: [data], tops: [a]}",
    "- {name: c, type: Convolution, n_filter: 2, kernel: 3, pad: [1, 0], neuron: ReLU}",
    "- {name: c, type: Convolution, n_filter: 2, neuron: {type: ReLU, epsilon: 0.1}}",
    "- {name: c, type: Convolution, n_filter: 2, filter_init: Xavier, filter_cons: NoCons}",
    "- {name: p, type: Pooling, global: true, pooling: Mean}",
]
WRONG_NETS = [
    "LeNet",
    "{name: x}",
    "{layers: []}",
    "{layers: [{name: r, type: ReLU}], foo: 1}",
    "- {type: ReLU, bottoms: [data]}",
    "- {name: a, type: Swoosh, bottoms: [data]}",
    "- {name: a, type: ReLU, foo: 1}",
    "- {name: c, type: Convolution}",
    "- {name: c, type: Convolution, n_filter: 0}",
    "- {name: c, type: Convolution, n_filter: 2, kernel: [3, 3, 3]}",
    "- {name: c, type: Convolution, n_filter: 2, neuron: Relu}",
    "- {name: c, type: Convolution, n_filter: 2, filter_cons: L2Cons}",
    "- {name: c, type: Convolution, n_filter: 2, filter_init: {std: 1}}",
]
SOLVERS = [
    "{max_iter: 1}",
    "{max_epoch: 1, method: Adam}",
    "{max_iter: 1, method: {type: Adam, beta1: 0.5}}",
    "{max_iter: 1, lr_policy: {type: Step, base_lr: 1, gamma: 0.1, stepsize: 3, unit: epoch}}",
    "{max_iter: 1, coffee_breaks: [{type: Snapshot, every_n_iter: 3, keep_last: 2}]}",
    "{max_iter: 1, coffee_breaks: [{type: my_hooks.Espresso, sugar: 3, every_n_epoch: 1}]}",
]
WRONG_SOLVERS = [
    "{}",
    "{max_iter: -1}",
    "{max_iter: 1, method: sgd}",
    "{max_iter: 1, lr_policy: {type: Step, base_lr: 1}}",
    "{max_iter: 1, momentum: 0.9}",
    "{max_iter: 1, coffee_breaks: [{type: Snapshott}]}",
    "{max_iter: 1, coffee_breaks: [{type: Snapshot, keep_lst: 2}]}",
    "{max_iter: 1, coffee_breaks: [{type: my_hooks.Espresso, every_n_epoch: often}]}",
]


@pytest.mark.parametrize(
    ("name", "text"), [("net", t) for t in NETS] + [("solver", t) for t in SOLVERS]
)
def test_good_files_fit(name, text):
    """Short forms, nested models and classes of the user's own."""
    assert problems(name, parse_yaml(text, "f.yaml").value) == []


@pytest.mark.parametrize(
    ("name", "text"), [("net", t) for t in WRONG_NETS] + [("solver", t) for t in WRONG_SOLVERS]
)
def test_bad_files_do_not(name, text):
    """An editor underlines what graphnet would refuse."""
    assert problems(name, parse_yaml(text, "f.yaml").value)


def test_every_layer_and_break_is_there_with_its_words():
    """What an editor shows on hovering: the class's summary, and a line for every key."""
    net, solver = (json.loads(schema_text(name)) for name in ("net", "solver"))
    found = [*(net["$defs"][name] for name in LAYER_TYPES)]
    found += [solver["$defs"][name] for name in COFFEE_BREAKS]
    for definition in found:
        assert definition["description"]
        for key, schema in definition["properties"].items():
            assert schema.get("description") or key == "type", (definition["description"], key)


@pytest.mark.parametrize("which", ["net", "solver"])
def test_every_key_says_what_it_is(which):
    """An editor shows it; nobody has to look elsewhere."""
    for name, model in json.loads(schema_text(which))["$defs"].items():
        for key, held in model["properties"].items():
            assert key == "type" or held["description"], (name, key)
            assert not held.get("description", "").startswith(("As of ", "Of ", "Default")), (
                name,
                key,
            )


def described(held, place="#"):
    """Every description in a schema, and its place."""
    if isinstance(held, dict):
        if isinstance(held.get("description"), str):
            yield place, held["description"]
        for key, inner in held.items():
            yield from described(inner, f"{place}/{key}")
    elif isinstance(held, list):
        for i, inner in enumerate(held):
            yield from described(inner, f"{place}/{i}")


def test_descriptions_read_as_text(which):
    """As they are: no marks of code, no references, a line for each formula."""
    found = list(described(json.loads(schema_text(which))))
    assert len(found) > 100
    for place, text in found:
        assert not re.search(r"`|:\w+:|\*\*|::(?!\S)|←.*←|\b(?:Args|Source|Raises):", text), (
            place,
            text,
        )


def test_the_type_has_its_own_page(which):
    """Who points at ``type: Convolution`` sees what a Convolution is."""
    for name, model in json.loads(schema_text(which))["$defs"].items():
        shown = model["properties"].get("type", {})
        if "const" in shown:
            assert shown["description"] == model["description"], name
        elif name in ("Layer", "CoffeeBreak"):  # where it would hide that
            assert "description" not in shown


@pytest.mark.parametrize(
    ("item", "fits"),
    [
        ({"repeat": 2, "name": "b", "layers": [{"name": "r{i}", "type": "Silence"}]}, True),
        ({"repeat": "{n}", "name": "b", "layers": [{"include": "a.yaml"}]}, True),
        ({"repeat": 0, "name": "b", "layers": [{"name": "r", "type": "Silence"}]}, False),
        ({"repeat": 2, "layers": [{"name": "r", "type": "Silence"}]}, False),
        ({"repeat": 2, "name": "b", "layers": []}, False),
        ({"repeat": 2, "name": "b", "layers": [{"name": "r"}]}, False),
        ({"repeat": 2, "name": "b", "times": 3, "layers": [{"include": "a.yaml"}]}, False),
        ({"include": "a.yaml", "with": {"width": 3, "in": "x"}}, True),
        ({"include": "a.yaml", "with": {"width": [3]}}, False),
        ({"include": "a.yaml", "type": "Silence", "name": "s"}, False),
    ],
)
def test_repetitions_and_includes(item, fits):
    """Beside layers; what is in them is a list like the net's."""
    assert (problems("net", {"layers": [item]}) == []) is fits
