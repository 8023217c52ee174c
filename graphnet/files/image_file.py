"""Arrays as PNG files, without any library."""

from __future__ import annotations

import struct
import zlib

import numpy as np

_GREY, _COLOUR = 0, 2  # as PNG numbers them


def png_of(values: np.ndarray) -> bytes:
    """The bytes of a PNG file of 8 bits a channel.

    Args:
        values: ``(H, W)`` for grey or ``(H, W, 3)`` for colours, uint8.
    """
    height, width = values.shape[:2]
    kind = _GREY if values.ndim == 2 else _COLOUR  # noqa: PLR2004
    rows = values.reshape(height, -1)
    lines = np.zeros((height, rows.shape[1] + 1), np.uint8)  # 0: the line as it is
    lines[:, 1:] = rows
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
