"""SquareLoss through the layer harness."""

import pytest
from support.layer_case import LayerCase, check_layer

from graphnet.errors import ShapeError
from graphnet.layers.losses.square_loss import SquareLoss


def spec(**properties):
    return SquareLoss(name="loss", bottoms=("a", "b"), **properties)


def square(weight=1.0):
    def reference(bottoms, _):
        a, b = bottoms
        return weight * ((a - b.reshape(a.shape)) ** 2).sum() / (2 * len(a))

    return reference


CASES = [
    LayerCase(spec(), [(4, 3), (4, 3)], square()),
    LayerCase(spec(loss_weight=0.4), [(3, 2, 2, 3), (3, 2, 2, 3)], square(0.4)),
    LayerCase(spec(loss_weight=4), [(4, 1), (4, 1)], square(4)),
    LayerCase(spec(), [(4,), (4,)], square()),
    LayerCase(spec(), [(1, 1), (1, 1)], square()),
    LayerCase(spec(), [(3, 12), (3, 2, 2, 3)], square(), label="an image as a row"),
    LayerCase(spec(), [(3, 1), (3,)], square(), label="a column and a list"),
    LayerCase(spec(loss_weight=0), [(2, 2), (2, 2)], square(0)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """Half the squared distance, mean over the samples; both bottoms take a gradient."""
    check_layer(case)


@pytest.mark.parametrize(("a", "b"), [((4, 3), (4, 1)), ((4, 3), (1, 3)), ((4,), (4, 4))])
def test_nothing_is_broadcast(a, b):
    """Shapes that NumPy would stretch are refused, naming both."""
    texts = ["×".join(map(str, shape)) for shape in (a, b)]
    message = rf"shapes {texts[0]} and {texts[1]} cannot be compared\n  expected"
    with pytest.raises(ShapeError, match=message):
        spec().top_shapes([a, b])
