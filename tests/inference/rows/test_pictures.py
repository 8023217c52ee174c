"""Rows that are pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import graphnet as gn
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.pictures import PictureRows, pictures_in
from graphnet.net.predicting.feed import Feed


def blob(shape, dtype="u1", highest=None, recipe=None):
    feed = Feed("data", None, np.dtype("f4"))
    return FedBlob("data", feed, shape, np.dtype(dtype) if dtype else None, highest, recipe)


@pytest.fixture
def picture(tmp_path):
    """Writes one of these values."""

    def write(values, name="p.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(np.asarray(values, np.uint8)).save(path)
        return path

    return write


def rows_of(paths, *args, **options):
    found = PictureRows(paths, *args, [p.name for p in paths], **options)
    blocks = list(found.blocks(2))
    return np.concatenate([b.arrays["data"] for b in blocks]), found


def test_channels_and_order(picture):
    """Red, green, blue, or grey, as the net's rows."""
    values = np.arange(24).reshape(2, 4, 3)
    paths = [picture(values, f"{i}.png") for i in range(3)]
    rows, found = rows_of(paths, blob((3, 2, 4)))
    np.testing.assert_array_equal(rows, np.stack([values.transpose(2, 0, 1)] * 3))
    assert (found.n_rows, found.notes) == (3, [])
    grey, _ = rows_of(paths[:1], blob((1, 2, 4)))
    assert grey.shape == (1, 1, 2, 4)


@pytest.mark.parametrize(
    ("fit", "corner", "note"),
    [(None, 200, "stretched"), ("letter-box", 0, "letter-boxed"), ("crop", 200, "cropped")],
)
def test_other_sizes(picture, fit, corner, note):
    """Are brought to that of the net, and it is said."""
    path = picture(np.full((8, 16), 200))
    rows, found = rows_of([path], blob((1, 4, 4)), fit=fit)
    assert rows.shape == (1, 1, 4, 4)
    assert rows[0, 0, 0, 0] == corner
    assert found.notes == [f"1 picture was brought to 4×4: {note}"]


def test_as_the_nets_data_were_packed(picture):
    """The recipe says how they are read."""
    recipe = PictureRecipe(shape=(1, 4, 4), resized=True, fit="letter-box", background="white")
    rows, _ = rows_of([picture(np.full((8, 16), 7))], blob((1, 4, 4), recipe=recipe))
    assert rows[0, 0, :, 0].tolist() == [255, 7, 7, 255]
    deep = PictureRecipe(shape=(1, 8, 16), dtype="uint16")
    with pytest.raises(gn.DataError, match=r"q.png has numbers of type uint8\n  expected uint16"):
        rows_of([picture(np.full((8, 16), 7), "q.png")], blob((1, 8, 16), recipe=deep))


def test_scales(picture):
    """A net that learned from 0 to 1 gets that; one that learned from bytes gets these."""
    path = picture(np.full((2, 2), 51))
    rows, found = rows_of([path], blob((1, 2, 2), "f4", 1.0))
    np.testing.assert_array_equal(rows, np.full((1, 1, 2, 2), np.float32(0.2)))
    assert found.notes == ["the net has learned from numbers up to 1: white is 1"]
    assert rows_of([path], blob((1, 2, 2), "f4", 255.0))[0].max() == 51
    with pytest.raises(gn.DataError, match=r"p.png has numbers of type uint8\n  expected int32"):
        rows_of([path], blob((1, 2, 2), "i4"))


def test_what_is_no_row_of_pictures(picture):
    """The net's rows must have channels, a height and a width."""
    path = picture(np.zeros((2, 2)))
    for shape, found in (((7,), "7 is what"), ((2, 4, 4), "2×4×4 is what"), (None, "nobody knows")):
        with pytest.raises(gn.DataError, match=f"p.png: pictures are fed to 'data', but {found}"):
            rows_of([path], blob(shape))


def test_pictures_of_a_folder(picture, tmp_path):
    """Those below it too, in order; hidden ones and other files are left out."""
    for name in ("f/b/2.png", "f/a.png", "f/.x.png", "f/.h/1.png", "f/b/10.png"):
        picture(np.zeros((2, 2)), name)
    (tmp_path / "f/notes.txt").touch()
    found = [str(p.relative_to(tmp_path / "f")) for p in pictures_in(tmp_path / "f")]
    assert found == ["a.png", "b/10.png", "b/2.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(gn.DataError, match=r"empty holds no pictures\n  expected .bmp"):
        pictures_in(tmp_path / "empty")
