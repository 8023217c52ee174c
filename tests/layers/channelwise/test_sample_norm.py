"""What LayerNorm, GroupNorm and InstanceNorm share: equal elements, large means, declarations."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.channelwise.group_norm import GroupNorm
from graphnet.layers.channelwise.instance_norm import InstanceNorm
from graphnet.layers.channelwise.layer_norm import LayerNorm
from graphnet.params.initializers import Gaussian

ENDS = {"name": "it", "bottoms": ("x",), "tops": ("y",)}
SPECS = [LayerNorm(**ENDS, axis=1), GroupNorm(**ENDS, n_group=2), InstanceNorm(**ENDS)]
every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.type)
both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@every_spec
@both_precisions
@pytest.mark.parametrize("value", [0.1, -3.7, 1e9 / 3, 123456.789, 0.0])
def test_equal_elements(spec, dtype, value):
    """Exactly the bias: no rounding is taken for a deviation."""
    case = LayerCase(spec, [np.full((2, 4, 3, 5), value)], None, params={})
    rig = Rig(case, dtype=dtype)
    made = rig.run()
    bias = case.param_values()["bias"].astype(dtype)
    bias = bias.reshape(bias.shape if bias.ndim > 1 else (-1, 1, 1))
    np.testing.assert_array_equal(made["top 0"], np.broadcast_to(bias, (2, 4, 3, 5)))
    assert not made["diff of param scale"].any()


@every_spec
def test_far_from_zero(spec):
    """A mean far larger than the deviation costs no more precision than the inputs have lost."""
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 7)) + 10_000
    rounded = x.astype(np.float32).astype(np.float64)
    single, double = (Rig(LayerCase(spec, [rounded], None), dtype=t) for t in (np.float32, float))
    np.testing.assert_allclose(single.run()["top 0"], double.run()["top 0"], atol=2e-5)


@every_spec
def test_properties_reach_their_declarations(spec):
    """A scale of 1 and a bias of 0 by default; none without ``affine``."""
    shapes = [(2, 4, 3, 5)]
    scale, bias = spec.param_decls(shapes).values()
    assert (scale.init.value, bias.init.value) == (1, 0)
    changed = spec.model_copy(update={"scale_init": Gaussian(std=0.1), "bias_lr": 2.0})
    scale, bias = changed.param_decls(shapes).values()
    assert (scale.init, bias.lr) == (Gaussian(std=0.1), 2.0)
    assert spec.model_copy(update={"affine": False}).param_decls(shapes) == {}


def test_mistakes():
    """Single elements, channels that no number of groups divides, an epsilon of 0."""
    with pytest.raises(ShapeError, match=r"shape 2×3 single elements would be normalised"):
        InstanceNorm(**ENDS).top_shapes([(2, 3)])
    with pytest.raises(ShapeError, match=r"shape 2×3×1 single elements"):
        LayerNorm(**ENDS).top_shapes([(2, 3, 1)])
    with pytest.raises(ShapeError, match=r"the 6 channels .* n_group: 4 .*\n  expected a divisor"):
        GroupNorm(**ENDS, n_group=4).top_shapes([(2, 6, 3, 3)])
    with pytest.raises(ShapeError, match="has no channels"):
        GroupNorm(**ENDS, n_group=1).top_shapes([(2,)])
    with pytest.raises(ShapeError, match="axis 3 is none"):
        LayerNorm(**ENDS, axis=3).top_shapes([(2, 3, 4)])
    with pytest.raises(SpecError, match="epsilon"):
        LayerNorm(**ENDS, epsilon=0)
    with pytest.raises(SpecError, match="n_group"):
        GroupNorm(**ENDS)
