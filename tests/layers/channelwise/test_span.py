"""Which axes values span."""

import numpy as np
import pytest

from graphnet.errors import ShapeError
from graphnet.layers.channelwise.span import AxisSpan, given_span, learned_span

X = (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("axis", "num_axes", "span", "shape"),
    [
        (1, 1, AxisSpan(1, 2, 4), (3,)),
        (1, 2, AxisSpan(1, 3, 4), (3, 4)),
        (2, 1, AxisSpan(2, 3, 4), (4,)),
        (-1, 1, AxisSpan(3, 4, 4), (5,)),
        (1, -1, AxisSpan(1, 4, 4), (3, 4, 5)),
        (-2, -1, AxisSpan(2, 4, 4), (4, 5)),
        (1, 0, AxisSpan(0, 0, 4), (1,)),
    ],
)
def test_learned(axis, num_axes, span, shape):
    """``num_axes`` axes from ``axis`` on; −1 is the rest and 0 a single value."""
    assert learned_span(X, axis, num_axes) == span
    assert span.part_of(X) == shape


def test_beside():
    """The values broadcast along the axes they span, and the others are those summed over."""
    span = learned_span(X, 2, 1)
    assert (np.zeros(X) + span.beside(np.arange(4.0)))[1, 2, :, 3].tolist() == [0, 1, 2, 3]
    assert span.others == (0, 1, 3)
    assert learned_span(X, 1, 0).others == (0, 1, 2, 3)


def test_given():
    """A second bottom spans the leading axes."""
    assert given_span([X, (2,)]) == AxisSpan(0, 1, 4)
    assert given_span([X, (2, 3)]) == AxisSpan(0, 2, 4)
    assert given_span([X, X]) == AxisSpan(0, 4, 4)


def test_misfits():
    """Too many axes, and a second bottom of other sizes, are errors that say what fits."""
    with pytest.raises(ShapeError, match="no 3 axes from axis 2 on\n  expected num_axes: 2"):
        learned_span(X, 2, 3)
    with pytest.raises(ShapeError, match="axis 4 is none of a sample's axes"):
        learned_span(X, 4, 1)
    with pytest.raises(ShapeError, match=r"shape 3×4 does not fit .* 2×3×4×5\n.* as 2×3"):
        given_span([X, (3, 4)])
    with pytest.raises(ShapeError, match="does not fit"):
        given_span([(2, 3), (2, 3, 1)])
