"""What is to become of one layer in ONNX: what its writer sees, and what it writes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.building import OnnxGraph
from graphnet.layers.base import Phase
from graphnet.net.graph import LayerVertex

#: Gives the values of ``store key/param``.
Values: TypeAlias = Callable[[str], np.ndarray]


@dataclass(frozen=True)
class LayerWriter:
    """One layer of graphnet's, as it is to be written.

    Attributes:
        vertex: In the graph.
        graph: What is made.
        inputs: The values that are its bottoms.
        outputs: The values that are its tops.
        values: Of its params and its state.
        phase: Of the net.
        stored: The constants that params have become, which several layers may share.
    """

    vertex: LayerVertex
    graph: OnnxGraph
    inputs: Sequence[str]
    outputs: Sequence[str]
    values: Values
    phase: Phase
    stored: dict[str, str]

    @property
    def spec(self) -> Any:
        """What was declared; of which type the table says."""
        return self.vertex.spec

    @property
    def x(self) -> str:
        """Its first bottom."""
        return self.inputs[0]

    @property
    def shape(self) -> Shape:
        """The shape of its first bottom."""
        return self.vertex.bottom_shapes[0]

    @property
    def top(self) -> Shape:
        """The shape of its first top."""
        return self.vertex.top_shapes[0]

    def refuse(self, why: str) -> NoReturn:
        """Say that ONNX has no equal."""
        raise SpecError(why)

    # --- writing ------------------------------------------------------------------------

    def end(self, op: str, *inputs: str, **attributes: Any) -> None:
        """The operator that the layer is, which gives the tops; it has the layer's name."""
        self.graph.add(self.vertex.name, op, inputs, self.outputs, **attributes)

    def part(self, what: str, op: str, *inputs: str, **attributes: Any) -> str:
        """An operator before that; what it gives."""
        name = f"{self.vertex.name}.{what}"
        made = self.graph.fresh(name)
        self.graph.add(name, op, inputs, [made], **attributes)
        return made

    def main(self, what: str, op: str, *inputs: str, **attributes: Any) -> str:
        """The operator that the layer is, where others follow; what it gives."""
        made = self.graph.fresh(f"{self.vertex.name}.{what}")
        self.graph.add(self.vertex.name, op, inputs, [made], **attributes)
        return made

    def close(self, what: str, op: str, *inputs: str, **attributes: Any) -> None:
        """An operator behind the one that the layer is; it gives the tops."""
        self.graph.add(f"{self.vertex.name}.{what}", op, inputs, self.outputs, **attributes)

    def chain(self, start: str, steps: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        """Operators one behind the other: a word, the type and the further inputs of each."""
        value = start
        for what, op, more in steps[:-1]:
            value = self.part(what, op, value, *more)
        _, op, more = steps[-1] if steps else ("", "Identity", ())
        self.end(op, value, *more)

    def number(self, what: str, value: float) -> str:
        """A constant number."""
        return self.constant(what, np.array(value, np.float32))

    def integers(self, what: str, values: Sequence[int]) -> str:
        """A constant list of whole numbers."""
        return self.constant(what, np.array(values, np.int64))

    def constant(self, what: str, array: np.ndarray) -> str:
        """A constant."""
        return self.graph.constant(f"{self.vertex.name}.{what}", array)

    def reshaped(self, what: str, value: str, sample: Sequence[int]) -> str:
        """A value in another shape of each sample."""
        return self.part(what, "Reshape", value, self.integers(f"{what}.shape", [-1, *sample]))

    # --- params -------------------------------------------------------------------------

    def read(self, name: str) -> np.ndarray:
        """The values of a param or of state."""
        return self.values(f"{self.spec.store_key}/{name}")

    def param(self, name: str, shape: Sequence[int] | None = None) -> str:
        """A param as a constant: the same one for all layers that share it in a shape."""
        return self.stored_as(f"{self.spec.store_key}/{name}", self.read(name), shape)

    def stored_as(self, key: str, array: np.ndarray, shape: Sequence[int] | None = None) -> str:
        """Values as a constant, in another shape if one is given."""
        given = array if shape is None else array.reshape(tuple(shape))
        mark = f"{key} {given.shape}"
        if mark not in self.stored:
            self.stored[mark] = self.graph.constant(key, given)
        return self.stored[mark]

    def stored_array(self, name: str, array: np.ndarray) -> str:
        """What was made of a layer's params, once for all layers that share them."""
        return self.stored_as(f"{self.spec.store_key}/{name}", array)


#: Writes a layer of one type.
ToOnnx: TypeAlias = Callable[[LayerWriter], None]
