"""Figures: what a campaign has counted, as JSON that can be added up.

Numbers are added, mappings by key, lists are joined (the first hundred stay);
``{"most": x}`` keeps the greater.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Figures: TypeAlias = dict[str, Any]

#: So many entries of a list are kept: a report stays short, and memory bounded.
MOST_LISTED = 100


def add(figures: Figures, more: Figures) -> Figures:
    """Add ``more`` to ``figures``, in place; what comes of it."""
    for key, value in more.items():
        figures[key] = _sum(figures[key], value) if key in figures else value
    return figures


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        if one.keys() == {"most"}:
            return {"most": max(one["most"], other["most"])}
        return add(one, other)
    if isinstance(one, list):
        return (one + other)[:MOST_LISTED]
    return one + other


def most(*value: Any) -> dict[str, list[Any]]:
    """A figure of which the greatest is kept; the first part decides."""
    return {"most": list(value)}
