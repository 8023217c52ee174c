"""Attention and positions, for ONNX: as the products, sums and softmax that they are."""

from __future__ import annotations

import numpy as np

from graphnet.interchange.onnx.writers.layer_writer import LayerWriter
from graphnet.layers.attention.position_embedding import sinusoids
from graphnet.layers.attention.rotary import rotary_angles

#: Added to the scores of keys that are not to be seen.
_UNSEEN = -1e30


def multi_head_attention(w: LayerWriter) -> None:
    """MultiHeadAttention: its weights stand whole."""
    spec, sizes = w.spec, w.spec.sizes(w.vertex.bottom_shapes)
    if w.phase == "train" and spec.dropout:
        w.refuse("it drops weights by chance in phase train\n  export phase test")
    width, size = sizes.width, sizes.width // sizes.n_heads
    queries, keys, values = _projected(w)
    queries = w.part("scaled", "Mul", queries, w.number("scale", size**-0.5))
    if spec.rotary:
        queries, keys = (
            _turned(w, what, value) for what, value in (("query", queries), ("key", keys))
        )
    across = w.part("across", "Transpose", keys, perm=[0, 1, 3, 2])
    scores = w.part("scores", "MatMul", queries, across)
    seen: list[str] = []
    if spec.causal:
        unseen = np.triu(np.full((sizes.n_queries,) * 2, _UNSEEN, np.float32), 1)
        scores = w.part("causal", "Add", scores, w.constant("unseen", unseen))
    if spec.mask:
        if spec.causal:
            seen.append(w.constant("seen", np.tri(sizes.n_queries, dtype=np.float32)))
        mask = w.part("mask", "Unsqueeze", w.inputs[-1], w.integers("mask.axes", [1, 2]))
        missing = w.part("missing", "Sub", w.number("one", 1), mask)
        closed = w.part("closed", "Mul", missing, w.number("unseen.key", _UNSEEN))
        scores = w.part("open", "Add", scores, closed)
        seen.append(mask)
    weights = w.part("weights", "Softmax", scores, axis=3)
    if spec.mask:  # a position that sees nothing has no weights
        for i, factor in enumerate(seen):
            weights = w.part(f"seen{i}", "Mul", weights, factor)
    if len(w.outputs) > 1:
        w.graph.add(f"{w.vertex.name}.maps", "Identity", [weights], [w.outputs[1]])
    heads = w.part("heads", "MatMul", weights, values)
    rows = w.part("rows", "Transpose", heads, perm=[0, 2, 1, 3])
    joined = w.reshaped("joined", rows, [sizes.n_queries, width])
    weight = w.stored_array("weight_out", np.ascontiguousarray(w.read("weight_out").T))
    if not spec.bias:
        w.graph.add(w.vertex.name, "MatMul", [joined, weight], [w.outputs[0]])
        return
    product = w.main("product", "MatMul", joined, weight)
    w.graph.add(f"{w.vertex.name}.plus", "Add", [product, w.param("bias_out")], [w.outputs[0]])


def _projected(w: LayerWriter) -> list[str]:
    """Queries, keys and values, each (N, heads, positions, features of a head)."""
    spec, sizes = w.spec, w.spec.sizes(w.vertex.bottom_shapes)
    width = sizes.width
    weight = w.read("weight_in").reshape(3, width, width)
    bias = w.read("bias_in").reshape(3, width) if spec.bias else None
    found = []
    for i, what in enumerate(("query", "key", "value")):
        source = w.inputs[1] if sizes.is_cross and i else w.x
        turned = w.stored_array(f"weight_in.{what}", np.ascontiguousarray(weight[i].T))
        value = w.part(what, "MatMul", source, turned)
        if bias is not None:
            value = w.part(f"{what}.plus", "Add", value, w.stored_array(f"bias_in.{what}", bias[i]))
        n_positions = sizes.n_keys if i else sizes.n_queries
        shape = [n_positions, sizes.n_heads, width // sizes.n_heads]
        apart = w.reshaped(f"{what}.heads", value, shape)
        found.append(w.part(f"{what}.first", "Transpose", apart, perm=[0, 2, 1, 3]))
    return found


def _turned(w: LayerWriter, what: str, value: str) -> str:
    """Queries or keys, turned by their positions."""
    sizes = w.spec.sizes(w.vertex.bottom_shapes)
    size = sizes.width // sizes.n_heads
    angles = rotary_angles(sizes.n_queries, size, w.spec.rotary_base)
    cosines, sines = (
        w.constant(f"{what}.{name}", np.concatenate([f(angles)] * 2, axis=1).astype(np.float32))
        for name, f in (("cosines", np.cos), ("sines", np.sin))
    )
    halves = [w.graph.fresh(f"{w.vertex.name}.{what}.{part}") for part in ("low", "high")]
    sides = w.integers(f"{what}.halves", [size // 2, size // 2])
    w.graph.add(f"{w.vertex.name}.{what}.split", "Split", [value, sides], halves, axis=3)
    negative = w.part(f"{what}.negative", "Neg", halves[1])
    across = w.part(f"{what}.across", "Concat", negative, halves[0], axis=3)
    along = w.part(f"{what}.along", "Mul", value, cosines)
    return w.part(f"{what}.turned", "Add", along, w.part(f"{what}.of", "Mul", across, sines))


def position_embedding(w: LayerWriter) -> None:
    """PositionEmbedding: a sum with a constant."""
    _, steps, width = w.shape
    if w.spec.vectors == "learned":
        table = w.read("weight")[:steps]
        w.end("Add", w.x, w.stored_array("weight", np.ascontiguousarray(table)))
    else:
        waves = sinusoids(steps, width, w.spec.base).astype(np.float32)
        w.end("Add", w.x, w.constant("waves", waves))
