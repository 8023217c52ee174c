"""Reading a picture by Pillow: its numbers as they are stored, or the reason why not.

Of most pictures Pillow keeps 8 bits a channel, and of grey ones 16 or 32. What it would cut down,
or could show in several ways, is refused rather than packed as other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from graphnet.data.pictures.opening import TooManyPixelsError, opened_picture
from graphnet.errors import DataError, GraphnetError
from graphnet.files.reading import open_regular
from graphnet.installation import pip_install

_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # of EXIF
_PHOTOMETRIC, _SAMPLE_FORMAT, _WHITE_IS_ZERO, _SIGNED = 262, 339, 0, 2  # of TIFF
_MOST_UINT8, _MOST_UINT16 = 255, 65_535
_GREY = ("1", "L", "LA")
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})

#: How pictures are brought to a size; see :class:`PictureOptions`.
Fit: TypeAlias = Literal["stretch", "letter-box", "crop"]


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are read.

    Attributes:
        size: ``(height, width)`` to which they are brought. None: they all have one size.
        grey: Whether they get one channel instead of red, green and blue.
        background: The colour behind transparent pixels, such as ``white`` or ``#ff8000``. None: a
            picture that has such pixels is refused.
        fit: How they are brought to the size. ``stretch``: height and width each. ``letter-box``:
            the whole picture in its proportions, with ``background``, else black, beside it.
            ``crop``: in its proportions, as large as fills the size, and the middle of that.
    """

    size: tuple[int, int] | None = None
    grey: bool = False
    background: str | None = None
    fit: Fit = "stretch"


