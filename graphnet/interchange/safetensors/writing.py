"""Writing safetensors files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnet.errors import SnapshotError
from graphnet.files.writing import Advice, output_file
from graphnet.interchange.safetensors.reading import DTYPES
from graphnet.params.filling import parts_of
from graphnet.solver.record.stored_array import Stored

_NAMES = {dtype: name for name, (dtype, _) in DTYPES.items()}
_ALIGNED = 8  # bytes: where the data begin


def write_safetensors(path: Path, arrays: Mapping[str, Stored]) -> None:
    """Write arrays as one file, in C order, one after the other.

    Args:
        path: The file, replaced as a whole when the new one is on the disk.
        arrays: By name.

    Raises:
        SnapshotError: If it cannot be written.
    """
    header: dict[str, object] = {"__metadata__": {"format": "np"}}
    at = 0
    for name, array in arrays.items():
        span = [at, at + array.nbytes]
        kind = _NAMES[array.dtype.name]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": span}
        at += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with output_file(path, Advice(SnapshotError)) as output:
        output.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            for part in parts_of(array):
                output.write(np.ascontiguousarray(part, array.dtype.newbyteorder("<")))
