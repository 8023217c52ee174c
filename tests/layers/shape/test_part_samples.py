"""PartSamples through the layer harness, and what losses count behind it."""

import numpy as np
import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.shape.part_samples import PartSamples
from graphnet.net.load_net import load_net


def spec():
    return PartSamples(name="part", bottoms=("x",), tops=("y",))


def parted(*shape):
    return lambda bottoms, _: [bottoms[0].reshape(shape)]


@pytest.mark.parametrize(
    "case",
    [
        LayerCase(spec(), [(2, 3)], parted(6)),
        LayerCase(spec(), [(1, 4, 3)], parted(4, 3)),
        LayerCase(spec(), [(3, 2, 2, 4)], parted(6, 2, 4)),
        LayerCase(spec(), [(2, 1, 3)], parted(2, 3), label="one part"),
    ],
    ids=str,
)
def test_layer(case):
    """Part after part of a sample, sample after sample."""
    check_layer(case)


def test_no_parts():
    """A bottom of one axis."""
    with pytest.raises(ShapeError, match="of shape 4 has no parts"):
        spec().top_shapes([(4,)])


def layers(batch_size, size=3):
    """Six samples of three steps, each with a label; the steps are judged one by one."""
    rng = np.random.default_rng(2)
    return [
        {"name": "data", "type": "MemoryData", "batch_size": batch_size, "tops": ["x", "label"],
         "data": {"x": rng.standard_normal((6, 3, 4)).tolist(),
                  "label": rng.integers(0, 2, (6, 3)).astype(float).tolist()}},
        {"name": "steps", "type": "PartSamples", "bottoms": ["x"], "tops": ["step"]},
        {"name": "labels", "type": "PartSamples", "bottoms": ["label"], "tops": ["of_step"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 2, "bottoms": ["step"],
         "tops": ["ip"]},
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "of_step"]},
        {"name": "again", "type": "JoinSamples", "size": size, "bottoms": ["ip"], "tops": ["y"]},
    ]  # fmt: skip


def test_all_parts_of_the_samples_that_count():
    """An evaluation in batches of 4 and 2 gives what one of 6 gives, and so does predict."""
    whole = load_net({"name": "n", "layers": layers(6)}, "test", dtype="float64")
    parts = load_net({"name": "n", "layers": layers(4)}, "test", dtype="float64")
    for name in ("weight", "bias"):
        parts.params["ip"][name].data[...] = whole.params["ip"][name].data
    np.testing.assert_allclose(
        parts.evaluate().statistics["loss"], whole.evaluate().statistics["loss"], rtol=1e-12
    )
    whole.forward()
    x = np.array(whole.blobs["x"].data)
    found = parts.predict({"x": x[[0, 1, 2, 3, 4, 5] * 25]}, outputs=["y", "ip"])
    assert found["y"].shape == (150, 3, 2)
    assert found["ip"].shape == (450, 2)
    np.testing.assert_allclose(found["y"][144:], whole.blobs["y"].data, rtol=1e-12)
    np.testing.assert_allclose(found["ip"][-18:], whole.blobs["ip"].data, rtol=1e-12)


def test_a_part_of_what_is_joined():
    """Of two samples that are one row only one counts: nobody can say what that row is worth."""
    declared = [*layers(4), {"name": "pairs", "type": "JoinSamples", "size": 2, "bottoms": ["x"],
                             "tops": ["pair"]},
                {"name": "sum", "type": "SumLoss", "bottoms": ["pair"]}]  # fmt: skip
    net = load_net({"name": "n", "layers": declared}, "test")
    net.forward()
    net.context.n_valid = 2
    net.forward()
    net.context.n_valid = 3
    with pytest.raises(DataError, match="the last batch has 3 of 4"):
        next(layer for layer in net.layers if layer.name == "sum").forward()
