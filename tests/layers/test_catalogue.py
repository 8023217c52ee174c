"""What holds of every layer type: a test file, a complete docstring, an example that is valid."""

import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import LayerSpec

HERE = Path(__file__).parent
SECTION = re.compile(r"^([A-Z]\w+):$", re.MULTILINE)
EVERY_TYPE = pytest.mark.parametrize("name", sorted(LAYER_TYPES))


def sections(spec: type[LayerSpec]) -> dict[str, str]:
    """The sections of a docstring, by title."""
    parts = SECTION.split(inspect.getdoc(spec) or "")
    return {title: dedent(text.strip("\n")) for title, text in zip(parts[1::2], parts[2::2])}  # noqa: B905


def own_properties(spec: type[LayerSpec]) -> set[str]:
    """The YAML keys a type adds to those all layers have, without those of its learned params."""
    fields = spec.model_fields
    own = {f for f in fields.keys() - LayerSpec.model_fields.keys() if not fields[f].description}
    return {fields[f].alias or f for f in own}


def described(classes: Iterable[type]) -> set[str]:
    """The properties that the docstrings of specs describe, except for those all layers have."""
    of_layers = (c for c in classes if issubclass(c, LayerSpec) and c is not LayerSpec)
    texts = (sections(c).get("Args", "") for c in of_layers if c.__doc__)
    return {name for text in texts for name in re.findall(r"^(\w+): ", text, re.MULTILINE)}


@EVERY_TYPE
def test_type_is_its_name(name):
    """The YAML type is the class name and the value of the field ``type``."""
    spec = LAYER_TYPES[name]
    assert spec.__name__ == name
    assert spec.model_fields["type"].default == name


@EVERY_TYPE
def test_has_a_test_file(name):
    """``graphnet/layers/room/x.py`` is tested in ``tests/layers/room/test_x.py``."""
    room, module = LAYER_TYPES[name].__module__.split(".")[2:]
    file = HERE / room / f"test_{module}.py"
    assert re.search(rf"\b{name}\b", file.read_text()), f"{file} does not name {name}"


@EVERY_TYPE
def test_docstring_sections(name):
    """A docstring has every section that applies, in the one order."""
    spec = LAYER_TYPES[name]
    expected = ["Bottoms"] * (spec.n_bottoms.most != 0) + ["Tops"] * (spec.n_tops.most != 0)
    expected += ["Params"] * (spec.param_decls is not LayerSpec.param_decls)
    expected += ["Args"] * bool(own_properties(spec) - described(spec.__mro__[1:]))
    expected += ["Example", "Source"]
    found = [s for s in sections(spec) if s in {*expected, "Params", "Args", "Bottoms", "Tops"}]
    assert found == expected


@EVERY_TYPE
def test_args_are_the_properties(name):
    """``Args``, of the type and its bases, describes each property, and nothing that is none."""
    spec = LAYER_TYPES[name]
    learned = {name for name, info in spec.model_fields.items() if info.description}
    assert described(spec.__mro__) - learned == own_properties(spec)


@EVERY_TYPE
def test_example_is_valid(name):
    """The YAML example declares this type and is accepted."""
    spec = LAYER_TYPES[name]
    layers = yaml.safe_load(sections(spec)["Example"])
    assert name in [layer["type"] for layer in layers]
    for layer in layers:
        made = LAYER_TYPES[layer["type"]].model_validate(layer)
        assert len(made.bottoms) in made.n_bottoms or made.each_bottom
        assert len(made.tops) in made.n_tops or made.each_bottom or made.in_place
