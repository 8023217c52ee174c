"""The sink for a file, by the ending of its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from graphnet.blob import Shape
from graphnet.declare.names import check_name, clashes
from graphnet.errors import SpecError, located, one_of
from graphnet.files.paths import shown
from graphnet.inference.answer import Answer
from graphnet.inference.predictions import Predicted
from graphnet.inference.sinks.arrays import HDF5Sink, NpySink
from graphnet.inference.sinks.sink import Sink
from graphnet.inference.sinks.texts import CsvAnswers, JsonLines, TextSink, csv_text

HDF5, NPY, JSON = (".h5", ".hdf5"), ".npy", (".jsonl", ".ndjson", ".json")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (*HDF5, NPY, *DELIMITERS, *JSON)


def check_ending(path: Path, endings: tuple[str, ...] = ENDINGS) -> None:
    """See that a file can be written whose name ends so.

    Raises:
        SpecError: Otherwise.
    """
    if path.suffix.lower() not in endings:
        raise SpecError(f"{path}: unknown kind of file{one_of(list(endings))}")


def open_sink(path: Path, shapes: Mapping[str, Shape], answer: Answer | None, k: int) -> Sink:
    """What writes predictions to a file.

    Args:
        path: Of the file.
        shapes: Of a row, by output.
        answer: The output that is classes or tags; None if there is none.
        k: How many of the most probable classes are written to texts.

    Raises:
        SpecError: If such a file cannot hold these outputs.
        DataError: If it cannot be written.
    """
    check_ending(path)
    suffix = path.suffix.lower()
    if suffix == NPY:
        if len(shapes) > 1:
            raise SpecError(
                f"{shown(path)}: a .npy file holds one array, and the net gives"
                f" {', '.join(shapes)}\n  write them to an .h5 file"
            )
        return NpySink(path, next(iter(shapes)))
    if suffix in HDF5:
        _check_data_sets(path, list(shapes))
        names = answer.names if answer is not None else ()
        return HDF5Sink(path, shapes, {"classes": json.dumps(list(names))} if names else {})
    if suffix in JSON:
        lines = JsonLines(answer, k)

        def text(predicted: Predicted) -> str:
            return "".join(f"{line}\n" for line in lines.lines(predicted))

        return TextSink(path, "", text)
    table, delimiter = CsvAnswers(shapes, answer, k), DELIMITERS[suffix]
    begin = csv_text([table.headings()], delimiter)
    return TextSink(path, begin, lambda predicted: csv_text(table.rows(predicted), delimiter))


def _check_data_sets(path: Path, names: list[str]) -> None:
    """See that an HDF5 file can hold data sets of these names."""
    for name in names:
        with located(None, f"{shown(path)}: of blob '{name}': "):
            check_name(name)
    for outer, inner, _ in clashes((name, name) for name in names):
        raise SpecError(
            f"{shown(path)}: blob '{inner}' would lie within blob '{outer}'\n"
            "  rename one of the tops"
        )
