"""Which data a command reads: what the net names, its fall-back, or the data of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnet.cli.output.progress import downloads
from graphnet.errors import DataError
from graphnet.files.paths import shown
from graphnet.layers.base import Phase
from graphnet.net.sources import ResolvedData, resolve_data, sources, take_fallback
from graphnet.net.spec import NetSpec
from graphnet.solver.record.run_directory import RunDirectory, snapshots_in


def recorded_data(folder: Path) -> Mapping[str, Any]:
    """What the data layers of the run in ``folder`` read; empty if there is no run."""
    if not snapshots_in(folder):
        return {}
    found = RunDirectory(folder).read_json("run.json").get("data")
    return found if isinstance(found, dict) else {}


def choose_data(
    spec: NetSpec,
    *,
    offline: bool,
    phase: Phase | None = None,
    recorded: Mapping[str, Any] | None = None,
    run: Path | None = None,
) -> ResolvedData:
    """Decide which data is read, and fetch what is missing.

    A run that began on the fall-back stays there even when the real data has come, and one that
    did not never ends up there.

    Args:
        spec: The net as declared.
        offline: Do not download.
        phase: The only phase whose data must be there. Default: both.
        recorded: What each data layer read in the run that is continued or tested.
        run: Where that run is.

    Raises:
        DataError: If the data is not available.
    """
    read_before = {k: _text(v) for k, v in (recorded or {}).items() if k in sources(spec)}
    where = shown(run) if run else ""
    if read_before and read_before == _fallback_sources(spec):
        reason = f"the run in {where} began on the fall-back and keeps it; --fresh would start over"
        return take_fallback(spec, reason)
    with downloads() as progress:
        data = resolve_data(spec, offline=offline, fetch=True, progress=progress, phase=phase)
    if data.fell_back and read_before == data.wanted:
        raise DataError(
            f"{where}: the data this run was trained on is not available now: {data.missing}\n"
            "  to start over on the fall-back: --fresh"
        )
    return data


def _text(source: Any) -> str:
    return ", ".join(map(str, source)) if isinstance(source, list) else str(source)


def _fallback_sources(spec: NetSpec) -> dict[str, str]:
    """What the data layers would read after falling back; nothing if they declare none."""
    try:
        return take_fallback(spec).used
    except DataError:
        return {}
