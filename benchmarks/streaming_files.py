"""HDF5 files of any size, made quickly: a few blocks of random rows, compressed once, repeat.

Every row carries its number, and its first values name the block it lies in and its place there,
so that whoever reads it can tell whether a sample arrived with the label and number it had.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path

import h5py
import numpy as np

N_BLOCKS = 61  # prime: blocks do not repeat in step with files, groups or batches
BLOCK_ROWS = 32
N_CLASS = 10
_LEVEL = 1  # of gzip


def write_files(
    folder: Path, n_files: int, rows_per_file: int, shape: tuple[int, ...]
) -> dict[str, int]:
    """Write ``part-0.h5`` … with the data sets ``data`` (uint8), ``label`` and ``row`` (uint32).

    Args:
        folder: Exists.
        n_files: At most 10 000.
        rows_per_file: A multiple of ``BLOCK_ROWS``.
        shape: Of one sample; at least two values.

    Returns:
        ``rows``, their ``bytes`` uncompressed, and ``bytes_on_disk``.
    """
    packed = [zlib.compress(block.tobytes(), _LEVEL) for block in _blocks(shape)]
    on_disk = 0
    for number in range(n_files):
        first = number * rows_per_file
        path = folder / f"part-{number:04}.h5"
        with h5py.File(path, "w") as file:
            data = file.create_dataset(
                "data",
                (rows_per_file, *shape),
                np.uint8,
                chunks=(BLOCK_ROWS, *shape),
                compression="gzip",
                compression_opts=_LEVEL,
            )
            for start in range(0, rows_per_file, BLOCK_ROWS):
                block = packed[(first + start) // BLOCK_ROWS % N_BLOCKS]
                data.id.write_direct_chunk((start, *(0 for _ in shape)), block)
            rows = np.arange(first, first + rows_per_file, dtype=np.uint32)
            numbers: Mapping[str, np.ndarray] = {"row": rows, "label": rows % N_CLASS}
            for name, values in numbers.items():
                file.create_dataset(name, data=values, chunks=(BLOCK_ROWS * 32,), compression=1)
        on_disk += path.stat().st_size
    n_rows = n_files * rows_per_file
    return {"rows": n_rows, "bytes": n_rows * (prod(shape) + 8), "bytes_on_disk": on_disk}


def marks(rows: np.ndarray) -> np.ndarray:
    """``(N, 2)``: the first two values of the samples with these numbers."""
    return np.stack([rows // BLOCK_ROWS % N_BLOCKS, rows % BLOCK_ROWS], axis=1)


def _blocks(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Noise of four bits, which gzip brings to a little over half, marked row by row."""
    rng = np.random.default_rng(0)
    blocks = []
    for number in range(N_BLOCKS):
        block = rng.integers(0, 16, (BLOCK_ROWS, prod(shape)), np.uint8)
        block[:, :2] = marks(np.arange(BLOCK_ROWS) + number * BLOCK_ROWS)
        blocks.append(block)
    return blocks
