"""Reading safetensors files.

    8 bytes      the length of the header, little-endian
    the header   JSON: {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
    the data     arrays of C order, without holes; offsets count from its beginning

The file is mapped into memory and an array read when it is asked for. Nothing in the header is
trusted: every array has the bytes that its shape takes, and all of them together are the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.declare.validation import describe
from graphnet.interchange.weights.mapped import MappedFile
from graphnet.interchange.weights.stored import (
    StoredArray,
    WeightFile,
    check_size,
    damaged,
    widened,
)

#: The format's names of types, NumPy's, and the bytes of a number.
DTYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I64": ("int64", 8),
    "I32": ("int32", 4),
    "I16": ("int16", 2),
    "I8": ("int8", 1),
    "U64": ("uint64", 8),
    "U32": ("uint32", 4),
    "U16": ("uint16", 2),
    "U8": ("uint8", 1),
    "BOOL": ("bool", 1),
    "F8_E4M3": ("float8_e4m3", 1),
    "F8_E5M2": ("float8_e5m2", 1),
}
#: The longest header that is read: a model has about 100 bytes for each array.
MOST_HEADER = 8 << 20
_MOST_AXES = 32
_KEYS = {"dtype", "shape", "data_offsets"}


def read_safetensors(path: Path) -> WeightFile:
    """The arrays of a safetensors file.

    Raises:
        SnapshotError: If it cannot be read, is no such file, or is damaged.
    """
    file = MappedFile(path)
    length = int.from_bytes(file.part(0, 8, "the length of its header"), "little")
    begins = file.part(8, 1, "its header").tobytes() == b"{"
    if not begins or length > max(MOST_HEADER, file.size):
        raise damaged(
            path,
            "is no safetensors file: it does not begin with the length of a JSON header",
            "expected a file that safetensors has written",
        )
    if length > MOST_HEADER:
        cure = "expected names and shapes of arrays in it, and little else"
        raise damaged(path, f"its header has {length:,} bytes, more than {MOST_HEADER:,}", cure)
    header = _parsed(path, file.part(8, length, "its header").tobytes())
    start = 8 + length
    spans = {}
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        array, span = _array(file, name, entry, start)
        arrays[name], spans[name] = array, span
    _check_spans(path, spans, file.size - start)
    return WeightFile(path, arrays, in_order=False)


def _parsed(path: Path, text: bytes) -> Mapping[str, Any]:
    """The header; its names are unique."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise damaged(path, f"'{twice[:80]}' is twice in its header")
        return found

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise damaged(path, f"its header is no JSON: {said}") from None
    if not isinstance(value, dict):
        raise damaged(path, f"its header is {describe(value)}, expected a JSON object")
    return value


def _array(
    file: MappedFile, name: str, entry: Any, start: int
) -> tuple[StoredArray, tuple[int, int]]:
    """An array, and where its bytes begin and end in the data."""
    path, shown = file.path, name[:80]
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise damaged(path, f"array '{shown}': expected dtype, shape and data_offsets, found"
                      f" {describe(entry)}")  # fmt: skip
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if kind not in DTYPES if isinstance(kind, str) else True:
        raise damaged(path, f"array '{shown}': unknown type: {describe(kind)}",
                      f"known are {', '.join(DTYPES)}")  # fmt: skip
    if not _are_counts(shape) or len(shape) > _MOST_AXES:
        raise damaged(path, f"array '{shown}': {describe(shape)} is no shape")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:  # noqa: PLR2004
        raise damaged(path, f"array '{shown}': {describe(offsets)} are no offsets")
    begin, end = offsets
    if start + end > file.size:
        raise damaged(
            path,
            f"array '{shown}' ends {start + end - file.size:,} bytes beyond the file",
            "the file is cut short: copy it again",
        )
    dtype, itemsize = DTYPES[kind]
    check_size(path, shown, tuple(shape), itemsize, end - begin)
    read = partial(_read, file, start + begin, tuple(shape), dtype)
    return StoredArray(name, tuple(shape), dtype, read), (begin, end)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _check_spans(path: Path, spans: Mapping[str, tuple[int, int]], size: int) -> None:
    """See that the arrays lie one after the other, without overlaps or holes, up to the end."""
    at, before = 0, ""
    for name, (begin, end) in sorted(spans.items(), key=lambda item: item[1]):
        if begin < at:
            raise damaged(path, f"arrays '{before[:80]}' and '{name[:80]}' lie on the same bytes")
        if begin > at:
            raise damaged(path, f"{begin - at:,} bytes before array '{name[:80]}' are no array's")
        at, before = end, name
    if at != size:
        raise damaged(path, f"the last {size - at:,} bytes are no array's")


def _read(file: MappedFile, offset: int, shape: Shape, dtype: str) -> np.ndarray:
    is_bfloat = dtype == "bfloat16"
    found = file.numbers(offset, "<u2" if is_bfloat else np.dtype(dtype).newbyteorder("<"), shape)
    return widened(found) if is_bfloat else found
