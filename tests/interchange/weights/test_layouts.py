"""How stored arrays become params."""

import numpy as np
import pytest

from graphnet.interchange.weights.layouts import (
    STEPS,
    apply,
    as_stored_or_turned,
    fits,
    is_turned,
    made_shape,
)


def gates(order, n_columns=3):
    """Two rows for each gate, filled with its place in ``order``."""
    names = "ifgo"
    rows = [np.full((2, n_columns), names.index(gate), "f4") for gate in order]
    return np.concatenate(rows)


CASES = {
    (): ([np.arange(6.0).reshape(2, 3)], np.arange(6.0).reshape(2, 3)),
    ("transposed",): ([np.arange(6.0).reshape(2, 3)], np.arange(6.0).reshape(2, 3).T),
    ("HWIO",): (
        [np.arange(120.0).reshape(2, 3, 4, 5)],
        np.einsum("hwio->oihw", np.arange(120.0).reshape(2, 3, 4, 5)),
    ),
    ("sum",): ([np.ones(2), np.arange(2.0), np.ones(2)], np.array([2.0, 3.0])),
    ("gates ifgo",): ([gates("ifgo")], gates("ifog")),
    ("transposed", "gates ifgo"): ([gates("ifgo").T], gates("ifog")),
    ("gru biases",): (
        [np.array([1.0, 2, 3]), np.array([10.0, 20, 30])],
        np.array([11.0, 22, 3, 30]),
    ),
}


@pytest.mark.parametrize("layout", CASES)
def test_values_and_shapes(layout):
    """The shape is known before the values are."""
    arrays, wanted = CASES[layout]
    shapes = [array.shape for array in arrays]
    assert made_shape(layout, shapes) == wanted.shape
    assert fits(layout, shapes, wanted.shape)
    assert np.array_equal(apply(layout, arrays, wanted.shape), wanted)
    assert not fits(layout, shapes, (*wanted.shape, 2))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shapes", [[], [(2, 3, 5)], [(3, 2), (2, 2)], [()], [(2,)] * 3])
def test_steps_that_do_not_apply(step, shapes):
    """No shape, and no error."""
    assert made_shape((step,), shapes) is None or step == "sum"


def test_axes_of_size_1():
    """They do not count: Mocha's biases are columns, Caffe's old blobs have four axes."""
    assert fits((), [(1, 5)], (5,))
    assert fits((), [(1, 1, 4, 5)], (4, 5))
    assert not fits((), [(5, 4)], (4, 5))
    assert np.array_equal(apply((), [np.ones((1, 5))], (5,)), np.ones(5))


def test_what_fits():
    """As stored before turned round."""
    assert as_stored_or_turned([(3, 3)], (3, 3)) == ()
    assert as_stored_or_turned([(2, 3)], (3, 2)) == ("transposed",)
    assert as_stored_or_turned([(2, 3, 4, 5)], (5, 4, 2, 3)) == ("HWIO",)
    assert as_stored_or_turned([(2, 3)], (6,)) is None
    assert [is_turned(x) for x in ((), ("sum",), ("HWIO",), ("transposed", "gates ifgo"))] == [
        *(False, False, True, True)
    ]
