"""Tests of graphnet.draw.diagram."""

import numpy as np
import yaml

from graphnet.backend import open_backend
from graphnet.draw.diagram import BlobKey, BoxKey, diagram, room_of
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import LayerSpec
from graphnet.net.compiled import compile_net
from graphnet.net.spec import read_net

DATA = "{name: %s, type: MemoryData, tops: [data], batch_size: 2, shapes: {data: [3, 8, 8]}%s}"


def drawn(*layers, phases=("train", "test")):
    spec = read_net({"name": "net", "layers": [yaml.safe_load(text) for text in layers]})
    backend, dtype = open_backend("numpy"), np.dtype("float32")
    return diagram([compile_net(spec, p, backend, dtype, "needed") for p in phases])


def test_both_phases_in_one():
    """What they share is there once, the data of each for itself."""
    found = drawn(
        DATA % ("a", ", phase: train"),
        DATA % ("b", ", phase: test"),
        "{name: ip, type: InnerProduct, bottoms: [data], tops: [ip], output_dim: 2}",
    )
    assert list(found.boxes) == [BoxKey("a", "train"), BoxKey("ip", None), BoxKey("b", "test")]
    data = [blob for key, blob in found.blobs.items() if key.name == "data"]
    assert [(b.key.producer.name, b.shape, b.readers) for b in data] == [
        ("a", "3×8×8", [BoxKey("ip", None)]),
        ("b", "3×8×8", [BoxKey("ip", None)]),
    ]
    assert found.boxes[BoxKey("ip", None)].n_params == 2 * 192 + 2


def test_layers_of_one_name_in_two_phases():
    """Are two boxes."""
    found = drawn(DATA % ("data", ", phase: train"), DATA % ("data", ", phase: test"))
    assert list(found.boxes) == [BoxKey("data", "train"), BoxKey("data", "test")]


def test_a_relu_that_runs_behind_the_pooling_is_drawn_where_it_was_declared():
    """The picture shows the declaration, not what the passes made of it."""
    found = drawn(
        DATA % ("data", ""),
        "{name: conv, type: Convolution, bottoms: [data], tops: [conv], n_filter: 2,"
        " kernel: [3, 3], neuron: ReLU}",
        "{name: pool, type: Pooling, bottoms: [conv], tops: [pool], kernel: [2, 2]}",
    )
    assert found.boxes[BoxKey("conv", None)].folded == ("ReLU",)
    assert found.boxes[BoxKey("pool", None)].folded == ()
    assert [b.key.name for b in found.blobs.values()] == ["data", "conv", "pool"]


def test_copies_are_one_box():
    """Several bottoms and as many tops, with shared params."""
    found = drawn(
        DATA % ("a", ""),
        (DATA % ("b", "")).replace("data", "other"),
        "{name: ip, type: InnerProduct, bottoms: [data, other], tops: [x, y], output_dim: 2}",
    )
    box = found.boxes[BoxKey("ip", None)]
    assert box.parts == ("ip", "ip.2")
    assert box.n_params == 2 * 192 + 2
    assert {b.key.name for b in found.blobs.values()} == {"data", "other", "x", "y"}


def test_shared_params_name_their_owner():
    """The second layer says whose they are, and counts none."""
    found = drawn(
        DATA % ("data", ""),
        "{name: one, type: InnerProduct, bottoms: [data], tops: [one], output_dim: 2,"
        " param_key: w}",
        "{name: two, type: InnerProduct, bottoms: [data], tops: [two], output_dim: 2,"
        " param_key: w}",
    )
    two = found.boxes[BoxKey("two", None)]
    assert (two.shares_with, two.n_params) == ("one", 0)
    assert found.boxes[BoxKey("one", None)].shares_with is None


def test_in_place_layers_are_lines():
    """In the order they apply, with what was declared for them."""
    found = drawn(
        DATA % ("data", ""),
        "{name: ip, type: InnerProduct, bottoms: [data], tops: [ip], output_dim: 2}",
        "{name: act, type: LReLU, bottoms: [ip], tops: [ip]}",
        "{name: drop, type: Dropout, bottoms: [ip], tops: [ip], ratio: 0.4}",
        "{name: out, type: InnerProduct, bottoms: [ip], tops: [out], output_dim: 2}",
    )
    assert found.boxes[BoxKey("ip", None)].folded == ("LReLU", "Dropout ratio 0.4")
    ip = found.blobs[BlobKey("ip", BoxKey("ip", None))]
    assert ip.readers == [BoxKey("out", None)]


def test_a_fall_back_is_not_what_was_declared():
    """The picture names the source that the net does."""
    layer = "{name: data, type: HDF5Data, tops: [data, label], batch_size: 2, source: dataset:%s}"
    spec, other = (
        read_net({"name": "net", "layers": [yaml.safe_load(layer % f"{name}/train")]})
        for name in ("mnist", "digits28")
    )
    compiled = compile_net(other, "train", open_backend("numpy"), np.dtype("float32"), "needed")
    (box,) = diagram([compiled], spec).boxes.values()
    assert box.settings == ("batch_size 2", "source dataset:mnist/train")


def test_every_layer_type_has_a_room():
    """And a colour; the user's own have one too."""
    from graphnet.draw.theme import ROOMS, THEME

    rooms = {room_of(cls.model_construct()) for cls in LAYER_TYPES.values()}
    assert rooms == set(ROOMS) - {"own"}
    assert set(ROOMS) <= set(THEME)

    class Mine(LayerSpec):
        """A user's."""

        type: str = "Mine"

        def top_shapes(self, bottoms):
            return list(bottoms)

        def build(self, binding):
            raise NotImplementedError

    assert room_of(Mine.model_construct()) == "own"
