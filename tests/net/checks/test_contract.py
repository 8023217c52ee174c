"""A layer class of the user's own is seen to have what is asked of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.nets import net_of

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.errors import SpecError
from graphnet.layers.base import Layer, LayerSpec
from graphnet.net.checks.contract import declared_class
from graphnet.net.compiled import compile_net
from graphnet.net.spec import read_net

NET = """
- {name: in, type: Input, batch_size: 4, shapes: {x: [3], label: []}, tops: [x, label]}
- {name: a, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [a]}
- {name: mine, type: mine.Mine, bottoms: [a], tops: [b]}
- {name: loss, type: SoftmaxLoss, bottoms: [b, label]}
"""
MODULE = """
from graphnet.layers.base import Layer, LayerSpec

class Mine(LayerSpec):
    type: str = "Mine"
    def top_shapes(self, bottoms):
        return [bottoms[0]]
    def build(self, binding)ANNOTATION:
        return MineLayer(self, binding)

class MineLayer(Layer):
    METHODS
"""
FORWARD = "def forward(self): self.tops[0].data[...] = self.bottoms[0].data"
BACKWARD = "def backward(self): self.bottoms[0].diff[...] = self.tops[0].diff"


@pytest.fixture
def load(tmp_path):
    """A net with a layer of the user's own, in a module beside it."""

    def load(methods, *, annotated, phase="train"):
        annotation = ' -> "MineLayer"' if annotated else ""
        text = MODULE.replace("METHODS", methods).replace("ANNOTATION", annotation)
        (tmp_path / "mine.py").write_text(text, "utf-8")
        (tmp_path / "net.yaml").write_text(NET, "utf-8")
        return gn.load_net(tmp_path / "net.yaml", phase)

    return load


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize(
    ("methods", "missing"),
    [
        ("pass", "forward"),
        (FORWARD, "backward"),
        (f"{FORWARD}\n    def backwards(self): pass", "backward"),
        (f"{FORWARD}\n    def setup(self): self.x = 1", "backward"),
    ],
)
def test_what_is_missing_is_named(load, tmp_path, methods, missing, annotated):
    """With class, file, line in the YAML, and what to do: before anything is computed."""
    place = re.escape(str(tmp_path))
    match = rf"net.yaml:4:3: layer 'mine' .*class MineLayer in {place}.mine.py has no {missing}\(\)"
    with pytest.raises(SpecError, match=match):
        load(methods, annotated=annotated)


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize(
    "methods",
    [
        f"{FORWARD}\n    {BACKWARD}",
        (
            "def setup(self):\n        self.forward = self.f\n        self.backward = self.f\n"
            "    def f(self): pass"
        ),
    ],
)
def test_methods_or_calls_bound_in_setup(load, methods, annotated):
    """Either is right."""
    assert load(methods, annotated=annotated).name == "net"


def test_no_backward_is_needed_where_no_gradient_goes(load):
    """As in a net that is only tested."""
    assert load(FORWARD, annotated=True, phase="test").phase == "test"


def test_a_build_that_makes_no_layer():
    """It is told, not a list of attributes that are missing."""

    class Odd(LayerSpec):
        type: str = "Odd"

        def top_shapes(self, bottoms):
            return list(bottoms)

        def build(self, binding):
            return None

    with pytest.raises(SpecError, match=r"layer 'o' \(Odd\): its build\(\) gave None"):
        gn.load_net([
            gn.layers.Input(name="in", batch_size=1, shapes={"x": [1]}, tops=["x"]),
            Odd(name="o", bottoms=["x"], tops=["y"]),
        ])  # fmt: skip


def test_check_tells_it_where_build_says_what_it_makes(load, tmp_path):
    """Without any memory: the annotation is looked at, if it means something."""
    load(f"{FORWARD}\n    {BACKWARD}", annotated=True)
    text = MODULE.replace("METHODS", FORWARD).replace("ANNOTATION", ' -> "MineLayer"')
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "mine.py").write_text(text, "utf-8")
    (folder / "net.yaml").write_text(NET, "utf-8")
    spec = read_net(folder / "net.yaml")
    with pytest.raises(SpecError, match=r"has no backward\(\)"):
        compile_net(spec, "train", open_backend("numpy", 1), np.dtype("float32"))

    class Strange(LayerSpec):
        type: str = "Strange"

        def top_shapes(self, bottoms):
            return list(bottoms)

        def build(self, binding) -> NoSuchThing:  # noqa: F821
            return None

    assert declared_class(Strange(name="s")) is None
    net = net_of("- {name: in, type: Input, batch_size: 2, shapes: {x: [1]}, tops: [x]}")
    assert issubclass(declared_class(net.layers[0].spec), Layer)
