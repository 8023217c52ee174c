"""The named data sets: what they are, where they come from, where they lie on this machine.

MNIST and its kin are published as IDX files; they are converted once to HDF5 in the data
folder: ``$GRAPHNET_DATA``, else ``graphnet`` in the user's cache folder. The small sets come
with the package.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from graphnet.blob import Shape
from graphnet.data import embedded_sets
from graphnet.data.download import Progress, is_offline
from graphnet.data.hdf5_file import write_file
from graphnet.data.published import Published, Samples, mnist_like
from graphnet.errors import DataError, did_you_mean

_CHUNK_ROWS = 1000


@dataclass(frozen=True)
class NamedSet:
    """A data set known by name; either ``published`` or ``embedded`` says how to get it.

    Attributes:
        name: As in ``dataset:NAME/SPLIT``.
        title: One line.
        licence: Under which it may be used.
        home: Where it is published.
        shapes: Of one sample, by data set.
        rows: Samples in each split.
        published: Its files and mirrors.
        embedded: Gives the samples by split, where they come with the package.
    """

    name: str
    title: str
    licence: str
    home: str
    shapes: Mapping[str, Shape]
    rows: Mapping[str, int]
    published: Published | None = None
    embedded: Callable[[], Mapping[str, Samples]] | None = None


@dataclass(frozen=True)
class Arrays:
    """The samples of one split, in memory: ``data``, ``label``."""

    name: str
    values: Samples


def _registry(*sets: NamedSet) -> Mapping[str, NamedSet]:
    return MappingProxyType({s.name: s for s in sets})


#: Every named set.
SETS: Mapping[str, NamedSet] = _registry(
    NamedSet(
        name="mnist",
        title="MNIST: 70,000 hand-written digits",
        licence="CC BY-SA 3.0",
        home="http://yann.lecun.com/exdb/mnist/",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 60_000, "test": 10_000},
        published=mnist_like(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    NamedSet(
        name="fashion-mnist",
        title="Fashion-MNIST: 70,000 pictures of clothes",
        licence="MIT, © 2017 Zalando SE",
        home="https://github.com/zalandoresearch/fashion-mnist",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 60_000, "test": 10_000},
        published=mnist_like(
            (
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
    NamedSet(
        name="iris",
        title="Iris: four measurements of 150 flowers of three species",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C56C76",
        shapes={"data": (4,), "label": ()},
        rows={"train": 120, "test": 30},
        embedded=embedded_sets.iris,
    ),
    NamedSet(
        name="digits",
        title="Digits: 1,797 hand-written digits of 8×8",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, 8, 8), "label": ()},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits,
    ),
    NamedSet(
        name="digits28",
        title="Digits: 1,797 hand-written digits, enlarged to 28×28",
        licence="CC BY 4.0",
        home="https://doi.org/10.24432/C50P49",
        shapes={"data": (1, 28, 28), "label": ()},
        rows={"train": 1437, "test": 360},
        embedded=embedded_sets.digits28,
    ),
)


def split_names() -> list[str]:
    """All that can follow ``dataset:``: ``mnist/train``, ``mnist/test`` and so on."""
    return [f"{s.name}/{split}" for s in SETS.values() for split in s.rows]


def lookup(name: str) -> tuple[NamedSet, str]:
    """The set and the split that ``NAME/SPLIT`` names.

    Raises:
        DataError: If there is none, with the names there are.
    """
    if name not in split_names():
        raise DataError(
            f"there is no data set 'dataset:{name}'{did_you_mean(name, split_names())}\n"
            f"  expected one of: {', '.join(split_names())}"
        )
    set_name, _, split = name.partition("/")
    return SETS[set_name], split


def data_folder() -> Path:
    """Where converted sets lie: ``$GRAPHNET_DATA``, else ``graphnet`` in the user's cache."""
    if chosen := os.environ.get("GRAPHNET_DATA"):
        return Path(chosen).expanduser().absolute()
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else Path.home() / ".cache") / "graphnet"


def resolve(name: str) -> Path | Arrays:
    """Where the samples of ``NAME/SPLIT`` are on this machine; nothing is downloaded.

    Raises:
        DataError: If there is no such set, or it has not been fetched; with the command that
            gets it.
    """
    found, split = lookup(name)
    if found.embedded is not None:
        return Arrays(f"dataset:{name}", found.embedded()[split])
    path = _path(found, split, data_folder())
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
    progress: Progress | None = None,
) -> dict[str, Path]:
    """See that a set is on this machine as HDF5 files, and say where.

    Args:
        name: Of the set.
        from_dir: A folder with the published IDX files, gzipped or plain; None: what is on
            this machine already, else from the network.
        to_dir: Where to put them. Default: the data folder, where ``dataset:`` looks.
        offline: Never use the network (also ``GRAPHNET_OFFLINE=1``).
        progress: Told how the download goes.

    Returns:
        The file of each split.

    Raises:
        DataError: If there is no such set, it cannot be had, is not what was published, or
            cannot be written.
    """
    if name not in SETS:
        raise DataError(
            f"there is no data set '{name}'{did_you_mean(name, SETS)}\n"
            f"  expected one of: {', '.join(SETS)}"
        )
    found = SETS[name]
    folder = data_folder() if to_dir is None else to_dir.absolute()
    paths = {split: _path(found, split, folder) for split in found.rows}
    if from_dir is None and all(p.exists() for p in paths.values()):
        return paths
    samples = _samples(found, from_dir, offline=is_offline(offline), progress=progress)
    about = {"title": found.title, "licence": found.licence, "home": found.home}
    for split, path in paths.items():
        shaped = {
            key: values.reshape(-1, *found.shapes[key]) for key, values in samples[split].items()
        }
        write_file(path, shaped, about, _CHUNK_ROWS)
    return paths


def _samples(
    found: NamedSet, from_dir: Path | None, *, offline: bool, progress: Progress | None
) -> Mapping[str, Samples]:
    """All splits of a set, from wherever they can be had."""
    if found.published is None:
        if from_dir is not None:
            raise DataError(
                f"the data set '{found.name}' comes with graphnet and is not read from a folder"
            )
        return found.embedded() if found.embedded is not None else {}
    if from_dir is not None:
        return found.published.from_folder(from_dir)
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


def _how_to_get(found: NamedSet) -> str:
    return (
        f"  with a network: graphnet data {found.name}\n"
        f"  from a folder with the published files: graphnet data {found.name} --from DIR"
    )


def _path(found: NamedSet, split: str, folder: Path) -> Path:
    return folder / found.name / f"{split}.h5"
