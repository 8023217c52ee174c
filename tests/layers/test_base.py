"""Layer: passes that are bare calls."""

from typing import Any, Literal

from support.layer_case import LayerCase, Rig

from graphnet.layers.base import Layer, LayerSpec


class Twice(LayerSpec):
    """2 · x."""

    type: Literal["Twice"] = "Twice"

    def top_shapes(self, bottoms):
        """The bottom's."""
        return [bottoms[0]]

    def build(self, binding):
        """What runs it."""
        return TwiceLayer(self, binding)


class TwiceLayer(Layer[Twice]):
    """Runs it: forward is bound, backward is a method."""

    bound: Any

    def setup(self):
        """Bind forward."""
        x, y = self.bottoms[0].data, self.tops[0].data
        self.bound = self.backend.elementwise(lambda xp, a, b: xp.multiply(a, 2, out=b), x, y)
        self.bind_passes(forward=self.bound)

    def backward(self):
        """Twice the diff."""
        self.xp.multiply(self.tops[0].diff, 2, out=self.bottoms[0].diff)


def test_a_bound_pass_is_the_bare_call():
    """Nothing stands between the net and what ``setup`` has bound; other passes stay methods."""
    layer = Rig(LayerCase(Twice(name="t", bottoms=("x",), tops=("y",)), [(3, 2)], None)).layer
    assert layer.forward is layer.bound
    assert layer.backward.__func__ is TwiceLayer.backward
