"""Where the values of tensors lie: in a file of ONNX, or in others beside it.

A file is mapped into memory. What protobuf is given of it has none of the large tensors, which
stay where they are until somebody reads them; so a large file is never in memory twice, and may be
larger than a message of protobuf can be.
"""

from __future__ import annotations

from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from graphnet.errors import DataError
from graphnet.files.mapping import FileMapping
from graphnet.files.paths import shown
from graphnet.files.reading import open_regular
from graphnet.interchange.protobuf import (
    BYTES,
    VARINT,
    BrokenError,
    extent,
    field_key,
    framed,
    read_key,
    varint,
)

#: A tensor of this many bytes or fewer stays in the file.
LARGE = 4096
#: Fields of a model, a graph and a tensor.
_GRAPH, _TENSOR, _RAW, _OUTSIDE, _PLACE = 7, 5, 9, 13, 14
_IN_OTHER_FILE = 1  # of _PLACE


def slim(data: memoryview) -> bytes | None:
    """A model without its large tensors, each with its place in this file; None if it is none."""
    try:
        return _slim(data, 0, len(data), (_GRAPH, _TENSOR))
    except BrokenError:
        return None


def _slim(data: memoryview, at: int, end: int, path: tuple[int, ...]) -> bytes:
    """A message, in which what a path of fields leads to is without its values."""
    parts = []
    while at < end:
        begin = at
        number, wire, at = read_key(data, at, end)
        start, at = extent(data, at, end, wire)
        if number != path[0] or wire != BYTES:
            parts.append(bytes(data[begin:at]))
            continue
        deeper = path[1:]
        inner = _slim(data, start, at, deeper) if deeper else _without_values(data, start, at)
        parts.append(field_key(number, BYTES) + framed(inner))
    return b"".join(parts)


def _without_values(data: memoryview, start: int, end: int) -> bytes:
    """A tensor whose values stay in the file, if they are one large field of bytes."""
    parts, raw, is_plain, at = [], [], True, start
    while at < end:
        begin = at
        number, wire, at = read_key(data, at, end)
        first, at = extent(data, at, end, wire)
        is_plain = is_plain and number not in (_OUTSIDE, _PLACE)
        if number == _RAW and wire == BYTES:
            raw.append((first, at - first))
        else:
            parts.append(bytes(data[begin:at]))
    if not is_plain or len(raw) != 1 or raw[0][1] < LARGE:
        return bytes(data[start:end])
    return b"".join(parts) + place_of("", *raw[0])


def place_of(location: str, offset: int, length: int) -> bytes:
    """The fields of a tensor that say where its values lie; the empty location is its own file."""
    given = (("location", location), ("offset", str(offset)), ("length", str(length)))
    entries = (
        framed(b"".join(field_key(i, BYTES) + framed(t.encode()) for i, t in enumerate(pair, 1)))
        for pair in given
    )
    key = field_key(_OUTSIDE, BYTES)
    listed = b"".join(key + entry for entry in entries)
    return listed + field_key(_PLACE, VARINT) + varint(_IN_OTHER_FILE)


# --- reading them -----------------------------------------------------------------------


def is_outside(tensor: Any) -> bool:
    """Whether a tensor's values are not in the message."""
    return bool(tensor.data_location == _IN_OTHER_FILE)


def file_with(tensor: Any, model: Path) -> Path:
    """The file that holds a tensor's values.

    Args:
        tensor: As onnx has it.
        model: The file of the model.

    Raises:
        DataError: If it is not there, or does not lie in the model's folder.
    """
    location = _entries(tensor).get("location", "")
    if not location:
        return model
    name = f"tensor '{tensor.name}': lies in '{location}'"
    pure = PurePosixPath(location)
    if pure.is_absolute() or ".." in pure.parts or "\\" in location or "\0" in location:
        raise DataError(f"{name}, and only files of the model's own folder are read")
    folder, path = model.parent, model.parent / location
    try:
        found = path.resolve()
        if not found.is_relative_to(folder.resolve()):
            raise DataError(
                f"{name}, a link that leads out of the model's folder"
                "\n  put the file itself there, in place of the link"
            )
        if not found.is_file():
            raise DataError(f"{name}, and there is no such file beside {shown(model)}")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{name}, which cannot be read: {error}") from error
    return found


def outside_values(tensor: Any, model: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """The values of a tensor that are not in the message: a view of the file.

    Raises:
        DataError: If there are fewer bytes than it says.
    """
    path, entries, needed = file_with(tensor, model), _entries(tensor), prod(shape) * dtype.itemsize
    name = f"tensor '{tensor.name}'"
    try:
        offset = int(entries.get("offset") or 0)
        length = int(entries.get("length") or needed)
    except ValueError as error:
        raise DataError(f"{name}: says no number where its values begin or end") from error
    if length != needed or offset < 0:
        raise DataError(f"{name}: has {length:,} bytes from {offset:,} on, expected {needed:,}")
    if not needed:
        return np.zeros(shape, dtype)
    try:
        with open_regular(path, DataError) as file:
            size = file.seek(0, 2)
            if offset + needed > size:
                raise DataError(
                    f"{name}: ends at byte {offset + needed:,} of {shown(path)}, which has {size:,}"
                    "\n  was the file cut short on its way here?"
                )
            mapped = FileMapping.of(file, path, DataError)
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read: {error.strerror or error}") from error
    flat = np.frombuffer(mapped, dtype.newbyteorder("<"), needed // dtype.itemsize, offset)
    return flat.astype(dtype, copy=False).reshape(shape)


def _entries(tensor: Any) -> dict[str, str]:
    return {str(entry.key): str(entry.value) for entry in tensor.external_data}
