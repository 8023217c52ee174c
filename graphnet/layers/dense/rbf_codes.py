"""Codes for RBF: the vectors of ±1 that stand for the classes.

The digits are drawn on 7 × 12 pixels, as LeNet-5's were; the drawings here are our own.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import Field

from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import ByName
from graphnet.declare.user_types import OrUserClass
from graphnet.errors import ShapeError
from graphnet.params.initializers import EveryInitializer, Initializer

#: Side by side the digits 0 to 9, a row of pixels a line.
_DRAWN = """
..###.. ...#... ..###.. .#####. ....##. ####### ..####. ####### ..###.. ..###..
.##.##. ..##... .##.##. ##...## ...###. ##..... .##..## ##...## .##.##. .##.##.
##...## .###... ##...## .....## ...###. ##..... ##..... .....## ##...## ##...##
##...## ...#... .....## .....## ..####. ##..... ##..... ....##. ##...## ##...##
##...## ...#... .....## ....##. ..#.##. #####.. ##.##.. ....##. .##.##. ##...##
##...## ...#... ....##. ..###.. .##.##. ##..##. ###.##. ...##.. ..###.. .##.###
##...## ...#... ...##.. ....##. .#..##. .....## ##...## ...##.. .##.##. ..##.##
##...## ...#... ..##... .....## ##..##. .....## ##...## ..##... ##...## .....##
##...## ...#... .##.... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
.##.##. ...#... ##..... ##...## ....##. ##..##. .##.##. .##.... .##.##. ##..##.
..###.. .#####. ####### .#####. ....##. .####.. ..###.. .##.... ..###.. .####..
"""
N_DIGIT, HEIGHT, WIDTH = 10, 12, 7


def digit_bitmaps() -> np.ndarray:
    """``(10, 12, 7)``: 1 where there is ink, −1 elsewhere."""
    lines = [line.split() for line in _DRAWN.split("\n") if line]
    return np.array(
        [
            [[1.0 if pixel == "#" else -1.0 for pixel in line[k]] for line in lines]
            for k in range(10)
        ]
    )


class DigitBitmaps(Initializer):
    """Code k is the digit k drawn on 12 × 7 pixels, row by row: 1 for ink, −1 for paper.

    For 10 classes and 84 inputs: the output layer of LeNet-5 (LeCun et al. 1998, §II.B). Alike
    digits have alike codes, so that what confuses the net can be told by what reads its output.
    """

    type: Literal["DigitBitmaps"] = "DigitBitmaps"

    def check(self, shape: Shape) -> None:
        """See that the codes have this shape.

        Raises:
            ShapeError: If not.
        """
        if shape != (N_DIGIT, HEIGHT * WIDTH):
            raise ShapeError(
                f"DigitBitmaps has {HEIGHT * WIDTH} inputs and {N_DIGIT} classes, but the codes "
                f"are {shape_text(shape)}\n  expected codes_init: RandomSigns"
            )

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """The drawings, flattened."""
        self.check(shape)
        return digit_bitmaps().reshape(shape)


class RandomSigns(Initializer):
    """1 and −1, independent and equally probable: the other choice of LeCun et al. 1998."""

    type: Literal["RandomSigns"] = "RandomSigns"

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Random signs."""
        return rng.choice((-1.0, 1.0), shape)


AnyCodes: TypeAlias = Annotated[
    EveryInitializer | DigitBitmaps | RandomSigns,
    Field(discriminator="type"),
    OrUserClass(Initializer),
    ByName,
]
