"""Resize as matrices."""

import numpy as np
import pytest

from graphnet.errors import SpecError
from graphnet.interchange.onnx.operators import resizing
from graphnet.interchange.onnx.operators.resizing import Resizing


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("how", ["half_pixel", "asymmetric", "align_corners"])
@pytest.mark.parametrize("smooths", [False, True])
def test_a_constant_stays_one(mode, how, smooths):
    """Whatever is taken adds up to one."""
    for n, m in ((5, 9), (9, 5), (4, 4), (6, 1)):
        matrix, outside = Resizing(mode, how, smooths=smooths).matrix(n, m, m / n)
        np.testing.assert_allclose(matrix.sum(1), 1)
        assert not outside.any()


def test_the_same_size_is_the_same():
    """In every mode."""
    for mode in ("nearest", "linear", "cubic"):
        assert np.array_equal(Resizing(mode, "half_pixel").matrix(5, 5, 1.0)[0], np.eye(5))


def test_linear_lies_between():
    """Half way from one to the next."""
    matrix, _ = Resizing("linear", "align_corners").matrix(2, 3, 1.5)
    assert matrix.tolist() == [[1, 0], [0.5, 0.5], [0, 1]]


def test_a_part_may_reach_beyond():
    """And is then outside."""
    matrix, outside = Resizing("linear", "tf_crop_and_resize").matrix(4, 3, 0.75, (0.0, 2.0))
    assert outside.tolist() == [False, False, True]
    assert matrix[1].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"mode": "quartic", "how": "half_pixel"}, "mode: quartic"),
        ({"mode": "linear", "how": "by eye"}, "coordinate_transformation_mode: by eye"),
        ({"mode": "nearest", "how": "half_pixel", "nearest": "far"}, "nearest_mode: far"),
    ],
)
def test_unknown_modes(keys, said):
    """Are named."""
    with pytest.raises(SpecError, match=said):
        Resizing(**keys).matrix(3, 4, 4 / 3)


def test_a_large_matrix_is_refused(monkeypatch):
    """Before it is made."""
    monkeypatch.setattr(resizing, "MOST_OF_MATRIX", 10)
    with pytest.raises(SpecError, match="makes 4 places of 3 by a formula of its own"):
        Resizing("linear", "half_pixel").matrix(3, 4, 4 / 3)
