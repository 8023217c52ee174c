"""An ONNX graph seen from its values: who makes each, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np


class ValueGraph:
    """Who makes and who reads each value.

    Args:
        nodes: Those that are no constants, in order.
        constants: By name.
        outputs: The names of the graph's outputs.
        opset: Of the file.
    """

    def __init__(
        self,
        nodes: Sequence[Any],
        constants: Mapping[str, np.ndarray],
        outputs: AbstractSet[str],
        opset: int,
    ) -> None:
        self.nodes, self.constants, self.outputs, self.opset = nodes, constants, outputs, opset
        self.makers: dict[str, Any] = {}
        made = {name for node in nodes for name in node.output if name}
        for node in nodes:  # only what is made once, of what is made before: no way up is a circle
            if all(name in self.makers or name not in made for name in node.input):
                for name in node.output:
                    self.makers.setdefault(name, node)
        self._readers: dict[str, list[Any]] = {}
        for node in nodes:
            inner = [name for a in node.attribute for n in a.g.node for name in n.input]
            for name in dict.fromkeys([*node.input, *inner]):
                self._readers.setdefault(name, []).append(node)

    def readers(self, name: str) -> list[Any]:
        """The nodes that read a value."""
        return self._readers.get(name, [])

    def maker(self, name: str, *ops: str) -> Any:
        """The node that makes a value, if it is one of these operators; else None."""
        node = self.makers.get(name)
        is_own = node is not None and node.op_type in ops and node.domain in ("", "ai.onnx")
        return node if is_own else None

    def with_constant(self, node: Any) -> tuple[str, str] | None:
        """The names of a node's blob and of its constant, if it reads one of each."""
        if len(node.input) == 2:  # noqa: PLR2004  # both
            a, b = node.input
            if b in self.constants and a not in self.constants:
                return a, b
            if a in self.constants and b not in self.constants and node.op_type != "Div":
                return b, a
        return None

    def unscaled(self, name: str) -> tuple[str, float, list[Any]]:
        """A value before it was multiplied by numbers, their product, and the nodes of that."""
        scale, passed = 1.0, []
        while (node := self.maker(name, "Mul", "Div")) is not None:
            both = self.with_constant(node)
            if both is None or self.constants[both[1]].size != 1:
                break
            (number,) = self.constants[both[1]].reshape(-1).tolist()
            if node.op_type == "Div" and not number:
                break
            scale = scale / number if node.op_type == "Div" else scale * number
            name = both[0]
            passed.append(node)
        return name, scale, passed

    def scores_of(self, softmax: Any) -> Any:
        """The product of two blobs that a Softmax is taken of; None if there is none."""
        name = softmax.input[0]
        for _ in self.nodes:
            name, _, _ = self.unscaled(name)
            node = self.maker(name, "Add", "MatMul")
            if node is None:
                return None
            if node.op_type == "MatMul":
                return None if self.with_constant(node) else node
            both = self.with_constant(node)
            sides = [both[0]] if both else list(node.input)
            name = next((s for s in sides if self.leads_to_product(s)), "")
        return None

    def leads_to_product(self, name: str) -> bool:
        """Whether a value is a sum of scores, not a mask."""
        node = self.maker(self.unscaled(name)[0], "Add", "MatMul")
        return node is not None
