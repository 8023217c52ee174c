"""An imported net: its arrays in the shapes that graphnet needs."""

from pathlib import Path

import numpy as np
import pytest
from support.caffe_golden import weights_of
from support.caffe_nets import INPUTS, translated

from graphnet.errors import SnapshotError
from graphnet.interchange.caffe.imported import Imported

IP = 'layer { name: "l" type: "InnerProduct" bottom: "%s" top: "y" inner_product_param { %s } }'


def imported(text, arrays):
    weights = weights_of({f"param/l/{i}": array for i, array in enumerate(arrays)})
    found = translated(text, stored=weights.blobs, folder=Path("/nowhere"))
    assert not found.problems
    entries = [(entry, entry.made.layers) for entry in found.layers]
    return Imported("n", entries, weights)


def test_turned_round():
    """A transposed weight."""
    weight = np.arange(8.0).reshape(4, 2)
    text = INPUTS + IP % ("s", "num_output: 2 transpose: true")
    found = dict(imported(text, [weight, np.ones(2)]).arrays())
    assert np.array_equal(found["params/l/weight"], weight.T)
    assert found["params/l/bias"].shape == (2,)


def test_of_another_shape():
    """Both are said."""
    made = imported(INPUTS + IP % ("s", "num_output: 2"), [np.ones((3, 4)), np.ones(2)])
    with pytest.raises(SnapshotError, match="'weight' is 3×4, expected 2×4"):
        list(made.arrays())


def test_where_no_shape_is_known():
    """The arrays are as they are stored."""
    data = (
        'layer { name: "d" type: "HDF5Data" top: "d"'
        ' hdf5_data_param { source: "none" batch_size: 2 } }'
    )
    made = imported(data + IP % ("d", "num_output: 2"), [np.ones((2, 7)), np.ones(2)])
    assert dict(made.arrays())["params/l/weight"].shape == (2, 7)
    assert made.rows()[1] == ("l", "InnerProduct", "InnerProduct", "2×7, 2")
