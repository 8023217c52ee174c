"""Converting numbers from outside to the net's precision, or refusing them if something is lost.

An imaginary part, a mask, a value that is too large, and whole numbers that could no longer be
told apart would be lost. Rounding a float is no loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnet.errors import DataError

_CURES = {
    "c": "give the real and the imaginary part as numbers of their own",
    "M": "give the time since a date of your choice as a number",
    "m": "divide it by a unit: x / np.timedelta64(1, 's')",
    "O": "convert it: np.asarray(x, dtype=float)",
    "S": "convert it: np.asarray(x, dtype=float)",
    "U": "convert it: np.asarray(x, dtype=float)",
    "V": "give each field as an array of its own",
}


def real_array(values: Any, what: str) -> np.ndarray:
    """``values`` as an array of real numbers; the same memory if it is an array of them.

    Args:
        values: An array, or nested lists of numbers.
        what: How a message begins.

    Raises:
        DataError: If they are not real numbers, or some are masked.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"{what}: {int(np.ma.getmaskarray(values).sum())} of {values.size} values are masked\n"
            "  fill them first: x.filled(0)"
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{what}: the rows have different shapes, so it is no array") from None
    except TypeError as error:  # an array of a device, which NumPy does not fetch unasked
        raise DataError(f"{what}: it cannot be made an array of NumPy's: {error}") from None
    if array.dtype.kind not in "biuf":
        cure = _CURES.get(array.dtype.kind, "give numbers")
        kind = "real numbers" if array.dtype.kind == "c" else "numbers"
        raise DataError(f"{what} holds {array.dtype} values, not {kind}\n  {cure}")
    return array


def most_exact(dtype: np.dtype) -> int:
    """The number up to which ``dtype`` holds every whole number: 2²⁴ of float32."""
    return int(2 ** (np.finfo(dtype).nmant + 1))


def lossless(values: Any, dtype: np.dtype, what: str) -> np.ndarray:
    """``values`` as an array of ``dtype``.

    Raises:
        DataError: If they are not real numbers, one is too large for ``dtype``, or a whole
            number is none in it.
    """
    if type(values) is np.ndarray and values.dtype == dtype:
        return values
    array = real_array(values, what)
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    if array.dtype.kind == "f" and array.dtype.itemsize > dtype.itemsize:
        lost = np.isfinite(array) & ~np.isfinite(converted)
        if lost.any():
            place = tuple(np.argwhere(lost)[0].tolist())
            raise DataError(f"{what}: {array[place]} at {list(place)} is too large for {dtype}")
    place_of_whole = first_inexact(array, dtype)
    if place_of_whole is not None:
        raise DataError(f"{what}: {inexact_text(array[place_of_whole], place_of_whole, dtype)}")
    return converted


def first_inexact(array: np.ndarray, dtype: np.dtype) -> tuple[int, ...] | None:
    """The place of the first whole number that ``dtype`` cannot hold; None if it holds all."""
    most = most_exact(dtype)
    if array.dtype.kind not in "iu" or not array.size or np.iinfo(array.dtype).max <= most:
        return None
    if -most <= int(array.min()) and int(array.max()) <= most:
        return None
    # Python's numbers, which are exact: such arrays are rare, and few of their values large
    for place in np.argwhere((array > most) | (array < -most)):
        value = int(array[tuple(place)])
        if int(dtype.type(value)) != value:
            return tuple(place.tolist())
    return None


def inexact_text(value: Any, place: tuple[int, ...], dtype: np.dtype) -> str:
    """The message that a whole number cannot be held."""
    at = f" at {list(place)}" if place else ""
    return (
        f"the whole number {value}{at} cannot be told from its neighbours in {dtype}"
        f"\n  {dtype} holds all up to {most_exact(dtype):,}: subtract an offset, use float64, or"
        " give it as floats if it may be rounded"
    )
