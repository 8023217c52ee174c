"""Attention whose queries, keys and values one product makes, as PyTorch exports it."""

from __future__ import annotations

import numpy as np
import pytest
from support.onnx_files import needs_onnx, needs_runtime
from support.onnx_models import both_give, imported, model_of, types_of

from graphnet.errors import SpecError

N, T, WIDTH, HEADS = 2, 5, 8, 2
SIZE = WIDTH // HEADS
WAYS = ("split", "sizes", "gather", "slice")


def packed(way="split", *, across="whole", causal="", bias=True, changed=()):
    """A model of one block.

    Args:
        way: How the three are told apart.
        across: How keys are put across queries: ``whole``, ``last`` (two axes), or by ``stacks``.
        causal: By a Where with the mask first (``closed``) or the scores first (``open``).
        bias: Of the packed product.
        changed: Constants in the place of others.
    """
    draw = np.random.default_rng(3)
    constants = {
        "wqkv": draw.normal(size=(WIDTH, 3 * WIDTH)).astype(np.float32) * 0.5,
        "bqkv": draw.normal(size=3 * WIDTH).astype(np.float32),
        "wo": draw.normal(size=(WIDTH, WIDTH)).astype(np.float32),
        "bo": draw.normal(size=WIDTH).astype(np.float32),
        "thirds": np.array([WIDTH] * 3),
        "heads": np.array([N, T, HEADS, SIZE]),
        "five": np.array([N, T, 3, HEADS, SIZE]),
        "three": np.array([-1, T, SIZE]),
        "four": np.array([N, HEADS, SIZE, T]),
        "whole": np.array([N, T, WIDTH]),
        "scale": np.array(SIZE**-0.5, np.float32),
        "low": np.array(-np.inf, np.float32),
        "closed": np.triu(np.ones((1, 1, T, T), bool), 1),
        "open": np.tril(np.ones((T, T), bool)),
        "first": np.array([0]),
        **{f"i{i}": np.array(i) for i in range(3)},
        **{f"at{i}": np.array([i]) for i in range(4)},
    } | dict(changed)
    nodes = [("MatMul", "x,wqkv", "p")]
    made = "p"
    if bias:
        nodes.append(("Add", "p,bqkv", "pb"))
        made = "pb"
    if way in ("split", "sizes"):
        more = {"axis": 2} if way == "sizes" else {"axis": -1, "num_outputs": 3}
        nodes.append(("Split", f"{made},thirds" if way == "sizes" else made, "q1,k1,v1", more))
        for w in "qkv":
            nodes.append(("Reshape", f"{w}1,heads", f"{w}2"))
            nodes.append(("Transpose", f"{w}2", w, {"perm": [0, 2, 1, 3]}))
    else:
        nodes.append(("Reshape", f"{made},five", "p5"))
        nodes.append(("Transpose", "p5", "t5", {"perm": [2, 0, 3, 1, 4]}))
        for i, w in enumerate("qkv"):
            if way == "gather":
                nodes.append(("Gather", f"t5,i{i}", w, {"axis": 0}))
            else:
                nodes.append(("Slice", f"t5,at{i},at{i + 1},first", f"{w}s"))
                nodes.append(("Squeeze", f"{w}s,first", w))
    if across == "stacks":
        nodes.append(("Reshape", "k,three", "k3"))
        nodes.append(("Transpose", "k3", "k4", {"perm": [0, 2, 1]}))
        nodes.append(("Reshape", "k4,four", "kt"))
    else:
        nodes.append(("Transpose", "k", "kt", {"perm": [0, 1, 3, 2]}))
    nodes += [("MatMul", "q,kt", "s0"), ("Mul", "s0,scale", "s")]
    if causal:
        read = "closed,low,s" if causal == "closed" else "open,s,low"
        nodes.append(("Where", read, "sc"))
    nodes.append(("Softmax", "sc" if causal else "s", "w", {"axis": -1}))
    nodes += [("MatMul", "w,v", "h"), ("Transpose", "h", "h2", {"perm": [0, 2, 1, 3]})]
    nodes += [("Reshape", "h2,whole", "h3"), ("MatMul", "h3,wo", "o"), ("Add", "o,bo", "y")]
    used = {name for _, read, *_ in nodes for name in read.split(",")}
    constants = {name: array for name, array in constants.items() if name in used}
    return model_of(nodes, {"x": [N, T, WIDTH]}, constants, opset=18)


def why_not(model):
    """Why it is refused."""
    with pytest.raises(SpecError, match="node '") as caught:
        imported(model)
    return str(caught.value)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("causal", ["", "closed", "open"])
@pytest.mark.parametrize("across", ["last", "stacks"])
@pytest.mark.parametrize("way", WAYS)
def test_it_is_one_layer(way, across, causal):
    """With onnxruntime's numbers."""
    model = packed(way, across=across, causal=causal)
    assert types_of(imported(model)) == ["MultiHeadAttention"]
    here, there = both_give(model)
    np.testing.assert_allclose(here["y"], there["y"], rtol=1e-6, atol=1e-6)


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("way", WAYS)
def test_without_a_bias(way):
    """Of the three; the output keeps its own."""
    here, there = both_give(packed(way, bias=False))
    np.testing.assert_allclose(here["y"], there["y"], rtol=1e-6, atol=1e-6)


@needs_onnx
@pytest.mark.parametrize(
    ("changed", "keys", "said"),
    [
        ({"thirds": np.array([4, 8, 12])}, {"way": "sizes"}, "cannot see the shape [2, 5, 4]"),
        ({"i2": np.array(3)}, {"way": "gather"}, "index 3 is out of"),
        ({"four": np.array([1, 4, SIZE, T])}, {"across": "stacks"}, "keys and values are [["),
        ({"closed": np.ones((1, 1, T, T), bool)}, {"causal": "closed"}, "is not 0 up to each"),
        ({"low": np.array(-1.0, np.float32)}, {"causal": "open"}, "is neither 0 nor"),
        ({"scale": np.array(1.0, np.float32)}, {}, "multiplied by 1, expected 0.5"),
    ],
)
def test_what_differs_is_refused(changed, keys, said):
    """At the node, with the reason."""
    found = why_not(packed(**keys, changed=changed))
    assert said in found
