"""HDF5 files as bytes: sound ones in every storage, and ones that are not what they seem.

Equal arguments give equal bytes: no object in them carries the time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

import h5py
import numpy as np

ROWS = 10
_HUGE = (2**20, 2**31, 2**40, 2**62)
_STORAGE: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (4, 2, 3)},
    "gzip": {"chunks": (4, 2, 3), "compression": "gzip", "shuffle": True},
    "lzf": {"chunks": (3, 2, 3), "compression": "lzf"},
    "checked": {"chunks": (4, 2, 3), "maxshape": (None, 2, 3), "fletcher32": True},
    "scaled": {"chunks": (10, 2, 3), "scaleoffset": 3},
}
_ODD_DTYPES = (
    *("f2", ">f4", ">f8", "u1", "i1", "u2", "i4", ">i8", "u8", "b1", "c8", "S4", "V5"),
    [("a", "f4"), ("b", "i4")],
    [("a", "f4", (2, 2))],
    ("f4", (2, 2)),
)


@cache
def sound(storage: str, version: str = "earliest") -> bytes:
    """``data`` (10, 2, 3) float32 and ``label`` (10,) uint8."""
    image = io.BytesIO()
    with h5py.File(image, "w", libver=version) as file:
        _fill(file, storage)
    return image.getvalue()


def any_sound(rng: Random) -> bytes:
    """One of them."""
    return sound(rng.choice(list(_STORAGE)), rng.choice(("earliest", "v110", "v114")))


def _fill(file: h5py.File, storage: str) -> None:
    data = np.random.default_rng(0).random((ROWS, 2, 3), np.float32)
    options = _STORAGE[storage]
    file.create_dataset("data", data=data, track_times=False, **options)
    file.create_dataset("label", data=np.arange(ROWS, dtype=np.uint8) % 3, track_times=False)
    file.attrs["by"] = "a test"


def odd(rng: Random) -> bytes:
    """A file that HDF5 finds nothing wrong with, and graphnet should."""
    image = io.BytesIO()
    with h5py.File(image, "w", libver=rng.choice(("earliest", "v110", "v114"))) as file:
        _fill(file, rng.choice(list(_STORAGE)))
        for _ in range(rng.choice((1, 1, 2, 3))):
            add_oddity(rng, file, rng.choice(("data", "label", "data", "other", "group/inner")))
    return image.getvalue()


def add_oddity(rng: Random, file: h5py.File, name: str) -> None:
    """Put something strange in the place of a data set, if it goes with what is there."""
    with suppress(ValueError, KeyError, OSError, RuntimeError, TypeError):
        if "/" in name:
            file.require_group(name.rpartition("/")[0])
        if file.get(name, getlink=True) is not None:
            del file[name]
        rng.choice(_ODDITIES)(rng, file, name)


def _other_dtype(rng: Random, file: h5py.File, name: str) -> None:
    dtype = np.dtype(rng.choice(_ODD_DTYPES))
    file.create_dataset(name, data=np.zeros((ROWS, 2, 3), dtype), track_times=False)


def _other_shape(rng: Random, file: h5py.File, name: str) -> None:
    shape = rng.choice(((), (0,), (ROWS, 0), (1,), (ROWS - 1, 2, 3), (ROWS, 3, 2), (1,) * 32))
    file.create_dataset(name, shape, rng.choice(("f4", "i4", "u1")), track_times=False)


def _odd_values(rng: Random, file: h5py.File, name: str) -> None:
    values = rng.choice((np.nan, np.inf, -np.inf, -1.0, 0.5, 1e30, 255.0, 2.0**63))
    data = np.zeros((ROWS, 2, 3) if rng.random() < 0.5 else ROWS)
    data[rng.randrange(ROWS)] = values
    file.create_dataset(name, data=data, track_times=False)


def _nothing(rng: Random, file: h5py.File, name: str) -> None:
    if rng.random() < 0.5:
        file.create_dataset(name, data=h5py.Empty("f4"), track_times=False)


def _group(rng: Random, file: h5py.File, name: str) -> None:
    file.create_group(name)
    if rng.random() < 0.5:
        file[f"{name}/again"] = file["/"]  # a circle


def _huge(rng: Random, file: h5py.File, name: str) -> None:
    """A shape that no disk could hold; the values were never written."""
    rows = rng.choice(_HUGE)
    shape = rng.choice(((rows,), (rows, 2, 3), (ROWS, rows), (2**20, 2**20, 3)))
    chunks = rng.choice(((1,) * len(shape), (min(rows, 2**16), *(1,) * (len(shape) - 1))))
    chunks = tuple(min(c, s) for c, s in zip(chunks, shape, strict=True))
    file.create_dataset(name, shape, rng.choice(("f4", "u1")), chunks=chunks, track_times=False)


def _link(rng: Random, file: h5py.File, name: str) -> None:
    file[name] = rng.choice(
        (
            h5py.SoftLink("/label"),
            h5py.SoftLink("/nowhere"),
            h5py.SoftLink(f"/{name}"),
            h5py.ExternalLink("other.h5", "data"),
            h5py.ExternalLink("/etc/passwd", "data"),
            h5py.ExternalLink("nowhere", "/"),
        )
    )


def _virtual(rng: Random, file: h5py.File, name: str) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    space = h5py.h5s.create_simple((ROWS, 2, 3))
    where = rng.choice((b"other.h5", b".", b"/etc/passwd"))
    plist.set_virtual(space, where, rng.choice((b"data", b"label")), space)
    _create(file, name, plist, (ROWS, 2, 3))


def _elsewhere(rng: Random, file: h5py.File, name: str) -> None:
    where = rng.choice(("raw.bin", "/etc/passwd", "x" * 300))
    file.create_dataset(
        name, (ROWS, 2, 3), "f4", external=[(where, rng.choice((0, 10**6)), 240)], track_times=False
    )


def _references(rng: Random, file: h5py.File, name: str) -> None:
    target = file["label"] if "label" in file else file["/"]
    kind = rng.choice((h5py.ref_dtype, h5py.regionref_dtype, h5py.string_dtype()))
    made = file.create_dataset(name, (ROWS,), kind, track_times=False)
    if kind is h5py.ref_dtype:
        made[0] = target.ref
    elif kind is not h5py.regionref_dtype:
        made[0] = "x" * 100


def _lists(_rng: Random, file: h5py.File, name: str) -> None:
    made = file.create_dataset(name, (ROWS,), h5py.vlen_dtype("i4"), track_times=False)
    made[0] = np.arange(5, dtype="i4")


def _words(_rng: Random, file: h5py.File, name: str) -> None:
    kind = h5py.enum_dtype({"cat": 0, "dog": 1}, "i1")
    file.create_dataset(name, data=np.zeros(ROWS, "i1"), dtype=kind, track_times=False)


def _unknown_filter(rng: Random, file: h5py.File, name: str) -> None:
    """Chunks compressed by what is not installed."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4,))
    plist.set_filter(rng.choice((305, 32001, 65000)), h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
    made = _create(file, name, plist, (ROWS,))
    made.write_direct_chunk((0,), bytes(16), 0)


def _create(
    file: h5py.File, name: str | bytes, plist: h5py.h5p.PropDCID, shape: tuple[int, ...]
) -> h5py.h5d.DatasetID:
    """What h5py's own functions cannot make."""
    plist.set_obj_track_times(False)
    place = name if isinstance(name, bytes) else name.split("/")[0].encode()
    space = h5py.h5s.create_simple(shape)
    return h5py.h5d.create(file.id, place, h5py.h5t.IEEE_F32LE, space, plist)


def _attributes(rng: Random, file: h5py.File, name: str) -> None:
    made = file.create_dataset(name, data=np.zeros((ROWS, 2, 3), "f4"), track_times=False)
    made.attrs[rng.choice(("CLASS", "x" * 200, "é"))] = rng.choice((1, "x" * 4000, [1, 2]))
    file.attrs["classes"] = rng.choice(("[", "{}", '["a"]', "1"))


def _odd_name(rng: Random, file: h5py.File, name: str) -> None:
    for made in (rng.choice(("é", "a\nb", "x" * 1000, " ", "ab")), name):
        if made not in file:
            file.create_dataset(made, data=np.zeros((ROWS, 2, 3), "f4"), track_times=False)
    _create(file, b"not\xffutf8", h5py.h5p.create(h5py.h5p.DATASET_CREATE), (ROWS,))


def _deep(rng: Random, file: h5py.File, name: str) -> None:
    group = file.create_group(name)
    for _ in range(rng.choice((10, 100, 400))):
        group = group.create_group("g")
    group["data"] = np.zeros(ROWS)


_ODDITIES: tuple[Callable[[Random, h5py.File, str], None], ...] = (
    *(_other_dtype, _other_shape, _odd_values, _odd_values, _nothing, _group, _huge, _huge),
    *(_link, _virtual, _elsewhere, _references, _lists, _words, _unknown_filter, _attributes),
    *(_odd_name, _deep),
)
