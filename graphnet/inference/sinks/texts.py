"""Predictions as text: a table of CSV, or a line of JSON for each row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import Shape
from graphnet.data.hdf5.writer import ADVICE
from graphnet.files.writing import OutputFile, explained
from graphnet.inference.answer import Answer
from graphnet.inference.predictions import Predicted
from graphnet.inference.sinks.sink import Sink


class JsonLines:
    """A line for each row.

    It has ``row``, the number of the row among all; ``file``; each output by its name, as lists;
    the probabilities as ``prob`` where the net gives scores; and in ``top`` the most probable
    classes. What is no number is null.

    Args:
        answer: The output that is classes or tags; None if there is none.
        k: How many of them ``top`` has.
    """

    def __init__(self, answer: Answer | None, k: int) -> None:
        self._answer, self._k = answer, k

    def lines(self, predicted: Predicted) -> list[str]:
        """Of some rows."""
        outputs = dict(predicted.outputs)
        top: Sequence[Sequence[tuple[str, float]]] = ()
        if self._answer is not None:
            probabilities = self._answer.probabilities(outputs[self._answer.blob])
            outputs[self._answer.title] = probabilities
            top = self._answer.top(short_numbers(probabilities), self._k)
        lists = {name: _plain(values) for name, values in outputs.items()}
        found = []
        for i, place in enumerate(predicted.places):
            line: dict[str, Any] = {"row": predicted.first + i, "file": place.file}
            line |= {name: values[i] for name, values in lists.items()}
            if top:
                line["top"] = [[n, p if isfinite(p) else None] for n, p in top[i]]
            found.append(json.dumps(line, ensure_ascii=False))
        return found


def _plain(values: np.ndarray) -> list[Any]:
    """Nested lists of numbers; null for what is not finite."""
    if np.isfinite(values).all():
        return list(short_numbers(values).tolist())
    kept = short_numbers(values).astype(object)
    kept[~np.isfinite(values)] = None
    return list(kept.tolist())


def short_numbers(values: np.ndarray) -> np.ndarray:
    """The same numbers as float64 that are written with no more digits than they have."""
    if values.dtype == np.float64:
        return values
    texts = values.astype(np.float32).reshape(-1).astype("U32")
    return texts.astype(np.float64).reshape(values.shape)


class CsvAnswers:
    """A table with headings: ``row``, ``file``, the most probable class, and all numbers.

    The columns of an output are headed ``prob[cat]`` where its classes have names, else
    ``prob[0]``; of one with several axes ``pool[0,3,1]``.

    Args:
        shapes: Of a row, by output.
        answer: The output that is classes or tags; None if there is none.
        k: How many of the most probable classes have columns.
    """

    def __init__(self, shapes: Mapping[str, Shape], answer: Answer | None, k: int) -> None:
        self._shapes, self._answer = shapes, answer
        self._k = 0 if answer is None else min(k, shapes[answer.blob][0])

    def headings(self) -> list[str]:
        """The first line."""
        places = [""] if self._k == 1 else [str(i + 1) for i in range(self._k)]
        found = ["row", "file", *(f"{what}{i}" for i in places for what in ("class", "p"))]
        shapes = dict(self._shapes)
        if self._answer is not None:
            shapes[self._answer.title] = shapes[self._answer.blob]
        for name, shape in shapes.items():
            is_named = self._answer is not None and name in (self._answer.blob, self._answer.title)
            places_of = list(product(*map(range, shape)))
            if is_named and self._answer is not None:
                found += [f"{name}[{self._answer.name(i)}]" for (i,) in places_of]
            elif places_of == [()]:
                found.append(name)
            else:
                found += [f"{name}[{','.join(map(str, place))}]" for place in places_of]
        return found

    def rows(self, predicted: Predicted) -> list[list[str]]:
        """The cells of some rows."""
        outputs = dict(predicted.outputs)
        top: Sequence[Sequence[tuple[str, float]]] = ()
        if self._answer is not None:
            probabilities = self._answer.probabilities(outputs[self._answer.blob])
            outputs[self._answer.title] = probabilities
            top = self._answer.top(probabilities, self._k)
        n = len(predicted.places)
        texts = [_texts(values.reshape(n, -1)) for values in outputs.values()]
        found = []
        for i, place in enumerate(predicted.places):
            cells = [str(predicted.first + i), place.file]
            for name, p in top[i] if top else ():
                cells += [name, f"{p:.6g}"]
            for rows in texts:
                cells += rows[i]
            found.append(cells)
        return found


def _texts(values: np.ndarray) -> list[list[str]]:
    """As few digits as tell each number from its neighbours."""
    found: list[list[str]] = values.astype("U32").tolist()
    return found


class TextSink(Sink):
    """A text file.

    Args:
        path: Of the file, which is replaced if it is there.
        begin: What it begins with.
        text: What some rows add to it.
    """

    def __init__(self, path: Path, begin: str, text: Callable[[Predicted], str]) -> None:
        self._file, self._text, self._begin = OutputFile(path, ADVICE), text, begin

    def _write(self, text: str) -> None:
        with explained(self._file.path, ADVICE):
            self._file.write(text.encode("utf-8", "surrogateescape"))

    def write(self, predicted: Predicted) -> None:
        """Append them."""
        begin, self._begin = self._begin, ""
        self._write(begin + self._text(predicted))

    def finish(self) -> None:
        """Give the file its name."""
        self._file.finish()

    def discard(self) -> None:
        """Drop it, unless it is finished."""
        self._file.discard()


def csv_text(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Rows as lines, quoted where it is needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()
