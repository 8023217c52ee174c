"""The recipe of pictures: new ones are read alike."""

import numpy as np
import pytest

from graphnet.data.pictures.reader import PictureOptions
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.errors import DataError


def test_options():
    """What the reader is told: the size only where pictures may have others."""
    recipe = PictureRecipe(shape=(3, 4, 5), resized=True, fit="crop", background="white")
    assert recipe.options == PictureOptions((4, 5), False, "white", "crop")
    assert PictureRecipe(shape=(1, 4, 5)).options == PictureOptions(None, True)


def test_check():
    """Another size or another scale is refused."""
    recipe = PictureRecipe(shape=(1, 2, 3), dtype="uint16")
    recipe.check(np.zeros((1, 2, 3), np.uint16), "a.png")
    with pytest.raises(DataError, match=r"a.png is 1×3×2\n  expected 1×2×3"):
        recipe.check(np.zeros((1, 3, 2), np.uint16), "a.png")
    with pytest.raises(DataError, match=r"type uint8\n  expected uint16"):
        recipe.check(np.zeros((1, 2, 3), np.uint8), "a.png")
