"""Messages as text."""

import pytest
from support.caffe_golden import GOLDEN, cases, index, needs_golden

from graphnet.interchange.caffe.files.text_format import parse_text, read_text
from graphnet.interchange.caffe.files.text_writer import write_text


def test_every_kind_of_value():
    """Texts with quotes, numbers large and small, words, lists, messages."""
    text = (
        r'name: "a\"b\\\n" layer { type: "Power" bottom: ["x", "y"] propagate_down: [true, false]'
        " power_param { power: -1e-9 scale: 3 shift: 1e30 } pooling_param { pool: AVE } }"
        " state { level: -2 } layer { relu_param { negative_slope: -inf } }"
    )
    net = parse_text(text, "n", "NetParameter")
    assert parse_text(write_text(net), "m", "NetParameter").plain() == net.plain()


@needs_golden
@pytest.mark.parametrize("name", cases("nets"))
def test_real_nets(name):
    """Read, written and read again."""
    net = read_text(GOLDEN / index()["nets"][name]["prototxt"], "NetParameter")
    assert parse_text(write_text(net), "m", "NetParameter").plain() == net.plain()
