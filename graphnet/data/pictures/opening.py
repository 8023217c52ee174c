"""Opening pictures by Pillow: only formats that are read by it alone, and none that is a bomb.

Pillow looks at the content, not at the name: left to itself it hands EPS to Ghostscript, an
interpreter of programs, whatever the file is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

#: As Pillow names them. No other program takes part in reading these.
FORMATS = (
    *("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000"),
    *("TGA", "ICO", "PCX", "SGI", "SUN", "QOI", "XBM", "XPM", "DDS", "PSD"),
)
#: The most pixels of a picture: where Pillow begins to warn of a bomb.
MOST_PIXELS = 89_478_485


class TooManyPixelsError(ValueError):
    """A picture claims to be larger than any that is read."""


@contextmanager
def opened_picture(file: Path | IO[bytes]) -> Iterator[Any]:
    """A picture of Pillow, its header read; its pixels are not unpacked yet.

    Args:
        file: Its path, or its bytes as a file.

    Raises:
        TooManyPixelsError: If it claims more than :data:`MOST_PIXELS`.
        Exception: Whatever Pillow raises about a damaged file or one of another format.
    """
    from PIL import Image

    Image.init()  # else Pillow knows the five most usual formats alone
    known = [name for name in FORMATS if name in Image.OPEN]  # some builds lack one
    with Image.open(file, formats=known) as image:
        if prod(image.size) > MOST_PIXELS:
            height, width = image.size[::-1]
            raise TooManyPixelsError(
                f"it has {height}×{width} pixels, expected {MOST_PIXELS:,} at most"
            )
        yield image
