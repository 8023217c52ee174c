"""The store of named sets: where they are on this machine, and how they get there.

A published set is converted once to HDF5 in the data folder: ``$GRAPHNET_DATA``, else ``graphnet``
in the user's cache folder. The small sets come with the package.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphnet.blob import Shape
from graphnet.data.hdf5.reader import contents_if_hdf5, read_array
from graphnet.data.hdf5.writer import write_files
from graphnet.data.sets.catalog import SETS, NamedSet
from graphnet.data.sets.download import ProgressCallback, is_offline
from graphnet.data.sets.published import NotAsPublishedError, SplitArrays
from graphnet.errors import DataError, did_you_mean
from graphnet.files.bounds import current
from graphnet.files.paths import user_path
from graphnet.files.writing import Advice

_CHUNK_ROWS = 1000
_WAY_OUT = "set GRAPHNET_DATA to a folder that can be written to and has room"
_ELSEWHERE = Advice(DataError, _WAY_OUT, _WAY_OUT, _WAY_OUT)
_CHOSEN = Advice(DataError, "make room, or name another folder: --to DIR", "name another: --to DIR")
#: What a named set begins with where a path could stand.
PREFIX = "dataset:"
#: How the mean of a set's training samples is called: its file, and the data set in it.
MEAN = "mean"


@dataclass(frozen=True)
class EmbeddedSplit:
    """A split that comes with the package, in memory."""

    name: str
    values: SplitArrays


def split_names() -> list[str]:
    """All that can follow ``dataset:``: ``mnist/train``, ``mnist/test`` and so on."""
    return [f"{s.name}/{split}" for s in SETS.values() for split in s.rows]


def lookup(name: str) -> tuple[NamedSet, str]:
    """The set and the split that ``NAME/SPLIT`` names."""
    set_name, _, split = name.partition("/")
    if set_name == name and name in SETS:
        parts = " or ".join(f"'{PREFIX}{name}/{part}'" for part in SETS[name].rows)
        raise DataError(f"there is no data set '{PREFIX}{name}'\n  did you mean {parts}?")
    _check_name("data set", name, split_names(), PREFIX)
    return SETS[set_name], split


def _check_name(what: str, name: str, names: Collection[str], prefix: str = "") -> None:
    """See that it is one of these names; ``prefix`` is what stands before it where it is used."""
    if name not in names:
        close = did_you_mean(prefix + name, [prefix + known for known in names])
        hint = close or f"\n  expected one of: {', '.join(names)}"
        raise DataError(f"there is no {what} '{prefix}{name}'{hint}")


def mean_shape(name: str) -> Shape:
    """The shape of the mean that ``NAME/mean`` names."""
    return _with_mean(name).shapes["data"]


def resolve_mean(name: str) -> Path:
    """The file with the mean that ``NAME/mean`` names: its data set ``mean``."""
    return _file(_with_mean(name), MEAN)


def _with_mean(name: str) -> NamedSet:
    names = [f"{s.name}/{MEAN}" for s in SETS.values() if s.has_mean]
    _check_name("mean", name, names, PREFIX)
    return SETS[name.removesuffix(f"/{MEAN}")]


def data_folder() -> Path:
    """Where converted sets lie: ``$GRAPHNET_DATA``, else ``graphnet`` in the user's cache."""
    if chosen := os.environ.get("GRAPHNET_DATA"):
        folder = user_path(chosen).absolute()
        if folder.is_file():
            raise DataError(
                f"GRAPHNET_DATA names a file, {folder}\n"
                "  expected a folder for data sets, which need not be there yet"
            )
        return folder
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else user_path("~/.cache").absolute()) / "graphnet"


def resolve(name: str) -> Path | EmbeddedSplit:
    """Where the samples of ``NAME/SPLIT`` are on this machine; nothing is downloaded.

    If they are not there, the error says which command gets them.
    """
    found, split = lookup(name)
    if found.embedded is not None:
        return EmbeddedSplit(f"{PREFIX}{name}", found.embedded()[split])
    return _file(found, split)


def _file(found: NamedSet, part: str) -> Path:
    """The file of a split or of the mean, seen to be there."""
    path = _path(found, part, data_folder())
    if not path.exists():
        raise DataError(
            f"the data set '{found.name}' is not on this machine (looked for {path})\n"
            f"{_how_to_get(found)}"
        )
    return path


