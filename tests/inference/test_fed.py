"""Which blobs are fed, and what their rows are like."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.data.record import DataRecord, LayerRecord
from graphnet.inference.fed import FedBlob, declared_shape, fed_blobs
from graphnet.inference.trained import Trained
from graphnet.net.predicting.feed import Feed
from graphnet.net.spec import read_net
from graphnet.solver.record.snapshot_file import Contents, Meta

F4 = np.dtype("f4")
LAYERS = [
    {"name": "d", "type": "MemoryData", "batch_size": 1, "tops": ["x", "z", "y"]},
    {"name": "c", "type": "Concat", "bottoms": ["x", "z"], "tops": ["xz"]},
    {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["xz"], "tops": ["score"]},
    {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["score", "y"]},
]
KNOWN = LayerRecord(
    shapes={"x": (2,), "z": (3,), "y": ()}, types={"x": "uint8"}, highest={"x": 0.5}
)


def trained(layers=LAYERS, **known):
    contents = Contents(Meta(versions={}, backend="", dtype="", seed=0), {})
    contents.data = DataRecord({"d": KNOWN.model_copy(update=known)})
    return Trained(read_net(layers), "model.h5", contents)


def test_the_data_that_the_net_computes_with_are_fed():
    """And not the labels; what was recorded of them comes along."""
    x, z = fed_blobs(trained(), (), F4)
    assert (x.name, x.shape, x.dtype, x.highest, x.n_numbers) == ("x", (2,), np.uint8, 0.5, 2)
    assert (z.name, z.shape, z.dtype, z.highest) == ("z", (3,), None, None)


def test_others_can_be_named():
    """Of which nothing is known; nor is anything of raw rows."""
    (found,) = fed_blobs(trained(), ["xz"], F4)
    assert (found.name, found.shape, found.n_numbers) == ("xz", None, None)
    assert fed_blobs(trained(), ["x"], F4, raw=True)[0].shape is None
    with pytest.raises(gn.SpecError, match="no data layer\n  name what is fed: --blob"):
        fed_blobs(trained(LAYERS[1:2]), (), F4)


def test_a_recipe_is_of_the_blob_called_data():
    """A damaged one is told with the file."""
    layers = [LAYERS[0] | {"tops": ["data"]}, LAYERS[2] | {"bottoms": ["data"]}]
    known = {"shapes": {"data": (2,)}, "attributes": {"recipe": "no JSON"}}
    with pytest.raises(gn.DataError, match=r"model.h5: the recipe is not"):
        fed_blobs(trained(layers, **known), (), F4)


def test_shapes_are_checked():
    """Where they are known."""
    feed = Feed("x", None, F4)
    FedBlob("x", feed).check((7,), "here")
    with pytest.raises(gn.ShapeError, match="here: a row of 'x' is 7, and the net was made for 2"):
        FedBlob("x", feed, (2,)).check((7,), "here")


def test_the_declared_shape():
    """Of a data layer that states it."""
    stated = [LAYERS[0] | {"shapes": {"x": [4], "z": [1], "y": [1]}}, *LAYERS[1:]]
    assert declared_shape(trained(stated), "x") == (4,)
    assert declared_shape(trained(), "x") is None
    assert declared_shape(trained(), "xz") is None
