"""What all data layers that deliver stored samples in batches have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from math import isnan, prod
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from pydantic import Field, model_validator

from graphnet.blob import Shape, shape_text
from graphnet.data.batches import Batches
from graphnet.data.mixing import AnyMixer, Mixing
from graphnet.data.order import Order
from graphnet.data.pipeline import Pipeline
from graphnet.data.record import LayerRecord
from graphnet.data.table import Table
from graphnet.data.transformers import AnyTransformer, out_shape
from graphnet.declare.fields import PositiveInt
from graphnet.errors import DataError, GraphnetError, did_you_mean
from graphnet.layers.base import Shapes
from graphnet.layers.data.data_layer import DataLayer, DataSpec
from graphnet.layers.data_traits import RowOrder
from graphnet.random.keys import stream_key
from graphnet.sealed import read_only


class BatchSpec(DataSpec):
    """A data layer that delivers stored samples.

    Args:
        batch_size: Samples in a batch.
        shuffle: Deliver every epoch in an order of its own, a function of seed, layer name and
            epoch. Default false.
        order_key: Data layers with the same key, as many rows and the same ``shuffle`` deliver
            their rows in the same order, and random transformers draw the same numbers, as if
            they were tops of one layer. Different keys say that their rows are not to belong
            together. Default: the layer's name.
        shapes: The shape of one sample for each top, so that no file is needed to check the net.
        transformers: For each top a list: Scale, SubMean, Normalize, Resize, Pad, RandomCrop,
            RandomMirror, RandomShift, RandomRotation, RandomResizedCrop, RandomErase, ColorJitter,
            OneHot.
        mix: In phase train, blend each sample with another one, after all transformers, and every
            other top likewise: Mixup or CutMix. Class labels need OneHot for that.
        check_finite: Refuse NaN and infinite values. Default true.
    """

    tops: tuple[str, ...] = ("data", "label")
    batch_size: PositiveInt
    shuffle: bool = False
    order_key: str | None = Field(default=None, min_length=1)
    shapes: dict[str, tuple[PositiveInt, ...]] | None = None
    transformers: dict[str, tuple[AnyTransformer, ...]] = Field(default_factory=dict)
    mix: AnyMixer | None = None
    check_finite: bool = True

    @model_validator(mode="after")
    def _check_tops(self) -> Self:
        stated: dict[str, Mapping[str, object]] = {
            "transformers": self.transformers,
            "shapes": self.shapes or {},
        }
        for key, named in stated.items():
            for top in named:
                if top not in self.tops:
                    raise ValueError(
                        f"'{key}' names '{top}', which is not one of the tops"
                        f"{did_you_mean(top, self.tops)}"
                    )
        left_out = [t for t in self.tops if self.shapes is not None and t not in self.shapes]
        if left_out:
            raise ValueError(f"'shapes' leaves out {', '.join(map(repr, left_out))}")
        return self

    @abstractmethod
    def sample_shapes(self) -> Mapping[str, Shape]:
        """The shape of one stored sample, for each top.

        Raises:
            DataError: If a file that must be read for it cannot be.
        """

    @property
    def row_order(self) -> RowOrder:
        return RowOrder(self.shuffle, self.order_key, self.batch_size)

    def in_order(self) -> Self:
        return self.model_copy(update={"shuffle": False})

    @property
    def must_be_finite(self) -> bool:
        return self.check_finite

    def transformers_of(self, top: str) -> tuple[AnyTransformer, ...]:
        return self.transformers.get(top, ())

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        stored = self.sample_shapes()
        shapes = []
        for top in self.tops:
            try:
                shape = out_shape(self.transformers_of(top), stored[top])
            except GraphnetError as error:
                raise type(error)(f"top '{top}': {error}") from error
            shapes.append((self.batch_size, *shape))
        if self.mix is not None:
            self.mix.check_shapes([shape[1:] for shape in shapes])
        return shapes

    def recorded(self) -> LayerRecord | None:
        return LayerRecord(phase=self.phase, shapes=dict(self.sample_shapes()))

    def recorded_means(self) -> dict[str, np.ndarray]:
        return {
            f"{top}/{i}": mean
            for top, named in self.transformers.items()
            for i, one in enumerate(named)
            if (mean := one.fitted()) is not None
        }

    def with_batch_size(self, n: int) -> Self:
        return self.model_copy(update={"batch_size": n})

    def relative_to(self, folder: Path) -> Self:
        transformers = {
            top: tuple(t.relative_to(folder) for t in named)
            for top, named in self.transformers.items()
        }
        return self.model_copy(update={"transformers": transformers})


S = TypeVar("S", bound=BatchSpec)


class BatchLayer(DataLayer[S]):
    """Delivers batches of a table in the training thread.

    ``seek`` moves it; neither its place nor its end can be assigned.
    """

    # makes the batches; None until there is something to deliver
    _batches: Batches | None = None
    _make: Callable[[], int]
    _wrap, _n_samples = True, None

    _open = frozenset()
    wrap: bool = read_only("_wrap", "seek(n, wrap=…) says it")
    n_samples: int | None = read_only("_n_samples", "its data say how many there are")

    def setup(self) -> None:
        # the host arrays that a batch is made in; some may be the tops themselves
        self._targets = [self.backend.host_side(top.data) for top in self.tops]
        pairs = zip(self._targets, self.tops, strict=True)
        # the cursor, now and before the last batch; a list, which is quicker to set than attributes
        self._delivered = [0, 0]
        self._uploads = [(array, top.data) for array, top in pairs if array is not top.data]

    def open(self, table: Table, buffer_bytes: int) -> None:
        """Deliver batches of a table from now on, as the spec wants them.

        Raises:
            DataError: If its rows do not have the shapes the net was built for.
        """
        for column, top in zip(table.columns, self.tops, strict=True):
            shape = out_shape(self.spec.transformers_of(column.name), column.shape)
            wanted = top.shape[1:]
            if shape != wanted:
                axes = ", ".join(map(str, ("n", *wanted)))
                same = prod(shape) == prod(wanted)
                hint = (
                    f"\n  they are as many numbers: reshape the array to ({axes})" if same else ""
                )
                raise DataError(
                    f"the samples of '{column.name}' are {shape_text(shape)}, but the net was "
                    f"built for {shape_text(wanted)}\n  found in {table.where(0)}{hint}"
                )
        order_key = self.spec.order_key or self.name
        pipelines = self._pipelines(table, order_key)
        key = stream_key(self.context.seed, f"shuffle/{order_key}") if self.spec.shuffle else None
        self._n_samples = table.n_rows
        self._batches = Batches(
            table,
            pipelines,
            self.spec.batch_size,
            key=key,
            buffer_bytes=buffer_bytes,
            portion=self.context.portion,
            mixing=self._mixing(table, order_key),
        )
        self._make = self._batches.bind(self._targets)

    def _pipelines(self, table: Table, order_key: str) -> list[Pipeline]:
        return [
            Pipeline(
                column,
                self.spec.transformers_of(column.name),
                self.spec.batch_size,
                self.dtype,
                seed=self.context.seed,
                layer=order_key,
                check_finite=self.spec.check_finite,
            )
            for column in table.columns
        ]

    def _mixing(self, table: Table, order_key: str) -> Mixing | None:
        """What is mixed into the samples, in phase train."""
        mixer = self.spec.mix
        if mixer is None or self.context.phase != "train":
            return None
        for column, top in zip(table.columns, self.tops, strict=True):
            if column.dtype.kind in "biu" and prod(top.shape[1:]) == 1:
                raise DataError(
                    f"'mix' would blend '{column.name}', which holds whole numbers: if these are"
                    f" classes\n  write transformers: {{{column.name}: [{{type: OneHot, n_class:"
                    " …}]} and a SoftlabelSoftmaxLoss; else store them as floats"
                )
        key = stream_key(self.context.seed, f"mix/{order_key}")
        return Mixing(mixer, self._pipelines(table, order_key), self.spec.batch_size, key)

    @property
    def cursor(self) -> int:  # type: ignore[override]  # ``seek`` moves it
        """Samples delivered since the start of the run."""
        return self._delivered[0]

    @property
    def epoch_order(self) -> Order | None:
        """In which order rows are delivered; None where there is nothing to deliver yet."""
        return self._batches.order if self._batches is not None else None

    def forward(self) -> None:
        n_valid = self._make()
        for array, top in self._uploads:
            self.backend.upload(array, top)
        self.count(n_valid)

    def count(self, n_valid: int) -> None:
        """Count a batch that is in the tops."""
        self.context.n_valid = n_valid
        delivered = self._delivered
        delivered[1] = delivered[0]
        delivered[0] += n_valid

    def where(self, top: int, place: tuple[int, ...], value: float, ago: int) -> str | None:
        """Make that batch again to find out; None if the value is not in it."""
        begin, cursor = self._delivered[1] - ago * self.spec.batch_size, self.cursor
        if self._batches is None or begin < 0:
            return None
        self.seek(begin, wrap=self.wrap)
        try:
            self._make()
            found = float(self._targets[top][place])
            if found == value or (isnan(found) and isnan(value)):
                return f"'{self.tops[top].name}' in {self._batches.where(place[0])}"
            return None
        finally:
            self.seek(cursor, wrap=self.wrap)

    def place_of(self, cursor: int) -> str | None:
        """Make a batch from there to find out."""
        if self._batches is None:
            return None
        now, wrap = self.cursor, self.wrap
        self.seek(cursor, wrap=wrap)
        try:
            self._make()
            return self._batches.where(0)
        finally:
            self.seek(now, wrap=wrap)

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        self._delivered[0], self._wrap = cursor, wrap
        if self._batches is not None:
            self._batches.seek(cursor, wrap=wrap)

    def close(self) -> None:
        if self._batches is not None:
            self._batches.close()
