"""Attention: before nodes are translated, those that together are a MultiHeadAttention become one.

Where one of them is not as in graphnet, all stay as they are, and it is told where the scores are
made what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import shortest
from graphnet.interchange.onnx.graph.constants import new_shape
from graphnet.interchange.onnx.graph.node_reader import NodeReader
from graphnet.interchange.onnx.graph.value_graph import ValueGraph
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.attention_blocks import AttentionBlock, FoundBlock
from graphnet.interchange.onnx.operators.attention_checking import check_block
from graphnet.interchange.onnx.operators.attention_reading import read_block
from graphnet.interchange.onnx.operators.attention_tracing import TracedBlock, trace_block
from graphnet.layers.attention.rotary import rotary_angles

_SEQUENCE = 3  # axes
_NEAR = 1e-6  # how far a cosine or a sine may be from graphnet's
#: What a damaged node may raise.
_DAMAGED = (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError)
_BASE = 10000.0  # of rotary positions, where no other is said


@dataclass(frozen=True)
class Found:
    """What a graph has.

    Attributes:
        walk: Its nodes, a block in the place of those that it is.
        reasons: By a value that is made for a Softmax, why its attention is not graphnet's.
    """

    walk: list[Any]
    reasons: dict[str, str]


def find_attention(
    nodes: Sequence[Any],
    constants: Mapping[str, np.ndarray],
    outputs: AbstractSet[str],
    opset: int,
    truths: AbstractSet[str] = frozenset(),
) -> Found:
    """The blocks of a graph.

    Args:
        nodes: Those that are needed and are no constants, in order.
        constants: By name.
        outputs: The names of the graph's.
        opset: Of the file.
        truths: The inputs that are truth values.
    """
    graph = ValueGraph(nodes, constants, outputs, opset, truths)
    blocks: dict[int, FoundBlock] = {}
    reasons: dict[str, str] = {}
    for node in nodes:
        if node.domain not in ("", "ai.onnx") or node.op_type not in ("Softmax", "Attention"):
            continue
        try:
            blocks[id(node)] = _found(graph, node)
        except _OtherError as error:
            reasons[error.at] = error.problems[0].message
        except (SpecError, *_DAMAGED):
            continue  # no attention at all; or a node that is refused when its turn comes
    gone = _gone(graph, blocks.values())
    walk: list[Any] = []
    for node in nodes:
        if id(node) in blocks:
            walk.append(blocks[id(node)])
        if id(node) not in gone:
            walk.append(node)
    return Found(walk, reasons)


class _OtherError(SpecError):
    """An attention that is none of graphnet's; ``at`` is the value of its scores."""

    at = ""


def _found(graph: ValueGraph, node: Any) -> FoundBlock:
    """What a Softmax or an Attention is the middle of."""
    scores = node if node.op_type == "Attention" else graph.scores_of(node)
    try:
        if scores is None:
            return trace_block(graph, node)
        return read_block(graph, node, scores)
    except (SpecError, *_DAMAGED) as error:
        if scores is None:
            raise
        try:
            return trace_block(graph, node)
        except (SpecError, *_DAMAGED) as further:
            if not isinstance(error, SpecError):
                raise further from None
            known = further if isinstance(further, SpecError) else error
            found = known.problems[0].message
            of_mask = found.startswith(("its mask is made of", "it parts features"))
            other = _OtherError(error.problems[0].message if of_mask else found)
            other.at = scores.output[0]
            raise other from None


def _gone(graph: ValueGraph, blocks: Iterable[FoundBlock]) -> set[int]:
    """The nodes that nobody reads any more, once the blocks are layers."""
    listed = list(blocks)
    if not listed:
        return set()
    given = {name for block in listed for name in block.output if name}
    kept = graph.outputs | {name for block in listed for name in block.input}
    gone: set[int] = set()
    for node in reversed(graph.nodes):
        is_free = all(
            name in given or (name not in kept and all(id(r) in gone for r in graph.readers(name)))
            for name in node.output
        )
        if is_free:
            gone.add(id(node))
    return gone


def translate_attention(block: FoundBlock, r: NodeReader) -> None:
    """The layer of a block.

    Args:
        block: It.
        r: Its blobs and constants.
    """
    if isinstance(block, TracedBlock):
        _translate_traced(block, r)
    elif isinstance(block, AttentionBlock):
        _translate_read(block, r)


def _translate_traced(block: TracedBlock, r: NodeReader) -> None:
    """The layer of a block whose numbers are followed."""
    try:
        facts = check_block(block, r)
    except SpecError as error:
        r.refuse(f"it is no attention of graphnet's: {error.problems[0].message}")
    bottoms = []
    for i in range(block.n_blobs - bool(block.leaf)):
        value = r.raw(i)
        bottoms.append(Value.plain(value.blob, value.shape))
    keys: dict[str, Any] = {"n_heads": facts.n_heads}
    if facts.causal:
        keys["causal"] = True
    if block.leaf:
        keys["mask"] = True
        given = r.raw(block.n_blobs - 1)
        mask = Value.plain(given.blob, given.shape)
        bottoms.append(mask if facts.opens else _others(r, mask))
    biases = [*facts.biases, facts.out_bias]
    width = len(facts.out)
    if all(bias is None for bias in biases):
        keys["bias"] = False
    y = r.layer("MultiHeadAttention", *bottoms, tops=[n for n in r.outputs if n], **keys)
    r.fill("weight_in", np.concatenate([weight.T for weight in facts.weights]))
    r.fill("weight_out", np.ascontiguousarray(facts.out.T))
    if "bias" not in keys:
        given_biases = [np.zeros(width, np.float32) if b is None else b for b in biases]
        r.fill("bias_in", np.concatenate(given_biases[:3]))
        r.fill("bias_out", given_biases[3])
    r.give(Value(y.blob, y.shape, facts.axes, source=y.source))
    if r.outputs[1]:
        r.give(Value.plain(r.outputs[1], r.made.shapes[r.outputs[1]]), 1)


