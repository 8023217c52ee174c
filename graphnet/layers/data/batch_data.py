"""What the data layers share that deliver stored samples in batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from math import isnan, prod
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np
from pydantic import Field, model_validator

from graphnet.backend.staging import on_host
from graphnet.blob import Array, Shape, shape_text
from graphnet.data.batches import Batches
from graphnet.data.order import Order
from graphnet.data.pipeline import Pipeline
from graphnet.data.table import Table
from graphnet.data.transformers import AnyTransformer, out_shape
from graphnet.declare.fields import PositiveInt
from graphnet.errors import DataError, GraphnetError, did_you_mean
from graphnet.layers.base import (
    Arity,
    Kind,
    LayerSpec,
    Shapes,
    at_least,
    exactly,
)
from graphnet.layers.data.data_layer import DataLayer
from graphnet.random.keys import stream_key
from graphnet.sealed import read_only


class BatchSpec(LayerSpec):
    """The properties these layers share; see :class:`graphnet.layers.data.hdf5_data.HDF5Data`."""

    kind: ClassVar[Kind] = Kind.DATA
    n_bottoms: ClassVar[Arity] = exactly(0)
    n_tops: ClassVar[Arity] = at_least(1)

    tops: tuple[str, ...] = ("data", "label")
    batch_size: PositiveInt
    shuffle: bool = False
    order_key: str | None = Field(default=None, min_length=1)
    shapes: dict[str, tuple[PositiveInt, ...]] | None = None
    transformers: dict[str, tuple[AnyTransformer, ...]] = Field(default_factory=dict)
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

    def samples_there(self) -> int | None:
        """How many samples there are, where they are on this machine already.

        Raises:
            DataError: If they are not as declared.
        """
        return None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        stored = self.sample_shapes()
        shapes = []
        for top in self.tops:
            try:
                shape = out_shape(self.transformers.get(top, ()), stored[top])
            except GraphnetError as error:
                raise type(error)(f"top '{top}': {error}") from error
            shapes.append((self.batch_size, *shape))
        return shapes

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

    # what makes the batches; None until there is something to deliver
    _batches: Batches | None = None
    _make: Callable[[], int]
    _wrap, _n_samples = True, None

    _open = frozenset()
    wrap: bool = read_only("_wrap", "seek(n, wrap=…) says it")
    n_samples: int | None = read_only("_n_samples", "its data say how many there are")

    def setup(self) -> None:
        # where a batch is made, and of these those that are not the top itself
        self._targets = [host_array(top.data) for top in self.tops]
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
            shape = out_shape(self.spec.transformers.get(column.name, ()), column.shape)
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
        pipelines = [
            Pipeline(
                column,
                self.spec.transformers.get(column.name, ()),
                self.spec.batch_size,
                self.dtype,
                seed=self.context.seed,
                layer=order_key,
                check_finite=self.spec.check_finite,
            )
            for column in table.columns
        ]
        key = stream_key(self.context.seed, f"shuffle/{order_key}") if self.spec.shuffle else None
        self._n_samples = table.n_rows
        self._batches = Batches(
            table,
            pipelines,
            self.spec.batch_size,
            key=key,
            buffer_bytes=buffer_bytes,
            portion=self.context.portion,
        )
        self._make = self._batches.bind(self._targets)

    @property
    def cursor(self) -> int:  # type: ignore[override]  # ``seek`` moves it
        """Samples delivered since the start of the run."""
        return self._delivered[0]

    @property
    def order(self) -> Order | None:
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
        """Make the batch again to see; None if it is not the one with this value."""
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

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        self._delivered[0], self._wrap = cursor, wrap
        if self._batches is not None:
            self._batches.seek(cursor, wrap=wrap)

    def close(self) -> None:
        if self._batches is not None:
            self._batches.close()


def host_array(top: Array) -> np.ndarray:
    """The top itself where it is in the machine's memory, else an array like it that is."""
    return top if isinstance(top, np.ndarray) else on_host(top)
