"""Pictures as OpenCV decodes, greys and resizes them."""

import io

import numpy as np
import pytest

from graphnet.errors import DataError
from graphnet.interchange.caffe.databases.pictures import decoded, resized

RNG = np.random.default_rng(0)


def written(array, kind, **options):
    """A file of a format."""
    image, file = pytest.importorskip("PIL.Image"), io.BytesIO()
    image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


def test_channels():
    """As they are stored, three or one; blue, green, red."""
    colours, grey = RNG.integers(0, 256, (4, 5, 3), np.uint8), np.full((4, 5), 77, np.uint8)
    found = decoded(written(colours, "PNG"), "p", "stored")
    assert np.array_equal(found, colours[:, :, ::-1].transpose(2, 0, 1))
    assert np.array_equal(decoded(written(grey, "PNG"), "p", "stored"), grey[None])
    assert np.array_equal(decoded(written(grey, "PNG"), "p", "color"), np.stack([grey] * 3))
    for kind in ("PNG", "BMP"):
        three = np.repeat(grey[:, :, None], 3, 2)
        assert np.array_equal(decoded(written(three, kind), "p", "grey"), grey[None])
    with pytest.raises(DataError, match="p: is a picture that cannot be read"):
        decoded(b"\x89PNG none", "p", "grey")


def test_grey_of_one_pixel():
    """Libpng cuts off, the others round: 0.299 · 3 + 0.587 · 2 + 0.114 · 5 is 2.64."""
    pixel = np.array([[[3, 2, 5]]], np.uint8)
    assert decoded(written(pixel, "PNG"), "p", "grey").item() == 2
    assert decoded(written(pixel, "BMP"), "p", "grey").item() == 3


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG"])
def test_grey_as_opencv_has_it(kind):
    """Every pixel."""
    cv2 = pytest.importorskip("cv2")
    file = written(RNG.integers(0, 256, (64, 61, 3), np.uint8), kind)
    wanted = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(decoded(file, "p", "grey")[0], wanted)


def test_of_two_pixels_to_four():
    """A quarter and three quarters of each neighbour; beyond them the outermost."""
    picture = np.array([[[0, 100]]], np.uint8)
    assert resized(picture, 1, 4).ravel().tolist() == [0, 25, 75, 100]
    assert resized(picture, 1, 1).ravel().tolist() == [50]
    assert resized(picture, 3, 2)[0].tolist() == [[0, 100]] * 3
    assert resized(picture, 1, 2) is picture


def test_resized_as_opencv_does():
    """Larger and smaller, from and to any size, every pixel."""
    cv2 = pytest.importorskip("cv2")
    for _ in range(200):
        height, width = RNG.integers(1, 40, 2)
        new = [int(n) for n in RNG.integers(1, 60, 2)]
        picture = RNG.integers(0, 256, (height, width, 3), np.uint8)
        wanted = cv2.resize(picture, (new[1], new[0])).transpose(2, 0, 1)
        assert np.array_equal(resized(picture.transpose(2, 0, 1), *new), wanted)
