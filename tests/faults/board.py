"""The board: where a process says what it is doing, so that it can be read after its death."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Where a process went on from, as long as it has not come so far; -1 is that it began anew.
NOT_YET = -2


class Board:
    """A page of memory that is still there when the process that wrote on it is not.

    Args:
        path: Its file.
    """

    _FIELDS = {"phase": ("40s", 0), "is_reading": ("?", 40)} | {
        name: ("q", 48 + 8 * i) for i, name in enumerate(("iter", "saved", "resumed"))
    }

    def __init__(self, path: Path) -> None:
        with path.open("w+b") as file:
            file.truncate(mmap.PAGESIZE)
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        for name, value in (("iter", -1), ("saved", -1), ("resumed", NOT_YET)):
            self.set(name, value)
        self.set("phase", b"starting")

    def set(self, name: str, value: Any) -> None:
        """Write a field."""
        kind, offset = self._FIELDS[name]
        struct.pack_into(kind, self._page, offset, value)

    def get(self, name: str) -> Any:
        """Read a field."""
        kind, offset = self._FIELDS[name]
        (value,) = struct.unpack_from(kind, self._page, offset)
        return value.rstrip(b"\0").decode() if kind == "40s" else value

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What the main thread is doing; afterwards it is what it was."""
        before = self.get("phase").encode()
        self.set("phase", name.encode())
        try:
            yield
        finally:
            self.set("phase", before)
