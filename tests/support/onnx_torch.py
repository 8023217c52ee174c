"""``nn.MultiheadAttention`` as PyTorch's exporters write it, and what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from support.onnx_models import model_of

N, T, S, WIDTH, HEADS = 2, 5, 7, 8, 2
SIZE = WIDTH // HEADS


def constants(*, cross: bool = False) -> dict[str, np.ndarray]:
    """Its params, each ``(in, out)``, and the numbers of its nodes."""
    draw = np.random.default_rng(5)
    keys = S if cross else T
    made = {
        "win": draw.normal(size=(WIDTH, 3 * WIDTH)) * 0.5,
        "bin": draw.normal(size=3 * WIDTH),
        "wout": draw.normal(size=(WIDTH, WIDTH)),  # (out, in): of a Gemm
        "bout": draw.normal(size=WIDTH),
        "later": np.triu(np.full((T, T), -np.inf), 1),
        "low": np.array(-np.inf),
        "none": np.array(0.0),
        "scale": np.array(SIZE**-0.5),
        "root": np.array([SIZE**-0.25]),
    }
    made = {name: array.astype(np.float32) for name, array in made.items()}
    made |= {"wq": made["win"][:, :WIDTH], "wkv": made["win"][:, WIDTH:]}
    made |= {"bq": made["bin"][:WIDTH], "bkv": made["bin"][WIDTH:]}
    wholes = {
        "three": [T, -1, 3, WIDTH],
        "two": [S, -1, 2, WIDTH],
        "zero": [0],
        "last": [-2],
        "q.three": [T, -1, SIZE],
        "k.three": [keys, -1, SIZE],
        "v.three": [keys, -1, SIZE],
        "q.four": [-1, HEADS, T, SIZE],
        "k.four": [-1, HEADS, keys, SIZE],
        "v.four": [-1, HEADS, keys, SIZE],
        "rows": [-1, WIDTH],
        "whole": [T, -1, WIDTH],
        "m.four": [-1, 1, 1, keys],
        "m.heads": [1, HEADS, 1, 1],
        "m.three": [-1, 1, keys],
        "w.four": [-1, HEADS, T, keys],
        "heads": HEADS,
        "size": [SIZE],
        "T": [T],
        "S": [S],
        "i0": 0,
        "i1": 1,
        "i2": 2,
    }
    return made | {name: np.array(value, np.int64) for name, value in wholes.items()}


def torch_attention(  # noqa: C901, PLR0912, PLR0915  # node after node
    form: str = "joined",
    *,
    first: bool = True,
    cross: bool = False,
    mask: str = "",
    causal: str = "",
    computed: bool = False,
    bias: bool = True,
    weights: bool = False,
    batch: Any = "N",
    changed: Mapping[str, Any] | None = None,
) -> Any:
    """A model of one.

    Args:
        form: ``joined``: the batch with the heads, as with weights; ``heads``: as without.
        first: ``batch_first``.
        cross: Keys and values of a second sequence, ``memory``.
        mask: ``closed``: ``key_padding_mask``; ``open``: its contrary.
        causal: ``add``: a constant of 0 and -inf; ``trilu``: computed of shapes.
        computed: Shapes are put together of others, as the older exporter does it.
        bias: Whether there are biases.
        weights: Whether the weights are an output, ``w``.
        batch: The size of the batch.
        changed: Constants in the place of others.
    """
    nodes: list[tuple[Any, ...]] = []
    x, memory = "x", "memory"
    if first:
        nodes.append(("Transpose", "x", "xt", {"perm": [1, 0, 2]}))
        x = "xt"
        if cross:
            nodes.append(("Transpose", "memory", "mt", {"perm": [1, 0, 2]}))
            memory = "mt"

    def product(of: str, word: str, made: str) -> None:
        nodes.append(("MatMul", f"{of},w{word}", f"{made}.m" if bias else made))
        if bias:
            nodes.append(("Add", f"b{word},{made}.m", made))

    product(x, "q" if cross else "in", "q.0" if cross else "p")
    if cross:
        product(memory, "kv", "p")
    nodes.append(("Reshape", f"p,{'two' if cross else 'three'}", "p1"))
    nodes.append(("Unsqueeze", "p1,zero", "p2"))
    nodes.append(("Transpose", "p2", "p3", {"perm": [3, 1, 2, 0, 4]}))
    nodes.append(("Squeeze", "p3,last", "p4"))
    for i, word in enumerate("kv" if cross else "qkv"):
        nodes.append(("Gather", f"p4,i{i}", f"{word}.0", {"axis": 0}))
    if computed:
        nodes += [("Shape", x, "shape"), ("Gather", "shape,i1", "n"), ("Mul", "n,heads", "nh")]
        nodes += [("Unsqueeze", "nh,zero", "nh1")]
        nodes += [("Concat", "T,nh1,size", "q.shape", {"axis": 0})]
        nodes += [("Concat", f"{'S' if cross else 'T'},nh1,size", "k.shape", {"axis": 0})]
    for word in "qkv":
        shape = f"{'q' if word == 'q' else 'k'}.shape" if computed else f"{word}.three"
        nodes.append(("Reshape", f"{word}.0,{shape}", f"{word}.1"))
        nodes.append(("Transpose", f"{word}.1", f"{word}.2", {"perm": [1, 0, 2]}))
        if form == "heads":
            nodes.append(("Reshape", f"{word}.2,{word}.four", f"{word}.3"))
    if form == "heads":
        nodes.append(("Transpose", "k.3", "k.4", {"perm": [0, 1, 3, 2]}))
        nodes += [("Mul", "q.3,root", "q.5"), ("Mul", "k.4,root", "k.5")]
    else:
        nodes.append(("Transpose", "k.1", "k.5", {"perm": [1, 2, 0]}))
        nodes.append(("Mul", "q.2,scale", "q.5"))
    nodes.append(("MatMul", "q.5,k.5", "s0"))
    made = "s0"
    if mask:
        nodes += [("Shape", "mask", "m.shape"), ("Expand", "none,m.shape", "m.0")]
        nodes.append(("Where", f"mask,{'low,m.0' if mask == 'closed' else 'm.0,low'}", "m.1"))
        nodes += [("Reshape", "m.1,m.four", "m.2"), ("Expand", "m.2,m.heads", "m.3")]
        if form == "joined":
            nodes.append(("Reshape", "m.3,m.three", "m.4"))
        nodes.append(("Add", f"{made},{'m.4' if form == 'joined' else 'm.3'}", "s1"))
        made = "s1"
    if causal == "add":
        nodes.append(("Add", f"{made},later", "s2"))
        made = "s2"
    elif causal == "trilu":
        nodes += [("Concat", "T,T", "square", {"axis": 0}), ("Expand", "low,square", "full")]
        nodes += [("Trilu", "full,i1", "later2"), ("Add", f"later2,{made}", "s2")]
        made = "s2"
    nodes.append(("Softmax", made, "w0", {"axis": -1}))
    nodes.append(("MatMul", f"w0,{'v.3' if form == 'heads' else 'v.2'}", "h"))
    order = [2, 0, 1, 3] if form == "heads" else [1, 0, 2]
    nodes += [("Transpose", "h", "h1", {"perm": order}), ("Reshape", "h1,rows", "h2")]
    nodes.append(("Gemm", "h2,wout,bout" if bias else "h2,wout", "o", {"transB": 1}))
    nodes.append(("Reshape", "o,whole", "o1" if first else "y"))
    if first:
        nodes.append(("Transpose", "o1", "y", {"perm": [1, 0, 2]}))
    if weights:
        nodes.append(("Reshape", "w0,w.four", "w"))
    fixed = constants(cross=cross) | dict(changed or {})
    used = {name for _, read, *_ in nodes for name in read.split(",")}
    fixed = {name: array for name, array in fixed.items() if name in used}
    inputs = {"x": [batch, T, WIDTH] if first else [T, batch, WIDTH]}
    if cross:
        inputs["memory"] = [batch, S, WIDTH] if first else [S, batch, WIDTH]
    if mask:
        inputs["mask"] = [batch, S if cross else T]
    model = model_of(nodes, inputs, fixed, ("y", "w") if weights else ("y",), opset=20)
    for each in model.graph.input:
        if each.name == "mask":
            each.type.tensor_type.elem_type = 9  # truth values
    return model


def fed_to(
    *, cross: bool = False, mask: str = "", first: bool = True, n: int = N
) -> dict[str, np.ndarray]:
    """Inputs; every sample has a key."""
    draw = np.random.default_rng(6)
    fed = {"x": draw.normal(size=(n, T, WIDTH))}
    if cross:
        fed["memory"] = draw.normal(size=(n, S, WIDTH))
    if not first:
        fed = {name: np.swapaxes(array, 0, 1) for name, array in fed.items()}
    if mask:
        there = draw.random((n, S if cross else T)) < 0.6
        there[:, 0] = True
        fed["mask"] = there if mask == "open" else ~there
    return {name: array.astype(np.float32) for name, array in fed.items()}


def expected_of(
    fed: Mapping[str, np.ndarray],
    *,
    mask: str = "",
    causal: str = "",
    bias: bool = True,
    first: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """The output and the weights, in float64."""
    params = {name: array.astype(np.float64) for name, array in constants().items()}
    sequences = [fed["x"], fed.get("memory", fed["x"])]
    if not first:
        sequences = [np.swapaxes(array, 0, 1) for array in sequences]
    x, memory = (array.astype(np.float64) for array in sequences)
    q = x @ params["win"][:, :WIDTH] + bias * params["bin"][:WIDTH]
    k = memory @ params["win"][:, WIDTH : 2 * WIDTH] + bias * params["bin"][WIDTH : 2 * WIDTH]
    v = memory @ params["win"][:, 2 * WIDTH :] + bias * params["bin"][2 * WIDTH :]
    parts = [a.reshape(len(a), -1, HEADS, SIZE).swapaxes(1, 2) for a in (q, k, v)]
    scores = parts[0] @ parts[1].swapaxes(2, 3) / SIZE**0.5
    if causal:
        scores = scores + np.triu(np.full((T, T), -np.inf), 1)
    if mask:
        there = fed["mask"] if mask == "open" else 1 - fed["mask"]
        scores = np.where(there[:, None, None, :] > 0, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    joined = (weights @ parts[2]).swapaxes(1, 2).reshape(x.shape)
    y = joined @ params["wout"].T + bias * params["bout"]
    return (y if first else np.swapaxes(y, 0, 1)), weights
