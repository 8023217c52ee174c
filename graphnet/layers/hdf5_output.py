"""HDF5Output: blobs written to a file, batch after batch."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from graphnet.blob import Shape
from graphnet.data.hdf5_writer import HDF5Writer
from graphnet.fields import user_path
from graphnet.layers.base import (
    Arity,
    Binding,
    Kind,
    Layer,
    LayerSpec,
    Reads,
    Shapes,
    at_least,
    exactly,
)


class HDF5Output(LayerSpec):
    """Write the bottoms to an HDF5 file: each forward pass appends its rows.

    Rows that only fill up the last batch of an evaluation are left out. The file appears under
    its name when the net is closed; until then it is ``NAME.unfinished``. It can be read by
    HDF5Data.

    Bottoms:
        each: ``(N, …)``.
    Args:
        filename: Of the file, relative to the YAML.
        datasets: A name for each bottom. Default: the bottoms' own.
        force_overwrite: Replace a file that is there; otherwise it is an error. Default false.
    Example:
        - {name: codes, type: HDF5Output, phase: test, filename: codes.h5, datasets: [code, label],
           bottoms: [ip1, label]}
    Source:
        Mocha ``HDF5OutputLayer`` (which also writes the rows that fill up the last batch), Caffe
        ``HDF5Output``.
    """

    kind: ClassVar[Kind] = Kind.OUTPUT
    n_bottoms: ClassVar[Arity] = at_least(1)
    n_tops: ClassVar[Arity] = exactly(0)

    type: Literal["HDF5Output"] = "HDF5Output"
    filename: str = Field(min_length=1)
    datasets: tuple[str, ...] | None = None
    force_overwrite: bool = False

    @model_validator(mode="after")
    def _check_datasets(self) -> HDF5Output:
        names = self.names
        if len(names) != len(self.bottoms):
            raise ValueError(f"{len(names)} datasets for {len(self.bottoms)} bottoms")
        if len(set(names)) != len(names):
            raise ValueError(f"two of the data sets have one name: {', '.join(names)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Of the data sets, one for each bottom."""
        return self.bottoms if self.datasets is None else self.datasets

    def relative_to(self, folder: Path) -> Self:
        path = folder.absolute() / user_path(self.filename)
        return self.model_copy(update={"filename": str(path)})

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        return []

    def backward_reads(self) -> Reads:
        return Reads()

    def build(self, binding: Binding) -> HDF5OutputLayer:
        return HDF5OutputLayer(self, binding)


class HDF5OutputLayer(Layer[HDF5Output]):
    """Runs :class:`HDF5Output`."""

    def setup(self) -> None:
        self.writer = HDF5Writer(
            Path(self.spec.filename),
            self.spec.names,
            [bottom.shape for bottom in self.bottoms],
            overwrite=self.spec.force_overwrite,
        )

    def forward(self) -> None:
        n_valid = self.context.n_valid
        self.writer.append([self.backend.download(b.data)[:n_valid] for b in self.bottoms])

    def close(self) -> None:
        self.writer.close()
