"""Where numbers go: nodes that only move them are run on numbers that say where they come from.

However an exporter parts features into heads (by one Reshape, by five axes, with the batch behind
the positions, in shapes that are computed), what counts is which number lands where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.constants import ConstantNode, fold_all
from graphnet.interchange.onnx.graph.value_graph import ValueGraph

#: Operators that give numbers of their first input, in other places.
MOVING = frozenset(
    ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Gather", "Slice", "Split", "Identity")
)


class Moves:
    """What nodes make of known arrays.

    Args:
        graph: Where they are.
        known: The arrays, by name; grows.
        shape_of: The shape of a value outside; None where it is not known.
        unscaled: By the id of a node that multiplies by a number, the value that it multiplies:
            such nodes are passed over.
    """

    def __init__(
        self,
        graph: ValueGraph,
        known: dict[str, np.ndarray],
        shape_of: Callable[[str], tuple[int, ...] | None],
        unscaled: Mapping[int, str],
    ) -> None:
        self.graph, self.known, self.shape_of, self.unscaled = graph, known, shape_of, unscaled

    def array(self, name: str) -> np.ndarray:
        """What a value is.

        Raises:
            SpecError: If it is made of other values, or by an operator that is not known.
        """
        try:
            return self._array(name)
        except RecursionError:
            self.refuse("it is made by too many nodes")

    def refuse(self, why: str) -> NoReturn:
        """Say why a value is not known."""
        raise SpecError(why)

    def _array(self, name: str) -> np.ndarray:
        if name in self.known:
            return self.known[name]
        if name in self.graph.constants:
            return self.graph.constants[name]
        node = self.graph.makers.get(name)
        if node is None or node.domain not in ("", "ai.onnx"):
            self.refuse(f"it depends on '{name}', too")
        made = self._made(node)
        self.known.update((n, a) for n, a in zip(node.output, made, strict=False) if n)
        if name not in self.known:
            self.refuse(f"its node of operator {node.op_type} has too many outputs")
        return self.known[name]

    def _made(self, node: Any) -> list[np.ndarray]:
        if id(node) in self.unscaled:
            return [self._array(self.unscaled[id(node)])]
        attributes = Attributes(node.attribute)
        if node.op_type == "Shape" and (shape := self.shape_of(node.input[0])) is not None:
            whole = np.broadcast_to(np.zeros((), np.int8), shape)
            arrays: list[np.ndarray | None] = [whole]
        else:
            arrays = [self._array(n) if n else None for n in node.input]
        found = fold_all(node.op_type, ConstantNode(arrays, attributes), len(node.output))
        if found is None:
            self.refuse(f"it is made by operator {node.op_type}, which computes new numbers")
        return found
