"""Copies of arrays beside pages of memory that may not be touched."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

PAGE = mmap.PAGESIZE
#: What lies around a copy; as floating-point numbers these are NaN.
POISON = 0xFF


class Fenced:
    """A copy of an array beside a page that may not be touched; the rest around it is poisoned."""

    def __init__(self, array: np.ndarray, side: str) -> None:
        self.n_pages = max(1, -(-array.nbytes // PAGE))
        length = (self.n_pages + 2) * PAGE
        self._map = mmap.mmap(-1, length)
        self.bytes = np.frombuffer(self._map, np.uint8)
        base = self.bytes.ctypes.data
        inside = self.bytes[PAGE:-PAGE]
        inside.fill(POISON)
        self.start = base + PAGE + (inside.size - array.nbytes if side == "end" else 0)
        first = self.start - base
        self.array = self.bytes[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
        self.array[...] = array
        self.around = (self.bytes[PAGE:first], self.bytes[first + array.nbytes : -PAGE])
        for page in (base, base + length - PAGE):
            _protect(page, 0)
        self.ends = (base, base + length - PAGE)

    @property
    def intact(self) -> bool:
        """Whether nothing around the array was written."""
        return all((part == POISON).all() for part in self.around)

    def holds(self, address: int) -> bool:
        """Whether an address lies on its forbidden pages or between them."""
        return self.ends[0] <= address < self.ends[1] + PAGE

    def close(self) -> None:
        """Give the memory back."""
        for page in self.ends:
            _protect(page, mmap.PROT_READ | mmap.PROT_WRITE)
        del self.array, self.around, self.bytes


def _protect(address: int, protection: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(PAGE), protection):
        raise OSError(ctypes.get_errno(), "mprotect")
