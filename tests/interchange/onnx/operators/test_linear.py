"""Products with a matrix, and rows looked up."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, run_imported, types_of

from graphnet.errors import SpecError


def draw(*shape):
    """Random numbers."""
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("bias", [None, (), (1,), (4,), (1, 4)])
@pytest.mark.parametrize("keys", [{}, {"transB": 1}, {"alpha": 0.5, "beta": 2.0}])
def test_gemm(keys, bias):
    """With a bias of any shape that is one."""
    constants = {"w": draw(4, 3) if keys.get("transB") else draw(3, 4)}
    if bias is not None:
        constants["b"] = draw(*bias)
    read = ",".join(["x", *constants])
    model = model_of([("Gemm", read, "y", keys)], {"x": [2, 3]}, constants)
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])
    if keys == {"transB": 1}:
        assert np.array_equal(imported(model).made.params["gemm/weight"], constants["w"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("shape", [[2, 3], [2, 4, 3], [2, 5, 4, 3]])
def test_matmul(shape):
    """The axes in front are positions."""
    found, expected = both_give(model_of([("MatMul", "x,w", "y")], {"x": shape}, {"w": draw(3, 4)}))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("shape", [[2, 4, 3], [2, 5, 4, 3]])
def test_matmul_from_the_left(shape):
    """A constant matrix works along the last axis but one."""
    found, expected = both_give(model_of([("MatMul", "w,x", "y")], {"x": shape}, {"w": draw(6, 4)}))
    assert_close(found["y"], expected["y"])
    for x, w, said in (
        ([4, 3], (6, 4), "works along the batch axis"),
        ([2, 4, 3], (6, 5), r"a matrix of 6 × 5 by a value of shape \[2, 4, 3\]"),
    ):
        with pytest.raises(SpecError, match=said):
            imported(model_of([("MatMul", "w,x", "y")], {"x": x}, {"w": draw(*w)}))


@needs_onnx
@needs_runtime
def test_what_is_flattened_for_it_alone():
    """Is not flattened: an InnerProduct does that."""
    nodes = [("Flatten", "x", "f"), ("Gemm", "f,w", "y")]
    model = model_of(nodes, {"x": [2, 3, 2]}, {"w": draw(6, 4)})
    assert types_of(imported(model)) == ["InnerProduct"]
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
def test_gather_of_rows():
    """Is an Embed; the indices may come through a Cast."""
    nodes = [("Cast", "x", "i", {"to": 7}), ("Gather", "w,i", "y")]
    weight = draw(5, 3)
    made = imported(model_of(nodes, {"x": [2, 4]}, {"w": weight}))
    assert types_of(made) == ["Embed"]
    index = np.array([[0, 1, 2, 3], [4, 4, 0, 1]])
    assert np.array_equal(run_imported(made, {"x": index})["y"], weight[index])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("index", [np.int64(1), np.int64(-1), np.array([1, 2]), np.array([0])])
def test_gather_of_places(index):
    """That follow each other: a Slice."""
    node = ("Gather", "x,i", "y", {"axis": 2})
    found, expected = both_give(model_of([node], {"x": [2, 3, 4]}, {"i": index}))
    assert_close(found["y"], expected["y"])


@needs_onnx
@pytest.mark.parametrize("axis", [1, -1])
def test_one_hot(axis):
    """Along any axis of a sample."""
    nodes = [("Cast", "x", "i", {"to": 7}), ("OneHot", "i,d,v", "y", {"axis": axis})]
    constants = {"d": np.int64(3), "v": np.array([0, 1], np.float32)}
    made = imported(model_of(nodes, {"x": [2, 4]}, constants))
    index = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
    expected = np.moveaxis(np.eye(3)[index], -1, axis)
    assert np.array_equal(run_imported(made, {"x": index})["y"], expected)


@needs_onnx
@pytest.mark.parametrize(
    ("node", "said"),
    [
        (("Gemm", "x,w", "y", {"transA": 1}), "turns its first input round"),
        (("Gemm", "x,w", "y"), r"multiplies a value of shape \[2, 3\] by a matrix of 4 × 5"),
        (("Gemm", "x,x", "y"), "its matrix is computed"),
        (("Gather", "x,i", "y"), "works along the batch axis"),
        (("Gather", "x,j", "y", {"axis": 1}), r"takes places \[9\] … of 3"),
    ],
)
def test_what_is_refused(node, said):
    """With the reason."""
    constants = {"w": draw(4, 5), "i": np.array([2, 0]), "j": np.array([9])}
    with pytest.raises(SpecError, match=said):
        imported(model_of([node], {"x": [2, 3]}, constants))
