"""What an examination found, as a table of CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphnet.inference.sinks.texts import csv_text


def measures_csv(found: Mapping[str, Any], delimiter: str) -> str:
    """A line for each class or tag: its measures, and which classes its rows were taken for.

    Of numbers, and of nets that nothing judges: a line for each measure.

    Args:
        found: As ``graphnet test --json`` prints it.
        delimiter: Between the cells.
    """
    if "per_class" not in found:
        numbers = {**found["statistics"], **found}
        rows = [[k, _cell(v)] for k, v in numbers.items() if isinstance(v, int | float | None)]
        return csv_text([["measure", "value"], *rows], delimiter)
    keys = ["precision", "recall", "f1", "support", "auc"]
    confusion = found.get("confusion")
    taken = [f"taken for {name}" for name in found["classes"]] if confusion else []
    lines = [["class", *keys, *taken]]
    for i, one in enumerate(found["per_class"]):
        counts = map(_cell, confusion[i]) if confusion else ()
        lines.append([one["class"], *(_cell(one[key]) for key in keys), *counts])
    return csv_text(lines, delimiter)


def _cell(value: float | None) -> str:
    if isinstance(value, int):
        return str(value)
    return "" if value is None else f"{value:.9g}"
