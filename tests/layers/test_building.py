"""A spec builds the Layer of its file that says it runs it."""

from __future__ import annotations

import sys
import types
from textwrap import dedent
from typing import ClassVar

import numpy as np
import pytest

import graphnet as gn
from graphnet.errors import SpecError
from graphnet.layers.base import Layer, LayerSpec
from graphnet.layers.dense.inner_product import InnerProduct, InnerProductLayer
from graphnet.layers.shape.view import ViewLayer

INPUT = gn.layers.Input(name="in", batch_size=2, shapes={"x": [3]}, tops=["x"])


class Times(LayerSpec):
    """factor · x."""

    type: str = "Times"
    factor: ClassVar[int] = 2

    def top_shapes(self, bottoms):
        """The bottom's."""
        return [bottoms[0]]


class TimesLayer(Layer[Times]):
    """Runs it."""

    def forward(self):
        """One call."""
        self.xp.multiply(self.bottoms[0].data, self.spec.factor, out=self.tops[0].data)


class SlowTimesLayer(Layer[Times]):
    """A second one, which nobody asked for."""


class Thrice(Times):
    """Has no layer of its own."""

    factor: ClassVar[int] = 3


class Chosen(Times):
    """Chooses by itself."""

    def build(self, binding):
        """Not the one below."""
        return TimesLayer(self, binding)


class ChosenLayer(Layer[Chosen]):
    """Not chosen."""


class OtherProductLayer(Layer[InnerProduct]):
    """For a spec of another module."""


def built(spec):
    """The layer that a net makes of a spec, once it has run."""
    net = gn.load_net([INPUT, spec], "test")
    net.blobs["x"].data[...] = [[1, 2, 3], [4, 5, 6]]
    net.forward()
    return net, net.layers[-1]


@pytest.mark.parametrize(("spec", "factor"), [(Times, 2), (Thrice, 3), (Chosen, 2)])
def test_the_layer_that_runs_a_spec(spec, factor):
    """The first of its module; a subclass has its parent's; a build of its own comes first."""
    net, layer = built(spec(name="t", bottoms=["x"], tops=["y"]))
    assert type(layer) is TimesLayer
    assert layer.spec.factor == factor
    np.testing.assert_array_equal(net.blobs["y"].data, factor * net.blobs["x"].data)


def test_a_spec_is_not_changed_from_another_module():
    """Neither graphnet's layers by a module of the user's, nor the base of all specs."""
    assert InnerProduct.build.__annotations__["return"] is InnerProductLayer
    assert "build" in LayerSpec.__abstractmethods__
    assert Layer[LayerSpec] in vars(ViewLayer)["__orig_bases__"]


def module_of(monkeypatch, name, text):
    """A module that has been imported."""
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(dedent(text), vars(module))  # noqa: S102
    return module


def test_a_spec_that_no_layer_of_its_module_runs(monkeypatch):
    """It is told so, whether there is none, or one without the spec, or in another module."""
    specs = module_of(
        monkeypatch,
        "my_specs",
        """
        from graphnet.layers.base import Layer, LayerSpec

        class Lonely(LayerSpec):
            type: str = "Lonely"

            def top_shapes(self, bottoms):
                return list(bottoms)

        class LonelyLayer(Layer):
            pass
        """,
    )
    text = "from my_specs import *\nclass FarLayer(Layer[Lonely]):\n    pass"
    module_of(monkeypatch, "my_far_layers", text)
    with pytest.raises(SpecError, match=r"(?s)class Lonely .*does not define build\n"):
        specs.Lonely(name="a", bottoms=["x"], tops=["y"])
