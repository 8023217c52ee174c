"""Values, and where their axes lie."""

import pytest

from graphnet.errors import SpecError
from graphnet.interchange.onnx.graph.values import Value


def test_axes():
    """Turned round, squeezed and unsqueezed, the blob stays the same."""
    value = Value.plain("x", (2, 5, 3))
    turned = value.transposed([1, 0, 2])
    assert (turned.axes, turned.logical) == ((1, 0, 2), (5, 2, 3))
    wide = turned.unsqueezed([1])
    assert wide.logical == (5, 1, 2, 3)
    assert wide.squeezed([1]) == turned
    assert wide.squeezed([0]) is None
    assert turned.transposed([1, 0, 2]).is_plain
    assert not wide.is_plain
    with pytest.raises(SpecError, match="puts 3 axes into the order"):
        value.transposed([0, 0, 1])
