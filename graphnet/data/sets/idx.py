"""The IDX format, in which MNIST and its kin are published.

Two zero bytes, a type code, the number of axes, the axes as 32-bit integers, then the values;
everything big-endian. Files may be gzipped; they are recognised by their content.
"""

from __future__ import annotations

import gzip
import io
import zlib
from math import prod
from pathlib import Path

import numpy as np

from graphnet.data.regular_file import read_bytes
from graphnet.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_MOST_AXES = 32  # a blob has fewer, and NumPy at most 64
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def unpack(content: bytes, name: str, limit: int = 2**31) -> bytes:
    """The content of a file, without the gzip around it if there is one."""
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            plain = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file: {error}\n  get it again") from error
    if len(plain) > limit:
        raise DataError(f"{name} holds more than the {limit} bytes it should")
    return plain


def parse(content: bytes, name: str) -> np.ndarray:
    """The array in an IDX file, in the machine's byte order."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES or not content[3]:  # noqa: PLR2004 - the magic number's length
        raise DataError(
            f"{name} is not an IDX file: it begins with {content[:4].hex(' ') or 'nothing'}\n"
            "  expected 00 00, a type code (08 for bytes) and the number of axes"
        )
    if content[3] > _MOST_AXES:
        raise DataError(
            f"{name} has {content[3]} axes, expected {_MOST_AXES} at most\n"
            "  the file is damaged: get it again"
        )
    begin = 4 + 4 * content[3]
    axes = tuple(np.frombuffer(content[4:begin], ">u4").tolist()) if len(content) >= begin else ()
    dtype = np.dtype(_TYPES[content[2]])
    expected = begin + prod(axes) * dtype.itemsize
    if len(content) != expected or not axes:
        raise DataError(
            f"{name} has {len(content)} bytes, but its header asks for "
            f"{expected if axes else begin}{' or more' if not axes else ''}\n"
            "  the file is damaged: get it again"
        )
    values = np.frombuffer(content, dtype, offset=begin).reshape(axes)
    return values.astype(dtype.newbyteorder("="))


def read(path: Path) -> np.ndarray:
    """The array in an IDX file, gzipped or plain."""
    return parse(unpack(read_bytes(path), str(path)), str(path))
