"""Pictures pasted together from digits: strips to be read, and cluttered scenes to be segmented."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnet.data.sets.draws import Draws

#: Rows and columns of a strip, and how many digits it may have.
STRIP, FEWEST, MOST = (32, 128), 2, 5
#: What stands behind the last digit of a strip.
NO_DIGIT = -1
#: How many columns behind the last digit's the next one begins, at least and at most.
_ADVANCE = (16, 24)
#: Rows and columns of a scene, and the class of what is no digit.
SCENE, BACKGROUND = (32, 32), 10
#: Pieces of other digits that lie about in a scene, and their rows and columns.
_PIECES, _PIECE = 8, 5
#: From here on a pixel belongs to a digit.
_INK = 64


def strips(
    samples: Mapping[str, np.ndarray], per_strip: int = 1, key: int = 0
) -> dict[str, np.ndarray]:
    """Paste two to five digits beside each other, at distances and heights drawn at random.

    Neighbours may touch or overlap a little.

    Args:
        samples: ``data`` ``(n, 1, 28, 28)`` uint8 and ``label`` ``(n,)``.
        per_strip: For so many samples one strip is made.
        key: Of the random numbers.

    Returns:
        ``data`` ``(n / per_strip, 1, 32, 128)`` uint8, and ``digits`` ``(n / per_strip, 5)`` int8,
        the digits from left to right, then -1.
    """
    draws, n = Draws(key), len(samples["label"]) // per_strip
    images, side = samples["data"][:, 0], samples["data"].shape[-1]
    out = np.zeros((n, 1, *STRIP), np.uint8)
    count = FEWEST + draws.below(MOST - FEWEST + 1, (n,))
    chosen = draws.below(len(images), (n, MOST))
    top = draws.below(STRIP[0] - side + 1, (n, MOST))
    least, most = _ADVANCE
    place = np.cumsum(least + draws.below(most - least + 1, (n, MOST)), axis=1)
    room = STRIP[1] - side - (place - place[:, :1])[np.arange(n), count - 1]
    left = place - place[:, :1] + np.floor(draws.unit((n,)) * (room + 1)).astype(np.int64)[:, None]
    for i in range(n):
        for k in range(count[i]):
            _lay(out[i, 0], images[chosen[i, k]], top[i, k], left[i, k])
    digits = samples["label"][chosen].astype(np.int8)
    digits[np.arange(MOST) >= count[:, None]] = NO_DIGIT
    return {"data": out, "digits": digits}


def scenes(
    samples: Mapping[str, np.ndarray], per_scene: int = 1, key: int = 0
) -> dict[str, np.ndarray]:
    """Paste one to four small digits on a ground of pieces of others; say what pixel is whose.

    The digits are of half their size, each in a quarter of its own; the pieces are of half their
    brightness.

    Args:
        samples: ``data`` ``(n, 1, 28, 28)`` uint8 and ``label`` ``(n,)``.
        per_scene: For so many samples one scene is made.
        key: Of the random numbers.

    Returns:
        ``data`` ``(n / per_scene, 1, 32, 32)`` uint8, and ``label`` ``(n / per_scene, 32, 32)``
        uint8: the digit that a pixel belongs to, or 10.
    """
    draws, n = Draws(key), len(samples["label"]) // per_scene
    images = halved(samples["data"][:, 0])
    side, (height, width) = images.shape[-1], SCENE
    out = np.zeros((n, 1, *SCENE), np.uint8)
    label = np.full((n, *SCENE), BACKGROUND, np.uint8)
    count, first = 1 + draws.below(4, (n,)), draws.below(4, (n,))
    chosen = draws.below(len(images), (n, _PIECES + 4))
    # a piece is cut from the middle of a digit, where the ink is
    cut = side // 4 + draws.below(side // 2 - _PIECE + 1, (n, _PIECES, 2))
    piece_at = draws.below(height - _PIECE + 1, (n, _PIECES, 2))
    digit_at = draws.below(height // 2 - side + 1, (n, 4, 2))
    for i in range(n):
        for k in range(_PIECES):
            (row, column), image = cut[i, k], images[chosen[i, k]]
            piece = image[row : row + _PIECE, column : column + _PIECE] // 2
            _lay(out[i, 0], piece, *piece_at[i, k])
        for k in range(count[i]):
            below, beside = divmod(int(first[i] + k) % 4, 2)
            row, column = digit_at[i, k] + (below * height // 2, beside * width // 2)
            number = chosen[i, _PIECES + k]
            _lay(out[i, 0], images[number], row, column)
            owned = label[i, row : row + side, column : column + side]
            owned[images[number] >= _INK] = samples["label"][number]
    return {"data": out, "label": label}


def halved(images: np.ndarray) -> np.ndarray:
    """Images ``(n, H, W)`` of half their sides: the mean of each four pixels, uint8."""
    n, height, width = images.shape
    fours = images.reshape(n, height // 2, 2, width // 2, 2)
    rounded: np.ndarray = (fours.sum((2, 4), dtype=np.uint16) + 2) // 4
    return rounded.astype(np.uint8)


def _lay(ground: np.ndarray, image: np.ndarray, row: int, column: int) -> None:
    """Lay an image over the ground; the lighter of both is seen."""
    part = ground[row : row + image.shape[0], column : column + image.shape[1]]
    np.maximum(part, image, out=part)
