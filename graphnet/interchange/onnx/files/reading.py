"""Reading ONNX files: the message, its tensors and the attributes of its nodes.

Nothing in a file is trusted: sizes are compared before anything is made of them, and what is of
another kind than expected is an error that names the node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.errors import DataError, SpecError
from graphnet.files.mapping import FileMapping
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.onnx.files.library import MOST_BYTES, library
from graphnet.interchange.onnx.files.stored import file_with, is_outside, outside_values, slim

#: Opsets that are read.
_OPSETS = range(6, 29)
#: The types of numbers that are read: the type of NumPy, and the field of the message.
TYPES = {
    1: ("float32", "float_data"),
    2: ("uint8", "int32_data"),
    3: ("int8", "int32_data"),
    4: ("uint16", "int32_data"),
    5: ("int16", "int32_data"),
    6: ("int32", "int32_data"),
    7: ("int64", "int64_data"),
    9: ("bool", "int32_data"),
    10: ("float16", "int32_data"),
    11: ("float64", "double_data"),
    12: ("uint32", "uint64_data"),
    13: ("uint64", "uint64_data"),
}


@dataclass(frozen=True)
class OnnxFile:
    """A model.

    Attributes:
        graph: Its graph, as onnx has it.
        opset: The version of the operators.
        name: Of the graph, or of the file.
        path: The file.
    """

    graph: Any
    opset: int
    name: str
    path: Path

    def array(self, tensor: Any) -> np.ndarray:
        """The values of a tensor, wherever they lie.

        Raises:
            DataError: If it holds other numbers than it says.
        """
        return tensor_array(tensor, self.path)

    def read_files(self) -> set[Path]:
        """This file, and those beside it that it refers to.

        Raises:
            DataError: If one of them is not there.
        """
        tensors = (t for t in self.graph.initializer if is_outside(t))
        return {self.path, *(file_with(tensor, self.path) for tensor in tensors)}


def read_onnx(path: Path) -> OnnxFile:
    """Read a file.

    Raises:
        DataError: If it is not there, or no ONNX.
        SpecError: If it is of a version that is not read.
    """
    onnx = library()
    try:
        with open_regular(path, DataError) as file:
            size = file.seek(0, 2)
            data = FileMapping.of(file, path, DataError) if size else b""
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read: {error.strerror or error}") from error
    content = slim(memoryview(data))
    if content is None or len(content) > MOST_BYTES:
        if size > MOST_BYTES:
            raise DataError(
                f"{shown(path)}: is no ONNX file, or a damaged one, or one of more than"
                f" {MOST_BYTES:,} bytes without its tensors"
            )
        content = bytes(data)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise DataError(f"{shown(path)}: is no ONNX file, or a damaged one: {error}") from error
    return file_of(model, path)


def file_of(model: Any, path: Path) -> OnnxFile:
    """A model that has been read.

    Raises:
        DataError: If it holds nothing.
        SpecError: If it is of a version that is not read.
    """
    if not model.HasField("graph") or not model.graph.output:
        raise DataError(f"{shown(path)}: is no ONNX file, or a damaged one: it holds no graph")
    _check_names(model.graph, path)
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    opset = versions[0] if versions else 1
    if opset not in _OPSETS:
        raise SpecError(
            f"{shown(path)}: is of opset {opset}; read are {_OPSETS.start} to {_OPSETS.stop - 1}"
            "\n  convert it: onnx.version_converter.convert_version(model, 22)"
        )
    if model.graph.sparse_initializer:
        raise SpecError(f"{shown(path)}: has sparse tensors, which graphnet has not")
    return OnnxFile(model.graph, opset, model.graph.name or path.stem, path)


def _check_names(graph: Any, path: Path) -> None:
    """See that all names are texts; a damaged one is bytes.

    Raises:
        DataError: Otherwise.
    """
    nodes = list(graph.node)
    nodes += [inner for node in nodes for a in node.attribute for inner in a.g.node]
    names = [graph.name, *(part.name for p in ("input", "output") for part in getattr(graph, p))]
    names += [tensor.name for tensor in graph.initializer]
    for node in nodes:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [attribute.name for attribute in node.attribute]
    if not all(isinstance(name, str) for name in names):
        raise DataError(f"{shown(path)}: is a damaged ONNX file: it has names that are no texts")


def tensor_array(tensor: Any, model: Path | None = None) -> np.ndarray:
    """The values of a tensor.

    Args:
        tensor: As onnx has it.
        model: The file that it is in; None for one that cannot refer to others.

    Raises:
        DataError: If it holds other numbers than it says, or they are in another file.
    """
    name, shape = f"tensor '{tensor.name}'", tuple(tensor.dims)
    if is_outside(tensor) and model is None:
        raise DataError(
            f"{name}: lies in another file, which graphnet reads for initializers alone"
            "\n  put it in: onnx.save(onnx.load(FILE), NEW)"
        )
    if tensor.data_type not in TYPES:
        raise DataError(f"{name}: holds numbers of type {tensor.data_type}, which graphnet has not")
    if any(n < 0 for n in shape):
        raise DataError(f"{name}: has the shape {list(shape)}")
    kind, field = TYPES[tensor.data_type]
    dtype, n = np.dtype(kind), prod(shape)
    if is_outside(tensor) and model is not None:
        return outside_values(tensor, model, dtype, shape)
    if tensor.raw_data:
        n_there, needed = len(tensor.raw_data), n * dtype.itemsize
        if n_there != needed:
            raise DataError(f"{name}: has {n_there:,} bytes, expected {needed:,}")
        array = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<"))
        return array.astype(dtype, copy=False).reshape(shape)
    listed = getattr(tensor, field)
    if len(listed) != n:
        raise DataError(f"{name}: has {len(listed):,} numbers, expected {n:,}")
    if kind == "float16":  # their bits, as whole numbers
        bits = np.array(listed, np.int64).astype(np.uint16)
        return bits.view(np.float16).reshape(shape)
    wide = np.array(listed, np.float64 if dtype.kind == "f" else None)
    return wide.astype(dtype).reshape(shape)


def shortest(value: float) -> float:
    """The shortest number that is the same in float32: 0.1 of 0.10000000149."""
    found = np.float32(value)
    return float(str(found)) if np.isfinite(found) else float(value)


class Attributes:
    """The attributes of a node, each asked for by its kind.

    Args:
        given: As onnx has them.
    """

    def __init__(self, given: Iterable[Any] = ()) -> None:
        self._given = {attribute.name: attribute for attribute in given}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def _value(self, name: str, kind: int, field: str, default: Any) -> Any:
        if name not in self._given:
            return default
        found = self._given[name]
        if found.type != kind:
            raise SpecError(f"attribute '{name}' is of another kind than it should be")
        return getattr(found, field)

    def number(self, name: str, default: float) -> float:
        """A float."""
        return shortest(self._value(name, 1, "f", default))

    def whole(self, name: str, default: int) -> int:
        """An integer."""
        return int(self._value(name, 2, "i", default))

    def text(self, name: str, default: str) -> str:
        """A text."""
        found = self._value(name, 3, "s", default)
        return found if isinstance(found, str) else str(found.decode("utf-8", "replace"))

    def tensor(self, name: str) -> Any:
        """A tensor, as onnx has it; None if it is not given."""
        return self._value(name, 4, "t", None)

    def graph(self, name: str) -> Any:
        """A graph, as onnx has it; None if it is not given."""
        return self._value(name, 5, "g", None)

    def numbers(self, name: str) -> list[float] | None:
        """A list of floats; None if it is not given."""
        found = self._value(name, 6, "floats", None)
        return None if found is None else [shortest(x) for x in found]

    def wholes(self, name: str) -> list[int] | None:
        """A list of integers; None if it is not given."""
        found = self._value(name, 7, "ints", None)
        return None if found is None else [int(x) for x in found]

    def texts(self, name: str) -> list[str] | None:
        """A list of texts; None if it is not given."""
        found = self._value(name, 8, "strings", None)
        return None if found is None else [x.decode("utf-8", "replace") for x in found]
