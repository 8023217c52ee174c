"""What kind of rows an input holds, told by its name and first bytes; and standard input."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.file_kind import PICTURES, TABLES, kind
from graphnet.data.hdf5.opening import is_hdf5
from graphnet.data.pictures.reader import Fit
from graphnet.data.regular_file import first_bytes
from graphnet.data.text_file import is_text
from graphnet.data.tools import npy
from graphnet.errors import DataError, GraphnetError, SpecError
from graphnet.files.paths import is_there
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.arrays import ArrayRows, HDF5Rows, read_npz
from graphnet.inference.rows.block import RowBlock, Rows, Several
from graphnet.inference.rows.pictures import PictureRows, pictures_in
from graphnet.inference.rows.tables import TableRows

#: What stands for standard input, and how messages call it.
STDIN, STDIN_NAME = "-", "standard input"
_HDF5 = (".h5", ".hdf5")


@dataclass(frozen=True)
class InputOptions:
    """How inputs are read.

    Attributes:
        table: Tables of text.
        fit: How pictures of another size are brought to that of the net; None: as packed.
        background: The colour behind transparent pixels.
    """

    table: TableOptions = field(default_factory=TableOptions)
    fit: Fit | None = None
    background: str | None = None


@dataclass(frozen=True)
class GivenInput:
    """One input.

    Attributes:
        blob: The blob it is for; None: for all that it holds, or for the only one.
        path: Of the file or folder.
        name: How messages call it.
    """

    blob: str | None
    path: Path
    name: str


@contextmanager
def given_inputs(
    texts: Sequence[str], stream: IO[bytes] | None = None
) -> Iterator[list[GivenInput]]:
    """The inputs that a user has named: ``FILE``, ``FOLDER``, ``BLOB=FILE`` or ``-``.

    What standard input holds is kept in a temporary file while the block runs; errors of it call
    it by its name.

    Raises:
        SpecError: If one of them is not there.
    """
    with tempfile.TemporaryDirectory(prefix="graphnet-") as folder:
        kept = Path(folder) / "input"
        found: list[GivenInput] = []
        for text in texts:
            blob, equals, rest = text.partition("=")
            is_named = bool(equals) and not is_there(Path(text)) and bool(blob)
            place = rest if is_named else text
            if place == STDIN:
                if kept.exists():
                    raise SpecError("standard input can be read once\n  name '-' once")
                given = stream or getattr(sys.stdin, "buffer", None)
                if given is None:
                    raise SpecError("standard input is closed\n  name a file")
                with kept.open("wb") as file:
                    shutil.copyfileobj(given, file)
                found.append(GivenInput(blob if is_named else None, kept, STDIN_NAME))
            else:
                found.append(GivenInput(blob if is_named else None, Path(place), place))
        try:
            yield found
        except GraphnetError as error:
            if str(kept) not in str(error):
                raise
            raise DataError(str(error).replace(str(kept), STDIN_NAME)) from error


def open_rows(
    inputs: Sequence[GivenInput], blobs: Sequence[FedBlob], options: InputOptions, folder: Path
) -> Rows:
    """The rows of all inputs.

    Args:
        inputs: One after the other; or, where each names its blob, side by side.
        blobs: What is fed.
        options: How they are read.
        folder: For what must be unpacked.

    Raises:
        SpecError: If inputs and blobs do not go together.
        DataError: If one of them cannot be read.
    """
    named = [one for one in inputs if one.blob is not None]
    if named and len(named) < len(inputs):
        raise SpecError(
            f"{inputs[0].name}: some inputs name their blob and some do not\n"
            "  write BLOB=FILE for each of them, or for none"
        )
    if not named:
        return _together([_opened(one, blobs, options, folder, i) for i, one in enumerate(inputs)])
    known = [blob.name for blob in blobs]
    columns = []
    for blob in blobs:
        own = [one for one in inputs if one.blob == blob.name]
        if not own:
            raise SpecError(
                f"nothing is fed to '{blob.name}'\n  the net computes with {', '.join(known)}:"
                f" add {blob.name}=FILE"
            )
        rows = [
            _opened(one, [blob], options, folder, f"{blob.name}-{i}") for i, one in enumerate(own)
        ]
        columns.append(_together(rows))
    return columns[0] if len(columns) == 1 else SideBySide(columns, known)


def _together(rows: Sequence[Rows]) -> Rows:
    return rows[0] if len(rows) == 1 else Several(rows)


class SideBySide:
    """The rows of several blobs, each from a source of its own."""

    def __init__(self, columns: Sequence[Rows], names: Sequence[str]) -> None:
        self._columns, self._names = columns, names
        sizes = {name: one.n_rows for name, one in zip(names, columns, strict=True)}
        known = {n for n in sizes.values() if n is not None}
        if len(known) > 1:
            listed = ", ".join(f"'{name}' has {n}" for name, n in sizes.items() if n is not None)
            raise DataError(f"the blobs disagree on the number of rows: {listed}")
        self.n_rows = next(iter(known), None)

    @property
    def notes(self) -> list[str]:
        """Those of all columns."""
        return [text for one in self._columns for text in one.notes]

    def blocks(self, size: int) -> Iterator[RowBlock]:
        """All rows in order."""
        parts = [_Regrouped(one.blocks(size)) for one in self._columns]
        while True:
            n = min(size, *(part.ready() for part in parts))
            if not n:
                break
            taken = [part.take(n) for part in parts]
            arrays = {name: a for block in taken for name, a in block.arrays.items()}
            yield RowBlock(arrays, taken[0].places)
        left = [name for name, part in zip(self._names, parts, strict=True) if part.ready()]
        if left:
            raise DataError(f"'{left[0]}' has more rows than the other blobs")


class _Regrouped:
    """Blocks that are taken in pieces of other sizes."""

    def __init__(self, blocks: Iterator[RowBlock]) -> None:
        self._blocks = blocks
        self._block: RowBlock | None = None
        self._at = 0

    def ready(self) -> int:
        """How many rows can be taken at once; 0 at the end."""
        while self._block is None or self._at == len(self._block.places):
            self._block, self._at = next(self._blocks, None), 0
            if self._block is None:
                return 0
        return len(self._block.places) - self._at

    def take(self, n: int) -> RowBlock:
        """The next ``n`` rows, of which there are as many."""
        if self._block is None:
            raise ValueError("there are no more rows")
        part = slice(self._at, self._at + n)
        self._at += n
        arrays = {name: a[part] for name, a in self._block.arrays.items()}
        return RowBlock(arrays, self._block.places[part])


def _opened(
    one: GivenInput,
    blobs: Sequence[FedBlob],
    options: InputOptions,
    folder: Path,
    number: int | str,
) -> Rows:
    """The rows of one input for these blobs."""
    path, name = one.path, one.name
    if path.is_dir():
        found = pictures_in(path)
        return _pictures(found, _only(blobs, name), [str(p) for p in found], options)
    begin = _begin(path, name)
    suffix = path.suffix.lower()
    if suffix in _HDF5 or (begin and is_hdf5(path)):
        return HDF5Rows(path, blobs, name)
    if suffix == ".npy" or begin.startswith(b"\x93NUMPY"):
        blob = _only(blobs, name)
        return ArrayRows({blob.name: npy.read(path)}, [blob], name)
    if suffix == ".npz" or begin.startswith(b"PK"):
        place = folder / str(number)
        place.mkdir()
        return ArrayRows(read_npz(path, blobs, name, place), blobs, name)
    if suffix in PICTURES or _is_picture(path, begin):
        return _pictures([path], _only(blobs, name), [name], options)
    if begin and is_text(begin) and (suffix in (*TABLES, ".txt") or name == STDIN_NAME):
        return TableRows(path, _only(blobs, name), options.table, name)
    if not begin:
        raise DataError(f"{name} is empty (0 bytes)\n{_EXPECTED}")
    what = kind(path, begin)[0]
    raise DataError(f"{name}: unknown kind of file{f': it {what}' if what else ''}\n{_EXPECTED}")


_EXPECTED = (
    "  expected .h5, .npy, .npz, a table such as .csv or .tsv, a picture such as .png or .jpg,\n"
    "  a folder of pictures, or - for standard input"
)


def _begin(path: Path, name: str) -> bytes:
    try:
        return first_bytes(path)
    except DataError:
        if not is_there(path):
            raise DataError(f"{name}: cannot be read: No such file or directory") from None
        raise


def _only(blobs: Sequence[FedBlob], name: str) -> FedBlob:
    """The one blob that an array, a table or pictures are for."""
    if len(blobs) > 1:
        listed = " ".join(f"{blob.name}=FILE" for blob in blobs)
        raise SpecError(
            f"{name} holds one array, but {len(blobs)} blobs are fed\n  say what each of them"
            f" gets: {listed}"
        )
    return blobs[0]


def _pictures(
    paths: Sequence[Path], blob: FedBlob, names: Sequence[str], options: InputOptions
) -> PictureRows:
    return PictureRows(paths, blob, names, fit=options.fit, background=options.background)


def _is_picture(path: Path, begin: bytes) -> bool:
    return kind(path, begin)[0] == "is a picture"
