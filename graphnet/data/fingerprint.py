"""Fingerprints of data files: hashes of what is in them, whatever they are called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from graphnet.errors import DataError
from graphnet.files.reading import open_regular

#: All bytes of a file are read if they are no more than so many blocks; else so many blocks.
BLOCK_BYTES, N_BLOCKS = 1 << 20, 64


def fingerprints(paths: Sequence[Path]) -> dict[str, str]:
    """A hash of each file, by its path.

    It covers the file's size, and 64 MiB of the content of all files together. A file that has more
    than its share is read in blocks, spaced evenly from the first byte to the last. Names and dates
    do not count, so that files may be copied and moved.
    """
    n_blocks = max(2, N_BLOCKS // max(len(paths), 1))
    return {str(path): _fingerprint(path, n_blocks) for path in paths}


def _fingerprint(path: Path, n_blocks: int) -> str:
    try:
        with open_regular(path, DataError) as file:
            size = path.stat().st_size
            digest = hashlib.sha256(b"%d\n" % size)
            for offset in _offsets(size, n_blocks):
                file.seek(offset)
                digest.update(file.read(BLOCK_BYTES))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def _offsets(size: int, n_blocks: int) -> list[int]:
    """Where the blocks begin; the last one ends with the file."""
    if size <= n_blocks * BLOCK_BYTES:
        return list(range(0, size, BLOCK_BYTES))
    return [i * (size - BLOCK_BYTES) // (n_blocks - 1) for i in range(n_blocks)]
