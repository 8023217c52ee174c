"""An ONNX graph seen from its values: who makes each, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from graphnet.interchange.onnx.files.reading import Attributes


class ValueGraph:
    """Who makes and who reads each value.

    Args:
        nodes: Those that are no constants, in order.
        constants: By name.
        outputs: The names of the graph's outputs.
        opset: Of the file.
        truths: The inputs that are truth values.
    """

    def __init__(
        self,
        nodes: Sequence[Any],
        constants: Mapping[str, np.ndarray],
        outputs: AbstractSet[str],
        opset: int,
        truths: AbstractSet[str] = frozenset(),
    ) -> None:
        self.nodes, self.constants, self.outputs, self.opset = nodes, constants, outputs, opset
        self.truths = truths
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

        self._of_shapes: set[str] = set()
        for node in nodes:
            if node.op_type in ("Shape", "Size") or all(map(self.is_fixed, node.input)):
                self._of_shapes.update(name for name in node.output if name in self.makers)

    def is_fixed(self, name: str) -> bool:
        """Whether a value is made of constants and shapes alone."""
        return not name or name in self.constants or name in self._of_shapes

    def is_number(self, name: str) -> bool:
        """Whether a value is one number, as far as is known before shapes are."""
        found = self.constants.get(name)
        return found.size == 1 if found is not None else name in self._of_shapes

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
            node = self.maker(name, "Add", "MatMul", "Where")
            if node is None:
                return None
            if node.op_type == "MatMul":
                return None if self.with_constant(node) else node
            if node.op_type == "Where":
                chosen = self.chosen(node)
                name = chosen[0] if chosen is not None else ""
                continue
            both = self.with_constant(node)
            sides = [both[0]] if both else list(node.input)
            name = next((s for s in sides if self.leads_to_product(s)), "")
        return None

    def chosen(self, node: Any) -> tuple[str, np.ndarray] | None:
        """Of a Where of a blob and a number by constants: the blob, and what 0 stands for it in."""
        conditions = self.constants.get(node.input[0])
        if conditions is None:
            return None
        for blob, other, is_blob in ((2, 1, False), (1, 2, True)):
            number = self.constants.get(node.input[other])
            is_number = number is not None and number.size == 1
            if number is not None and is_number and node.input[blob] not in self.constants:
                there = conditions.astype(bool) == is_blob
                return node.input[blob], np.where(there, 0, number.reshape(()))
        return None

    def unturned(self, name: str) -> tuple[str, tuple[np.ndarray, np.ndarray], list[Any]] | None:
        """A value before it was turned by its positions; the cosines and sines, and the nodes.

        None if it was not turned as graphnet does it.
        """
        found = []
        total = self.maker(name, "Add")
        if total is None:
            return None
        for side in total.input:
            node = self.maker(side, "Mul")
            both = self.with_constant(node) if node is not None else None
            if both is None:
                return None
            found.append((node, *both))
        found.sort(key=lambda part: self.maker(part[1], "Concat") is not None)
        (along, value, cosines), (of, across, sines) = found
        joined = self.maker(across, "Concat")
        negative = self.maker(joined.input[0], "Neg") if joined is not None else None
        split = self.maker(negative.input[0], "Split") if negative is not None else None
        if joined is None or negative is None or split is None:
            return None
        is_ours = (
            split.input[0] == value
            and len(split.output) == 2  # noqa: PLR2004  # halves
            and [*split.output] == [joined.input[1], negative.input[0]]
            and all(Attributes(n.attribute).whole("axis", 0) in (3, -1) for n in (joined, split))
        )
        sizes = self.constants.get(split.input[1]) if len(split.input) > 1 else None
        is_ours = is_ours and (sizes is None or len({int(n) for n in sizes.reshape(-1)}) == 1)
        if not is_ours:
            return None
        nodes = [total, along, of, joined, negative, split]
        return value, (self.constants[cosines], self.constants[sines]), nodes

    def leads_to_product(self, name: str) -> bool:
        """Whether a value is a sum of scores, not a mask."""
        node = self.maker(self.unscaled(name)[0], "Add", "MatMul")
        return node is not None
