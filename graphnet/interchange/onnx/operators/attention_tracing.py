"""Attention in an ONNX graph by its structure alone: products, scores, Softmax, values, output.

What lies between them may be anything that moves numbers; :mod:`attention_checking` runs it. So
``nn.MultiheadAttention`` is found as PyTorch's exporters write it, which puts the batch behind the
positions, joins it with the heads, and computes shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.constants import FOLDS
from graphnet.interchange.onnx.graph.value_graph import ValueGraph
from graphnet.interchange.onnx.operators.attention_blocks import FoundBlock
from graphnet.interchange.onnx.operators.attention_moves import MOVING

_TIME_FIRST = [1, 0, 2]


@dataclass(frozen=True)
class Product:
    """A product with a constant matrix.

    Attributes:
        source: The sequence it is of; empty for the output's.
        x: What is multiplied: the sequence, or the same numbers in another shape.
        weight: The matrix.
        is_turned: Whether it is ``(out, in)``.
        bias: What is added; empty without one.
        made: What comes out.
    """

    source: str
    x: str
    weight: str
    is_turned: bool
    bias: str
    made: str


@dataclass(frozen=True)
class TracedBlock(FoundBlock):
    """Nodes that are one MultiHeadAttention, if numbers go where they have to.

    Attributes:
        graph: Where they are.
        softmax: The Softmax, or the Attention.
        operands: Queries, keys and values where they are multiplied.
        products: What makes them.
        out: What makes the output.
        attended: What gives the weighted values; of a Softmax their product.
        factors: What the scores are multiplied (``Mul``) or divided by (``Div``).
        unscaled: By the id of such a node what it multiplies.
        leaf: The mask; empty without one.
    """

    graph: ValueGraph = field(repr=False, kw_only=True)
    softmax: Any = field(repr=False, kw_only=True)
    operands: tuple[str, str, str] = field(kw_only=True)
    products: tuple[Product, Product, Product] = field(kw_only=True)
    out: Product = field(kw_only=True)
    attended: Any = field(repr=False, kw_only=True)
    factors: tuple[tuple[str, str], ...] = field(kw_only=True)
    unscaled: dict[int, str] = field(repr=False, kw_only=True)
    leaf: str = field(kw_only=True)


class _Tracing:
    """The tracing of one block."""

    def __init__(self, graph: ValueGraph, node: Any) -> None:
        self.graph, self.node = graph, node
        self.nodes: dict[int, Any] = {id(node): node}
        self.unscaled: dict[int, str] = {}
        self.factors: list[tuple[str, str]] = []
        self.leads: dict[str, bool] = {}

    def trace(self) -> TracedBlock:
        """The whole of it."""
        graph, node = self.graph, self.node
        is_one = node.op_type == "Attention"
        leaves: set[str] = set()
        if is_one:
            if any(node.input[4:]) or any(node.output[1:]):
                self.refuse("it goes on from past keys, or gives more than its output")
            if any(a.name == "q_num_heads" for a in node.attribute):
                self.refuse("it parts features into heads by itself")
            scores, attended, weights = node, node, ""
            names = tuple(node.input[:3])
            if len(node.input) > 3:  # noqa: PLR2004  # the mask
                self.mask_leaves(node.input[3], leaves)
        else:
            scores = self.to_scores(node.input[0], leaves)
            attended, weights = self.from_weights()
            names = (*scores.input, attended.input[1])
        if len(leaves) > 1:
            self.refuse(f"its mask is made of {sorted(leaves)}")
        q, k, v = (self.of_sequence(name) for name in names)
        if k.source != v.source:
            self.refuse(f"its keys are made of '{k.source}' and its values of '{v.source}'")
        out, product, last = self.of_output(attended.output[0])
        leaf = next(iter(leaves), "")
        blobs = list(dict.fromkeys([q.source, k.source])) + ([leaf] if leaf else [])
        fixed = [n for p in (q, k, v, out) for n in (p.weight, p.bias) if n]
        return TracedBlock(
            product.name or last.output[0],
            scores,
            (*blobs, *fixed),
            (last.output[0], weights),
            len(blobs),
            tuple(self.nodes.values()),
            graph=graph,
            softmax=node,
            operands=(names[0], names[1], names[2]),
            products=(q, k, v),
            out=out,
            attended=attended,
            factors=tuple(self.factors),
            unscaled=self.unscaled,
            leaf=leaf,
        )

    def refuse(self, why: str) -> NoReturn:
        """Say what differs."""
        raise SpecError(why)

    def take(self, node: Any) -> None:
        self.nodes[id(node)] = node

    def maker(self, name: str) -> Any:
        """The node of ONNX's own that makes a value."""
        node = self.graph.makers.get(name)
        return node if node is not None and node.domain in ("", "ai.onnx") else None

    def passed(self, node: Any, *, scaled: bool) -> str | None:
        """What a node moves, or multiplies by a number; None if it does neither."""
        if node.op_type in MOVING:
            return None if self.graph.is_fixed(node.input[0]) else str(node.input[0])
        if not scaled or node.op_type not in ("Mul", "Div") or len(node.input) < 2:  # noqa: PLR2004
            return None
        for blob, other in ((0, 1), (1, 0)):
            if self.graph.is_number(node.input[other]) and not self.graph.is_fixed(
                node.input[blob]
            ):
                return str(node.input[blob]) if node.op_type == "Mul" or other else None
        return None

    def step(self, node: Any, name: str) -> None:
        """Note a node that is passed over."""
        self.take(node)
        if node.op_type in ("Mul", "Div") and id(node) not in self.unscaled:
            self.unscaled[id(node)] = name
            other = node.input[1] if node.input[0] == name else node.input[0]
            self.factors.append((node.op_type, other))

    # --- above --------------------------------------------------------------------------

    def leads_to_scores(self, name: str) -> bool:
        """Whether a product of two blobs lies above."""
        if name not in self.leads:
            node, self.leads[name] = self.maker(name), False
            if node is None or self.graph.is_fixed(name):
                return False
            if node.op_type == "MatMul":
                self.leads[name] = not any(map(self.graph.is_fixed, node.input))
            elif node.op_type in ("Add", "Where"):
                self.leads[name] = any(map(self.leads_to_scores, node.input))
            elif (below := self.passed(node, scaled=True)) is not None:
                self.leads[name] = self.leads_to_scores(below)
        return self.leads[name]

    def to_scores(self, name: str, leaves: set[str]) -> Any:
        """The node that makes the scores; masks on the way are noted."""
        while True:
            node = self.maker(name)
            if node is None or not self.leads_to_scores(name):
                self.refuse("its Softmax is not of products of queries and keys")
            self.take(node)
            if node.op_type == "MatMul":
                return node
            if node.op_type in ("Add", "Where"):
                name = next(n for n in node.input if self.leads_to_scores(n))
                for other in node.input:
                    if other != name:
                        self.mask_leaves(other, leaves)
                continue
            below = str(self.passed(node, scaled=True))
            self.step(node, below)
            name = below

    def mask_leaves(self, name: str, leaves: set[str]) -> None:
        """What a mask is made of."""
        if not name or self.graph.is_fixed(name):
            return
        if name in self.graph.truths:
            leaves.add(name)
            return
        node = self.maker(name)
        if node is None or node.op_type not in FOLDS:
            self.refuse(
                f"its mask is made of '{name}', expected an input of truth values (N, S): which"
                " keys there are, or which to leave out"
            )
        if id(node) not in self.nodes:
            self.take(node)
            for each in node.input:
                self.mask_leaves(each, leaves)

    def of_sequence(self, name: str) -> Product:
        """What makes queries, keys or values."""
        while (node := self.maker(name)) is not None:
            below = self.passed(node, scaled=True)
            if below is None:
                break
            self.step(node, below)
            name = below
        made, bias = name, ""
        if node is not None and node.op_type == "Add":
            for blob, other in ((0, 1), (1, 0)):
                if self.graph.is_fixed(node.input[other]):
                    self.take(node)
                    name, bias = node.input[blob], node.input[other]
                    node = self.maker(name)
                    break
        found = self.product(node, "queries, keys or values")
        source = self.source_of(node, found.x)
        if bias and found.bias:
            self.refuse("two biases are added to its queries, keys or values")
        return Product(source, found.x, found.weight, found.is_turned, bias or found.bias, made)

    def source_of(self, node: Any, source: str) -> str:
        """The sequence a product is of: row by row, or with the batch second."""
        seen = self.maker(source) if node.op_type == "Gemm" else None
        if seen is not None and seen.op_type == "Reshape":
            self.take(seen)
            source = seen.input[0]
        while (turned := self.maker(source)) is not None and turned.op_type == "Transpose":
            if Attributes(turned.attribute).wholes("perm") != _TIME_FIRST:
                break
            self.take(turned)
            source = turned.input[0]
        return source

    def product(self, node: Any, what: str) -> Product:
        """A MatMul or a Gemm with a constant."""
        is_gemm = node is not None and node.op_type == "Gemm"
        is_either = is_gemm or (node is not None and node.op_type == "MatMul")
        if not is_either or not self.graph.is_fixed(node.input[1]):
            self.refuse(f"its {what} are no product of a sequence and a constant matrix")
        self.take(node)
        attributes, bias = Attributes(node.attribute), ""
        if is_gemm:
            factors = {attributes.number("alpha", 1.0), attributes.number("beta", 1.0)}
            if factors != {1.0} or attributes.whole("transA", 0):
                self.refuse("its Gemm has other factors than 1, or turns its first input round")
            bias = node.input[2] if len(node.input) > 2 else ""  # noqa: PLR2004
        is_turned = is_gemm and bool(attributes.whole("transB", 0))
        return Product("", node.input[0], node.input[1], is_turned, bias, node.output[0])

    # --- below --------------------------------------------------------------------------

    def readers(self, name: str) -> list[Any]:
        """Those that read more than the shape of a value."""
        return [n for n in self.graph.readers(name) if not all(map(self.graph.is_fixed, n.output))]

    def from_weights(self) -> tuple[Any, str]:
        """The product with the values, and the weights, if somebody reads them."""
        start = self.node.output[0]
        read, attended, name = [], None, start
        for _ in self.graph.nodes:
            following = None
            for reader in self.readers(name):
                if reader.op_type == "MatMul" and reader.input[0] == name:
                    attended = reader
                elif reader.op_type in MOVING and self.leads_to_values(reader.output[0]):
                    following = reader
                elif reader.op_type == "Reshape":
                    self.take(reader)
                    read.append(reader.output[0])
                else:
                    read.append(name)
            if name in self.graph.outputs:
                read.append(name)
            if following is None:
                break
            self.take(following)
            name = following.output[0]
        if attended is None or self.graph.is_fixed(attended.input[1]):
            self.refuse("its weights are not multiplied by values")
        self.take(attended)
        if len(set(read)) > 1:
            self.refuse("its weights are read in several shapes")
        return attended, read[0] if read else ""

    def leads_to_values(self, name: str) -> bool:
        """Whether a value of weights is multiplied by others, at once or moved."""
        for _ in self.graph.nodes:
            readers = self.readers(name)
            if any(n.op_type == "MatMul" and n.input[0] == name for n in readers):
                return True
            moved = [n for n in readers if n.op_type in MOVING]
            if not moved:
                return False
            name = moved[0].output[0]
        return False

    def only_reader(self, name: str) -> Any:
        """The only node that reads a value; None if there are others."""
        readers = self.readers(name)
        return readers[0] if len(readers) == 1 and name not in self.graph.outputs else None

    def is_flat(self, name: str) -> bool:
        """Whether a value has two axes: what a Gemm reads, and may a MatMul."""
        node = self.maker(name)
        if node is None or node.op_type != "Reshape" or len(node.input) < 2:  # noqa: PLR2004
            return False
        target = self.graph.constants.get(node.input[1])
        if target is not None:
            return bool(target.size == 2)  # noqa: PLR2004
        joined = self.maker(node.input[1])
        return joined is not None and joined.op_type == "Concat" and len(joined.input) == 2  # noqa: PLR2004

    def of_output(self, name: str) -> tuple[Product, Any, Any]:
        """What makes the output, its node, and the last node."""
        for _ in self.graph.nodes:
            node = self.only_reader(name)
            if node is None or node.op_type not in MOVING or node.input[0] != name:
                break
            self.take(node)
            name = node.output[0]
        if node is None or node.input[0] != name:
            self.refuse("its heads are not multiplied by a constant matrix")
        found, last = self.product(node, "outputs"), node
        bias, made = found.bias, found.made
        following = self.only_reader(made)
        if node.op_type == "MatMul" and following is not None and following.op_type == "Add":
            other = following.input[1] if following.input[0] == made else following.input[0]
            constant = self.graph.constants.get(other)
            if constant is not None and constant.ndim == 1:
                self.take(following)
                bias, made, last = other, following.output[0], following
                following = self.only_reader(made)
        if self.is_flat(found.x):
            if following is None or following.op_type != "Reshape":
                self.refuse("its output is no sequence: no Reshape follows its product")
            self.take(following)
            last = following
        return Product("", found.x, found.weight, found.is_turned, bias, made), node, last


def trace_block(graph: ValueGraph, node: Any) -> TracedBlock:
    """The attention round a Softmax or an Attention, as far as its structure says.

    Raises:
        SpecError: With what is not as in graphnet.
    """
    try:
        return _Tracing(graph, node).trace()
    except RecursionError:
        raise SpecError("its mask is made by too many nodes") from None
