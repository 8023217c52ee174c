"""Attention in small nodes, as other exporters write it."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.onnx_models import model_of

T, WIDTH, HEADS = 5, 8, 2


def attention(
    *,
    scale: str = "query",
    both_turned: bool = False,
    biases: str = "",
    causal: float | None = None,
    old: bool = False,
) -> Any:
    """A model of one block; behind it a Relu, or its bias.

    Args:
        scale: On the ``query``, the ``scores``, or ``both``.
        both_turned: Whether the keys' two Transposes are one.
        biases: Which of ``q``, ``k``, ``v`` and ``o`` have one.
        causal: What is added to the scores of later keys.
        old: Whether it is of opset 11.
    """
    draw = np.random.default_rng(7)
    constants = {f"w{w}": draw.normal(size=(WIDTH, WIDTH)).astype(np.float32) * 0.5 for w in "qkvo"}
    constants |= {f"b{w}": draw.normal(size=WIDTH).astype(np.float32) for w in "qkvo"}
    f = WIDTH // HEADS
    constants |= {
        "heads": np.array([0, -1, HEADS, f]),
        "whole": np.array([0, 0, -1]),
        "half": np.array([f**-0.5], np.float32),
        "root": np.array(f**0.5, np.float32),
        "quarter": np.array(f**-0.25, np.float32),
    }
    nodes = []
    for w in "qkv":
        nodes.append(("MatMul", f"x,w{w}", f"{w}1"))
        if w in biases:
            nodes.append(("Add", f"b{w},{w}1", f"{w}2"))
        nodes.append(("Reshape", f"{w}{2 if w in biases else 1},heads", f"{w}3"))
        perm = [0, 2, 3, 1] if w == "k" and both_turned else [0, 2, 1, 3]
        nodes.append(("Transpose", f"{w}3", f"{w}4", {"perm": perm}))
    key = "k4"
    if not both_turned:
        nodes.append(("Transpose", "k4", "k5", {"perm": [0, 1, 3, 2]}))
        key = "k5"
    if scale == "query":
        nodes += [("Mul", "half,q4", "q6"), ("MatMul", f"q6,{key}", "s")]
    elif scale == "scores":
        nodes += [("MatMul", f"q4,{key}", "s0"), ("Div", "s0,root", "s")]
    else:
        nodes += [("Mul", "q4,quarter", "q6"), ("Mul", f"{key},quarter", "k6")]
        nodes += [("MatMul", "q6,k6", "s")]
    if causal is not None:
        constants["seen"] = np.triu(np.full((1, 1, T, T), causal, np.float32), 1)
        nodes.append(("Add", "seen,s", "added"))
    nodes.append(("Softmax", "s" if causal is None else "added", "p", {"axis": 3 if old else -1}))
    nodes += [("MatMul", "p,v4", "h"), ("Transpose", "h", "h2", {"perm": [0, 2, 1, 3]})]
    nodes += [("Reshape", "h2,whole", "h3"), ("MatMul", "h3,wo", "o")]
    nodes.append(("Add", "o,bo", "y") if "o" in biases else ("Relu", "o", "y"))
    return model_of(nodes, {"x": [3, T, WIDTH]}, constants, opset=11 if old else 22)