def _others(r: NodeReader, mask: Value) -> Value:
    """1 where a mask is 0, and 0 where it is 1: made once for all that read it."""
    keys = {"type": "Power", "bottoms": [mask.blob], "scale": -1.0, "shift": 1.0}
    for layer in r.made.layers.values():
        if all(layer.get(key) == value for key, value in keys.items()):
            return Value.plain(layer["tops"][0], mask.shape)
    return r.layer("Power", mask, word="keys", scale=-1.0, shift=1.0)


def _translate_read(block: AttentionBlock, r: NodeReader) -> None:
    """The layer of a block whose every node is known."""
    blobs = [r.value(i) for i in range(block.n_blobs)]
    x, memory = blobs[0], blobs[block.n_blobs - block.mask - 1]
    constants = {
        name: r.numbers(i, "constant") for i, name in enumerate(block.input) if i >= block.n_blobs
    }
    weights = [part.own(constants[part.weight]).T for part in block.parts]
    width = len(weights[0])
    matrices = [*weights, constants[block.out[0]]]
    if any(matrix.shape != (width, width) for matrix in matrices):
        r.refuse(f"has matrices of shapes {[list(m.shape) for m in matrices]}, expected all alike")
    for each in (x, memory):
        if len(each.shape) != _SEQUENCE or each.shape[2] != width:
            r.refuse(f"reads a value of shape {list(each.shape)}, expected (N, T, {width})")
    _check_shapes(r, block, x, memory)
    keys: dict[str, Any] = {"n_heads": block.n_heads}
    keys |= {name: True for name in ("causal", "mask") if getattr(block, name)}
    keys |= _rotary(r, block, x)
    biases = [part.bias for part in block.parts] + [block.out[1]]
    if not any(biases):
        keys["bias"] = False
    tops = [name for name in r.outputs if name]
    y = r.layer("MultiHeadAttention", *blobs, tops=tops, **keys)
    r.fill("weight_in", np.concatenate(weights))
    r.fill("weight_out", np.ascontiguousarray(constants[block.out[0]].T))
    if any(biases):
        none = np.zeros(width, np.float32)
        own = [part.own(constants[part.bias]) if part.bias else none for part in block.parts]
        r.fill("bias_in", np.concatenate(own))
        r.fill("bias_out", constants[block.out[1]] if block.out[1] else none)
    r.give(y)
    if r.outputs[1]:
        r.give(Value.plain(r.outputs[1], r.made.shapes[r.outputs[1]]), 1)


def _check_shapes(r: NodeReader, block: AttentionBlock, x: Value, memory: Value) -> None:
    """See that heads are parted and joined as graphnet does it, for as many positions."""
    n, n_queries, width = x.shape
    n_keys, heads = memory.shape[1], block.n_heads
    for part, size in zip(block.parts, (n_queries, n_keys, n_keys), strict=True):
        apart = (n, size, heads, width // heads)
        if part.target and new_shape(part.target, (n, size, width), allow_zero=False) != apart:
            r.refuse(f"parts {size} positions into heads as {list(part.target)}")
    apart = (n, n_queries, heads, width // heads)
    if block.joined and new_shape(block.joined, apart, allow_zero=False) != x.shape:
        r.refuse(f"joins its heads as {list(block.joined)}")
    if block.causal and block.n_positions not in (None, n_queries):
        r.refuse(f"is causal for {block.n_positions} positions, and there are {n_queries}")


def _rotary(r: NodeReader, block: AttentionBlock, x: Value) -> dict[str, Any]:
    """The properties of one whose queries and keys are turned.

    The base is known best from the smallest angle, base^(2/F - 1) of the last pair at position 1.
    """
    turnings = [part.turning for part in block.parts[:2] if part.turning is not None]
    if not turnings:
        return {}
    size = x.shape[2] // block.n_heads
    shape, half = (x.shape[1], size), size // 2
    arrays = [np.asarray(array, np.float32) for turning in turnings for array in turning]
    fits = all(a.size == shape[0] * size and a.shape[-2:] == shape for a in arrays)
    if len(turnings) == 1 or size % 2 or not fits:
        r.refuse("turns queries or keys by other positions than graphnet's")
    cosines, sines = (a.reshape(shape) for a in arrays[:2])
    keys: dict[str, Any] = {"rotary": True}
    if shape[0] > 1 and half > 1:
        angle = float(np.arctan2(sines[1, half - 1], cosines[1, half - 1], dtype=np.float64))
        if angle <= 0:
            r.refuse("turns queries or keys by other angles than graphnet's")
        base = angle ** (-half / (half - 1))
        bases = [float(f"{base:.{digits}g}") for digits in (3, 6)] + [shortest(base)]
    else:
        bases = [_BASE]
    for base in bases:
        angles = rotary_angles(shape[0], size, base)
        expected = [np.concatenate([of(angles)] * 2, axis=1) for of in (np.cos, np.sin)]
        if all(
            np.allclose(a.reshape(shape), expected[i % 2], rtol=0, atol=_NEAR)
            for i, a in enumerate(arrays)
        ):
            return keys | ({} if base == _BASE else {"rotary_base": base})
    raise SpecError("turns queries or keys by other angles than graphnet's")
