"""What tells a data file from another one of its name: a hash of what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from graphnet.errors import DataError

#: Smaller files are read whole; of larger ones, so many blocks of this size.
BLOCK_BYTES, N_BLOCKS = 1 << 20, 64


def fingerprint(paths: Sequence[Path]) -> str:
    """A hash of the files, in their order.

    It covers each file's size, and up to 64 MiB of the content of all together: every byte of
    as much, else blocks spaced evenly from the first byte to the last. Names and dates do not
    count, so that files may be copied and moved.

    Raises:
        DataError: If a file cannot be read.
    """
    digest = hashlib.sha256()
    n_blocks = max(2, N_BLOCKS // max(len(paths), 1))
    for path in paths:
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                digest.update(b"%d\n" % size)
                for offset in _offsets(size, n_blocks):
                    file.seek(offset)
                    digest.update(file.read(BLOCK_BYTES))
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def _offsets(size: int, n_blocks: int) -> list[int]:
    """Where the blocks begin, that of the end included."""
    if size <= n_blocks * BLOCK_BYTES:
        return list(range(0, size, BLOCK_BYTES))
    return [i * (size - BLOCK_BYTES) // (n_blocks - 1) for i in range(n_blocks)]
