"""Attention in an ONNX graph: which nodes together are one MultiHeadAttention.

A block is read from its Softmax (or its ``Attention``, an operator since opset 23): upwards over
the scores to the products that make queries, keys and values, downwards over the heads to the
output. Every node and every constant on the way has to be what graphnet's layer computes.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.value_graph import ValueGraph
from graphnet.interchange.onnx.operators.attention_blocks import (
    NO_MASK,
    NOT_CAUSAL,
    UNSEEN,
    AttentionBlock,
    Projection,
    softmax_axis,
    wrong_scale,
)
from graphnet.interchange.onnx.operators.attention_packed import (
    third_of_features,
    third_of_first_axis,
    turned_in_stacks,
)

_SEVERAL = {"query": "queries", "key": "keys", "value": "values", "output": "outputs"}
_HEADS_FIRST, _ACROSS, _BOTH = [0, 2, 1, 3], [0, 1, 3, 2], [0, 2, 3, 1]  # orders of axes


class _Reading:
    """The reading of one block.

    Args:
        graph: Where it is.
        node: Its Softmax or Attention.
        scores: The node that makes its scores.
    """

    def __init__(self, graph: ValueGraph, node: Any, scores: Any) -> None:
        self.graph, self.node, self.scores = graph, node, scores
        self.attributes = Attributes(node.attribute)
        self.nodes: list[Any] = [node]
        self.causal, self.is_apart = False, True
        self.n_positions: int | None = None
        self.mask = self.wide = ""

    def read(self) -> AttentionBlock:
        """What it is.

        Raises:
            SpecError: With what is not as in graphnet.
        """
        if self.node.op_type == "Attention":
            parts, n_heads, scale = self.of_operator()
        else:
            parts, n_heads, scale = self.of_softmax()
        query, key, value = parts
        width = self.graph.constants[query.weight].shape[0]
        if not n_heads or n_heads < 1 or width % n_heads:
            self.refuse(f"{width} features are divided into {n_heads} heads")
        if why := wrong_scale(scale, width // n_heads):
            self.refuse(why)
        if value.scale != 1:
            self.refuse(f"its values are multiplied by {value.scale:.6g}")
        if key.source != value.source:
            self.refuse(f"its keys are made of '{key.source}' and its values of '{value.source}'")
        weights, heads = "", self.node.output[0]
        if self.node.op_type == "Softmax":
            weights, attended = self.attended()
            self.nodes.append(attended)
            heads = attended.output[0]
        out, joined, last, product = self.of_output(heads)
        is_read = any(id(r) not in map(id, self.nodes) for r in self.graph.readers(weights))
        is_read = bool(weights) and (is_read or weights in self.graph.outputs)
        blobs = list(dict.fromkeys([query.source, key.source])) + ([self.mask] if self.mask else [])
        constants = [name for p in parts for name in (p.weight, p.bias) if name]
        constants += [name for name in out if name]
        return AttentionBlock(
            product.name or last.output[0],
            self.scores,
            (*blobs, *constants),
            (last.output[0], weights if is_read else ""),
            len(blobs),
            tuple(self.nodes),
            n_heads,
            (query, key, value),
            self.causal,
            self.n_positions,
            bool(self.mask),
            out,
            joined,
        )

    def refuse(self, why: str) -> NoReturn:
        """Say what differs."""
        raise SpecError(why)

    # --- above --------------------------------------------------------------------------

    def of_softmax(self) -> tuple[tuple[Projection, Projection, Projection], int, float]:
        """Queries, keys and values of a block of small nodes, the heads, and the whole scale."""
        if softmax_axis(self.attributes, self.graph.opset) not in (-1, 3):
            self.refuse("its Softmax is not along the keys")
        scale = self.of_scores(self.node.input[0])
        query = self.of_heads(self.scores.input[0], "query")
        key = self.of_heads(self.scores.input[1], "key", is_across=True)
        value = self.of_heads(self.attended()[1].input[1], "value")
        if value.turning is not None:
            self.refuse("its values are turned by their positions")
        n_heads = {p.target[2] for p in (query, key, value) if p.target}
        if len(n_heads) != 1:
            self.refuse(f"its queries, keys and values have {sorted(n_heads)} heads")
        return (query, key, value), n_heads.pop(), scale * query.scale * key.scale

    def of_scores(self, name: str) -> float:
        """What is added to the scores, up to their product; what they are multiplied by."""
        while True:
            name, scale, passed = self.graph.unscaled(name)
            node = self.graph.maker(name, "Add", "MatMul", "Where")
            if node is self.scores:
                self.nodes += [*passed, node]
                return scale
            if passed:
                self.refuse("its mask is multiplied together with the scores")
            self.nodes.append(node)
            chosen = self.graph.chosen(node) if node.op_type == "Where" else None
            if chosen is not None:
                name, added = chosen
                self.take_causal(added)
                continue
            both = self.graph.with_constant(node)
            if both is not None:
                self.take_causal(self.graph.constants[both[1]])
                name = both[0]
                continue
            one, other = node.input
            name, closed = (one, other) if self.graph.leads_to_product(one) else (other, one)
            self.take_mask(closed)

    def take_causal(self, array: np.ndarray) -> None:
        """A constant that is added to the scores."""
        size = array.shape[-1] if array.ndim else 0
        if self.causal or array.size != size * size or array.shape[-2:] != (size, size):
            self.refuse(f"a constant of shape {list(array.shape)} is added to its scores")
        added, seen = array.reshape(size, size), np.tri(size, dtype=bool)
        if added[seen].any() or not (added[~seen] <= UNSEEN).all():
            self.refuse(NOT_CAUSAL)
        self.causal, self.n_positions = True, size

    def take_mask(self, name: str) -> None:
        """``(1 − mask) · unseen``, of a mask ``(N, 1, 1, S)``."""
        inner, scale, passed = self.graph.unscaled(name)
        missing = self.graph.maker(inner, "Sub")
        if missing is None or scale > UNSEEN or self.mask:
            self.refuse(NO_MASK)
        one, mask = missing.input
        ones = self.graph.constants.get(one)
        wide = self.graph.maker(mask, "Unsqueeze")
        if ones is None or not ones.size == 1 == ones.reshape(-1)[0] or wide is None:
            self.refuse(NO_MASK)
        axes = Attributes(wide.attribute).wholes("axes")
        if len(wide.input) > 1 and wide.input[1] in self.graph.constants:
            axes = [int(n) for n in self.graph.constants[wide.input[1]].reshape(-1)]
        if sorted(axes or ()) != [1, 2]:
            self.refuse("its key mask is not of the shape (N, S)")
        self.nodes += [*passed, missing, wide]
        self.mask = wide.input[0]
        self.wide = mask

    def of_heads(self, name: str, what: str, *, is_across: bool = False) -> Projection:
        """Queries, keys or values ``(N, heads, T, F)``, or of keys the last two exchanged."""
        turning, total, across, order = None, 1.0, None, _HEADS_FIRST
        third: int | None
        if is_across:
            name, total = self.pass_scale(name, total)
            node = self.graph.maker(name, "Transpose")
            perm = Attributes(node.attribute).wholes("perm") if node is not None else None
            if perm == _BOTH:
                order = _BOTH
            elif perm == _ACROSS:
                self.nodes.append(node)
                name = node.input[0]
            elif (stacked := turned_in_stacks(self.graph, name)) is not None:
                name, across, passed = stacked
                self.nodes += passed
            else:
                self.refuse("its keys are not put across the queries by a Transpose")
        if order is _HEADS_FIRST:
            name, total = self.pass_scale(name, total)
            unturned = self.graph.unturned(name)
            if unturned is not None:
                name, turning, passed = unturned
                self.nodes += passed
            name, total = self.pass_scale(name, total)
        found = third_of_first_axis(self.graph, name)
        if found is not None and order is _HEADS_FIRST:
            self.nodes += found.nodes
            name, shape, third = found.source, found.target, found.index
        else:
            name, shape, total = self.parted(name, order, what, total)
            name, third = self.whole_of(name)
        n, positions, heads, size = shape
        if across is not None and (n, heads, size, positions) != across:
            self.refuse("its keys are put across the queries as keys of another shape")
        source, weight, bias = self.of_product(name, what, is_third=third is not None)
        return Projection(source, weight, bias, total, shape, turning, third)

    def parted(
        self, name: str, order: list[int], what: str, total: float
    ) -> tuple[str, tuple[int, ...], float]:
        """What is parted into heads by a Reshape and a Transpose."""
        name = self.pass_transpose(name, order, f"its {_SEVERAL[what]} are not divided into heads")
        name, total = self.pass_scale(name, total)
        node = self.graph.maker(name, "Reshape")
        target = self.graph.constants.get(node.input[1]) if node is not None else None
        if node is None or target is None or target.size != len(order):
            self.refuse(
                f"its {_SEVERAL[what]} are not divided into heads by a Reshape to a fixed shape"
            )
        self.nodes.append(node)
        name, total = self.pass_scale(node.input[0], total)
        return name, tuple(int(n) for n in target.reshape(-1)), total

    def whole_of(self, name: str) -> tuple[str, int | None]:
        """What a value is a third of the features of, and which; itself if it is none."""
        third = third_of_features(self.graph, name)
        if third is None:
            return name, None
        self.nodes += third.nodes
        return third.source, third.index

    def pass_scale(self, name: str, total: float) -> tuple[str, float]:
        name, scale, passed = self.graph.unscaled(name)
        self.nodes += passed
        return name, total * scale

    def pass_transpose(self, name: str, order: list[int], why: str) -> str:
        node = self.graph.maker(name, "Transpose")
        if node is None or Attributes(node.attribute).wholes("perm") != order:
            self.refuse(why)
        self.nodes.append(node)
        return str(node.input[0])

    def of_product(self, name: str, what: str, *, is_third: bool = False) -> tuple[str, str, str]:
        """The sequence, the weight and the bias of a product."""
        bias, node = "", self.graph.maker(name, "Add")
        if node is not None:
            both = self.graph.with_constant(node)
            if both is None:
                self.refuse(f"its {_SEVERAL[what]} are a sum of two blobs")
            name, bias = both
            self.nodes.append(node)
        node = self.graph.maker(name, "MatMul")
        both = self.graph.with_constant(node) if node is not None else None
        if both is None or both[1] != node.input[1]:
            self.refuse(f"its {_SEVERAL[what]} are no product of a sequence and a constant matrix")
        self.nodes.append(node)
        self.check_sizes(both[1], bias, what, n_parts=3 if is_third else 1)
        return both[0], both[1], bias

    def check_sizes(self, weight: str, bias: str, what: str, n_parts: int = 1) -> None:
        """See that a weight is ``n_parts`` squares, and one number a feature is added."""
        shape = self.graph.constants[weight].shape
        if len(shape) != 2 or n_parts * shape[0] != shape[1]:  # noqa: PLR2004  # a matrix
            expected = "a square" if n_parts == 1 else "three squares side by side"
            self.refuse(
                f"the matrix of its {_SEVERAL[what]} has the shape {list(shape)}, expected"
                f" {expected}"
            )
        added = self.graph.constants[bias].shape if bias else shape[1:]
        if added != shape[1:]:
            self.refuse(
                f"a constant of shape {list(added)} is added to its {_SEVERAL[what]}, expected"
                f" {list(shape[1:])}"
            )

    def of_operator(self) -> tuple[tuple[Projection, Projection, Projection], int, float]:
        """Queries, keys and values of an ``Attention``, the heads, and the whole scale."""
        node, attributes = self.node, self.attributes
        if any(node.input[4:]) or any(node.output[1:]):
            self.refuse("it goes on from past keys, or gives more than its output")
        if attributes.number("softcap", 0.0):
            self.refuse("its scores are bounded by a softcap")
        n_heads = attributes.whole("q_num_heads", 0)
        if n_heads != attributes.whole("kv_num_heads", n_heads):
            self.refuse("it has fewer heads of keys than of queries")
        if len(node.input) > 3 and node.input[3]:  # noqa: PLR2004  # the mask
            mask = self.graph.constants.get(node.input[3])
            if mask is None:
                self.refuse("its mask is computed, and may leave a position without keys")
            self.take_causal(np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
        if attributes.whole("is_causal", 0):
            self.causal = True
        self.is_apart = not n_heads
        found = []
        for name, what in zip(node.input[:3], ("query", "key", "value"), strict=True):
            if self.is_apart:
                found.append(self.of_heads(name, what))
                continue
            start, scale = self.pass_scale(name, 1.0)
            start, third = self.whole_of(start)
            source, weight, bias = self.of_product(start, what, is_third=third is not None)
            found.append(Projection(source, weight, bias, scale, None, None, third))
        query, key, value = found
        if query.target is not None:
            n_heads = query.target[2]
        width = self.graph.constants[query.weight].shape[0]
        own = attributes.number("scale", 0.0) or (width / max(n_heads, 1)) ** -0.5
        return (query, key, value), n_heads, own * query.scale * key.scale

    # --- below --------------------------------------------------------------------------

    def attended(self) -> tuple[str, Any]:
        """The weights, and their product with the values."""
        name, needed = self.node.output[0], [self.mask != "", self.mask != "" and self.causal]
        while any(needed):
            for node in self.graph.readers(name):
                factor = self.factor(node, name)
                if factor is not None and needed[factor]:
                    needed[factor] = False
                    self.nodes.append(node)
                    name = node.output[0]
                    break
            else:
                self.refuse("a position that sees no key has weights, and none in graphnet")
        for node in self.graph.readers(name):
            if node.op_type == "MatMul" and node.input[0] == name and node.input[1] != name:
                return name, node
        raise SpecError("its weights are not multiplied by values")

    def factor(self, node: Any, name: str) -> int | None:
        """Whether weights are multiplied by the mask (0) or by what is causal (1)."""
        if node.op_type != "Mul":
            return None
        other = node.input[1] if node.input[0] == name else node.input[0]
        if other == self.wide:
            return 0
        n, array = self.n_positions or 0, self.graph.constants.get(other)
        is_seen = array is not None and array.shape[-2:] == (n, n) and array.size == n * n
        if array is not None and is_seen and np.array_equal(array.reshape(n, n), np.tri(n)):
            return 1
        return None

    def of_output(self, heads: str) -> tuple[tuple[str, str], tuple[int, ...] | None, Any, Any]:
        """The weight and the bias, the shape that joins heads, the last node and the product."""
        joined = None
        if self.is_apart:
            turned = self.reader(heads, "Transpose")
            if turned is None or Attributes(turned.attribute).wholes("perm") != _HEADS_FIRST:
                self.refuse("its heads are not joined by a Transpose")
            shaped = self.reader(turned.output[0], "Reshape")
            target = self.graph.constants.get(shaped.input[1]) if shaped is not None else None
            if shaped is None or target is None:
                self.refuse("its heads are not joined by a Reshape to a fixed shape")
            joined = tuple(int(n) for n in target.reshape(-1))
            self.nodes += [turned, shaped]
            heads = shaped.output[0]
        product = self.reader(heads, "MatMul")
        both = self.graph.with_constant(product) if product is not None else None
        if product is None or both is None or both[1] != product.input[1]:
            self.refuse("its heads are not multiplied by a constant matrix")
        self.nodes.append(product)
        self.check_sizes(both[1], "", "output")
        last, bias, made = product, "", product.output[0]
        readers = self.graph.readers(made)
        if len(readers) == 1 and made not in self.graph.outputs and readers[0].op_type == "Add":
            added = self.graph.with_constant(readers[0])
            size = self.graph.constants[both[1]].shape[1:]
            if added is not None and self.graph.constants[added[1]].shape == size:
                last, bias = readers[0], added[1]
                self.nodes.append(last)
        return (both[1], bias), joined, last, product

    def reader(self, name: str, op: str) -> Any:
        """The first node of an operator that reads a value first; None if there is none."""
        found = (n for n in self.graph.readers(name) if n.op_type == op and n.input[0] == name)
        return next(found, None)


def read_block(graph: ValueGraph, node: Any, scores: Any) -> AttentionBlock:
    """The attention round a Softmax or an Attention.

    Args:
        graph: Where it is.
        node: It.
        scores: The node that makes its scores; itself of an Attention.

    Raises:
        SpecError: With what is not as in graphnet.
    """
    return _Reading(graph, node, scores).read()