def fetch(
    name: str,
    *,
    from_dir: Path | None = None,
    to_dir: Path | None = None,
    offline: bool = False,
    progress: ProgressCallback | None = None,
) -> dict[str, Path]:
    """See that a set is on this machine as HDF5 files, and say where.

    Args:
        name: Of the set.
        from_dir: A folder with the files as published, packed or not. None: what is on this
            machine already is taken, else what is on the network.
        to_dir: Where to put them. Default: the data folder, where ``dataset:`` looks.
        offline: Whether the network must not be used (also ``GRAPHNET_OFFLINE=1``).
        progress: Told how the download goes.

    Returns:
        The file of each split, and of the mean if it has one.
    """
    _check_name("data set", name, SETS)
    found = SETS[name]
    offline = offline or current() is not None
    folder = data_folder() if to_dir is None else to_dir.absolute()
    parts = [*found.rows, *([MEAN] if found.has_mean else [])]
    paths = {part: _path(found, part, folder) for part in parts}
    if from_dir is None and all(p.exists() for p in paths.values()):
        return paths
    about = {"title": found.title, "licence": found.licence, "home": found.home}
    for path in paths.values():
        if path.exists() and contents_if_hdf5(path).title != found.title:
            raise DataError(
                f"{path} is there already, and it is not of the data set '{found.name}'\n"
                "  move it, or have the data set put elsewhere: --to DIR"
            )
    samples = _samples(found, from_dir, offline=is_offline(offline), progress=progress)
    files = {
        paths[split]: {
            key: values.reshape(-1, *found.shapes[key]) for key, values in samples[split].items()
        }
        for split in found.rows
    }
    if found.has_mean:
        data = samples["train"]["data"]
        mean = (data.sum(axis=0, dtype=np.float64) / len(data)).astype(np.float32)
        files[paths[MEAN]] = {MEAN: mean}
    write_files(files, about, _CHUNK_ROWS, _CHOSEN if to_dir is not None else _ELSEWHERE)
    return paths


def _samples(
    found: NamedSet, from_dir: Path | None, *, offline: bool, progress: ProgressCallback | None
) -> Mapping[str, SplitArrays]:
    """All splits of a set, from wherever they are available."""
    if found.made_from is not None:
        base = SETS[found.made_from.name]
        if from_dir is not None:
            given = _samples(base, from_dir, offline=offline, progress=progress)
        else:
            files = fetch(base.name, offline=offline, progress=progress)
            given = {
                split: {key: read_array(files[split], key) for key in base.shapes}
                for split in base.rows
            }
        return {split: found.made_from.make(given[split]) for split in found.rows}
    if found.published is None:
        if from_dir is not None:
            raise DataError(
                f"the data set '{found.name}' comes with graphnet and is not read from a folder"
            )
        return found.embedded() if found.embedded is not None else {}
    if from_dir is not None:
        try:
            return found.published.from_folder(from_dir)
        except NotAsPublishedError as error:
            raise DataError(f"{error}\n{_what_it_is(found, error.md5)}") from error
    if offline:
        raise DataError(
            f"the data set '{found.name}' is not on this machine, and downloads are off\n"
            f"{_how_to_get(found)}"
        )
    try:
        return found.published.from_network(progress)
    except DataError as error:
        raise DataError(
            f"the data set '{found.name}' could not be downloaded: {error}\n{_how_to_get(found)}"
        ) from error


def _what_it_is(found: NamedSet, md5: str) -> str:
    """Which published file an unexpected one is, if it is one; and what to do."""
    for other in SETS.values():
        name = other.published.sums.get(md5) if other.published is not None else None
        if name and other is found:
            return f"  it is {name} of the same set: the files may have changed their names"
        if name:
            return f"  it is {name} of {other.name}: graphnet data {other.name} --from DIR"
    return "  it may be cut short or damaged: get it again"


def _how_to_get(found: NamedSet) -> str:
    return (
        f"  with a network: graphnet data {found.name}\n"
        f"  from a folder with the published files: graphnet data {found.name} --from DIR"
    )


def _path(found: NamedSet, split: str, folder: Path) -> Path:
    return folder / found.name / f"{split}.h5"
