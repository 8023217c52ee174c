"""MemoryOutput: what is kept."""

import numpy as np
from support.layer_case import LayerCase, Rig

from graphnet.layers.base import Kind
from graphnet.layers.outputs.memory_output import MemoryOutput


def test_batches_are_kept():
    """Each pass adds a copy of its rows, those that do not count left out, until they are reset."""
    spec = MemoryOutput(name="kept", bottoms=("x", "label"))
    rig = Rig(LayerCase(spec, [(4, 2, 3), (4,)], None))
    for k, n_valid in enumerate((4, 2)):
        for values, blob in zip(rig.values, rig.bottoms, strict=True):
            blob.data[...] = values + k
        rig.context.n_valid = n_valid
        rig.layer.forward()
    for values, kept in zip(rig.values, rig.layer.outputs, strict=True):
        assert [array.base for array in kept] == [None, None]
        np.testing.assert_array_equal(kept[0], values)
        np.testing.assert_array_equal(kept[1], values[:2] + 1)
    rig.layer.reset_outputs()
    assert rig.layer.outputs == [[], []]


def test_declarations():
    """It has no tops and sends no gradient."""
    spec = MemoryOutput(name="kept", bottoms=("x",))
    assert spec.kind is Kind.OUTPUT
    assert spec.top_shapes([(4, 2)]) == []
    assert spec.differentiable(1) == ()
