"""Tests of graphnet.draw.notebook."""

import graphnet as gn

LAYERS = [
    {
        "name": "data",
        "type": "MemoryData",
        "tops": ["data"],
        "batch_size": 2,
        "shapes": {"data": [6]},
    },
    {"name": "ip", "type": "InnerProduct", "bottoms": ["data"], "tops": ["ip"], "output_dim": 3},
]


def test_a_net_shows_itself():
    """In a notebook as a picture, in a terminal as a line."""
    net = gn.load_net({"name": "small", "layers": LAYERS})
    html = net._repr_html_()
    assert html.count("<svg") == 1
    assert 'data-name="ip"' in html
    assert repr(net) == "<Net 'small', phase train: 2 layers, 21 params>"
