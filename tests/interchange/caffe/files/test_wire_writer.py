"""Messages in the wire format."""

import io

import numpy as np
from support.caffe_golden import GOLDEN, cases, index, needs_golden

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.files.text_format import parse_text, read_text
from graphnet.interchange.caffe.files.wire_format import parse_wire
from graphnet.interchange.caffe.files.wire_writer import to_bytes, write_model


def test_every_kind_of_value():
    """What is read from text is the same by way of bytes."""
    text = (
        'name: "é" force_backward: true state { level: -2 phase: TEST } layer { type: "X"'
        " loss_weight: [0.1, 2] convolution_param { num_output: 4000000000 kernel_size: [3, 2] }"
        " input_param { shape { dim: -1 } } propagate_down: false }"
    )
    net = parse_text(text, "n", "NetParameter")
    assert parse_wire(to_bytes(net), "m", "NetParameter").plain() == net.plain()


def test_models():
    """Layers with their arrays, one of them a single number, one empty."""
    arrays = [np.arange(6.0).reshape(2, 3), np.ones(()), np.ones((0, 2))]
    layer = Message.of("LayerParameter", name="a", type="X")
    output = io.BytesIO()
    blobs = [(array.shape, lambda a=array: a) for array in arrays]
    write_model(output, Message.of("NetParameter", name="n"), [(layer, blobs)])
    net = parse_wire(output.getvalue(), "m", "NetParameter")
    found = net["layer"][0]["blobs"]
    assert [blob["shape"]["dim"] for blob in found] == [[2, 3], [], [0, 2]]
    assert np.array_equal(found[0]["data"].array(), np.arange(6))
    assert net["layer"][0]["name"] == "a"


@needs_golden
def test_real_nets():
    """All of them, by way of bytes."""
    for name in cases("nets"):
        net = read_text(GOLDEN / index()["nets"][name]["prototxt"], "NetParameter")
        assert parse_wire(to_bytes(net), "m", "NetParameter").plain() == net.plain()
