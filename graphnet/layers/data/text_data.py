"""TextData: windows of a text, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from graphnet.blob import Shape
from graphnet.data.record import LayerRecord
from graphnet.data.regular_file import regular_file
from graphnet.data.sets.download import ProgressCallback
from graphnet.data.sets.store import PREFIX
from graphnet.data.source import Source, absolute_source, entries
from graphnet.data.table import Table
from graphnet.data.text.symbols import check_symbols
from graphnet.data.text.tokens import Tokens
from graphnet.data.text.windows import TextPart, check_is_there, check_source
from graphnet.declare.fields import PositiveInt
from graphnet.errors import DataError, about
from graphnet.files.paths import user_path
from graphnet.layers.base import Arity, Shapes
from graphnet.layers.data.batch_data import BatchLayer, BatchSpec
from graphnet.layers.data.hdf5_data import RowsField


def _text(value: str) -> str:
    try:
        check_source(value)
    except DataError as error:
        raise ValueError(str(error)) from None
    return value


def _symbols(value: str) -> str:
    try:
        return check_symbols(value)
    except DataError as error:
        raise ValueError(str(error)) from None


class TextData(BatchSpec):
    """A text, cut into windows of ``steps`` symbols; each symbol is a number from 0.

    Row r begins at the symbol r · ``stride``. In an epoch every window is delivered once; with
    ``shuffle: true`` in an order that follows from seed, name and epoch. What is left at the end of
    the text and is shorter than a window is not delivered. The text is kept in memory once, however
    much windows overlap.

    Tops:
        0: ``(batch_size, steps)``: the symbols of a window.
        1: optional: the same shape, the symbol that follows each.
    Args:
        source: A text file in UTF-8, or with a byte order mark, relative to the YAML file; or
            ``dataset:docs-text/train`` (or ``/test``), which comes with graphnet. The ends of its
            lines are one character, however they are stored.
        steps: Symbols in a window.
        stride: From the beginning of a window to that of the next. Default: ``steps``, so that
            each symbol is in one window.
        part: ``START:STOP`` of all symbols, as a Python slice; a bound may be a percentage:
            ``":90%"``. Default: all.
        unit: ``character`` or ``byte``, of which there are 256. Default character.
        symbols: The characters that numbers stand for, in order. Default: those of the whole
            text, whatever ``part`` is, in the order of Unicode.
        tokenizer: The file of a byte-pair tokenizer, relative to the YAML file: numbers then stand
            for its tokens. ``graphnet data tokenizer`` makes one; any of the package ``tokenizers``
            will do. Default: none.
    Example:
        - {name: text, type: TextData, source: book.txt, part: ":90%", steps: 64, batch_size: 32}
    Source:
        Karpathy 2015, char-rnn; for the tokens Sennrich, Haddow & Birch 2016, arXiv 1508.07909.
    """

    n_tops: ClassVar[Arity] = Arity(1, 2)

    type: Literal["TextData"] = "TextData"
    tops: tuple[str, ...] = ("text", "next")
    source: Annotated[str, AfterValidator(_text)]
    steps: PositiveInt
    stride: PositiveInt | None = None
    part: RowsField | None = None
    unit: Literal["character", "byte"] = "character"
    symbols: Annotated[str, AfterValidator(_symbols)] | None = None
    tokenizer: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _check_text(self) -> Self:
        if self.shapes is not None:
            raise ValueError("'shapes' has no effect: 'steps' says it")
        if self.mix is not None:
            raise ValueError("'mix' would blend the numbers of symbols: leave it out")
        if self.symbols is not None and self.unit == "byte":
            raise ValueError("'symbols' has no effect: the symbols of unit: byte are all 256")
        if self.tokenizer is not None and self.model_fields_set & {"symbols", "unit"}:
            raise ValueError("either 'tokenizer' or 'unit' and 'symbols': they say what is counted")
        return self

    def sample_shapes(self) -> Mapping[str, Shape]:
        return dict.fromkeys(self.tops, (self.steps,))

    def windows(self) -> TextPart:
        """The text's windows.

        Raises:
            DataError: If it cannot be read, or is too short.
        """
        symbols = self.tokens() or ("" if self.unit == "byte" else self.symbols)
        with about("source"):
            return TextPart(
                self.source, self.tops, self.steps, self.stride or self.steps, self.part, symbols
            )

    def tokens(self) -> Tokens | None:
        """Those of its tokenizer, if it has one.

        Raises:
            DataError: If its file cannot be read.
            MissingExtraError: If the package ``tokenizers`` is not here.
        """
        if self.tokenizer is None:
            return None
        with about("tokenizer"):
            return Tokens(Path(self.tokenizer))

    def n_indices(self, bottoms: Shapes) -> int:
        tokens = self.tokens()
        return 0 if tokens is None else tokens.n

    def samples_there(self) -> int | None:
        return self.windows().n_rows if self.is_available() else None

    def recorded(self) -> LayerRecord | None:
        found = self.windows()
        classes = {top: tuple(found.symbols) for top in self.tops} if found.symbols else {}
        return LayerRecord(
            phase=self.phase,
            shapes=dict(self.sample_shapes()),
            types={column.name: str(column.dtype) for column in found.columns},
            classes=classes,
        )

    def relative_to(self, folder: Path) -> Self:
        path = absolute_source(self.source, folder)
        update = {"source": path}
        if self.tokenizer is not None:
            update["tokenizer"] = str(folder.absolute() / user_path(self.tokenizer))
        return super().relative_to(folder).model_copy(update=update)

    @property
    def data_source(self) -> Source:
        return self.source

    def data_files(self) -> list[Path]:
        paths = [] if self.source.startswith(PREFIX) else [Path(self.source)]
        return paths if self.tokenizer is None else [*paths, Path(self.tokenizer)]

    def reading(self, source: Source, rows: str | None) -> Self:
        values = {name: getattr(self, name) for name in self.model_fields_set}
        (one,) = entries(source)
        return type(self)(**(values | {"source": one, "part": rows}))

    def is_available(self) -> bool:
        try:
            self.fetch()
        except DataError:
            return False
        return True

    def fetch(self, *, offline: bool = False, progress: ProgressCallback | None = None) -> None:
        with about("source"):
            check_is_there(self.source)
        if self.tokenizer is not None:
            with about("tokenizer"):
                regular_file(Path(self.tokenizer))


class TextDataLayer(BatchLayer[TextData]):
    """Runs :class:`TextData`."""

    def setup(self) -> None:
        super().setup()
        self.open(Table([self.spec.windows()]), buffer_bytes=0)
