"""Nets of Caffe written down in a test, and what they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.text_format import parse_text
from graphnet.interchange.caffe.files.upgrade import upgrade_net
from graphnet.interchange.caffe.layers.reading import Files
from graphnet.interchange.caffe.net.phases import PhaseNet
from graphnet.interchange.caffe.net.rules import State
from graphnet.interchange.caffe.net.translation import translate_net

#: Inputs that the tests' layers read.
INPUTS = """
layer { name: "in" type: "Input" top: "x" top: "z" input_param { shape { dim: [2, 4, 6, 6] } } }
layer { name: "in1" type: "Input" top: "s" top: "t" input_param { shape { dim: [2, 4] } } }
layer { name: "in2" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "in3" type: "Input" top: "label4" input_param { shape { dim: [2, 1, 1, 1] } } }
"""


def translated(text: str, phase: str = "TEST", stored=None, folder: Path | None = None) -> PhaseNet:
    """A net in a phase."""
    folder = folder or Path.cwd()
    net = upgrade_net(parse_text(text, "n.prototxt", "NetParameter"))
    return translate_net(net, State(phase), Files((folder, folder)), stored)


def all_of(body: str) -> list[dict]:
    """The layers that a layer becomes, with what stands before and behind them."""
    found = translated(f'{INPUTS}\nlayer {{ name: "l" {body} }}')
    assert not found.problems, [str(p) for p in found.problems]
    return found.layers[-1].made.all_layers()


def layers_of(
    body: str, phase: str = "TEST", stored=None, folder: Path | None = None
) -> list[dict]:
    """The layers that a layer of type, bottoms, tops and properties ``body`` becomes."""
    found = translated(f'{INPUTS}\nlayer {{ name: "l" {body} }}', phase, stored, folder)
    assert not found.problems, [str(p) for p in found.problems]
    return found.layers[-1].made.layers


def one(body: str, phase: str = "TEST") -> dict:
    """The one layer it becomes, without its name, bottoms and tops."""
    (layer,) = layers_of(body, phase)
    return {k: v for k, v in layer.items() if k not in ("name", "bottoms", "tops")}


def refused(body: str, said: str) -> None:
    """See that a layer is refused, at its place, for a reason."""
    found = translated(f'{INPUTS}\nlayer {{ name: "l" {body} }}')
    assert found.problems, "it is not refused"
    problem = found.problems[0]
    assert said in problem.message
    assert problem.message.startswith("layer 'l'")
    assert problem.position is not None
    assert problem.position.line >= 7


def spec_error(said: str):
    """An error that says so."""
    return pytest.raises(SpecError, match=said)
