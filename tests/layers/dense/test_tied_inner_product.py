"""TiedInnerProduct through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.dense.tied_inner_product import TiedInnerProduct


def spec(output_dim, **properties):
    return TiedInnerProduct(
        name="decode",
        tied_param_key="encode",
        output_dim=output_dim,
        bottoms=("x",),
        tops=("y",),
        **properties,
    )


def weight(*shape):
    return {"weight": np.random.default_rng(16).standard_normal(shape)}


def decode(bottoms, params):
    rows = bottoms[0].reshape(len(bottoms[0]), -1)
    return [np.einsum("nm,md->nd", rows, params["weight"]) + params.get("bias", 0)]


CASES = [
    LayerCase(spec(5), [(4, 3)], decode, weight(3, 5)),
    LayerCase(spec(3), [(2, 2, 2)], decode, weight(4, 3)),
    LayerCase(spec(3, bias=False), [(4, 2)], decode, weight(2, 3), label="no bias"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The product with the other layer's weight, transposed, plus a bias of its own."""
    check_layer(case)


def test_the_weight_takes_no_gradient():
    """It learns where it belongs; here it is only read."""
    rig = Rig(CASES[0])
    assert rig.params["weight"].diff is None
    assert rig.spec.borrowed_params() == {"weight": ("encode", "weight")}
    assert set(rig.spec.param_decls([(4, 3)])) == {"bias"}


def test_weight_must_fit():
    """A bottom or an output_dim of another size than the weight's is refused."""
    message = (
        r"the weight of 'encode' is 3×5: transposed, it makes 5 of 3 elements"
        r"\n  found a bottom with 4 elements a sample and output_dim 5"
    )
    with pytest.raises(ShapeError, match=message):
        Rig(LayerCase(spec(5), [(2, 4)], decode, weight(3, 5)))


def test_counts():
    """Connections are the multiply-adds of a sample plus its biases."""
    assert spec(5).macs([(4, 3)]) == 60
    assert spec(5).connections([(4, 3)]) == 20
