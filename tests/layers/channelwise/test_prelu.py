"""PReLU through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.channelwise.prelu import PReLU
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Constant
from graphnet.params.regularizers import L2Regu


def spec(**properties):
    return PReLU(name="prelu", bottoms=("x",), tops=("y",), **properties)


def prelu(bottoms, params):
    """Channel by channel."""
    (x,), slope = bottoms, params["slope"]
    y = x.copy()
    for c in range(x.shape[1]):
        y[:, c][x[:, c] < 0] *= slope[c % len(slope)]
    return [y]


CASES = [
    *(LayerCase(spec(), [shape], prelu) for shape in [(3, 2), (2, 3, 2, 2), (3, 2, 4), (1, 1)]),
    LayerCase(spec(channel_shared=True), [(2, 3, 2, 2)], prelu, label="shared"),
    LayerCase(spec(), [(3, 2, 4)], prelu, params={"slope": np.array([-0.5, 1.5])}, label="any"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The negative elements of each channel times its slope, whatever the slope."""
    check_layer(case)


def test_gradient_at_zero():
    """At 0 it is that of the negative side, and exactly dy on the positive side."""
    case = LayerCase(spec(), [np.array([[0.0, -0.0, 3.0]])], prelu)
    rig = Rig(case, dtype=np.float32)
    slope, dy = rig.params["slope"].data, rig.projections()[0].astype(np.float32)
    diff = rig.run()["diff of bottom 0"]
    np.testing.assert_array_equal(diff, dy * np.append(slope[:2], np.float32(1)))


def test_nan_stays_nan():
    """A NaN is passed on, forward and backward."""
    rig = Rig(LayerCase(spec(), [np.array([[1.0, np.nan]])], prelu))
    assert np.isnan(rig.layer.forward() or rig.tops[0].data).tolist() == [[False, True]]
    rig.tops[0].diff[...] = 1
    rig.layer.backward()
    assert np.isnan(rig.bottoms[0].diff).tolist() == [[False, True]]


def test_declarations():
    """One slope a channel, or one for all; every property reaches its declaration."""
    (decl,) = spec().param_decls([(8, 5, 2, 2)]).values()
    assert (decl.shape, decl.init, decl.lr) == ((5,), Constant(value=0.25), 1)
    layer = spec(
        channel_shared=True, slope_init=Constant(value=0.1), slope_regu=L2Regu(),
        slope_cons=L2Cons(threshold=1.0), slope_lr=0.5, param_key="shared",
    )  # fmt: skip
    (decl,) = layer.param_decls([(8, 5, 2, 2)]).values()
    assert (decl.shape, decl.init, decl.regu, decl.cons, decl.lr) == (
        (1,), Constant(value=0.1), L2Regu(), L2Cons(threshold=1.0), 0.5
    )  # fmt: skip
    assert layer.store_key == "shared"


def test_mistakes():
    """It needs a channel axis."""
    with pytest.raises(ShapeError, match="shape 3 has no channels"):
        spec().top_shapes([(3,)])
