"""HDF5Output: blobs written to a file, batch after batch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from graphnet.data.hdf5.reader import contents_if_hdf5
from graphnet.data.hdf5.writer import HDF5Writer, is_plain_hdf5
from graphnet.declare.names import check_name, clashes
from graphnet.errors import DataError, SpecError
from graphnet.files.paths import user_path
from graphnet.layers.base import Layer
from graphnet.layers.outputs.output import OutputSpec


class HDF5Output(OutputSpec):
    """Write the bottoms to an HDF5 file, which HDF5Data can read.

    The file holds one pass. An evaluation, such as each validation of a run, writes the rows of
    all samples, once, and its file takes the place of the one before. In training the file holds
    the rows of the last iteration. Otherwise each forward pass appends its rows until the net is
    closed. The file appears under its name when it is complete.

    A run that goes on replaces the file it has written before; any other file of the name is
    refused.

    Bottoms:
        each: ``(N, …)``.
    Args:
        filename: The path of the file, relative to the folder of the YAML file.
        datasets: A name for each bottom. Default: the bottoms' own.
        force_overwrite: Replace an HDF5 file that is there; otherwise it is an error. Files of
            other kinds, and snapshots, are never replaced. Default false.
    Example:
        - {name: codes, type: HDF5Output, phase: test, filename: codes.h5, datasets: [code, label],
           bottoms: [ip1, label]}
    Source:
        Mocha ``HDF5OutputLayer`` (which also writes the rows that fill up the last batch), Caffe
        ``HDF5Output``.
    """

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
        try:
            for name in names:
                check_name(name)
        except SpecError as error:
            raise ValueError(f"of a data set: {error}") from None
        for outer, inner, _ in clashes((name, name) for name in names):
            raise ValueError(f"the data set '{inner}' would lie within '{outer}': rename one")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the data sets, one for each bottom."""
        return self.bottoms if self.datasets is None else self.datasets

    @property
    def output_file(self) -> str:
        return self.filename

    def relative_to(self, folder: Path) -> Self:
        path = folder.absolute() / user_path(self.filename)
        return self.model_copy(update={"filename": str(path)})


class HDF5OutputLayer(Layer[HDF5Output]):
    """Runs :class:`HDF5Output`."""

    def setup(self) -> None:
        path, names = Path(self.spec.filename), self.spec.names
        shapes = [bottom.shape for bottom in self.bottoms]
        self.writer = HDF5Writer(path, names, shapes, overwrite=self._may_replace())
        self._iteration, self._is_evaluating = self.context.iteration, False
        # a training net does not know yet which files its run has made
        if self.context.phase == "test" or not self._is_alike():
            self.writer.refuse_existing()

    def forward(self) -> None:
        if self.context.iteration != self._iteration and not self._is_evaluating:
            self._begin()  # in training, only the last iteration is kept
        n_valid = self.context.n_valid
        self.writer.append([self.backend.download(b.data)[:n_valid] for b in self.bottoms])

    def start_pass(self) -> None:
        self._is_evaluating = True
        self._begin()

    def end_pass(self, *, is_whole: bool) -> None:
        self._is_evaluating = False
        if is_whole:
            self.writer.close()
        else:
            self.writer.discard()

    def close(self) -> None:
        self.writer.close()

    def _begin(self) -> None:
        self.writer.restart()
        self.writer.overwrite = self._may_replace()
        self._iteration = self.context.iteration

    def _may_replace(self) -> bool:
        """Whether a file of that name may be replaced: so declared, or made by this run.

        Raises:
            DataError: If it is declared, and the file is of another kind: a text, or a snapshot.
        """
        path = Path(self.spec.filename)
        if self.spec.force_overwrite and not is_plain_hdf5(path):
            raise DataError(
                f"{path}: is no HDF5 file of data sets, so it is not replaced by one"
                "\n  choose another filename"
            )
        is_own = self.spec.filename in self.context.replaceable
        return self.spec.force_overwrite or (is_own and self._is_alike())

    def _is_alike(self) -> bool:
        """Whether the file that is there has the data sets that are written."""
        return set(contents_if_hdf5(Path(self.spec.filename)).storage) == set(self.spec.names)
