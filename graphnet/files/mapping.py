"""Files mapped into memory: pages that have been read need not stay."""

from __future__ import annotations

import mmap

import numpy as np

_PAGE = mmap.PAGESIZE


def let_go(array: np.ndarray) -> None:
    """Give back the memory of a mapped file that an array lies in.

    Nothing is lost: what is read again is fetched again. Of an array that lies elsewhere, or where
    the system knows no such advice, nothing is done.

    Args:
        array: Of C order, or a part of one.
    """
    mapped = _mapping_of(array)
    if mapped is None or not hasattr(mmap, "MADV_DONTNEED") or not array.size:
        return
    begin = np.frombuffer(mapped, np.uint8).ctypes.data
    start = array.ctypes.data - begin
    first = -(-start // _PAGE) * _PAGE  # pages that others lie in, too, stay
    last = (start + array.nbytes) // _PAGE * _PAGE
    if last > first:
        mapped.madvise(mmap.MADV_DONTNEED, first, last - first)


def _mapping_of(array: np.ndarray) -> mmap.mmap | None:
    """The read-only mapping that an array is a view of; None if it is of none."""
    owner: object = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    # of one that is written to, what is let go would be lost
    is_safe = isinstance(owner, mmap.mmap) and memoryview(owner).readonly
    return owner if is_safe and isinstance(owner, mmap.mmap) else None
