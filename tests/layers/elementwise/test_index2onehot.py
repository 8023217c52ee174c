"""Index2Onehot through the layer harness."""

import numpy as np
import pytest
from support.label_losses import BAD_LABELS, labels
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import DataError, ShapeError
from graphnet.layers.elementwise.index2onehot import Index2Onehot


def spec(n_class, axis=1):
    return Index2Onehot(name="onehot", bottoms=("x",), tops=("y",), n_class=n_class, axis=axis)


def onehot(n_class, axis=1):
    def reference(bottoms, _):
        x = bottoms[0]
        x = x[:, np.newaxis] if x.ndim == 1 else x
        along = np.arange(n_class).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
        return [(x == along).astype(float)]

    return reference


CASES = [
    LayerCase(spec(4), [labels((5,), 4)], onehot(4)),
    LayerCase(spec(4), [labels((5, 1), 4)], onehot(4)),
    LayerCase(spec(3), [labels((2, 1, 2, 3), 3)], onehot(3)),
    LayerCase(spec(3, -1), [labels((2, 2, 1), 3)], onehot(3, 2), label="axis -1"),
    LayerCase(spec(1), [labels((2,), 1)], onehot(1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """1 at the label's class, 0 elsewhere."""
    check_layer(case)


@pytest.mark.parametrize(("label", "message"), BAD_LABELS)
def test_label_that_is_no_class(label, message):
    """A label outside the classes is an error, not a write out of bounds."""
    with pytest.raises(DataError, match=message):
        Rig(LayerCase(spec(4), [np.array(label)], None)).forward()


def test_axis_must_be_free():
    """The axis on which the classes will lie has size 1."""
    with pytest.raises(ShapeError, match=r"labels of shape 4×2 have size 2 along axis 1\n  expec"):
        spec(3).top_shapes([(4, 2)])
