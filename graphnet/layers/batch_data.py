"""What the data layers share that deliver stored samples in batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np
from pydantic import Field, model_validator

from graphnet.backend.staging import on_host
from graphnet.blob import Array, Shape, shape_text
from graphnet.data.batches import Batches
from graphnet.data.pipeline import AnyTransformer, Pipeline, out_shape
from graphnet.data.table import Table
from graphnet.errors import DataError, GraphnetError, did_you_mean
from graphnet.fields import PositiveInt
from graphnet.layers.base import (
    Arity,
    DataLayer,
    Kind,
    LayerSpec,
    Shapes,
    at_least,
    exactly,
)
from graphnet.param import stream_key


class BatchSpec(LayerSpec):
    """The properties these layers share; see :class:`graphnet.layers.hdf5_data.HDF5Data`."""

    kind: ClassVar[Kind] = Kind.DATA
    n_bottoms: ClassVar[Arity] = exactly(0)
    n_tops: ClassVar[Arity] = at_least(1)

    tops: tuple[str, ...] = ("data", "label")
    batch_size: PositiveInt
    shuffle: bool = False
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

    Attributes:
        batches: What makes them; None until there is something to deliver.
        make: Makes the next one, and tells how many rows count.
        targets: Where it is made, for each top.
        uploads: Of these, with the top, those that are not the top itself.
    """

    batches: Batches | None = None
    make: Callable[[], int]

    def setup(self) -> None:
        self.targets = [host_array(top.data) for top in self.tops]
        pairs = zip(self.targets, self.tops, strict=True)
        self.uploads = [(array, top.data) for array, top in pairs if array is not top.data]

    def open(self, table: Table, buffer_bytes: int) -> None:
        """Deliver batches of a table from now on, as the spec wants them.

        Raises:
            DataError: If its rows do not have the shapes the net was built for.
        """
        for column, top in zip(table.columns, self.tops, strict=True):
            shape = out_shape(self.spec.transformers.get(column.name, ()), column.shape)
            if shape != top.shape[1:]:
                raise DataError(
                    f"the samples of '{column.name}' are {shape_text(shape)}, but the net was "
                    f"built for {shape_text(top.shape[1:])}\n  found in {table.where(0)}"
                )
        pipelines = [
            Pipeline(
                column,
                self.spec.transformers.get(column.name, ()),
                self.spec.batch_size,
                self.dtype,
                seed=self.context.seed,
                layer=self.name,
                check_finite=self.spec.check_finite,
            )
            for column in table.columns
        ]
        key = stream_key(self.context.seed, f"shuffle/{self.name}") if self.spec.shuffle else None
        self.n_samples = table.n_rows
        self.batches = Batches(
            table,
            pipelines,
            self.spec.batch_size,
            key=key,
            buffer_bytes=buffer_bytes,
            portion=self.context.portion,
        )
        self.make = self.batches.bind(self.targets)

    def forward(self) -> None:
        n_valid = self.make()
        for array, top in self.uploads:
            self.backend.upload(array, top)
        self.count(n_valid)

    def count(self, n_valid: int) -> None:
        """Count a batch that is in the tops."""
        self.context.n_valid = n_valid
        self.cursor += n_valid

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        super().seek(cursor, wrap=wrap)
        if self.batches is not None:
            self.batches.seek(cursor, wrap=wrap)

    def close(self) -> None:
        if self.batches is not None:
            self.batches.close()


def host_array(top: Array) -> np.ndarray:
    """The top itself where it is in the machine's memory, else an array like it that is."""
    return top if isinstance(top, np.ndarray) else on_host(top)
