"""What is computed of constants alone."""

import numpy as np
import pytest
from support.onnx_files import needs_onnx

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.constants import (
    FOLDS,
    ConstantNode,
    counted,
    fold,
    new_shape,
    unsqueezed,
    whole_numbers,
)

A = np.arange(6, dtype=np.float32).reshape(2, 3)


def folded(op, *inputs, **keys):
    """What an operator makes of constants."""
    import onnx

    node = onnx.helper.make_node(op, [], [], **keys)
    arrays = [None if x is None else np.asarray(x) for x in inputs]
    return fold(op, ConstantNode(arrays, Attributes(node.attribute)))


@needs_onnx
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: folded("Add", A, 1.0), A + 1),
        (lambda: folded("Div", np.array([-3, 3]), np.array([2, 2])), [-1, 1]),
        (lambda: folded("Cast", A, to=7), A.astype(int)),
        (lambda: folded("Concat", A, A, axis=1), np.concatenate([A, A], 1)),
        (lambda: folded("ConstantOfShape", [2, 2]), np.zeros((2, 2))),
        (lambda: folded("Constant", value_ints=[1, 2]), [1, 2]),
        (lambda: folded("Constant", value_float=2.5), 2.5),
        (lambda: folded("Expand", [[1.0], [2.0]], [2, 3]), [[1, 1, 1], [2, 2, 2]]),
        (lambda: folded("Gather", A, [1, 0], axis=1), A[:, [1, 0]]),
        (lambda: folded("Range", 1, 7, 2), [1, 3, 5]),
        (lambda: folded("Reshape", A, [3, -1]), A.reshape(3, 2)),
        (lambda: folded("Shape", A), [2, 3]),
        (lambda: folded("Slice", A, [1], [3], [1]), A[:, 1:3]),
        (lambda: folded("Slice", A, [-1], [-9], [1], [-1]), A[:, ::-1]),
        (lambda: folded("Slice", A, starts=[0], ends=[1], axes=[0]), A[:1]),
        (lambda: folded("Squeeze", A[None], [0]), A),
        (lambda: folded("Unsqueeze", A, [0, -1]), A[None, ..., None]),
        (lambda: folded("Tile", A, [2, 1]), np.tile(A, (2, 1))),
        (lambda: folded("Transpose", A), A.T),
        (lambda: folded("Max", A, 2.0), np.maximum(A, 2)),
    ],
)
def test_values(found, expected):
    """As ONNX defines them."""
    assert np.array_equal(found(), expected)


@needs_onnx
@pytest.mark.parametrize(
    "found",
    [
        lambda: folded("ConstantOfShape", [10**6, 10**6]),
        lambda: folded("Expand", A, [10**9, 2, 3]),
        lambda: folded("Tile", A, [10**9, 10**9]),
        lambda: folded("Range", 0, 1e18, 1),
        lambda: folded("Range", 0, 1, 0),
        lambda: folded("Add", A, np.ones((4, 5))),
        lambda: folded("Add", A, None),
        lambda: folded("Reshape", A, [4, -1]),
        lambda: folded("Reshape", A, [[2], [3]]),
        lambda: folded("Gather", A, [7], axis=0),
        lambda: folded("Gather", A, [0], axis=5),
        lambda: folded("Squeeze", A, [0]),
        lambda: folded("Unsqueeze", A, list(range(99))),
        lambda: folded("Constant"),
        lambda: folded("Add", np.ones((2**14, 1)), np.ones((1, 2**14))),
    ],
)
def test_what_is_wrong(found):
    """Too large, or not as ONNX has it; memory is looked at first."""
    with pytest.raises(SpecError, match=r"\w"):
        found()


def test_an_operator_that_is_not_known():
    """Is said to be none."""
    assert fold("Conv", ConstantNode([], Attributes())) is None
    assert "Conv" not in FOLDS


def test_helpers():
    """Axes and shapes."""
    assert counted(-1, 3) == 2
    assert new_shape([0, -1], (2, 3, 4), allow_zero=False) == (2, 12)
    assert unsqueezed([2, 3], [0, 3], 1) == [1, 2, 3, 1]
    assert whole_numbers(np.array([1, 2])) == [1, 2]
    with pytest.raises(SpecError, match="keeps axis 2"):
        new_shape([0, 0, 0], (2, 3), allow_zero=False)
    with pytest.raises(SpecError, match="expected a list of whole numbers"):
        whole_numbers(np.array([1.5]))
