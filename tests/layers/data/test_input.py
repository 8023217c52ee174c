"""Input: blobs that the caller fills."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import net_of

from graphnet.errors import SpecError
from graphnet.layers.data.input import Input

NET = "- {name: in, type: Input, batch_size: 4, shapes: {x: [5, 2], label: []}, tops: [x, label]}"


def test_tops_have_the_shapes_stated():
    """A batch axis comes in front; a shape without axes is one number for each sample."""
    spec = Input(name="in", batch_size=4, shapes={"x": [5, 2], "label": []}, tops=["x", "label"])
    assert spec.top_shapes([]) == [(4, 5, 2), (4,)]


def test_forward_leaves_what_the_caller_wrote():
    """As often as the net runs."""
    net = net_of(NET)
    values = np.arange(40.0).reshape(4, 5, 2)
    net.blobs["x"].data[...] = values
    for _ in range(2):
        net.forward()
        np.testing.assert_array_equal(net.blobs["x"].data, values)


def test_it_has_no_epochs():
    """There is no end to what a caller may write."""
    (layer,) = net_of(NET).data_layers
    layer.forward()
    assert (layer.n_samples, layer.epoch, layer.cursor) == (None, 0, 0)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"shapes": {"x": [5]}, "tops": ["x", "y", "z"]}, "'shapes' says nothing of .*y, z"),
        ({"shapes": {"x": [5]}, "tops": ["x"], "batch_size": 0}, "expected more than 0"),
    ],
)
def test_what_is_refused(properties, message):
    """A top without a shape, a batch without samples."""
    with pytest.raises(SpecError, match=message):
        Input(**{"name": "in", "batch_size": 4, **properties})
