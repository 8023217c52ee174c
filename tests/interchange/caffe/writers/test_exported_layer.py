"""What a layer for Caffe is made from."""

import pytest
from support.caffe_nets import spec_error

from graphnet.interchange.caffe.writers.exported_layer import Writer
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.net.graph import LayerVertex


def writer(**keys):
    spec = InnerProduct(name="l", bottoms=("x",), tops=("y",), output_dim=2, **keys)
    return Writer(LayerVertex("l", spec), "l")


@pytest.mark.parametrize(
    ("init", "wanted"),
    [
        ({"type": "Uniform", "low": -2, "high": 1}, {"type": "uniform", "min": -2.0, "max": 1.0}),
        ({"type": "MSRA"}, {"type": "msra"}),
        ({"type": "Orthogonal"}, None),
    ],
)
def test_fillers(init, wanted):
    """None where Caffe has none."""
    found = writer(weight_init=init).filler("weight")
    assert (found and found.plain()) == wanted


def test_refusing():
    """With the reason."""
    with spec_error("no equal"):
        writer().refuse("no equal")
