"""Which data a run uses: what its data layers name, or the fall-back they declare.

The fall-back (``otherwise:``) is taken by all data layers of a net together, train and test,
or by none: nobody validates on one data set what was trained on another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from graphnet.errors import DataError, located
from graphnet.net.spec import NetSpec, Node


@dataclass(frozen=True)
class ResolvedData:
    """What was decided.

    Attributes:
        spec: The net with the sources it will read.
        fell_back: Whether the declared fall-back was taken.
        missing: The first source that was not to be had, and why.
        wanted: The sources first named, by layer.
        used: The sources taken, by layer.
    """

    spec: NetSpec
    fell_back: bool
    missing: str
    wanted: dict[str, str]
    used: dict[str, str]

    def summary(self) -> dict[str, Any]:
        """As recorded in ``run.json``."""
        return {"sources": self.used, "fell_back": self.fell_back, "wanted": self.wanted}


def resolve_data(
    spec: NetSpec,
    *,
    offline: bool = False,
    fetch: bool = False,
    progress: Callable[..., None] | None = None,
) -> ResolvedData:
    """Decide which data the net reads.

    Args:
        spec: As declared.
        offline: Do not try to download.
        fetch: Try to get a missing named set, once.
        progress: Told how a download goes.

    Raises:
        DataError: If a source is missing that has no fall-back, though others have.
    """
    nodes = [n for n in spec.data_nodes() if getattr(n.spec, "source", None) is not None]
    missing = ""
    for node in nodes:
        with located(node.position, node.subject):
            missing = missing or _missing(node, offline=offline, fetch=fetch, progress=progress)
    wanted = {n.name: _source_text(n) for n in nodes}
    declared = [n for n in nodes if getattr(n.spec, "otherwise", None) is not None]
    if not missing or not declared:
        return ResolvedData(spec, False, missing, wanted, wanted)
    without = [n for n in nodes if n not in declared]
    if without:
        raise DataError(
            f"{without[0].subject}declares no 'otherwise', while '{declared[0].name}' does\n"
            "  the fall-back is taken by all data layers together or by none: give each one",
            without[0].position,
        )
    replaced = {n.name: n.spec.with_otherwise() for n in nodes}  # type: ignore[attr-defined]
    taken = spec.with_nodes(
        replace(n, spec=replaced[n.name]) if n in nodes else n for n in spec.nodes
    )
    used = {n.name: _source_text(n) for n in taken.data_nodes() if n.name in wanted}
    return ResolvedData(taken, True, missing, wanted, used)


def _source_text(node: Node) -> str:
    source = node.spec.source  # type: ignore[attr-defined]
    return source if isinstance(source, str) else ", ".join(source)


def _missing(
    node: Node, *, offline: bool, fetch: bool, progress: Callable[..., None] | None
) -> str:
    """Why a node's source is not to be had; nothing if it is."""
    spec: Any = node.spec
    if spec.is_available():
        return ""
    if fetch:
        try:
            spec.fetch(offline=offline, progress=progress)
        except DataError as error:
            return str(error)
        return ""
    return f"{_source_text(node)} is not there"
