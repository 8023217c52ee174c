"""What folders and tables of pictures share; more is in the tests of both."""

from collections import Counter

import numpy as np
import pytest

from graphnet.data.pictures.picture_files import PictureFiles
from graphnet.data.pictures.reader import PictureOptions

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.mark.parametrize(
    ("modes", "grey", "is_said"),
    [("LL", False, True), ("LL", True, False), ("LR", False, False), ("RR", False, False)],
)
def test_grey_pictures_are_told_of(tmp_path, modes, grey, is_said):
    """They would be stored three times."""
    files = []
    for i, mode in enumerate(modes):
        files.append(tmp_path / f"{i}.png")
        Image.new("L" if mode == "L" else "RGB", (3, 2)).save(files[-1])
    labels = np.array([0, 1], np.int32)
    found = PictureFiles(files, labels, ["a", "b"], PictureOptions(grey=grey), Counter(x=2))
    said = ("note", "all pictures are grey: --grey stores one channel instead of three")
    assert (said in found.notes) is is_said
    assert ("left out", "2 x") in found.notes
    found.fit(np.arange(1))
    assert found.rows(np.array([1]))["label"].tolist() == [1]
