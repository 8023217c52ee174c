"""docs/layers.md: it is what the code says, and its examples are nets that compile."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.layers import LAYER_TYPES
from graphnet.net.compiled import compile_net
from graphnet.net.passes import select_phase
from graphnet.net.spec import NetSpec, parse_net, read_net

DOCS = Path(__file__).parent.parent / "docs"
SCRIPT = runpy.run_path(str(DOCS / "make_layers.py"))

IMAGE, SEQUENCE = [4, 12, 12], [7, 5]
#: The shape of a sample of blobs in examples, where it is not an image.
BLOBS = {
    "label": [],
    "cont": [7],
    "ip2": [10],
    "score": [2, 12, 12],
    "mask": [12, 12],
    "prob": [10],
    "signal": [3, 20],
    "clip": [3, 4, 12, 12],
    "film": [16, 4, 12, 12],
    "memory": [9, 8],
    "steps": [12, 5],
    "read": [12],
    "areas": [12, 12],
    "words": {
        "CTCLoss": [4],
        "LabelErrorRate": [4],
        "PositionEmbedding": SEQUENCE,
        "MultiHeadAttention": SEQUENCE,
    },
    "worst": [],
    "x": {
        **dict.fromkeys(("LSTM", "GRU", "RNN", "ResetFirstGRU"), SEQUENCE),
        "MultiHeadAttention": [7, 8],
    },
}


def shape_of(blob: str, layer_type: str) -> list[int]:
    """What an Input layer gives for a bottom of an example."""
    found = BLOBS.get(blob, IMAGE)
    return found.get(layer_type, IMAGE) if isinstance(found, dict) else found


def example(layer_type: str) -> NetSpec:
    """The layers of a type's example, behind an Input layer that gives what they lack."""
    text = SCRIPT["docstring_sections"](LAYER_TYPES[layer_type])["Example"]
    declared = parse_net(parse_yaml(text, layer_type), layer_type)
    made = {top for node in declared.nodes for top in node.tops if top not in node.bottoms}
    shapes = {
        blob: shape_of(blob, layer_type)
        for node in declared.nodes
        for blob in node.bottoms
        if blob not in made
    }
    if not shapes:
        return declared
    feed = {"name": "example-input", "type": "Input", "batch_size": 2, "shapes": shapes}
    return declared.with_nodes([*read_net([feed | {"tops": list(shapes)}]).nodes, *declared.nodes])


def test_the_page_is_up_to_date():
    """It is made from docstrings and fields: ``python docs/make_layers.py``."""
    assert (DOCS / "layers.md").read_text(encoding="utf-8") == SCRIPT["catalogue"]()


def test_every_link_leads_to_a_heading():
    """An anchor is the heading in lower case, as GitHub makes it."""
    text = SCRIPT["catalogue"]()
    headings = {h.lower() for h in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
    assert {name.lower() for name in LAYER_TYPES} <= headings


@pytest.mark.parametrize("layer_type", sorted(LAYER_TYPES))
def test_the_example_compiles(layer_type):
    """In each phase it has layers of, with bottoms of fitting shapes."""
    spec = example(layer_type)
    backend = open_backend("numpy", threads=1)
    phases = [p for p in ("train", "test") if select_phase(spec.nodes, p)]
    kinds = {
        layer.type
        for phase in phases
        for layer in compile_net(spec, phase, backend, np.dtype("float32")).layers
    }
    assert layer_type in kinds


@pytest.mark.parametrize("layer_type", sorted(LAYER_TYPES))
def test_the_example_survives_being_written(layer_type):
    """Its YAML, as a snapshot holds it, makes the same layers."""
    spec = example(layer_type)
    again = parse_net(parse_yaml(spec.to_yaml(), layer_type), layer_type)
    assert [node.spec for node in again.nodes] == [node.spec for node in spec.nodes]
