"""The first layer with a value that is not finite."""

import numpy as np
from support.nets import net_of

from graphnet.net.finite import first_bad_layer

NET = """
- {name: in, type: Input, batch_size: 4, shapes: {x: [5]}, tops: [x]}
- {name: ip1, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [h]}
- {name: log, type: Log, bottoms: [h], tops: [y]}
- {name: ip2, type: InnerProduct, output_dim: 2, bottoms: [h], tops: [z]}
"""


def test_the_first_one_is_named():
    """By a param or a top."""
    net = net_of(NET, phase="test")
    with np.errstate(all="ignore"):
        net.params["ip1"]["weight"].data[...] = 1
        net.fed("x")[...] = 1
        assert first_bad_layer(net.layers, net.params) is None
        net.fed("x")[...] = 0
        assert first_bad_layer(net.layers, net.params) == "log"
        net.params["ip1"]["bias"].data[0] = np.nan
        assert first_bad_layer(net.layers, net.params) == "ip1"
