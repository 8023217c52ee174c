"""A graph of ONNX while it is made: its nodes, its constants and the names of its values."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from graphnet.blob import Shape
from graphnet.declare.names import free_name
from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.library import IR_VERSION, OPSET, library
from graphnet.interchange.onnx.files.stored import LARGE, place_of
from graphnet.interchange.protobuf import BYTES, field_key, varint

#: The axis of a batch, whose size a file leaves open.
BATCH = "batch"
_PAGE = 4096  # bytes: where a constant in a file of its own begins, so that it can be mapped
_GRAPH, _TENSOR, _RAW = 7, 5, 9  # fields of a model, a graph and a tensor


class Writable(Protocol):
    """What bytes are written to."""

    def write(self, data: Any, /) -> Any:
        """Write all of them."""


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


@dataclass(frozen=True)
class StoredTensor:
    """A large constant in a file.

    Attributes:
        head: Its fields except for the values.
        array: The values.
        offset: Where they begin in a file beside it.
    """

    head: bytes
    array: np.ndarray
    offset: int


@dataclass(frozen=True)
class OnnxContent:
    """What stands in a file; large constants are written one after another.

    Attributes:
        outer: The fields of the model, except for its graph.
        inner: Those of the graph, except for its large constants.
        tensors: These.
        is_split: Whether their values are in a file beside it.
    """

    outer: bytes
    inner: bytes
    tensors: tuple[StoredTensor, ...]
    is_split: bool

    def _sizes(self) -> list[int]:
        return [len(t.head) + (0 if self.is_split else t.array.nbytes) for t in self.tensors]

    def _keys(self) -> list[bytes]:
        return [field_key(_TENSOR, BYTES) + varint(size) for size in self._sizes()]

    def _front(self) -> bytes:
        """All that comes before the large constants."""
        length = len(self.inner) + sum(map(len, self._keys())) + sum(self._sizes())
        return self.outer + field_key(_GRAPH, BYTES) + varint(length) + self.inner

    @property
    def n_bytes(self) -> int:
        """Of the file."""
        return len(self._front()) + sum(map(len, self._keys())) + sum(self._sizes())

    def write(self, output: Writable) -> None:
        """Write it."""
        output.write(self._front())
        for key, tensor in zip(self._keys(), self.tensors, strict=True):
            output.write(key + tensor.head)
            if not self.is_split:
                _write_values(output, tensor.array)

    def write_values(self, output: Writable) -> int:
        """Write the file beside it; how many bytes it has."""
        at = 0
        for tensor in self.tensors:
            output.write(bytes(tensor.offset - at))
            _write_values(output, tensor.array)
            at = tensor.offset + tensor.array.nbytes
        return at


def _write_values(output: Writable, array: np.ndarray) -> None:
    plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    output.write(plain.reshape(-1).data.cast("B"))


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
        found = free_name(name, self._taken)
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

    @property
    def large(self) -> dict[str, np.ndarray]:
        """The constants that are written by themselves."""
        return {name: a for name, a in self.constants.items() if a.nbytes >= LARGE}

    # --- as onnx has it -----------------------------------------------------------------

    def graph_proto(self, *, whole: bool = True) -> Any:
        """The graph; if it is not to be whole, without its large constants."""
        onnx = library()
        tensors = [
            onnx.numpy_helper.from_array(np.array(array, order="C"), name)
            for name, array in self.constants.items()
            if whole or array.nbytes < LARGE
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

    def check(self, version: str) -> None:
        """Let onnx's own checker look at it; of large constants it is told the shapes alone.

        Raises:
            SpecError: If it finds something.
        """
        onnx = library()
        try:
            onnx.checker.check_model(self.without_large(version), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise SpecError(
                f"onnx's checker refuses what was made of net '{self.name}': {error}"
                "\n  this is a fault of graphnet's: please report it"
            ) from error

    def without_large(self, version: str) -> Any:
        """The model, its large constants as inputs."""
        onnx = library()
        graph = self.graph_proto(whole=False)
        for name, array in self.large.items():
            kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            graph.input.append(onnx.helper.make_tensor_value_info(name, kind, array.shape))
        return _model(graph, version)

    def file(self, version: str, beside: str = "") -> OnnxContent:
        """What stands in the file.

        Args:
            version: Of graphnet.
            beside: The name of a file in its folder for the large constants; empty: they are in it.
        """
        onnx = library()
        graph = self.graph_proto(whole=False)
        tensors, at = [], 0
        for name, array in self.large.items():
            kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            frame = onnx.TensorProto(name=name, data_type=kind, dims=array.shape)
            head = bytes(frame.SerializeToString(deterministic=True))
            if beside:
                at = -(-at // _PAGE) * _PAGE
                head += place_of(beside, at, array.nbytes)
            else:
                head += field_key(_RAW, BYTES) + varint(array.nbytes)
            tensors.append(StoredTensor(head, array, at))
            at += array.nbytes
        outer = bytes(_model(None, version).SerializeToString(deterministic=True))
        inner = bytes(graph.SerializeToString(deterministic=True))
        return OnnxContent(outer, inner, tuple(tensors), is_split=bool(beside))

    def model_bytes(self, version: str) -> bytes:
        """The file as it is in memory, looked at by onnx's own checker.

        Raises:
            SpecError: If it finds something.
        """
        self.check(version)
        written = io.BytesIO()
        self.file(version).write(written)
        return written.getvalue()


def _model(graph: Any, version: str) -> Any:
    onnx = library()
    made = onnx.helper.make_model(
        graph or onnx.GraphProto(),
        producer_name="graphnet",
        producer_version=version,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    if graph is None:
        made.ClearField("graph")
    return made


def with_batch(shape: Shape) -> list[int | str]:
    """A blob's shape, its batch axis open."""
    return [BATCH, *shape[1:]]
