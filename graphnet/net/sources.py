"""Which data a run uses: what its data layers name, or the fall-back they declare.

The fall-back (``otherwise:``) is taken by all data layers of a net together, train and test,
or by none: nobody validates on one data set what was trained on another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnet.data.record import DataRecord, LayerRecord
from graphnet.data.source import absolute_source
from graphnet.errors import DataError, GraphnetError
from graphnet.layers.base import Phase
from graphnet.net.spec import NetSpec, Node


@dataclass(frozen=True)
class ResolvedData:
    """What was decided.

    Attributes:
        spec: The net with the sources it will read.
        fell_back: Whether the declared fall-back was taken.
        missing: The first source that was not available, and why.
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


@dataclass(frozen=True)
class OtherData:
    """Data that a phase reads in place of what its data layer declares.

    Attributes:
        source: As a data layer's ``source``; paths are relative to the net's folder.
        rows: As a data layer's ``rows``. None: all.
    """

    source: str | tuple[str, ...]
    rows: str | None = None

    def in_place(self, spec: NetSpec, phase: Phase) -> NetSpec:
        """The net with a phase that reads this.

        Raises:
            DataError: If it has not exactly one data layer that reads stored samples.
            SpecError: If there is no such named set, or the rows are none.
        """
        nodes = [n for n in _with_source(spec) if n.spec.phase in (None, phase)]
        if len(nodes) != 1:
            names = ", ".join(f"'{n.name}'" for n in nodes) or "none"
            raise DataError(
                f"net '{spec.name}': the phase {phase} has {len(nodes)} data layers that read"
                f" stored samples ({names})\n  it can read other data in place of one alone"
            )
        with nodes[0].located():
            other = nodes[0].spec.reading(absolute_source(self.source, spec.folder), self.rows)
        return spec.with_nodes(replace(n, spec=other) if n is nodes[0] else n for n in spec.nodes)


class FallbackWarning(UserWarning):
    """A net reads the fall-back it declares in place of data that is not there."""


def fallback_text(data: ResolvedData) -> str:
    """What is read in place of what."""
    changed = [
        f"{name} reads {used}, not {data.wanted[name]}"
        for name, used in data.used.items()
        if used != data.wanted[name]
    ]
    return "; ".join([f"this is not the data the net asks for: {data.missing}", *changed])


def resolve_data(
    spec: NetSpec,
    *,
    offline: bool = False,
    fetch: bool = False,
    progress: Callable[..., None] | None = None,
    phase: Phase | None = None,
) -> ResolvedData:
    """Decide which data the net reads.

    Args:
        spec: As declared.
        offline: Do not try to download.
        fetch: Try to get a missing named set, once. What is missing after that and has no
            fall-back is an error; without ``fetch``, reading it will be one.
        progress: Told how a download goes.
        phase: Only what this phase reads must be there. Default: what any does.

    Raises:
        DataError: If a source is missing that has no fall-back.
    """
    declared = sources(spec)
    has_fallback = any(n.spec.fall_back for n in _with_source(spec))
    for node in _with_source(spec):
        if phase is not None and node.spec.phase not in (None, phase):
            continue
        with node.located():
            missing = _missing(node, offline=offline, fetch=fetch, progress=progress)
            if missing is not None and fetch and not has_fallback:
                raise missing
        if missing is not None and has_fallback:
            return take_fallback(spec, str(missing))
        if missing is not None:
            return ResolvedData(spec, False, str(missing), declared, declared)
    return ResolvedData(spec, False, "", declared, declared)


def take_fallback(spec: NetSpec, missing: str = "") -> ResolvedData:
    """The net with the fall-back that its data layers declare.

    Args:
        spec: As declared.
        missing: Why it is taken.

    Raises:
        DataError: If one of them declares none.
    """
    nodes = _with_source(spec)
    replaced = {n.name: n.spec.fall_back for n in nodes}
    without = [n for n in nodes if replaced[n.name] is None]
    if without:
        declares = next((f", while '{name}' does" for name, to in replaced.items() if to), "")
        raise DataError(
            f"{without[0].subject}declares no 'otherwise'{declares}\n"
            "  the fall-back is taken by all data layers together or by none: give each one",
            without[0].position,
        )
    taken = spec.with_nodes(
        n if (other := replaced.get(n.name)) is None else replace(n, spec=other) for n in spec.nodes
    )
    return ResolvedData(taken, True, missing, sources(spec), sources(taken))


def data_record(spec: NetSpec) -> DataRecord:
    """What the samples of its data layers are like, as far as their data are on this machine."""
    layers: dict[str, LayerRecord] = {}
    means: dict[str, np.ndarray] = {}
    for node in spec.data_nodes():
        with suppress(GraphnetError):  # whoever reads them will say what is wrong
            found = node.spec.recorded()
            if found is not None:
                layers[node.name] = found
                named = node.spec.recorded_means()
                means |= {f"{node.name}/{place}": values for place, values in named.items()}
    return DataRecord(layers, means)


def sources(spec: NetSpec) -> dict[str, str]:
    """What each data layer reads, by layer."""
    return {n.name: _source_text(n) for n in _with_source(spec)}


def _with_source(spec: NetSpec) -> list[Node]:
    """The data layers that read something; a MemoryData does not."""
    return [n for n in spec.data_nodes() if n.spec.data_source is not None]


def _source_text(node: Node) -> str:
    source = node.spec.data_source or ()
    return source if isinstance(source, str) else ", ".join(source)


def _missing(
    node: Node, *, offline: bool, fetch: bool, progress: Callable[..., None] | None
) -> DataError | None:
    """Why a node's source is not available; None if it is."""
    if node.spec.is_available():
        return None
    if fetch:
        try:
            node.spec.fetch(offline=offline, progress=progress)
        except DataError as error:
            return error
        return None
    return DataError(f"{_source_text(node)} is not there")
