"""Finding data sets in an HDF5 file: only plain numbers that are stored in the file itself.

Nothing in a file is trusted. Soft links within it are followed; what leads to another file is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.blob import shape_text
from graphnet.data.hdf5.opening import explained, subject
from graphnet.data.hdf5.walking import walk
from graphnet.errors import DataError, did_you_mean, listed

# What a damaged header may claim. Every chunk takes at least a byte of the file; gzip, the usual
# compression, makes nothing smaller than a thousandth; and small claims do no harm.
_MOST_PACKED, _HARMLESS_BYTES = 1 << 12, 1 << 28
# What must be unpacked at once, or is read whole, is held in memory: numbers hardly ever become
# smaller than a 64th.
_MOST_PACKED_TOGETHER, _HARMLESS_TOGETHER = 1 << 6, 1 << 27
#: How many links may lead from one to the next: HDF5's own limit.
_MOST_LINKS = 16


def names_in(group: h5py.Group) -> list[str]:
    """The paths of the data sets of a file or group, with those that links within it lead to."""
    found: list[str] = []
    groups = [("", group)]
    for name, item in walk(group):
        if isinstance(item, h5py.Dataset):
            found.append(name if isinstance(name, str) else repr(name))  # bytes if not UTF-8
        elif isinstance(name, str):
            groups.append((f"{name}/", item))
    links = [path + name for path, place in groups for name in _soft_links(place)]
    return sorted([*found, *(n for n in links if isinstance(_followed(group, n)[0], h5py.Dataset))])


def _soft_links(group: h5py.Group) -> list[str]:
    """The names of the soft links in a group, as far as they are UTF-8."""
    found: list[str] = []

    def visit(name: bytes) -> None:
        if group.id.links.get_info(name).type == h5py.h5l.TYPE_SOFT:
            found.append(name.decode("utf-8", "replace"))

    group.id.links.iterate(visit)
    return found


def find(file: h5py.File, path: Path, names: Sequence[str]) -> list[h5py.Dataset]:
    """The data sets of these names, each checked; a name may have groups in it: ``train/data``."""
    found, missing, size = [], [], path.stat().st_size
    for name in names:
        with explained(subject(path, name)):
            place, reason = _followed(file, name)
            if reason:
                raise DataError(f"{subject(path, name)} {reason}")
            if isinstance(place, h5py.Dataset):
                _check(place, subject(path, name))
                _check_claim(place, subject(path, name), size)
                found.append(place)
            else:
                missing.append((name, place))
    check_together(sum(map(_unit_bytes, found)), path, size)
    if missing:
        there = names_in(file)
        wanted = listed(f"'{n}'" for n, _ in missing)
        raise DataError(
            f"{path} has no data set {wanted}\n"
            f"  it has: {listed(there) or 'none at all'}"
            + "".join(_hint(n, place, there) for n, place in missing)
            + "\n  the tops of a data layer name the data sets it reads"
        )
    return found


def check_together(n_bytes: int, path: Path, file_bytes: int) -> None:
    """Refuse to hold more in memory at once than the file is likely to have in it.

    Args:
        n_bytes: The sum of what its data sets claim.
        path: Of the file.
        file_bytes: How large it is.

    Raises:
        DataError: If it claims more.
    """
    if n_bytes > max(_HARMLESS_TOGETHER, file_bytes * _MOST_PACKED_TOGETHER):
        raise DataError(
            f"{path}: claims to hold {n_bytes:,} bytes that must be read at once, in a file of "
            f"{file_bytes:,} bytes\n"
            "  store it in smaller chunks: h5repack -l CHUNK=ROWSxCOLUMNS IN OUT"
        )


def _unit_bytes(data_set: h5py.Dataset) -> int:
    """How much of a data set is read together at least: a row, and with it all of its chunk."""
    row = prod(data_set.shape[1:])
    rows = data_set.chunks[0] if data_set.chunks else 1
    return int(max(rows * row, prod(data_set.chunks or ())) * data_set.dtype.itemsize)


def _hint(name: str, place: Any, there: Sequence[str]) -> str:
    """What may have been meant by a name that is no data set."""
    if isinstance(place, h5py.Group) and name.strip("/"):
        inside = names_in(place)
        return f"\n  '{name}' is a group" + (f", of: {name}/{inside[0]}" if inside else "")
    return did_you_mean(name, there)


def _followed(group: h5py.Group, name: str) -> tuple[Any, str]:
    """What a name leads to in the file, None if nothing; and why it is not followed, else blank."""
    place: Any = group
    steps = name.split("/")
    n_links = 0
    while steps:
        part = steps.pop(0)
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) and part else None
        if isinstance(link, h5py.ExternalLink):
            return None, (
                f"is a link to '{link.path}' in another file, '{link.filename}', "
                "which is not followed\n  name that file as the source, or copy the data set"
            )
        if isinstance(link, h5py.SoftLink):
            n_links += 1
            if n_links > _MOST_LINKS:
                return None, "is a link that leads back to itself"
            target = link.path
            place = group.file if target.startswith("/") else place
            # a name given by the user has no empty parts; HDF5 passes over those in a link's
            steps = [p for p in target.split("/") if p not in ("", ".")] + steps
        elif link is None:
            return None, "is a link that leads to nothing" if n_links else ""
        else:
            place = place[part]
    return place, ""


def _check(data_set: h5py.Dataset, subject: str) -> None:
    if data_set.is_virtual or data_set.external:
        raise DataError(
            f"{subject} keeps its values in another file, which is not followed\n"
            "  name those files as the source, or copy the values into one"
        )
    if data_set.dtype.kind not in "biuf" or _matlab_class(data_set) == "char":
        raise DataError(
            f"{subject} holds {_kind(data_set)}, not numbers\n"
            "  expected integers or floating-point numbers of any size"
        )
    if not data_set.shape:
        raise DataError(f"{subject} is a single value\n  its first axis must count the samples")
    if prod(data_set.shape) == 0 or data_set.attrs.get("MATLAB_empty", 0):
        # MATLAB stores the shape of what is empty in place of its values
        shape = data_set[()].tolist() if "MATLAB_empty" in data_set.attrs else data_set.shape
        raise DataError(f"{subject} is empty: its shape is {shape_text(shape)}")
    _check_packed(data_set, subject)
    _check_filters(data_set, subject)


def _check_packed(data_set: h5py.Dataset, subject: str) -> None:
    """Refuse numbers that netCDF has packed, which stand for others."""
    for name, plain in (("scale_factor", 1), ("add_offset", 0)):
        value = data_set.attrs.get(name, plain)
        if np.any(np.asarray(value) != plain):
            raise DataError(
                f"{subject} holds packed numbers: its attribute {name} is {np.ravel(value)[0]}\n"
                "  store the numbers themselves; netCDF's packing is not undone"
            )


def stand_ins(data_set: h5py.Dataset) -> np.ndarray:
    """The numbers that stand for missing values: those that netCDF declares, NaN left out."""
    found = [data_set.attrs[n] for n in ("_FillValue", "missing_value") if n in data_set.attrs]
    if "_NCProperties" in data_set.file.attrs and data_set.dtype.itemsize > 1:
        found += [data_set.fillvalue] * bool(data_set.fillvalue)  # what was never written
    declared = [np.ravel(value) for value in found if np.asarray(value).dtype.kind in "biuf"]
    with np.errstate(over="ignore", invalid="ignore"):
        stored = [(values, values.astype(data_set.dtype)) for values in declared]
    is_float = data_set.dtype.kind == "f"  # which rounds them as it rounds the values themselves
    kept = [s[~np.isnan(s) if is_float else s == v] for v, s in stored]
    return np.concatenate([np.empty(0, data_set.dtype), *kept])


def refuse_stand_ins(
    values: np.ndarray, numbers: np.ndarray, name: str, where: Callable[[int], str]
) -> None:
    """See that these rows hold none of the numbers, as :func:`stand_ins` gives them."""
    is_missing = np.isin(values, numbers)
    if is_missing.any():
        row = int(is_missing.reshape(len(values), -1).any(axis=1).argmax())
        number = values[row][is_missing[row]].flat[0]
        raise DataError(
            f"{where(row)}: a value of '{name}' is missing: {number} stands for that in this file\n"
            "  fill it in; if it is a number like any other, remove _FillValue and missing_value"
        )


def _check_filters(data_set: h5py.Dataset, subject: str) -> None:
    """See that the filters that compressed its chunks are here."""
    properties = data_set.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(i)
        if not h5py.h5z.filter_avail(code):
            called = name.decode("utf-8", "replace") or f"number {code}"
            raise DataError(
                f"{subject} is compressed by the filter {called}, which is not installed\n"
                "  compress it with gzip: h5repack -f GZIP=4 IN OUT"
            )


def _check_claim(data_set: h5py.Dataset, subject: str, file_bytes: int) -> None:
    """Refuse a shape that a file of this size cannot hold, before memory is taken for it."""
    chunks = data_set.chunks or data_set.shape
    n_chunks = prod(-(-n // c) for n, c in zip(data_set.shape, chunks, strict=True))
    n_bytes = max(prod(data_set.shape), prod(chunks)) * data_set.dtype.itemsize
    if n_chunks > file_bytes or n_bytes > max(_HARMLESS_BYTES, file_bytes * _MOST_PACKED):
        stored = f", stored by {shape_text(chunks)}," if data_set.chunks else ""
        raise DataError(
            f"{subject} claims to be {shape_text(data_set.shape)}{stored} in a file of "
            f"{file_bytes} bytes\n"
            "  the file is damaged, or most of its rows were never written"
        )


def _kind(data_set: h5py.Dataset) -> str:
    names = {"O": "text, references or lists", "S": "text", "V": "records", "c": "complex numbers"}
    if _matlab_class(data_set) == "char":
        return "text"
    return names.get(data_set.dtype.kind, f"values of type {data_set.dtype}")


def _matlab_class(data_set: h5py.Dataset) -> str:
    """What MATLAB calls the values; nothing if it did not write them."""
    found = data_set.attrs.get("MATLAB_class", b"")
    return found.decode("ascii", "replace") if isinstance(found, bytes) else ""


def is_matlab(data_sets: Iterable[h5py.Dataset]) -> bool:
    """Whether MATLAB wrote them, whose axes HDF5 has in reverse order."""
    return any(_matlab_class(one) for one in data_sets)
