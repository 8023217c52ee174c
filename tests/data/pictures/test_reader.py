"""One picture: the numbers that are stored come back, or it is refused."""

import io
import re
import struct
import sys
import zlib

import numpy as np
import pytest

from graphnet.data.pictures.reader import PictureOptions, PictureReader
from graphnet.errors import DataError
from graphnet.installation import pip_install

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 5), np.uint8)
COLOUR = RNG.integers(0, 256, (4, 5, 3), np.uint8)
DEEP = RNG.integers(0, 65536, (4, 5), np.uint16)
GREY_ALONE = PictureOptions(grey=True)


def saved(tmp_path, image, name="a.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def read(path, **options):
    reader = PictureReader(PictureOptions(**options))
    found = reader.read(path)
    assert found.dtype == reader.dtype(path)
    return found


def retag(path, tags):
    """Put other numbers for tags into a TIFF."""
    content = bytearray(path.read_bytes())
    for tag, value in tags.items():
        at = content.find(struct.pack("<HHI", tag, 3, 1))
        if at < 0:  # in place of one that does not matter
            at = content.find(struct.pack("<HHI", 284, 3, 1))
            content[at : at + 8] = struct.pack("<HHI", tag, 3, 1)
        content[at + 8 : at + 10] = struct.pack("<H", value)
    path.write_bytes(content)


def refused(path, said, **options):
    with pytest.raises(
        DataError, match=f"^(cannot read )?the picture {re.escape(str(path))}:? {said}"
    ):
        read(path, **options)


EIGHT_BITS = {
    "1": GREY > 127,
    "L": GREY,
    "P": GREY % 4,
    "RGB": COLOUR,
    "CMYK": np.dstack([COLOUR, GREY]),
}


@pytest.mark.parametrize("mode", EIGHT_BITS)
@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp", "gif", "ppm", "webp"])
def test_eight_bits(tmp_path, mode, suffix):
    """Of every format that stores a mode exactly: the colours that Pillow shows."""
    image = Image.fromarray(EIGHT_BITS[mode], mode if mode == "CMYK" else None)
    if mode == "P":
        image = Image.fromarray(EIGHT_BITS[mode])
        image = image.convert("P")
    try:
        path = saved(
            tmp_path, image, f"a.{suffix}", **({"lossless": True} if suffix == "webp" else {})
        )
    except (OSError, KeyError, ValueError):
        pytest.skip("the format does not store this mode")
    with Image.open(path) as again:
        expected = np.asarray(again.convert("RGB")), np.asarray(again.convert("L"))
    assert read(path).dtype == np.uint8
    assert np.array_equal(read(path), expected[0].transpose(2, 0, 1))
    assert np.array_equal(read(path, grey=True)[0], expected[1])


DEEP_PICTURES = [
    ("a.png", DEEP, "u2"),
    ("a.tiff", DEEP, "u2"),
    ("a.ppm", DEEP.astype(np.int32), "u2"),
    ("a.tiff", RNG.normal(size=(4, 5)).astype(np.float32), "f4"),
    ("a.tiff", RNG.integers(-(2**31), 2**31 - 1, (4, 5), np.int32), "i4"),
]


@pytest.mark.parametrize(("name", "values", "dtype"), DEEP_PICTURES)
@pytest.mark.parametrize("grey", [False, True])
def test_more_bits(tmp_path, name, values, dtype, grey):
    """Grey pictures of 16 and 32 bits keep every one of them."""
    found = read(saved(tmp_path, Image.fromarray(values), name), grey=grey)
    assert (found.dtype, found.shape) == (np.dtype(dtype), (1 if grey else 3, 4, 5))
    for channel in found:
        assert np.array_equal(channel, values)


def test_unsigned_32_bits(tmp_path):
    """Pillow takes them for signed; here they are what is stored."""
    values = np.array([[0, 1, 2**31, 2**32 - 1]], np.uint32)
    path = saved(tmp_path, Image.fromarray(values.view(np.int32)), "a.tiff")
    retag(path, {339: 1})
    assert read(path, grey=True).tolist() == [values.tolist()]
    refused(path, "has values that Pillow cannot bring to another size", size=(2, 2))


def test_another_size(tmp_path):
    """Their range and type stay."""
    for name, values, dtype in DEEP_PICTURES:
        found = read(saved(tmp_path, Image.fromarray(values), name), size=(8, 6), grey=True)
        assert (found.shape, found.dtype) == ((1, 8, 6), np.dtype(dtype))
    steps = np.repeat(np.array([[0, 65535]], np.uint16), 4, axis=1)
    found = read(saved(tmp_path, Image.fromarray(steps)), size=(1, 33), grey=True)
    assert (found.min(), found.max()) == (0, 65535)
    assert np.all(np.diff(found[0, 0].astype(int)) >= 0)
    assert read(saved(tmp_path, Image.fromarray(COLOUR)), size=(8, 6)).shape == (3, 8, 6)


def png_of_16_bits(kind, n_channels):
    """What Pillow cannot write."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 2, 1, 16, kind, 0, 0, 0)
    rows = b"\0" + bytes(2 * n_channels * 2)
    signature = b"\x89PNG\r\n\x1a\n"
    return (
        signature
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rgb.png", png_of_16_bits(2, 3)),
        ("la.png", png_of_16_bits(4, 2)),
        ("rgba.png", png_of_16_bits(6, 4)),
        ("a.ppm", b"P6 1 1 65535\n" + bytes(6)),
        ("b.ppm", b"P6 1 1 4095\n" + bytes(6)),
    ],
)
def test_several_channels_of_16_bits(tmp_path, name, content):
    """Pillow would keep 8: refused, with what can be done."""
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, r"has 16 bits in each of several channels, .*\n  store it with 8 bits")
    with pytest.raises(DataError, match="16 bits"):
        PictureReader(GREY_ALONE).dtype(tmp_path / name)


@pytest.mark.parametrize(
    ("values", "tags", "said"),
    [
        (GREY, {339: 2}, "has signed bytes"),
        (DEEP, {262: 0}, "has 0 for white, and more than 8 bits"),
    ],
)
def test_tiffs_that_pillow_reads_otherwise(tmp_path, values, tags, said):
    """What is stored is not what it would give."""
    path = saved(tmp_path, Image.fromarray(values), "a.tiff")
    retag(path, tags)
    refused(path, said)


def with_alpha(values, alpha):
    return np.dstack([values, np.full(values.shape[:2], alpha, np.uint8)])


@pytest.mark.parametrize("values", [GREY, COLOUR], ids=["LA", "RGBA"])
def test_transparency(tmp_path, values):
    """Where it shows, what is behind must be said; where it does not, it is no part of the data."""
    path = saved(tmp_path, Image.fromarray(with_alpha(values, 255)))
    assert np.array_equal(read(path), read(saved(tmp_path, Image.fromarray(values), "b.png")))
    path = saved(tmp_path, Image.fromarray(with_alpha(values, 0)))
    refused(path, r"has transparent pixels, .*\n  say what is behind them: --background white")
    assert read(path, background="white").min() == 255
    assert read(path, background="#ff0000")[:, 0, 0].tolist() == [255, 0, 0]
    assert read(path, background="black", grey=True).max() == 0
    half = saved(tmp_path, Image.fromarray(with_alpha(np.full((4, 5), 200, np.uint8), 128)))
    assert abs(int(read(half, background="black").max()) - 100) <= 1


def test_transparent_colours(tmp_path):
    """A palette's, or one grey of all, are transparency as well."""
    image = Image.fromarray(GREY % 2).convert("P")
    path = saved(tmp_path, image, transparency=1)
    refused(path, "has transparent pixels")
    assert read(path, background="white").max() == 255
    path = saved(tmp_path, Image.fromarray(DEEP), transparency=int(DEEP[1, 1]))
    refused(path, f"has pixels of {DEEP[1, 1]}, which are transparent")


def test_background():
    """It is a colour."""
    with pytest.raises(DataError, match="--background whit: expected a colour such as white"):
        PictureReader(PictureOptions(background="whit"))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_orientation(tmp_path, suffix):
    """A photograph is upright, as viewers show it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"compression": "tiff_lzw"} if suffix == "tiff" else {}
    path = saved(tmp_path, Image.fromarray(GREY), f"a.{suffix}", exif=exif, **options)
    found = read(path, grey=True)[0]
    assert found.shape == (5, 4)
    if suffix in ("png", "tiff"):
        assert np.array_equal(found, np.rot90(GREY, -1))
    deep = saved(tmp_path, Image.fromarray(DEEP), "b.png", exif=exif)
    assert np.array_equal(read(deep, grey=True)[0], np.rot90(DEEP, -1))


def test_a_tiff_on_its_side(tmp_path):
    """Uncompressed, Pillow 13 gives its pixels in disorder."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, Image.fromarray(GREY), "a.tiff", exif=exif)
    refused(path, r"is an uncompressed TIFF that lies on its side")


@pytest.mark.parametrize("suffix", ["gif", "tiff", "png", "webp"])
def test_several_pictures(tmp_path, suffix):
    """A film, or pages: the first one alone would be less than the file."""
    images = [Image.fromarray(GREY + np.uint8(90 * i)).convert("RGB") for i in range(3)]
    path = saved(tmp_path, images[0], f"a.{suffix}", save_all=True, append_images=images[1:])
    refused(path, r"holds 3 pictures\n  store each one in a file of its own")


def test_a_photograph_with_its_preview(tmp_path):
    """Phones write several pictures into a JPEG: the first is the photograph."""
    images = [Image.fromarray(COLOUR), Image.fromarray(COLOUR[:2])]
    path = saved(
        tmp_path, images[0], "a.jpg", format="MPO", save_all=True, append_images=images[1:]
    )
    assert read(path).shape == (3, 4, 5)


def test_damage(tmp_path):
    """Whatever is in it: a value, or an error with its name."""
    path = tmp_path / "a.png"
    for content in (b"", b"no picture"):
        path.write_bytes(content)
        refused(path, r".*\n  it is damaged, or of a kind")
    refused(tmp_path / "nope.png", ".*No such file")
    whole = io.BytesIO()
    Image.fromarray(COLOUR).save(whole, "PNG")
    path.write_bytes(whole.getvalue()[:-40])
    refused(path, "")


def test_without_pillow(monkeypatch):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=re.escape(pip_install("images"))):
        PictureReader(PictureOptions())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_proportions_are_kept(tmp_path, dtype):
    """In a letter-box the whole picture, with what is beside it; cropped, the middle alone."""
    path = tmp_path / "a.tiff"
    values = np.repeat(np.repeat([[10, 20, 30, 40]], 2, axis=0), 2, axis=1).astype(dtype)
    Image.fromarray(values).save(path)  # 2 high, 8 wide
    boxed = PictureReader(PictureOptions((4, 4), grey=True, fit="letter-box")).read(path)[0]
    assert boxed.dtype == dtype
    assert (boxed[[0, 2, 3]] == 0).sum() == 12 or (boxed[[0, 3]] == 0).all()
    assert boxed.any(axis=1).sum() == 1
    row = boxed[boxed.any(axis=1)][0]
    assert (np.diff(row.astype(float)) > 0).all()
    cropped = PictureReader(PictureOptions((2, 2), grey=True, fit="crop")).read(path)[0]
    assert cropped.tolist() == [[20, 30]] * 2
    tall = tmp_path / "b.tiff"
    Image.fromarray(values.T.copy()).save(tall)
    cropped = PictureReader(PictureOptions((2, 2), grey=True, fit="crop")).read(tall)[0]
    assert cropped.tolist() == [[20, 20], [30, 30]]
    same = PictureReader(PictureOptions((2, 8), grey=True, fit="letter-box")).read(path)[0]
    assert same.tolist() == values.tolist()


def test_what_is_beside(tmp_path):
    """The background's colour, or its grey."""
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 2), "#102030").save(path)
    for grey, inside, beside in ((False, [16, 32, 48], [255, 128, 0]), (True, [29], [151])):
        options = PictureOptions((4, 4), grey, "#ff8000", "letter-box")
        found = PictureReader(options).read(path)
        assert found[:, 1:3].reshape(len(inside), -1).T.tolist() == [inside] * 8
        assert found[:, [0, 3]].reshape(len(inside), -1).T.tolist() == [beside] * 8
