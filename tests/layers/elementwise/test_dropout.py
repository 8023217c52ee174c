"""Dropout through the layer harness, and where its randomness comes from."""

import numpy as np
import pytest
from support.layer_case import (
    FIRST_SAMPLE,
    ITERATION,
    SEED,
    LayerCase,
    Rig,
    check_layer,
    numpy_backend,
)

from graphnet.errors import SpecError
from graphnet.layers.elementwise.dropout import Dropout
from graphnet.random.keys import stream_key


def spec(name="drop", **properties):
    return Dropout(name=name, bottoms=("x",), **properties)


def uniform(name, shape):
    """The draws of a layer of that name."""
    u = numpy_backend().empty_blob(shape, np.dtype(np.float64))
    numpy_backend().fill_uniform(stream_key(SEED, f"{name}/mask"), ITERATION, FIRST_SAMPLE, u)
    return u


def dropout(ratio, scale):
    def reference(bottoms, _):
        kept = uniform("drop", bottoms[0].shape) >= ratio
        return [np.where(kept, bottoms[0] * scale, 0)]

    return reference


CASES = [
    LayerCase(spec(), [(3, 48)], dropout(0.5, 2), draws=True),
    LayerCase(spec(ratio=0.2), [(2, 3, 4, 4)], dropout(0.2, 1.25), draws=True),
    LayerCase(
        spec(ratio=0.6, auto_scale=False), [(3, 40)], dropout(0.6, 1), label="unscaled", draws=True
    ),
    LayerCase(spec(ratio=0.0), [(3, 40)], lambda bottoms, _: bottoms, label="ratio 0"),
    LayerCase(spec(), [(3, 40)], lambda bottoms, _: bottoms, label="test", phase="test"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """What is kept is scaled, the rest is zero; in phase test nothing happens."""
    check_layer(case)


def test_fraction_dropped():
    """About ``ratio`` of the elements are dropped, and the mean stays."""
    case = LayerCase(spec(ratio=0.3), [np.ones((200, 50))], None)
    top = Rig(case).forward()["top 0"]
    assert abs((top == 0).mean() - 0.3) < 0.02
    assert abs(top.mean() - 1) < 0.02


def masks(name="drop", **context):
    """The mask under a changed name or context."""
    rig = Rig(LayerCase(spec(name), [np.ones((6, 40))], None))
    for key, value in context.items():
        setattr(rig.context, key, value)
    return rig.forward()["top 0"]


def test_mask_depends_on_name_and_iteration():
    """Another name or iteration draws another mask; the same one, the same mask."""
    np.testing.assert_array_equal(masks(), masks())
    assert (masks() != masks("other")).any()
    assert (masks() != masks(iteration=ITERATION + 1)).any()


def test_mask_belongs_to_the_sample():
    """A sample has the same mask wherever a sub-batch begins."""
    np.testing.assert_array_equal(masks()[2:], masks(first_sample=FIRST_SAMPLE + 2)[:-2])


@pytest.mark.parametrize(("ratio", "message"), [(1.0, "less than 1"), (-0.1, "at least 0")])
def test_ratio_is_a_probability(ratio, message):
    """Dropping everything is refused."""
    with pytest.raises(SpecError, match=message):
        spec(ratio=ratio)
