"""Pictures as Caffe's OpenCV makes of them, decoded, greyed and resized: in whole numbers, exactly.

OpenCV asks each format's library for grey, so the formula depends on the format: libpng's cuts off,
a JPEG's grey is its luminance as stored, and the rest is rounded. Resizing is bilinear, with
factors of 1/2048 and the sums cut off to 16 bits between rows.
"""

from __future__ import annotations

import io
from typing import Any, Literal, TypeAlias

import numpy as np

from graphnet.data.pictures.opening import opened_picture
from graphnet.errors import DataError
from graphnet.installation import pip_install

#: As many channels as a picture has (one or three), or three, or one.
Channels: TypeAlias = Literal["stored", "color", "grey"]

_GREY_MODES = ("1", "L")
_UNIT = 2048  # of the factors of a resized picture


def decoded(content: bytes, where: str, channels: Channels) -> np.ndarray:
    """A picture ``(C, H, W)`` of bytes, its colours in the order blue, green, red.

    Args:
        content: The file.
        where: For errors.
        channels: Which it has.

    Raises:
        DataError: If it is damaged, or the package that reads it is not installed.
    """
    try:
        with opened_picture(io.BytesIO(content)) as picture:
            if channels == "grey" and picture.format == "JPEG":
                picture.draft("L", picture.size)
            is_grey = picture.mode in _GREY_MODES
            if is_grey and channels != "color":
                return np.asarray(picture.convert("L"))[None]
            array = np.asarray(picture.convert("RGB"))
            if channels == "grey":
                return _grey(array, picture.format)[None]
    except ImportError:
        raise DataError(
            f"{where} is an encoded picture, which Pillow reads"
            f"\n  install it: {pip_install('images')}"
        ) from None
    except Exception as error:  # Pillow raises almost anything for a damaged one
        raise DataError(f"{where}: is a picture that cannot be read: {error}") from error
    return array[:, :, ::-1].transpose(2, 0, 1)


def _grey(array: np.ndarray, kind: Any) -> np.ndarray:
    """Red, green and blue as one channel."""
    red, green, blue = (array[:, :, i].astype(np.int32) for i in range(3))
    mixed: np.ndarray
    if kind == "PNG":  # of grey pixels the sum would be one too few
        mixed = (9797 * red + 19234 * green + 3737 * blue) >> 15
        mixed = np.where((red == green) & (green == blue), red, mixed)
    else:
        mixed = (4899 * red + 9617 * green + 1868 * blue + (1 << 13)) >> 14
    grey: np.ndarray = mixed.astype(np.uint8)
    return grey


def resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture ``(C, H, W)`` of bytes brought to another size, bilinearly."""
    if picture.shape[1:] == (height, width):
        return picture
    left, right, *across = _places(picture.shape[2], width, at_edges=True)
    upper, lower, *down = _places(picture.shape[1], height, at_edges=False)
    wide = picture.astype(np.int32)
    rows = (wide[:, :, left] * across[0] + wide[:, :, right] * across[1]) >> 4
    above, below = ((factor[:, None] * rows[:, at]) >> 16
                    for factor, at in zip(down, (upper, lower), strict=True))  # fmt: skip
    found: np.ndarray = (above + below + 2) >> 2
    return found.astype(np.uint8)


def _places(n: int, wanted: int, *, at_edges: bool) -> tuple[np.ndarray, ...]:
    """For each new pixel along a side: its two neighbours, and what each counts of 2048.

    ``at_edges``: beyond the outermost pixel that one counts alone; else it is both neighbours,
    which is the same except for what is cut off.
    """
    place = ((np.arange(wanted) + 0.5) * (1 / (wanted / n)) - 0.5).astype(np.float32)
    first = np.floor(place).astype(np.intp)
    part = place - first.astype(np.float32)
    if at_edges:
        part[(first < 0) | (first >= n - 1)] = 0
        first = first.clip(0, n - 1)
    counts = (np.rint(share * np.float32(_UNIT)).astype(np.int32)
              for share in (np.float32(1) - part, part))  # fmt: skip
    return (first.clip(0, n - 1), (first + 1).clip(0, n - 1), *counts)
