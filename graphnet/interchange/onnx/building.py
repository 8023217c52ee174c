"""A graph of ONNX while it is made: its nodes, its constants and the names of its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.errors import SpecError
from graphnet.interchange.onnx.library import IR_VERSION, MOST_BYTES, OPSET, library

#: The axis of a batch, whose size a file leaves open.
BATCH = "batch"


@dataclass(frozen=True)
class OnnxNode:
    """An operator.

    Attributes:
        name: Of the layer; of one that is several operators, with a word behind it.
        op: Its type.
        inputs: The values that it reads; an empty name for one that is left out.
        outputs: Those that it makes.
        attributes: By name; another graph is one that has been made.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def proto(self) -> Any:
        """As onnx has it."""
        made = library().helper.make_node(self.op, self.inputs, self.outputs, self.name)
        for key, value in sorted(self.attributes.items()):
            made.attribute.append(library().helper.make_attribute(key, value))
        return made


class OnnxGraph:
    """What has been made so far.

    Args:
        name: Of the net.
        taken: Names that only blobs may have.

    Attributes:
        nodes: In the order they run.
        constants: By name.
        inputs: The shapes of those of the net, by name.
        outputs: Likewise.
        known: The shapes of other values.
        given: What each blob that the net gives is called here.
    """

    def __init__(self, name: str, taken: Iterable[str] = ()) -> None:
        self.name = name
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: dict[str, Sequence[int | str]] = {}
        self.outputs: dict[str, Sequence[int | str]] = {}
        self.known: dict[str, Sequence[int | str]] = {}
        self.given: dict[str, str] = {}
        self._taken = set(taken)

    def fresh(self, name: str) -> str:
        """A name for a value that no other has."""
        found, n = name, 1
        while found in self._taken:
            n += 1
            found = f"{name}-{n}"
        self._taken.add(found)
        return found

    def constant(self, name: str, array: np.ndarray) -> str:
        """A constant, by a name of its own."""
        found = self.fresh(name)
        self.constants[found] = array
        return found

    def add(
        self, name: str, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """An operator."""
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(OnnxNode(name, op, tuple(inputs), tuple(outputs), given))

    def inner(self, name: str) -> OnnxGraph:
        """A graph within this one, whose names are other ones."""
        made = OnnxGraph(name)
        made._taken = self._taken  # one set for both
        return made

    # --- as onnx has it -----------------------------------------------------------------

    def graph_proto(self) -> Any:
        """The graph."""
        onnx = library()
        tensors = [
            onnx.numpy_helper.from_array(np.array(array, order="C"), name)
            for name, array in self.constants.items()
        ]
        info = onnx.helper.make_tensor_value_info
        values = [
            [info(name, onnx.TensorProto.FLOAT, list(shape)) for name, shape in part.items()]
            for part in (self.inputs, self.outputs, self.known)
        ]
        return onnx.helper.make_graph(
            [node.proto() for node in self.nodes],
            self.name,
            values[0],
            values[1],
            initializer=tensors,
            value_info=values[2],
        )

    def model_bytes(self, version: str) -> bytes:
        """The file, looked at by onnx's own checker.

        Raises:
            SpecError: If it is too large for a file of ONNX.
        """
        n_bytes = sum(array.nbytes for array in self.constants.values())
        if n_bytes > MOST_BYTES:
            raise SpecError(
                f"net '{self.name}' has {n_bytes:,} bytes of params, and a file of ONNX holds"
                f" {MOST_BYTES:,} at most\n  export caffe writes files of any size"
            )
        onnx = library()
        model = onnx.helper.make_model(
            self.graph_proto(),
            producer_name="graphnet",
            producer_version=version,
            opset_imports=[onnx.helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        content: bytes = model.SerializeToString(deterministic=True)
        try:
            onnx.checker.check_model(content, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise SpecError(
                f"onnx's checker refuses what was made of net '{self.name}': {error}"
                "\n  this is a fault of graphnet's: please report it"
            ) from error
        return content


def with_batch(shape: Shape) -> list[int | str]:
    """A blob's shape, its batch axis open."""
    return [BATCH, *shape[1:]]
