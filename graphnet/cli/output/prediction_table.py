"""Predictions as lines on a terminal, as they come; no wider than it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from graphnet.blob import Shape
from graphnet.cli.output.terminal import console, on_terminal, say
from graphnet.data.text_file import one_line
from graphnet.inference.answer import Answer
from graphnet.inference.predictions import Predicted
from graphnet.readable import readable

_GAP, _CUT = "  ", "…"
_NUMBER = 11  # columns of a number such as -1.23457e-05
_PROBABILITY = 6
_LEAST_FILE, _LEAST_NAME = 8, 5


class PredictionTable:
    """Prints a line for each row.

    Args:
        shapes: Of a row, by output.
        answer: The output that is classes or tags; None if there is none: all numbers are shown.
        k: How many of the most probable classes are shown.
        files: The inputs; if rows are from several files, these are named.
    """

    def __init__(
        self, shapes: Mapping[str, Shape], answer: Answer | None, k: int, files: Sequence[str]
    ) -> None:
        self._shapes, self._answer, self._files = shapes, answer, files
        self._has_files = bool(files)
        self._k = 0 if answer is None else min(k, shapes[answer.blob][0])
        self._width = console().width if on_terminal() else None
        self._file = self._name = 0

    def write(self, predicted: Predicted) -> None:
        """Print some rows, and first of all the headings."""
        rows = self._rows(predicted)
        if not predicted.first:
            self._choose_widths(predicted, rows)
            self._say("row", "file", self._headings())
        for i, (place, cells) in enumerate(zip(predicted.places, rows, strict=True)):
            self._say(str(predicted.first + i), readable(one_line(place.file), sys.stdout), cells)

    def _rows(self, predicted: Predicted) -> list[list[str]]:
        if self._answer is None:
            n = len(predicted.places)
            values = [a.reshape(n, -1) for a in predicted.outputs.values()]
            return [[f"{x:.6g}" for a in values for x in a[i].tolist()] for i in range(n)]
        found = self._answer.probabilities(predicted.outputs[self._answer.blob])
        pairs = self._answer.top(found, self._k)
        return [[text for name, p in row for text in (_name(name), _number(p))] for row in pairs]

    def _headings(self) -> list[str]:
        if self._answer is None:
            sizes = {name: int(np.prod(shape)) for name, shape in self._shapes.items()}
            return [
                name if size == 1 else f"{name}[{i}]"
                for name, size in sizes.items()
                for i in range(size)
            ]
        what = "tag" if self._answer.kind == "tags" else "class"
        return [what, "p"] + [text for i in range(1, self._k) for text in (str(i + 1), "p")]

    def _choose_widths(self, predicted: Predicted, rows: Sequence[Sequence[str]]) -> None:
        """How wide files and names are, and how many pairs there is room for."""
        names = [*self._files, *(place.file for place in predicted.places)]
        self._file = max(len(_name(name)) for name in names) if self._has_files else 0
        if self._answer is None:
            return
        known = [len(_name(name)) for name in self._answer.names]
        self._name = max(_LEAST_NAME, *known, *(len(n) for row in rows for n in row[::2]))
        if self._width is None:
            return
        beside = len(str(predicted.first)) + _NUMBER + len(_GAP)
        pair = self._name + _PROBABILITY + 2 * len(_GAP)
        room = self._width - beside
        self._k = max(1, min(self._k, (room - _LEAST_FILE * self._has_files) // pair))
        left = room - self._k * pair
        self._file = max(_LEAST_FILE, min(self._file, left)) if self._has_files else 0

    def _say(self, row: str, file: str, cells: Sequence[str]) -> None:
        parts = [f"{row:>6}"]
        if self._has_files:
            shown = file if self._width is None else _cut_begin(file, self._file)
            parts.append(f"{shown:<{self._file}}")
        if self._answer is None:
            parts += [f"{cell:>{_NUMBER}}" for cell in cells]
        else:
            pairs = zip(cells[::2], cells[1::2], strict=True)
            for name, p in list(pairs)[: self._k]:
                parts += [f"{name:<{self._name}}", f"{p:>{_PROBABILITY}}"]
        line = _GAP.join(parts).rstrip()
        if self._width is not None and len(line) > self._width:
            line = line[: self._width - 1].rstrip() + readable(_CUT, sys.stdout)[:1]
        say(line)


def _name(text: str) -> str:
    return readable(one_line(text), sys.stdout)


def _number(p: float) -> str:
    return f"{p:.4f}" if abs(p) < 10 else f"{p:.4g}"  # noqa: PLR2004  # a score, no probability


def _cut_begin(text: str, width: int) -> str:
    """The end of a path that is too long, which tells more than its beginning."""
    if len(text) <= width:
        return text
    mark = readable(_CUT, sys.stdout)[:1]
    return mark + text[len(text) - width + 1 :]
