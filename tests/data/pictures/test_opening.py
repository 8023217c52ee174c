"""Pictures are opened by their content, in the formats that Pillow reads by itself."""

import io

import pytest

Image = pytest.importorskip("PIL.Image", reason="pictures need the extra images")

from graphnet.data.pictures import opening  # noqa: E402  # as above
from graphnet.data.pictures.opening import TooManyPixelsError, opened_picture  # noqa: E402

#: A program in EPS: Pillow would have Ghostscript carry it out.
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n%%EOF\n"


def picture(kind="PNG"):
    """The bytes of a small picture."""
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM"])
def test_usual_formats(kind):
    """By content."""
    with opened_picture(io.BytesIO(picture(kind))) as image:
        assert image.size == (3, 2)


def test_no_program_is_started():
    """EPS, which Ghostscript reads, is no picture, nor are formats read by programs elsewhere."""
    with pytest.raises(Exception, match="cannot identify"), opened_picture(io.BytesIO(EPS)):
        pass
    assert not {"EPS", "WMF", "GRIB", "BUFR", "HDF5", "FITS"} & set(opening.FORMATS)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    """By its header."""
    monkeypatch.setattr(opening, "MOST_PIXELS", 5)
    with (
        pytest.raises(TooManyPixelsError, match=r"it has 2×3 pixels, expected 5 at most"),
        opened_picture(io.BytesIO(picture())),
    ):
        pass
