"""The names that layers and data sets may have: those that a snapshot can hold.

A snapshot keeps a param as ``params/LAYER/PARAM``. Slashes in a name make groups, which is allowed
unless the path leads elsewhere, or to a place that is taken.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import chain, count

from graphnet.errors import SpecError

#: The longest name that HDF5 can hold, with room for the rest of the path.
_MOST_BYTES = 1000


def check_name(name: str) -> None:
    """Check that an HDF5 file can hold something under this name.

    Raises:
        SpecError: With what is wrong and how to repair it.
    """
    wrong = _what_is_wrong(name)
    if wrong:
        raise SpecError(f"the name {_quoted(name)} {wrong}")


def free_name(name: str, *taken: Container[str]) -> str:
    """A name that is in none of those ``taken``: itself, or ``name-2``, ``name-3`` …."""
    found = chain((name,), (f"{name}-{n}" for n in count(2)))
    return next(one for one in found if not any(one in each for each in taken))


def _what_is_wrong(name: str) -> str:
    parts = name.split("/")
    if "" in parts:
        return (
            "has a slash that does not stand between two words, so no file could hold it\n"
            "  write one slash between words, or none"
        )
    for part in (".", ".."):
        if part in parts:
            return f"has the part '{part}', which stands for another place\n  choose another word"
    odd = next((c for c in name if not c.isprintable()), "")
    if odd:
        return f"has the character #x{ord(odd):04x}, which cannot be seen\n  leave it out"
    if len(name.encode()) > _MOST_BYTES:
        return f"is {len(name.encode()):,} bytes long\n  expected {_MOST_BYTES:,} at most"
    return ""


def _quoted(name: str) -> str:
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return f"'{shown if len(shown) < 80 else shown[:77] + '...'}'"  # noqa: PLR2004  # a line


def clashes(entries: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Pairs of paths of which one lies at or within the other, such as ``a/b`` and ``a/b/c``.

    Args:
        entries: The owner and the path of each.

    Yields:
        The owner of the outer path, the owner of the inner one, and the outer path.
    """
    owners: dict[str, str] = {}
    for owner, path in entries:
        if owners.setdefault(path, owner) != owner:
            yield owners[path], owner, path
    for path, owner in owners.items():
        parts = path.split("/")
        for n in range(1, len(parts)):
            outer = "/".join(parts[:n])
            if outer in owners:
                yield owners[outer], owner, outer
