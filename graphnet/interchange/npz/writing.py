"""Writing .npz files, as ``numpy.savez`` does: equal arrays give equal files."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphnet.errors import SnapshotError
from graphnet.files.writing import Advice, output_file
from graphnet.params.filling import parts_of
from graphnet.solver.record.stored_array import Stored


def write_npz(path: Path, arrays: Mapping[str, Stored]) -> None:
    """Write arrays as one file, in C order, not packed.

    Args:
        path: The file, replaced as a whole when the new one is on the disk.
        arrays: By name.

    Raises:
        SnapshotError: If it cannot be written.
    """
    with (
        output_file(path, Advice(SnapshotError)) as output,
        zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive,
    ):
        for name, array in arrays.items():
            # dated 1980, so that the file does not depend on the clock
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as file:
                descr = np.lib.format.dtype_to_descr(array.dtype)
                header = {"descr": descr, "fortran_order": False, "shape": array.shape}
                np.lib.format.write_array_header_1_0(file, header)
                for part in parts_of(array):
                    file.write(np.ascontiguousarray(part).data)
