"""HDF5Data: samples from HDF5 files or named data sets, read in the training thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator

from graphnet.blob import Shape, shape_text
from graphnet.data.batches import INDEX_BYTES, Batches
from graphnet.data.record import LayerRecord, record_of
from graphnet.data.sets.download import ProgressCallback
from graphnet.data.source import (
    Source,
    absolute_source,
    check_names,
    fetch,
    known_shapes,
    missing,
    open_first,
    open_parts,
)
from graphnet.data.table import ROWS_PATTERN, Table
from graphnet.declare.fields import PositiveInt
from graphnet.errors import DataError, about, did_you_mean
from graphnet.layers.data.batch_data import BatchLayer, BatchSpec


def _source(value: Any) -> Any:
    """A text or a list of texts; the named sets in it exist."""
    listed = value if isinstance(value, tuple | list) else (value,)
    if not all(isinstance(entry, str) for entry in listed):
        raise ValueError("expected dataset:NAME/SPLIT, a path, or a list of these")
    try:
        check_names(value)
    except DataError as error:
        raise ValueError(str(error)) from None
    return value


def _rows(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(ROWS_PATTERN, value):
        raise ValueError("expected START:STOP, such as '0:50000' or '80%:'")
    return value


SourceField: TypeAlias = Annotated[Source, BeforeValidator(_source)]
RowsField: TypeAlias = Annotated[str, BeforeValidator(_rows)]


class HDF5Data(BatchSpec):
    """Samples from HDF5 files or a named data set.

    Batches run on from file to file and from epoch to epoch; nothing is left out or padded. Each
    top is the data set of its name, of any numeric type, converted to the net's precision; a whole
    number that would be rounded is refused. All have one row for each sample.

    Tops:
        each: ``(batch_size, …)``, the rest as in the file and after the transformers. Labels of
            shape ``(N,)`` and ``(N, 1)`` stay as they are.
    Args:
        source: ``dataset:NAME/SPLIT`` (train or test; ``graphnet data`` lists the names), an HDF5
            file, a glob, a text file naming an HDF5 file on each line (``#`` begins a comment;
            relative to the text file's folder, or else to the working directory), or a list of any
            of these. Relative to the YAML file.
        otherwise: The fall-back. If the source of any data layer cannot be had, all data layers
            take theirs, all rows of it.
        rows: ``START:STOP`` of all samples, as a Python slice; a bound may be a percentage:
            ``80%:``. Default: all.
        buffer_bytes: In bytes. A smaller source is kept in memory. A larger one is streamed, and
            shuffled in groups of chunks that fill half of this. Default 256 MiB.
    Example:
        - {name: data, type: HDF5Data, source: dataset:iris/train, batch_size: 16, shuffle: true}
    Source:
        Mocha ``HDF5DataLayer`` (which shuffles each file by itself, and looks for relative names
        in the working directory), Caffe ``HDF5Data``.
    """

    type: Literal["HDF5Data"] = "HDF5Data"
    source: SourceField
    otherwise: SourceField | None = None
    rows: RowsField | None = None
    buffer_bytes: PositiveInt = 1 << 28

    def sample_shapes(self) -> Mapping[str, Shape]:
        if self.shapes is not None:
            return self.shapes
        known = known_shapes(self.source)
        if known is None:
            with about("source"):
                return {c.name: c.shape for c in open_first(self.source, self.tops).columns}
        for top in self.tops:
            if top not in known:
                raise DataError(
                    f"the source has no data set '{top}'\n  it has: {', '.join(known)}"
                    f"{did_you_mean(top, known)}"
                )
        return known

    def samples_there(self) -> int | None:
        if not self.is_available():
            return None
        with closing(self.open_table()) as table:
            for column in table.columns:
                stated = (self.shapes or {}).get(column.name, column.shape)
                if column.shape != stated:
                    raise DataError(
                        f"the samples of '{column.name}' are {shape_text(column.shape)}, but"
                        f" 'shapes' says {shape_text(stated)}\n  found in {table.where(0)}"
                    )
            return table.n_rows

    def kept_bytes(self) -> int:
        if not self.is_available():
            return 0
        with closing(self.open_table()) as table:
            return min(self.buffer_bytes, table.n_rows * (table.row_bytes + INDEX_BYTES))

    def recorded(self) -> LayerRecord | None:
        with about("source"):
            found = record_of(open_first(self.source, self.tops))
        return found.model_copy(update={"phase": self.phase})

    def relative_to(self, folder: Path) -> Self:
        paths = {"source": absolute_source(self.source, folder)}
        if self.otherwise is not None:
            paths["otherwise"] = absolute_source(self.otherwise, folder)
        return super().relative_to(folder).model_copy(update=paths)

    @property
    def data_source(self) -> Source:
        return self.source

    def reading(self, source: Source, rows: str | None) -> Self:
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**(values | {"source": source, "otherwise": None, "rows": rows}))

    def is_available(self) -> bool:
        return not missing(self.source)

    def fetch(self, *, offline: bool = False, progress: ProgressCallback | None = None) -> None:
        with about("source"):
            fetch(self.source, offline=offline, progress=progress)

    @property
    def fall_back(self) -> Self | None:
        """All rows of what ``otherwise`` names."""
        if self.otherwise is None:
            return None
        update = {"source": self.otherwise, "otherwise": None, "rows": None}
        return self.model_copy(update=update)

    def open_table(self) -> Table:
        """The source's rows; headers are read, nothing else.

        Raises:
            DataError: If something is missing, damaged, or does not fit together.
        """
        with about("source"):
            parts = open_parts(self.source, self.tops)
        with about("source" if self.rows is None else "rows"):
            return Table(parts, self.rows)


class HDF5DataLayer(BatchLayer[HDF5Data]):
    """Runs :class:`HDF5Data`."""

    _batches: Batches

    def setup(self) -> None:
        super().setup()
        self.open(self.spec.open_table(), self.spec.buffer_bytes)
