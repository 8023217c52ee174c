"""Pictures that can be packed: a table that names a file in each row, and its label."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from graphnet.data.csv.column_roles import (
    ChosenColumns,
    TableOptions,
    are_headings,
    choose_labels,
    column_name,
    find,
)
from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.data.csv.label_columns import LabelColumns
from graphnet.data.file_kind import PICTURES
from graphnet.data.pictures.picture_files import PictureFiles
from graphnet.data.pictures.reader import PictureOptions
from graphnet.errors import DataError
from graphnet.files.paths import is_there, user_path


def names_pictures(path: Path, options: TableOptions) -> bool:
    """Whether a table holds the files of pictures: it is said, or its first row has such a name."""
    if options.pictures is not None:
        return True
    text = DelimitedText(path, options.delimiter, options.encoding)
    rows = (row for _, (_, row) in zip(range(2), text, strict=False))
    return any(_is_picture(cell) for row in rows for cell in row)


class PictureTable(PictureFiles):
    """The pictures that a table names, one in each row: ``data`` ``(C, H, W)``, ``label``.

    A file is relative to the table's folder or, where there is none, to the working directory.
    Which column is the label is decided as in any table; what is neither is left out.
    """

    def __init__(self, path: Path, options: TableOptions, pictures: PictureOptions) -> None:
        self.path = path
        text = DelimitedText(path, options.delimiter, options.encoding)
        rows = iter(text)
        first = next(rows, None)
        if first is None:
            raise DataError(f"{path} has no rows\n  expected files of pictures")
        is_headed = not any(map(_is_picture, first[1])) and are_headings(path, first[1], options)
        headings = [cell.strip() for cell in first[1]] if is_headed else [""] * len(first[1])
        second = next(rows, None) if is_headed else first
        if second is None:
            raise DataError(f"{path} has no rows below its headings\n  expected files of pictures")
        chosen = self._choose(headings, second[1], options)
        (at,) = chosen.features
        labels = LabelColumns(path, chosen, may_drop=False)
        self.lines = array("q")
        files = []
        for line, row in chain([second], rows):
            if len(row) != len(headings):
                raise DataError(
                    f"{path}:{line}: {len(row)} values, expected {len(headings)} as before\n"
                    f"  it was read as {text.described()}"
                )
            files.append(self._file(row[at], f"{path}:{line}, {column_name(headings, at)}"))
            labels.add(row, line)
            self.lines.append(line)
        values, classes = labels.values()
        super().__init__(files, values, classes, pictures, Counter())
        others = [i for i in range(len(headings)) if i not in (at, *chosen.labels)]
        label = chosen.named(chosen.labels) if len(chosen.labels) > 1 else ""
        self.notes = [
            ("read as", text.described()),
            ("pictures", column_name(headings, at)),
            *([("left out", ", ".join(column_name(headings, i) for i in others))] * bool(others)),
            ("label", label or (chosen.name(chosen.labels[0]) if chosen.labels else "none")),
            *self.notes,
        ]

    def where(self, number: int) -> str:
        """The picture's file, and the line that names it."""
        return f"{self.files[number]} ({self.path}:{self.lines[number]})"

    def _choose(
        self, headings: Sequence[str], row: Sequence[str], options: TableOptions
    ) -> ChosenColumns:
        """The column of the files as the one feature, and the labels."""
        if options.pictures is not None:
            at = find(self.path, headings, options.pictures)
        else:
            found = [i for i, cell in enumerate(row) if _is_picture(cell)]
            if len(found) != 1:
                listed = " or ".join(column_name(headings, i) for i in found) or "none"
                raise DataError(
                    f"{self.path}: which column holds the files of the pictures? It could be"
                    f" {listed}\n  name it: --pictures COLUMN"
                )
            at = found[0]
        if options.no_label and options.label is not None:
            raise DataError(f"{self.path}: --label and --no-label exclude each other")
        left_out: set[int | None] = {find(self.path, headings, n) for n in options.leave_out}
        labels: tuple[int, ...] = ()
        if not options.no_label and (len(headings) > 1 or options.label is not None):
            labels = choose_labels(self.path, headings, row, options, left_out | {at})
        if at in labels:
            name = column_name(headings, at)
            raise DataError(f"{self.path}: {name} is the label and holds the files")
        return ChosenColumns(headings, labels, (at,), may_be_index=False)

    def _file(self, cell: str, place: str) -> Path:
        named = user_path(cell.strip())
        for path in (self.path.parent / named, named):
            if cell.strip() and is_there(path):
                return path
        raise DataError(
            f"{place}: there is no file {cell.strip()!r}\n"
            f"  looked in {self.path.parent} and in the working directory"
        )


def _is_picture(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in PICTURES
