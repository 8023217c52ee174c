"""Which packages graphnet needs or can use, by its own metadata, and which of them are here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from graphnet.installation import DISTRIBUTION

_REQUIREMENT = re.compile(r"([\w.-]+)([^;]*)(?:;.*extra == ['\"]([\w-]+)['\"])?")
_BOUND = re.compile(r"(>=|<=|==|<|>)\s*([\d.]+)")


@dataclass(frozen=True)
class Dependency:
    """A package that graphnet needs, or that one of its extras brings.

    Attributes:
        name: As pip knows it.
        wanted: Which versions, such as ``>=2.3``; empty for any.
        extra: The extra that brings it; empty for what is always needed.
        version: What is here; empty if it is not.
    """

    name: str
    wanted: str
    extra: str
    version: str

    @property
    def is_met(self) -> bool:
        """Whether it is here, in a version that is wanted."""
        return bool(self.version) and all(
            _holds(_numbers(self.version), sign, _numbers(bound))
            for sign, bound in _BOUND.findall(self.wanted)
        )


def dependencies(requirements: Sequence[str] | None = None) -> list[Dependency]:
    """All of them, those that are always needed first.

    Args:
        requirements: As metadata has them. Default: what graphnet's own say; nothing where it was
            not installed.
    """
    if requirements is None:
        try:
            requirements = metadata.requires(DISTRIBUTION) or ()
        except metadata.PackageNotFoundError:
            requirements = ()
    found = []
    for text in requirements:
        parts = _REQUIREMENT.match(text)
        if parts is not None:
            name, wanted, extra = parts.groups()
            found.append(Dependency(name, wanted.strip(), extra or "", version_of(name)))
    return sorted(found, key=lambda d: bool(d.extra))


def version_of(package: str) -> str:
    """The version that is installed; empty if it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    """``(2, 3)`` of ``2.3.0rc1``: what comes before the first part that is no number."""
    begin = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in begin[0].split(".")] if begin else []
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _holds(version: tuple[int, ...], sign: str, bound: tuple[int, ...]) -> bool:
    match sign:
        case ">=":
            return version >= bound
        case "<=":
            return version <= bound
        case "<":
            return version < bound
        case ">":
            return version > bound
        case _:
            return version == bound
