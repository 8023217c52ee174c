"""Packing: rows of any kind become HDF5 files that data layers read fast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphnet.data.hdf5.reader import CLASSES, RECIPE
from graphnet.data.hdf5.writer import HDF5Writer, close_together
from graphnet.data.order import permute
from graphnet.data.recipe.stored import recipe_text
from graphnet.data.sets.download import ProgressCallback
from graphnet.data.sets.store import MEAN
from graphnet.data.stratified_split import by_class, share_of_each
from graphnet.data.tools.packable import Packable
from graphnet.errors import DataError

_CHUNK_BYTES = 1 << 20
_MOST_CHUNK_ROWS = 1000


@dataclass(frozen=True)
class PackOptions:
    """How samples are packed.

    Attributes:
        test_part: The part of the rows that goes into ``test.h5``, from 0 to 1; where there are
            classes, the same part of each, as nearly as whole rows allow.
        mean: Whether the mean of the training rows' ``data`` is written to ``mean.h5``.
        shuffle: Whether the rows are mixed; else they stay in order within each file.
        seed: Of the split and the shuffle.
        compress: Whether chunks are compressed (gzip): smaller files, slower reading.
        force: Whether existing files may be replaced.
    """

    test_part: float = 0.0
    mean: bool = False
    shuffle: bool = True
    seed: int = 0
    compress: bool = False
    force: bool = False


def pack(
    samples: Packable, folder: Path, options: PackOptions, progress: ProgressCallback | None = None
) -> dict[str, tuple[Path, int]]:
    """Write ``train.h5`` and, if asked for, ``test.h5`` and ``mean.h5``.

    The files appear under their names when all are complete. The names of the classes stand in the
    attribute ``classes``, and how the samples were read in ``recipe``, as JSON.

    Args:
        samples: What to pack.
        folder: In which the files are made.
        options: How.
        progress: Told how many bytes of values are packed.

    Returns:
        The path and the number of rows by split; of the mean, 1.
    """
    parts = split(samples, options)
    paths = {name: folder / f"{name}.h5" for name in (*parts, *([MEAN] if options.mean else []))}
    there = [str(path) for path in paths.values() if path.exists()]
    if there and not options.force:
        raise DataError(f"{', '.join(there)} exists already\n  to replace it: --force")
    if options.mean and "data" not in samples.data_sets:
        raise DataError(
            f"the mean is that of 'data', but there is {', '.join(samples.data_sets)}\n"
            "  name an array data=FILE, or leave out --mean"
        )
    samples.fit(parts["train"])
    about = {CLASSES: json.dumps(list(samples.classes))} if samples.classes else {}
    if samples.recipe is not None:
        about[RECIPE] = recipe_text(samples.recipe)
    row_bytes = sum(dtype.itemsize * int(np.prod(s)) for dtype, s in samples.data_sets.values())
    step = max(1, min(_MOST_CHUNK_ROWS, _CHUNK_BYTES // max(1, row_bytes), samples.n_rows))
    shapes = [(step, *shape) for _, shape in samples.data_sets.values()]
    total = np.zeros(samples.data_sets["data"][1]) if options.mean else None
    writers: list[HDF5Writer] = []
    try:
        for name, numbers in parts.items():
            writer = HDF5Writer(
                paths[name],
                list(samples.data_sets),
                shapes,
                overwrite=options.force,
                compress=options.compress,
                attributes=about,
            )
            writers.append(writer)
            for start in range(0, len(numbers), step):
                rows = samples.rows(numbers[start : start + step])
                writer.append([rows[name] for name in samples.data_sets])
                if total is not None and name == "train":
                    with np.errstate(over="ignore", invalid="ignore"):
                        total += rows["data"].sum(axis=0, dtype=np.float64)
                if progress is not None:
                    done = min(start + step, len(numbers))
                    progress(paths[name].name, done * row_bytes, len(numbers) * row_bytes)
        if total is not None:
            mean = _mean(total, samples, parts["train"], step)
            shape = (1, *mean.shape[1:])
            writers.append(HDF5Writer(paths[MEAN], [MEAN], [shape], overwrite=options.force))
            writers[-1].append([mean])
        close_together(writers)
    finally:
        for writer in writers:
            writer.discard()
    return {name: (path, len(parts.get(name, [0]))) for name, path in paths.items()}


def _mean(total: np.ndarray, samples: Packable, numbers: np.ndarray, step: int) -> np.ndarray:
    """The mean of the rows with these numbers, whose total is known."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.atleast_1d(total / len(numbers)).astype(np.float32)
    if np.isfinite(mean).all():
        return mean
    for start in range(0, len(numbers), step):
        some = np.sort(numbers)[start : start + step]
        with np.errstate(over="ignore"):
            values = samples.rows(some)["data"].astype(np.float32).reshape(len(some), -1)
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            raise DataError(
                f"{samples.where(int(some[bad.argmax()]))}: a value of 'data' is not finite, so "
                "there is no mean\n  repair it, or leave out --mean"
            )
    raise DataError("the values of 'data' are too large for a mean\n  leave out --mean")


def split(samples: Packable, options: PackOptions) -> Mapping[str, np.ndarray]:
    """The numbers of the rows that each file holds, in order."""
    n = samples.n_rows
    mixed = np.empty(n, np.int64)
    permute(mixed, options.seed)
    order = mixed if options.shuffle else np.arange(n)
    if not options.test_part:
        return {"train": order}
    n_test = round(n * options.test_part)
    is_test = share_of_each(by_class(_labels(samples), mixed), n_test)
    if not 0 < n_test < n:
        raise DataError(
            f"a test part of {options.test_part:g} leaves one of the files without samples\n"
            f"  there are {n}"
        )
    return {"train": order[~is_test[order]], "test": order[is_test[order]]}


def _labels(samples: Packable) -> np.ndarray:
    """The class of each row; all 0 where there are none."""
    dtype, shape = samples.data_sets.get("label", (np.dtype("f4"), (2,)))
    if dtype.kind not in "biu" or shape not in ((), (1,)):
        return np.zeros(samples.n_rows, np.int64)
    return samples.labels.reshape(-1)
