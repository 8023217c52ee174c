"""The mean and the deviation of each channel of a data set, for the transformer Normalize."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphnet.blob import Shape
from graphnet.data.hdf5.writer import HDF5Writer
from graphnet.data.source import Source, check_names, open_parts
from graphnet.data.table import Table
from graphnet.errors import DataError
from graphnet.files.paths import refuse_to_replace

#: What they are called in a file.
MEAN, DEVIATION = "mean", "deviation"
_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class ChannelStatistics:
    """What the values of each channel are like, over all rows and places.

    Attributes:
        mean: ``(C,)``, float64.
        deviation: ``(C,)``: the root of the mean squared distance from it; more than 0.
        constant: The channels that are the same everywhere, whose deviation is therefore 1.
        n_rows: How many rows were read.
        shape: Of a sample.
    """

    mean: np.ndarray
    deviation: np.ndarray
    constant: tuple[int, ...]
    n_rows: int
    shape: Shape


def channel_statistics(
    source: Source,
    name: str,
    rows: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ChannelStatistics:
    """Read a data set once and find the mean and the deviation of its channels.

    The first axis of a sample is that of the channels; a sample that is one number is a channel.
    Sums are in float64, block after block, each about its own mean (Chan, Golub & LeVeque 1979).

    Args:
        source: As of a data layer: a file, ``dataset:NAME/SPLIT``, or several.
        name: Of the data set.
        rows: ``START:STOP`` of all rows; None: all.
        progress: Told how many rows of how many are read.

    Raises:
        DataError: If it cannot be read, or a value is not finite.
    """
    check_names(source)
    table = Table(open_parts(source, [name]), rows)
    (column,) = table.columns
    n_channels = column.shape[0] if column.shape else 1
    step = max(1, _BLOCK_BYTES // (8 * max(1, int(np.prod(column.shape)))))
    buffer = np.empty((min(step, table.n_rows), *column.shape), column.dtype)
    count, mean, squares = 0, np.zeros(n_channels), np.zeros(n_channels)
    try:
        for start in range(0, table.n_rows, step):
            stop = min(start + step, table.n_rows)
            block = buffer[: stop - start]
            table.read(start, stop, [block])
            values = block.reshape(stop - start, n_channels, -1).astype(np.float64)
            _check_finite(values, table, start, name)
            n = values.shape[0] * values.shape[2]
            own = values.mean(axis=(0, 2))
            away = own - mean
            squares += np.square(values - own[:, None]).sum(axis=(0, 2))
            squares += away * away * (count * n / (count + n))
            mean += away * (n / (count + n))
            count += n
            if progress is not None:
                progress(stop, table.n_rows)
    finally:
        table.close()
    deviation = np.sqrt(squares / count)
    constant = tuple(np.flatnonzero(deviation == 0).tolist())
    deviation[list(constant)] = 1
    return ChannelStatistics(mean, deviation, constant, table.n_rows, column.shape)


def _check_finite(values: np.ndarray, table: Table, first: int, name: str) -> None:
    bad = ~np.isfinite(values).all(axis=(1, 2))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{table.where(first + row)}: a value of '{name}' is not finite, so there is no mean"
            "\n  repair the data"
        )


def write_statistics(found: ChannelStatistics, path: Path, *, force: bool = False) -> None:
    """Write them as data sets ``mean`` and ``deviation`` of an HDF5 file.

    Raises:
        SpecError: If the file is there and ``force`` is not given.
        DataError: If it cannot be written.
    """
    refuse_to_replace([path], force=force)
    shape = (len(found.mean),)
    writer = HDF5Writer(path, [MEAN, DEVIATION], [shape, shape], overwrite=force)
    try:
        writer.append([found.mean, found.deviation])
        writer.close()
    finally:
        writer.discard()
