"""RowWeights: gradients weighed row by row."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.estimators.row_weights import RowWeights
from graphnet.layers.data.memory_data import MemoryData
from graphnet.layers.dense.inner_product import InnerProduct
from graphnet.layers.losses.softmax_loss import SoftmaxLoss
from graphnet.layers.losses.square_loss import SquareLoss
from graphnet.net.load_net import load_net

RNG = np.random.default_rng(1)
X = RNG.normal(size=(6, 4))
WEIGHTS = np.array([0.0, 1, 2, 0.5, 1, 3])
TARGETS = {
    "softmax": np.array([0, 1, 2, 0, 1, 2]),
    "square": RNG.normal(size=(6, 3)),
}
LOSSES = {"softmax": SoftmaxLoss, "square": SquareLoss}


def gradient(kind, rows, weights=None):
    """Of the weights of a net of one layer, on these rows."""
    data = {"x": X[rows], "y": TARGETS[kind][rows]}
    if weights is not None:
        data["w"] = weights[rows][:, None]
    layers = [
        MemoryData(name="data", batch_size=len(X[rows]), tops=tuple(data)),
        InnerProduct(name="ip", output_dim=3, bottoms=("x",), tops=("ip",)),
        *(
            [RowWeights(name="rw", bottoms=("ip", "w"), tops=("out",))]
            if weights is not None
            else []
        ),
        LOSSES[kind](name="loss", bottoms=("out" if weights is not None else "ip", "y")),
    ]
    net = load_net(layers, dtype="float64", inputs=data)
    net.forward_backward()
    return np.array(net.params["ip"]["weight"].diff)


@pytest.mark.parametrize("kind", LOSSES)
def test_gradients_are_sums_of_weighed_rows(kind):
    """Whatever the loss: each row's own gradient times its weight, and the mean over all."""
    found = gradient(kind, slice(None), WEIGHTS)
    alone = [gradient(kind, slice(i, i + 1)) for i in range(6)]
    expected = sum(w * g for w, g in zip(WEIGHTS, alone, strict=True)) / 6
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_the_blob_is_handed_on():
    """For readers of its top nothing has changed."""
    layers = [
        MemoryData(name="data", batch_size=6, tops=("x", "w")),
        RowWeights(name="rw", bottoms=("x", "w"), tops=("out",)),
    ]
    net = load_net(layers, dtype="float64", inputs={"x": X, "w": WEIGHTS[:, None]})
    net.forward()
    assert (net.blobs["out"].data == X).all()
