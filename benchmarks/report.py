"""From raw results to tables, blocks of the documentation, and charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.machine import is_busy
from benchmarks.suite import PARTS
from benchmarks.tables import Table


def tables_of(results: Mapping[str, Any]) -> list[Table]:
    """The tables of all parts that were measured."""
    return [
        table
        for part, module in PARTS.items()
        if results.get(part)
        for table in import_module(module).tables(results[part])
    ]


def blocks_of(results: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the marked blocks of the documentation."""
    blocks = {"machine": machine_text(results)}
    return blocks | {table.key: table.markdown() for table in tables_of(results)}


def machine_text(results: Mapping[str, Any]) -> str:
    """What was measured on what, in a sentence or two."""
    machine, options = results["machine"], results["options"]
    vectors = [name for name in machine["vector_instructions"] if name in ("avx2", "avx512f")]
    blas = [f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in machine["blas"]]
    versions = [f"{name} {version}" for name, version in results["versions"].items()]
    versions += [f"NumPy {machine['numpy']}", *blas, f"Python {machine['python']}"]
    with_vectors = f" with {' and '.join(vectors)}" if vectors else ""
    text = (
        f"Measured on {results['date'][:10]}: {machine['processors_used']} processors"
        f" ({machine['processor']}, {machine['system']}){with_vectors},"
        f" {machine['memory_gib']} GiB of memory, {options['threads']} threads, float32."
        f" {', '.join(versions)}. Medians of {options['rounds']} rounds"
        f" of {options['seconds_per_round']:g} s for each side."
    )
    if machine["environment"]:
        set_ = ", ".join(f"`{k}={v}`" for k, v in machine["environment"].items())
        text += f" In the environment: {set_}."
    if is_busy(machine):
        text += f" **The machine was busy (load {machine['load']}): these figures tell little.**"
    for name, why in results["unavailable"].items():
        text += f" {name} was not measured: {why}."
    return text


def draw_charts(results: Mapping[str, Any], folder: Path, say: Callable[[str], None]) -> None:
    """Draw the charts, where there is something to draw with."""
    try:
        from benchmarks import charts
    except ModuleNotFoundError as error:
        say(f"no charts: {error}; pip install '.[benchmarks]'")
        return
    for file in charts.draw(results, folder):
        say(f"chart: {file}")
