"""Walking through the groups of an HDF5 file, which may be made to be walked for ever.

HDF5's own walk takes the square of the depth, and recurses. This one goes along hard links, meets
each object once, and gives up where no file of samples is: too deep down, or after too many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py

MOST_DEPTH, MOST_OBJECTS = 64, 50_000


def walk(group: h5py.Group) -> Iterator[tuple[str | bytes, Any]]:
    """Each object below a group, with its path; bytes where that is not UTF-8.

    Raises:
        ValueError: If the groups are nested too deeply, or there are too many objects.
    """
    n, met = 0, {hash(group.id)}
    waiting = [("", group, iter(_hard_links(group)))]  # the groups that are open, outermost first
    while waiting:
        path, place, names = waiting[-1]
        raw = next(names, None)
        if raw is None:
            waiting.pop()
            continue
        n += 1
        if n > MOST_OBJECTS:
            raise ValueError(f"it holds more than {MOST_OBJECTS:,} objects")
        item = h5py.h5o.open(place.id, raw)
        if hash(item) in met:
            continue
        met.add(hash(item))
        name = _joined(path, raw)
        if isinstance(item, h5py.h5d.DatasetID):
            yield name, h5py.Dataset(item, readonly=True)
        elif isinstance(item, h5py.h5g.GroupID):
            inner = h5py.Group(item)
            yield name, inner
            if len(waiting) > MOST_DEPTH:
                raise ValueError(f"its groups are nested more than {MOST_DEPTH} deep")
            if isinstance(name, str):
                waiting.append((f"{name}/", inner, iter(_hard_links(inner))))


def _joined(path: str, raw: bytes) -> str | bytes:
    try:
        return path + raw.decode()
    except UnicodeDecodeError:
        return path.encode() + raw


def _hard_links(group: h5py.Group) -> list[bytes]:
    """The names of what a group holds itself, in their order; links are left out."""
    found: list[bytes] = []

    def visit(name: bytes) -> None:
        if len(found) <= MOST_OBJECTS and _is_hard(group, name):
            found.append(name)

    group.id.links.iterate(visit)
    return found


def _is_hard(group: h5py.Group, name: bytes) -> bool:
    return bool(group.id.links.get_info(name).type == h5py.h5l.TYPE_HARD)