class PictureReader:
    """Reads pictures of the formats in :data:`~graphnet.data.pictures.opening.FORMATS`."""

    def __init__(self, options: PictureOptions) -> None:
        try:
            from PIL import Image, ImageColor, ImageOps
        except ImportError as error:
            raise DataError(
                "pictures are read by Pillow, which is not installed\n"
                f"  install it: {pip_install('images')}"
            ) from error
        self.options = options
        self.pillow: Any = Image
        self.upright: Any = ImageOps.exif_transpose
        self.background: Any = None
        if options.background is not None:
            try:
                self.background = ImageColor.getrgb(options.background)
            except ValueError:
                raise DataError(
                    f"--background {options.background}: expected a colour such as white, black "
                    "or #ff8000"
                ) from None

    def dtype(self, path: Path) -> np.dtype:
        """The type of a picture's numbers, from its header.

        ``uint8`` of 8 bits or fewer a channel, white being 255; ``uint16`` of 16 bits, white being
        65,535; ``int32``, ``uint32`` and ``float32`` as they are stored.
        """
        return self.kind(path)[0]

    def kind(self, path: Path) -> tuple[np.dtype, bool]:
        """The type of a picture's numbers, and whether it is stored as grey of 8 bits or fewer."""
        with _explained(path), _opened(path) as image:
            return _dtype(image), image.mode in _GREY

    def read(self, path: Path) -> np.ndarray:
        """A picture as ``(C, H, W)``, upright as its EXIF data say."""
        with _explained(path), _opened(path) as opened:
            dtype = _dtype(opened)
            _check_whole(opened)
            opened.load()  # which turns a TIFF by itself
            is_turned = opened.getexif().get(_ORIENTATION, 1) != 1
            image = self.upright(opened) if is_turned else opened
            values = self._bytes(image) if dtype == np.uint8 else self._deep(image, dtype)
        return np.ascontiguousarray(values.reshape(*values.shape[:2], -1).transpose(2, 0, 1))

    def _bytes(self, image: Any) -> np.ndarray:
        """The values of a picture of 8 bits a channel."""
        if image.mode in _WITH_ALPHA or "transparency" in image.info:
            image = image.convert("RGBA")
            if image.getchannel("A").getextrema()[0] < _MOST_UINT8:
                if self.background is None:
                    raise _Refused(
                        "has transparent pixels, which have no colour of their own",
                        "say what is behind them: --background white",
                    )
                behind = self.pillow.new("RGBA", image.size, self.background)
                image = self.pillow.alpha_composite(behind, image)
        image = image.convert("L" if self.options.grey else "RGB")
        values = np.asarray(self._fitted(image), np.uint8)
        beside = (self.background or (0, 0, 0))[:3]
        if values.ndim == 2:  # noqa: PLR2004  # grey
            colour = self.pillow.new("RGB", (1, 1), beside).convert("L").getpixel((0, 0))
            return self._boxed(values, colour)
        return self._boxed(values, beside)

    def _deep(self, image: Any, dtype: np.dtype) -> np.ndarray:
        """The values of a grey picture of more bits, the same in each of three channels."""
        transparent = image.info.get("transparency")
        values = np.asarray(image)
        if isinstance(transparent, int) and (values == transparent).any():
            raise _Refused(
                f"has pixels of {transparent}, which are transparent",
                "store it without transparency",
            )
        if dtype == np.uint32:
            values = values.view(np.uint32)  # Pillow takes it for signed
        if self.options.size is not None:
            values = self._boxed(self._resized(values, dtype), 0)
        values = values.astype(dtype, copy=False)[:, :, None]
        return values if self.options.grey else np.repeat(values, 3, axis=2)

    def _fitted(self, image: Any) -> Any:
        """A picture of the size; in a letter-box, the picture without what is beside it."""
        size = self.options.size
        if size is None:
            return image
        (height, width), fit = size, self.options.fit
        if fit == "stretch":
            return image.resize((width, height))
        scales = height / image.height, width / image.width
        if fit == "letter-box":
            inner = (max(1, round(side * min(scales))) for side in image.size)
            return image.resize(tuple(inner))
        # the part that is kept, in pixels of the picture
        part = (width / max(scales), height / max(scales))
        left, top = (image.width - part[0]) / 2, (image.height - part[1]) / 2
        box = (max(0, left), max(0, top),
               min(image.width, left + part[0]), min(image.height, top + part[1]))  # fmt: skip
        return image.resize((width, height), box=box)

    def _boxed(self, values: np.ndarray, beside: Any) -> np.ndarray:
        """A picture ``(h, w)`` or ``(h, w, C)`` in the middle of the size, if it is smaller."""
        size = self.options.size
        if size is None or values.shape[:2] == size:
            return values
        out = np.empty((*size, *values.shape[2:]), values.dtype)
        out[:] = beside
        top, left = ((a - b) // 2 for a, b in zip(size, values.shape[:2], strict=True))
        out[top : top + values.shape[0], left : left + values.shape[1]] = values
        return out

    def _resized(self, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
        wide = np.float32 if dtype.kind == "f" else np.int32
        if dtype.kind == "u" and values.max() > np.iinfo(np.int32).max:
            raise _Refused(
                "has values that Pillow cannot bring to another size", "leave out --size"
            )
        found = np.asarray(self._fitted(self.pillow.fromarray(values.astype(wide))))
        # between pixels a cubic curve may leave the range of the type
        if dtype.kind == "f":
            return found
        return found.astype(np.int64).clip(np.iinfo(dtype).min, np.iinfo(dtype).max)


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """A picture is refused: what is wrong with it, and the cure."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.cure = cure


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever a picture makes Pillow raise, as a DataError that names it."""
    try:
        yield
    except _Refused as error:
        raise DataError(f"the picture {path} {error}\n  {error.cure}") from error
    except TooManyPixelsError as error:
        raise DataError(f"the picture {path} is too large: {error}") from error
    except (MemoryError, GraphnetError):
        raise
    except Exception as error:  # a damaged picture makes Pillow raise nearly anything
        raise DataError(
            f"cannot read the picture {path}: {error or type(error).__name__}\n"
            "  it is damaged, or of a kind that Pillow does not read: repair or remove it"
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A picture in a regular file."""
    with open_regular(path, DataError) as file, opened_picture(file) as image:
        yield image


def _dtype(image: Any) -> np.dtype:
    """The type of the numbers that are stored, from the header."""
    mode, tags = image.mode, getattr(image, "tag_v2", {})
    codes = [_code(tile[3]) for tile in image.tile]
    found: np.dtype
    if mode.startswith("I;16") or (mode == "I" and image.format in ("PNG", "PPM")):
        found = np.dtype(np.uint16)
    elif mode == "I":
        is_unsigned = image.format == "TIFF" and _SIGNED not in tags.get(_SAMPLE_FORMAT, (1,))
        found = np.dtype(np.uint32 if is_unsigned else np.int32)
    elif mode == "F":
        found = np.dtype(np.float32)
    elif any("16" in code or "64" in code for code in codes) or _largest(image) > _MOST_UINT8:
        raise _Refused(
            "has 16 bits in each of several channels, of which Pillow keeps 8",
            "store it with 8 bits, or pack its numbers as an array: graphnet data pack data=X.npy",
        )
    elif _SIGNED in tags.get(_SAMPLE_FORMAT, ()):
        raise _Refused("has signed bytes, which Pillow takes for unsigned", "store it unsigned")
    else:
        return np.dtype(np.uint8)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        raise _Refused("has 0 for white, and more than 8 bits", "store it with 0 for black")
    return found


def _code(arguments: Any) -> str:
    """How Pillow calls the way pixels are stored, such as ``RGB;16B``."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _largest(image: Any) -> int:
    """What white is in a file of the PPM family; 0 of others."""
    if image.format != "PPM" or not image.tile:
        return 0
    arguments = image.tile[0][3]
    numbers = [a for a in arguments if isinstance(a, int)] if isinstance(arguments, tuple) else []
    return max(numbers, default=0)


def _check_whole(image: Any) -> None:
    """Refuse a file with several pictures, and what Pillow reads in the wrong order."""
    n = getattr(image, "n_frames", 1)
    if n > 1 and image.format != "MPO":  # of a photograph the first is all, the rest previews
        raise _Refused(f"holds {n} pictures", "store each one in a file of its own")
    is_on_its_side = getattr(image, "tag_v2", {}).get(_ORIENTATION, 1) in _ON_ITS_SIDE
    if is_on_its_side and any(tile[0] == "raw" for tile in image.tile):
        raise _Refused(
            "is an uncompressed TIFF that lies on its side, which Pillow reads wrongly",
            "store it upright, or compressed",
        )
