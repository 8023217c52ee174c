"""Sums, products and the like: of blobs, and of a blob and a constant."""

from itertools import product

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError

OPS = ("Add", "Sub", "Mul", "Div")
#: Of a constant beside (2, 3, 4, 5).
SHAPES = [(), (1,), (5,), (4, 1), (4, 5), (3, 1, 1), (1, 3, 1, 1), (1, 3, 4, 5), (3, 1, 5)]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("op", "shape"), list(product(OPS, SHAPES)))
def test_a_constant(op, shape):
    """Repeated over axes of a sample, in front or behind."""
    c = np.random.default_rng(1).uniform(0.5, 1, shape).astype(np.float32)
    for read in ("x,c", "c,x"):
        found, expected = both_give(
            model_of([(op, read, "y")], {"x": [2, 3, 4, 5]}, {"c": c}), 2, 0.5
        )
        assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("other", [[2, 3, 4], [2, 3, 1], [2, 1, 1], [2, 1, 4]])
def test_two_blobs(op, other):
    """Of one shape, or one repeated over axes of the other."""
    for read in ("a,b", "b,a"):
        found, expected = both_give(
            model_of([(op, read, "y")], {"a": [2, 3, 4], "b": other}), low=0.5
        )
        assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_several(op, n):
    """Any number of them."""
    names = ["a", "b", "c"][:n]
    found, expected = both_give(
        model_of([(op, ",".join(names), "y")], {name: [2, 3] for name in names})
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("op", ["Max", "Min", "Pow"])
def test_a_number(op):
    """A bound, an exponent."""
    c = {"c": np.float32(0.5)}
    found, expected = both_give(model_of([(op, "x,c", "y")], {"x": [2, 3]}, c), low=0.0)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("shape", [(1,), (3, 1, 1), (1, 3, 1, 1)])
def test_prelu(shape):
    """A slope for all channels, or for each."""
    slope = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    found, expected = both_give(
        model_of([("PRelu", "x,s", "y")], {"x": [2, 3, 4, 5]}, {"s": slope})
    )
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(
    ("nodes", "made"),
    [
        ([("MatMul", "x,w", "h"), ("Add", "h,b", "y")], ["InnerProduct"]),
        ([("Mul", "x,b", "h"), ("Add", "h,b", "y")], ["Scale"]),
        ([("MatMul", "x,w", "h"), ("Add", "h,b", "y"), ("Relu", "h", "z")],
         ["InnerProduct", "Bias", "ReLU"]),
    ],
)  # fmt: skip
def test_a_bias_joins_the_layer_before(nodes, made):
    """Unless somebody else reads that."""
    draw = np.random.default_rng(3)
    constants = {"w": draw.normal(size=(4, 4)), "b": draw.normal(size=4)}
    constants = {name: array.astype(np.float32) for name, array in constants.items()}
    outputs = ["y", "z"][: 1 + (len(nodes) == 3)]
    model = model_of(nodes, {"x": [2, 4]}, constants, outputs)
    assert types_of(imported(model)) == made
    found, expected = both_give(model)
    for name in outputs:
        assert_close(found[name], expected[name])


@needs_onnx
@pytest.mark.parametrize(
    ("read", "other", "said"),
    [
        ("x,c", (2, 3), "graphnet repeats constants over axes of a sample"),
        ("x,c", (1, 1, 1, 2, 3), "graphnet repeats constants"),
    ],
)
def test_what_is_refused(read, other, said):
    """A constant along the batch, or of more axes."""
    with pytest.raises(SpecError, match=said):
        imported(model_of([("Add", read, "y")], {"x": [2, 3]}, {"c": np.ones(other, np.float32)}))


@needs_onnx
def test_division_by_zero():
    """Is refused."""
    with pytest.raises(SpecError, match="divides by 0"):
        imported(
            model_of([("Div", "x,c", "y")], {"x": [2, 2]}, {"c": np.array([1, 0], np.float32)})
        )
