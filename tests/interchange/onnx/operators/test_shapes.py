"""Operators that put numbers elsewhere, and those that sum axes up."""

import numpy as np
import pytest
from support.onnx_files import assert_close, needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, run_imported, types_of

from graphnet.errors import SpecError


def whole(*values):
    """A list of whole numbers."""
    return np.array(values, np.int64)


CASES = [
    (("Flatten", "x", "y"), {}),
    (("Reshape", "x,s", "y"), {"s": whole(0, -1, 10)}),
    (("Reshape", "x,s", "y"), {"s": whole(2, 3, 4, 5)}),
    (("Squeeze", "u,s", "y"), {"s": whole(2)}),
    (("Unsqueeze", "x,s", "y"), {"s": whole(1, -1)}),
    (("Transpose", "x", "y", {"perm": [0, 3, 1, 2]}), {}),
    (("Transpose", "x", "y", {"perm": [1, 0, 2, 3]}), {}),
    (("Transpose", "x", "y"), {}),
    (("Concat", "x,x", "y", {"axis": 2}), {}),
    (("Concat", "x,x", "y", {"axis": -1}), {}),
    (("Slice", "x,a,b", "y"), {"a": whole(0, 1, 1), "b": whole(2, 3, 3)}),
    (("Slice", "x,a,b,c", "y"), {"a": whole(-3), "b": whole(1000), "c": whole(-1)}),
    (("Tile", "x,s", "y"), {"s": whole(1, 2, 1, 3)}),
    (("Expand", "o,s", "y"), {"s": whole(2, 3, 4, 5)}),
    (("Identity", "x", "y"), {}),
    *(((f"Reduce{op}", "x,s", "y", {"keepdims": k}), {"s": whole(*axes)})
      for op in ("Sum", "Mean", "L1", "L2", "SumSquare", "Max", "Min")
      for axes, k in (((2, 3), 1), ((1,), 0), ((-1, 1), 0))),
]  # fmt: skip
SHAPES = {"x": [2, 3, 4, 5], "u": [2, 3, 1, 5], "o": [2, 1, 4, 1]}


@needs_onnx
@needs_runtime
@pytest.mark.parametrize(("node", "constants"), CASES)
def test_operators(node, constants):
    """In the order of ONNX's axes."""
    name = node[1].split(",")[0]
    found, expected = both_give(model_of([node], {name: SHAPES[name]}, constants))
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("keys", [{}, {"num_outputs": 2}])
def test_split(keys):
    """Into given parts or equal ones; one that nobody needs is no output."""
    constants = {} if keys else {"s": whole(1, 3)}
    read = "x" if keys else "x,s"
    node = ("Split", read, "a,b", {"axis": 2} | keys)
    model = model_of([node], {"x": SHAPES["x"]}, constants, ["a", "b"])
    found, expected = both_give(model)
    for name in ("a", "b"):
        assert_close(found[name], expected[name])
    alone = model_of([node], {"x": SHAPES["x"]}, constants, ["a"])
    assert types_of(imported(alone)) == ["Slice", "Silence"]


@needs_onnx
@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("keeps", [0, 1])
def test_arg(op, keeps):
    """The first of the largest, or of the smallest."""
    from support.onnx_models import run_imported

    x = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)
    node = (op, "x", "y", {"axis": 1, "keepdims": keeps})
    found = run_imported(imported(model_of([node], {"x": [2, 3, 4]})), {"x": x})
    find = np.argmax if op == "ArgMax" else np.argmin
    assert np.array_equal(found["y"], find(x, axis=1, keepdims=bool(keeps)))


@needs_onnx
@needs_runtime
def test_shapes_are_put_together():
    """As exporters leave it: what is computed of shapes is known at once."""
    nodes = [
        ("Shape", "x", "s"),
        ("Gather", "s,zero", "n", {"axis": 0}),
        ("Unsqueeze", "n,axes", "n1"),
        ("Concat", "n1,rest", "target", {"axis": 0}),
        ("Reshape", "x,target", "y"),
    ]
    constants = {"zero": np.int64(0), "axes": whole(0), "rest": whole(-1)}
    model = model_of(nodes, {"x": SHAPES["x"]}, constants)
    assert types_of(imported(model)) == ["Reshape"]
    found, expected = both_give(model)
    assert_close(found["y"], expected["y"])


@needs_onnx
@needs_runtime
def test_places_in_any_order():
    """Backwards, in steps, some twice; the last of equal maxima."""
    constants = {
        "a": whole(3, -1), "b": whole(-9, -9), "c": whole(2, 3), "d": whole(-2, -1),
        "i": np.array([[2, 0], [1, 1]]),
    }  # fmt: skip
    for node, shape in (
        (("Slice", "x,a,b,c,d", "y"), [2, 3, 4, 5]),
        (("Gather", "x,i", "y", {"axis": 2}), [2, 3, 4, 5]),
    ):
        found, expected = both_give(model_of([node], {"x": shape}, constants))
        assert np.array_equal(found["y"], expected["y"])
    node = ("ArgMax", "x", "y", {"axis": 1, "select_last_index": 1, "keepdims": 0})
    made = imported(model_of([node], {"x": [2, 4]}))
    x = np.array([[1, 3, 3, 0], [2, 2, 2, 2]], np.float32)
    assert run_imported(made, {"x": x})["y"].tolist() == [2, 3]


@needs_onnx
@pytest.mark.parametrize(
    ("node", "said"),
    [
        (("Reshape", "x,s", "y"), "the batch axis does not stay"),
        (("Reshape", "x,x", "y"), "its shape is computed"),
        (("Concat", "x,x", "y", {"axis": 0}), "works along the batch axis"),
        (("ReduceSum", "x", "y"), "works along the batch axis"),
        (("Transpose", "x", "y", {"perm": [0, 1]}), "puts 4 axes into the order"),
        (("Tile", "x,e", "y"), "too large a value"),
    ],
)
def test_what_is_refused(node, said):
    """With the reason."""
    constants = {"s": whole(3, 2, 20), "a": whole(0), "b": whole(4), "c": whole(2), "d": whole(2),
                 "e": whole(1, 1000, 1000, 1000)}  # fmt: skip
    with pytest.raises(SpecError, match=said):
        imported(model_of([node], {"x": SHAPES["x"]}, constants))
