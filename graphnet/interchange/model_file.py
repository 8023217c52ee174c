"""Writing a model array by array, so that a large one is never in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from pathlib import Path

import h5py
import numpy as np

from graphnet.data.hdf5.patient_output import hdf5_file
from graphnet.errors import SnapshotError
from graphnet.files.mapping import check_whole
from graphnet.files.writing import Advice, output_file
from graphnet.solver.record.snapshot_file import (
    HEADER_BYTES,
    Meta,
    versions,
    write_header,
    write_text,
)

_BLOCK = 1 << 20  # numbers at a time


def write_model(
    path: Path,
    arrays: Iterable[tuple[str, np.ndarray]],
    net_yaml: str,
    seed: int = 0,
    source: Path | str = "",
) -> None:
    """Write a model, as ``save_model`` does.

    Args:
        path: A file, replaced as a whole when the new one is on the disk.
        arrays: ``params/LAYER/PARAM`` or ``state/LAYER/NAME``, and the values; each is asked for
            when the one before is written.
        net_yaml: The net that it belongs to.
        seed: Of the run that made it.
        source: The file that the values are from, for errors.

    Raises:
        SnapshotError: If it cannot be written, or a value in it is not finite.
    """
    meta = Meta(kind="model", versions=versions(), backend="numpy", dtype="float32", seed=seed)
    with output_file(path, Advice(SnapshotError)) as output:
        try:
            with hdf5_file(output, userblock_size=HEADER_BYTES) as (file, patient):
                for name, array in arrays:
                    _write(file, name, array, f"{source}: " if source else "")
                    patient.look()
                write_text(file, "meta", meta.model_dump_json())
                write_text(file, "net.yaml", net_yaml)
        except (ValueError, RuntimeError, TypeError) as error:
            raise SnapshotError(f"the model cannot be put together: {error}") from error
        write_header(output)


def _write(file: h5py.File, name: str, array: np.ndarray, place: str) -> None:
    """Write one array in float32, some rows at a time."""
    given = array if array.shape else array.reshape(1)
    made = file.create_dataset(name, shape=given.shape, dtype="<f4", track_times=False)
    row = max(1, prod(given.shape[1:]))
    step = max(1, _BLOCK // row)
    for start in range(0, len(given), step):
        check_whole(given)
        part = np.ascontiguousarray(given[start : start + step], dtype="<f4")
        if not np.isfinite(part).all():
            raise SnapshotError(
                f"{place}'{name}' has a value that is not finite\n  graphnet's models have none"
            )
        if part.size:
            made.write_direct(part, dest_sel=np.s_[start : start + len(part)])
