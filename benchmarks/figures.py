"""What follows from seconds that were measured: medians, ratios, shares of the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.suite import GRAPHNET

MIB = 1 << 20


def medians(entry: Mapping[str, Any]) -> dict[str, float]:
    """Seconds by worker."""
    return {name: median(values) for name, values in entry["seconds"].items() if values}


def ratio(entry: Mapping[str, Any], name: str, base: str = GRAPHNET) -> float:
    """How many times as long ``name`` takes as ``base``: the median of the rounds' own ratios."""
    pairs = zip(entry["seconds"][name], entry["seconds"][base], strict=True)
    return median(a / b for a, b in pairs)


def peers(entry: Mapping[str, Any]) -> list[str]:
    """Who was measured beside graphnet."""
    return [name for name in entry["seconds"] if name != GRAPHNET]


def fastest_peer(entry: Mapping[str, Any]) -> str | None:
    """The quickest of them, if there is any."""
    found = medians(entry)
    return min(peers(entry), key=lambda name: found[name], default=None)


def floor_seconds(flops: float, rates: Sequence[float]) -> float:
    """What so many operations take at the highest rate of matrix products that was seen."""
    return flops / max(rates)


def floor_share(entry: Mapping[str, Any], name: str) -> float:
    """The part of its time that the arithmetic alone would take; 1 is the floor."""
    return floor_seconds(entry["flops"], entry["rates"]) / medians(entry)[name]


def seconds_text(seconds: float) -> str:
    """In the unit that suits it."""
    if seconds < 1e-3:  # noqa: PLR2004
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


def mib_text(n_bytes: float) -> str:
    """Whole MiB."""
    return f"{n_bytes / MIB:,.0f}"


def notes(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who could not be measured, and why, each reason once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for entry in found:
        for name, reason in entry.get("unavailable", {}).items():
            nets = reasons.setdefault((name, reason), [])
            if entry["net"] not in nets:
                nets.append(entry["net"])
    return [
        f"{name} not measured ({', '.join(nets)}): {reason}"
        for (name, reason), nets in reasons.items()
    ]
