"""Data sets published as IDX files: from a folder or a mirror, checked against their md5 sums."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np

from graphnet.data.regular_file import read_bytes
from graphnet.data.sets import idx
from graphnet.data.sets.download import ProgressCallback, download
from graphnet.errors import DataError

#: The arrays of one split, by data set.
SplitArrays: TypeAlias = Mapping[str, np.ndarray]

#: Of an unpacked file; none that is published is nearly as large.
_MOST_BYTES = 1 << 28
_MOST_FOLDERS = 1000


class NotAsPublishedError(DataError):
    """A file is not the one that was published; ``md5`` is the sum of its content."""

    def __init__(self, message: str, md5: str) -> None:
        super().__init__(message)
        self.md5 = md5


@dataclass(frozen=True)
class IdxFile:
    """A published file; size and md5 sum are those of what is in the gzip around it."""

    name: str
    n_bytes: int
    md5: str

    def parse(self, content: bytes, origin: str) -> np.ndarray:
        """The array in the file, if it is the one that was published."""
        plain = idx.unpack(content, origin, limit=_MOST_BYTES)
        found = hashlib.md5(plain, usedforsecurity=False).hexdigest()
        if found == self.md5:
            return idx.parse(plain, origin)
        if len(plain) != self.n_bytes:
            reason = f"it holds {len(plain):,} bytes, expected {self.n_bytes:,}"
        else:
            reason = f"its content has the md5 sum\n  {found}, expected\n  {self.md5}"
        raise NotAsPublishedError(f"{origin} is not the published {self.name}: {reason}", found)


@dataclass(frozen=True)
class Published:
    """Where the files of a set are, and what is in them.

    Attributes:
        mirrors: Addresses of folders that hold the files, gzipped; tried in turn.
        files: The file of each data set, by split.
    """

    mirrors: tuple[str, ...]
    files: Mapping[str, Mapping[str, IdxFile]]

    @property
    def sums(self) -> Mapping[str, str]:
        """The names of the files by their md5 sums."""
        return {file.md5: file.name for named in self.files.values() for file in named.values()}

    def from_folder(self, folder: Path) -> dict[str, SplitArrays]:
        """All splits, from files in a folder, gzipped or plain."""
        check_folder(folder)
        names = list(self.sums.values())
        places = {name: _find(folder, name) for name in names}
        if missing := [name for name, place in places.items() if place is None]:
            raise DataError(
                f"{folder} does not hold {', '.join(missing)}\n"
                "  expected the files as published, with or without .gz"
                + _elsewhere(folder, lambda place: all(_find(place, name) for name in names))
            )

        def get(file: IdxFile) -> np.ndarray:
            place = places[file.name] or folder
            return file.parse(read_bytes(place), str(place))

        return self._all(get)

    def from_network(self, progress: ProgressCallback | None) -> dict[str, SplitArrays]:
        """All splits, downloaded."""
        mirrors, failures = list(self.mirrors), list[str]()

        def get(file: IdxFile) -> np.ndarray:
            while mirrors:
                url = f"{mirrors[0]}{file.name}.gz"
                try:
                    # gzip can lengthen what it cannot compress, though hardly
                    content = download(url, limit=file.n_bytes + 4096, progress=progress)
                    return file.parse(content, url)
                except DataError as error:
                    failures.append(str(error))
                    mirrors.pop(0)  # what failed once is not waited for again
            raise DataError("no mirror could be used:\n  " + "\n  ".join(failures))

        return self._all(get)

    def _all(self, get: Callable[[IdxFile], np.ndarray]) -> dict[str, SplitArrays]:
        return {
            split: {name: get(file) for name, file in named.items()}
            for split, named in self.files.items()
        }


def check_folder(folder: Path) -> None:
    """See that there is one."""
    if folder.is_file():
        raise DataError(f"{folder} is a file\n  name the folder it is in: --from {folder.parent}")
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")


def _elsewhere(folder: Path, holds: Callable[[Path], object]) -> str:
    """A hint which folders within a folder have what was looked for; blank if none has."""
    inner = (path for pattern in ("*/", "*/*/") for path in sorted(folder.glob(pattern)))
    found = [str(p) for p in islice(inner, _MOST_FOLDERS) if p.is_dir() and holds(p)]
    return f"\n  files of these names are there: --from {' or '.join(found)}" if found else ""


def _find(folder: Path, name: str) -> Path | None:
    """The file in a folder, under one of the names it is known by."""
    names = [name, name.replace("-idx", ".idx")]
    candidates = [folder / (n + suffix) for n in names for suffix in (".gz", "")]
    return next((c for c in candidates if c.is_file()), None)


def mnist_like(mirrors: tuple[str, ...], *sums: str) -> Published:
    """A set of files as MNIST has them.

    Args:
        mirrors: Addresses of folders that hold the files.
        sums: The md5 sums of training images and labels, then of test images and labels.
    """
    train_data, train_label, test_data, test_label = sums
    return Published(
        mirrors,
        {
            "train": {
                "data": IdxFile("train-images-idx3-ubyte", 47_040_016, train_data),
                "label": IdxFile("train-labels-idx1-ubyte", 60_008, train_label),
            },
            "test": {
                "data": IdxFile("t10k-images-idx3-ubyte", 7_840_016, test_data),
                "label": IdxFile("t10k-labels-idx1-ubyte", 10_008, test_label),
            },
        },
    )
