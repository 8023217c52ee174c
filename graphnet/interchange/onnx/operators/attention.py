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
from graphnet.interchange.onnx.operators.attention_blocks import AttentionBlock
from graphnet.interchange.onnx.operators.attention_reading import read_block
from graphnet.layers.attention.rotary import rotary_angles

_SEQUENCE = 3  # axes
_NEAR = 1e-6  # how far a cosine or a sine may be from graphnet's
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
) -> Found:
    """The blocks of a graph.

    Args:
        nodes: Those that are needed and are no constants, in order.
        constants: By name.
        outputs: The names of the graph's.
        opset: Of the file.
    """
    graph = ValueGraph(nodes, constants, outputs, opset)
    blocks: dict[int, AttentionBlock] = {}
    reasons: dict[str, str] = {}
    for node in nodes:
        if node.domain not in ("", "ai.onnx") or node.op_type not in ("Softmax", "Attention"):
            continue
        try:
            scores = node if node.op_type == "Attention" else graph.scores_of(node)
            if scores is None:
                continue
            blocks[id(node)] = read_block(graph, node, scores)
        except SpecError as error:
            reasons[scores.output[0]] = error.problems[0].message
        except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError):
            continue  # a damaged node, which is refused when its turn comes
    gone = _gone(graph, blocks.values())
    walk: list[Any] = []
    for node in nodes:
        if id(node) in blocks:
            walk.append(blocks[id(node)])
        if id(node) not in gone:
            walk.append(node)
    return Found(walk, reasons)


def _gone(graph: ValueGraph, blocks: Iterable[AttentionBlock]) -> set[int]:
    """The nodes that nobody else reads, once the blocks are layers."""
    listed = list(blocks)
    given = {name for block in listed for name in block.output if name}
    members = {id(node) for block in listed for node in block.nodes}
    gone: set[int] = set()
    for node in reversed(graph.nodes):
        if id(node) not in members:
            continue
        is_free = all(
            name in given
            or (name not in graph.outputs and all(id(r) in gone for r in graph.readers(name)))
            for name in node.output
        )
        if is_free:
            gone.add(id(node))
    return gone


def translate_attention(block: AttentionBlock, r: NodeReader) -> None:
    """The layer of a block.

    Args:
        block: It.
        r: Its blobs and constants.
    """
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
