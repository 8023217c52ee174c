"""ServedNet: a trained net that answers for rows as they are in the net's data files.

It reads what a run holds by :class:`~graphnet.inference.trained.Trained`, and rows, pictures and
tables by the readers of ``graphnet predict``, so that both say the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import PICTURE_AXES, Shape, shape_text
from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.recipe.pictures import PictureRecipe
from graphnet.errors import DataError, GraphnetError, ShapeError, SpecError
from graphnet.inference.answer import Answer, answer_of
from graphnet.inference.fed import FedBlob, declared_shape, fed_blobs
from graphnet.inference.restored import restorers
from graphnet.inference.rows.block import RowSource
from graphnet.inference.rows.pictures import PictureRows
from graphnet.inference.rows.tables import TableRows
from graphnet.inference.trained import Trained
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.predicting.feed import feeders
from graphnet.net.predicting.predict import (
    check_rows_apart,
    output_names,
    prediction_spec,
)
from graphnet.net.predicting.predictor import Predictor
from graphnet.serving.refusal import RefusalError

#: Rows that are computed at a time where there are several.
BATCH = 16
_UNPROCESSABLE, _UNSUPPORTED = 422, 415
_DTYPE = np.dtype("float32")
_WHITE = 255  # of 8 bits


@dataclass(frozen=True)
class ServedInput:
    """A blob that a request gives.

    Attributes:
        name: The blob.
        shape: Of a row as it is given, before any transformers.
        fed: What is known of such rows.
    """

    name: str
    shape: Shape
    fed: FedBlob

    @property
    def is_picture(self) -> bool:
        """Whether a row is a picture of one channel or three."""
        return len(self.shape) == PICTURE_AXES and self.shape[0] in (1, 3)

    @property
    def white(self) -> float:
        """What white is in a row: 1 where the net has learned from numbers up to 1."""
        if self.fed.dtype is not None and self.fed.dtype.kind in "ui":
            return float(np.iinfo(self.fed.dtype).max)
        highest = self.fed.highest
        return 1.0 if highest is not None and highest <= 1 else float(_WHITE)


class ServedNet:
    """A trained net.

    Attributes:
        name: The net's.
        inputs: What a request gives, by blob.
        outputs: The shape of a row of each output; of ``prob``, too, where the net gives scores.
        answer: The output that says which class or tag a row is of; None if none does.

    Args:
        trained: The net and what it has learned; its data need not be here if its layers, or what
            a run has recorded, say the shapes.
        fill: Puts what was learned into a net.
        classes: Instead of the names that were recorded.
        shapes: Of rows, by blob, where nothing says them.
        backend: Where it runs.
        threads: How many; None: one for each processor.
        memory_limit: Bytes that it may need; None: what is free.

    Raises:
        GraphnetError: If the net cannot be compiled, or the params are not its own.
    """

    def __init__(
        self,
        trained: Trained,
        fill: Callable[[Net], None],
        *,
        classes: Sequence[str] = (),
        shapes: Mapping[str, Shape] | None = None,
        backend: str = "auto",
        threads: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        spec = trained.spec
        self.name = spec.name
        self.inputs = _inputs(trained, shapes or {})
        fed = {name: one.fed.feed.out_shape(one.shape) for name, one in self.inputs.items()}
        check_rows_apart(spec)
        names = output_names(prediction_spec(spec, fed, 1))
        more: dict[str, Any] = {"keep": names, "memory_limit": memory_limit}
        one_row = prediction_spec(spec, fed, 1)
        one = load_net(one_row, "test", backend, threads=threads, **more)
        self._one = Predictor(one, 1, names)
        self._one.check_a_row_each()
        fill(one)
        many = load_net(prediction_spec(spec, fed, BATCH), "test", share=one, **more)
        self._many = Predictor(many, BATCH, names)
        self._restore = restorers(spec, names, trained.record)
        self.outputs = {name: one.blobs[name].shape[1:] for name in names}
        found = answer_of(spec, trained.record, list(self.outputs.items()))
        self.answer = _named(found, classes, self.outputs)
        if self.answer is not None:
            self.outputs[self.answer.title] = self.outputs[self.answer.blob]

    @property
    def n_params(self) -> int:
        """Numbers in its params."""
        return int(self._one.net.compiled.n_param_numbers)

    @property
    def classes(self) -> tuple[str, ...]:
        """What the columns of the answer are called; empty if nobody knows."""
        return self.answer.names if self.answer is not None else ()

    def close(self) -> None:
        """Release threads."""
        for predictor in (self._many, self._one):
            predictor.net.close()

    # --- rows of requests ---------------------------------------------------------------

    def checked(self, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The rows of a request as arrays, in the shapes that the net takes.

        Args:
            given: Arrays or nested lists by blob; flat rows of as many numbers are reshaped.

        Raises:
            RefusalError: If blobs are missing or unknown, or values do not fit.
        """
        if not isinstance(given, Mapping):
            raise RefusalError(_UNPROCESSABLE, f"inputs: expected {self._wanted()}")
        for name in given:
            if name not in self.inputs:
                raise RefusalError(
                    _UNPROCESSABLE, f"inputs: there is no '{name}'; expected {self._wanted()}"
                )
        found = {}
        for name, one in self.inputs.items():
            if name not in given:
                raise RefusalError(
                    _UNPROCESSABLE, f"inputs: '{name}' is missing; expected {self._wanted()}"
                )
            found[name] = _rows(name, given[name], one.shape)
        counts = {len(array) for array in found.values()}
        if len(counts) > 1:
            raise RefusalError(_UNPROCESSABLE, "inputs: they have different numbers of rows")
        return found

    def _wanted(self) -> str:
        return ", ".join(f"'{n}': (n, {shape_text(i.shape)})" for n, i in self.inputs.items())

    def picture(self, content: bytes, *, invert: bool = False) -> dict[str, np.ndarray]:
        """The row of a picture file, read as the pictures that the net has learned from.

        What is transparent is seen as black, unless those were packed in another way: behind a
        drawing there is nothing.

        Raises:
            RefusalError: If it is no picture, or the net takes none.
        """
        one = self._only("pictures")
        recipe = one.fed.recipe
        is_said = isinstance(recipe, PictureRecipe) and recipe.options.background is not None
        background = None if is_said else "black"
        if not one.is_picture:
            raise RefusalError(_UNSUPPORTED, "this net takes no pictures; send JSON")

        def opened(path: Path) -> RowSource:
            return PictureRows([path], one.fed, ["the picture"], background=background)

        found = self._read(content, ".png", "the picture", opened)
        return {n: np.float32(one.white) - rows if invert else rows for n, rows in found.items()}

    def table(self, content: bytes, suffix: str) -> dict[str, np.ndarray]:
        """The rows of a table of text, its columns found and read as when the data were packed.

        Args:
            content: Of the file.
            suffix: ``.csv`` or ``.tsv``.

        Raises:
            RefusalError: If a row cannot be read, or the net takes several inputs.
        """
        one = self._only("tables")
        return self._read(
            content,
            suffix,
            "the table",
            lambda path: TableRows(path, one.fed, TableOptions(), "the table"),
        )

    def _only(self, what: str) -> ServedInput:
        inputs = list(self.inputs.values())
        if len(inputs) != 1:
            raise RefusalError(_UNSUPPORTED, f"this net takes no {what}; send JSON")
        return inputs[0]

    def _read(
        self, content: bytes, suffix: str, name: str, opened: Callable[[Path], RowSource]
    ) -> dict[str, np.ndarray]:
        """All rows of a file that was sent."""
        with tempfile.NamedTemporaryFile(prefix="graphnet-", suffix=suffix) as file:
            file.write(content)
            file.flush()
            try:
                blocks = [block.arrays for block in opened(Path(file.name)).blocks(BATCH)]
            except (DataError, ShapeError) as error:
                said = str(error).replace(file.name, "that was sent")
                raise RefusalError(_UNPROCESSABLE, said.partition("\n")[0]) from None
        return self.checked({n: np.concatenate([b[n] for b in blocks]) for n in blocks[0]})

    # --- answers ------------------------------------------------------------------------

    def fed(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Rows that were checked, as the blobs hold them.

        Raises:
            RefusalError: If the transformers make something of them that is no number.
        """
        made = {}
        for name, array in rows.items():
            feed = self.inputs[name].fed.feed
            # one batch size for one row and another for more: nothing is made anew each time
            batch = 1 if len(array) == 1 else BATCH
            try:
                with np.errstate(all="ignore"):  # the feed says what is no number
                    parts = [
                        feed(array[first : first + batch], first, batch, lambda row: f"row {row}")
                        for first in range(0, len(array), batch)
                    ]
            except DataError as error:
                raise RefusalError(_UNPROCESSABLE, f"'{name}': {error}") from None
            made[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return made

    def run(self, fed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the net gives for rows as blobs hold them; one call at a time."""
        n_rows = len(next(iter(fed.values())))
        found = (self._one if n_rows == 1 else self._many).run(fed, n_rows)
        found |= {name: undo(found[name]) for name, undo in self._restore.items()}
        if self.answer is not None:
            found[self.answer.title] = self.answer.probabilities(found[self.answer.blob])
        return found

    def predict(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the net gives for rows that were checked; one call at a time."""
        return self.run(self.fed(rows))


def _named(
    found: Answer | None, classes: Sequence[str], outputs: Mapping[str, Shape]
) -> Answer | None:
    """The answer, its classes named as the user says."""
    if not classes:
        return found
    if found is None:
        found = Answer(next(iter(outputs)), "classes")
    n_classes = prod(outputs[found.blob])
    if len(classes) != n_classes:
        raise SpecError(
            f"--classes: {len(classes)} names, but '{found.blob}' has {n_classes} numbers"
        )
    return replace(found, names=tuple(classes))


def _inputs(trained: Trained, shapes: Mapping[str, Shape]) -> dict[str, ServedInput]:
    """The blobs that rows are given to, their shapes known."""
    found = {}
    for blob in fed_blobs(trained, (), _DTYPE):
        shape = shapes.get(blob.name, blob.shape)
        shape = _declared(trained, blob) if shape is None else tuple(shape)
        found[blob.name] = ServedInput(blob.name, shape, replace(blob, shape=shape))
    return found


def _declared(trained: Trained, blob: FedBlob) -> Shape:
    """The shape of a row as the net's data layer declares it."""
    found = None if blob.feed.transformers else declared_shape(trained, blob.name)
    if found is not None:
        return found
    node = feeders(trained.spec)[blob.name]
    try:
        stored: Mapping[str, Shape] = node.spec.sample_shapes()  # type: ignore[attr-defined]  # as those with transformers have
        return stored[blob.name]
    except (GraphnetError, AttributeError) as error:
        raise SpecError(
            f"the shape of a row of '{blob.name}' is not known: {error}\n"
            f"  say it: --shape {blob.name}=1,28,28"
        ) from error


def numbers(given: Any) -> np.ndarray | None:
    """Nested lists as an array; None where they are no numbers, or not equally long."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biuf" else None


def _rows(name: str, given: Any, shape: Shape) -> np.ndarray:
    """Rows as an array of that shape."""
    array = numbers(given)
    if array is None:
        raise RefusalError(_UNPROCESSABLE, f"'{name}': expected numbers in rows of equal length")
    wanted = f"'{name}': expected (n, {', '.join(map(str, shape))}), found {array.shape}"
    if array.ndim < 1 or not array.size:
        raise RefusalError(_UNPROCESSABLE, wanted)
    if array.shape[1:] != shape:
        if array.ndim != 2 or array.shape[1] != prod(shape):  # noqa: PLR2004  # flat rows
            raise RefusalError(_UNPROCESSABLE, wanted)
        array = array.reshape(len(array), *shape)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise RefusalError(_UNPROCESSABLE, f"'{name}': NaN and infinite numbers are refused")
    return array
