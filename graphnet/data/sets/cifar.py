"""CIFAR-10 as published: a gzipped tar of binary files, or those files taken out of it.

A file is rows of 3,073 bytes: a label from 0 to 9, then 32×32 red values, as many green and as many
blue ones. Nothing is unpacked to the disk: of the archive only files of these names are read.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from graphnet.data.regular_file import read_bytes
from graphnet.data.sets.download import ProgressCallback, download
from graphnet.data.sets.published import NotAsPublishedError, SplitArrays, check_folder
from graphnet.errors import DataError

SHAPE = (3, 32, 32)
CLASSES = 10
_ROW_BYTES = 1 + prod(SHAPE)
_INSIDE = "cifar-10-batches-bin"


@dataclass(frozen=True)
class BinaryArchive:
    """Where the archive is, and which of its files make up each split.

    Attributes:
        name: Of the archive.
        mirrors: Addresses of folders that hold it; tried in turn.
        md5: Of the archive.
        n_bytes: The most bytes it may have.
        files: By split, in order.
        file_rows: Rows in each file.
    """

    name: str
    mirrors: tuple[str, ...]
    md5: str
    n_bytes: int
    files: Mapping[str, tuple[str, ...]]
    file_rows: int = 10_000

    @property
    def sums(self) -> Mapping[str, str]:
        """The archive's name by its md5 sum."""
        return {self.md5: self.name}

    def from_folder(self, folder: Path) -> dict[str, SplitArrays]:
        """All splits, from a folder with the archive or with the files of it.

        The archive must have its md5 sum; files must have their size, and as many rows of each
        class.
        """
        check_folder(folder)
        archive = folder / self.name
        if archive.is_file():
            return self._unpack(read_bytes(archive, self.n_bytes + 1), str(archive))
        inside = folder / _INSIDE
        place = inside if inside.is_dir() else folder
        if missing := [name for name in self._names() if not (place / name).is_file()]:
            raise DataError(
                f"{folder} holds neither {self.name} nor all of its files\n"
                f"  missing in {place}: {', '.join(missing)}" + self._other_version(folder)
            )
        most = self.file_rows * _ROW_BYTES + 1
        return self._parse({name: read_bytes(place / name, most) for name in self._names()}, place)

    def _other_version(self, folder: Path) -> str:
        """A hint, if another version of the archive is there."""
        others = (self.name.replace("binary", version) for version in ("python", "matlab"))
        there = [name for name in others if (folder / name).is_file()]
        return f"\n  {there[0]} is another version: get {self.name}" if there else ""

    def from_network(self, progress: ProgressCallback | None) -> dict[str, SplitArrays]:
        """All splits, downloaded."""
        failures = list[str]()
        for mirror in self.mirrors:
            url = mirror + self.name
            try:
                return self._unpack(download(url, limit=self.n_bytes, progress=progress), url)
            except DataError as error:
                failures.append(str(error))
        raise DataError("no mirror could be used:\n  " + "\n  ".join(failures))

    def _names(self) -> list[str]:
        return [name for names in self.files.values() for name in names]

    def _unpack(self, content: bytes, origin: str) -> dict[str, SplitArrays]:
        """All splits, from the archive's bytes."""
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found != self.md5:
            raise NotAsPublishedError(
                f"{origin} is not the published {self.name}: it has the md5 sum\n"
                f"  {found}, expected\n  {self.md5}",
                found,
            )
        contents: dict[str, bytes] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r|gz") as archive:
                for member in archive:
                    folder, _, name = member.name.removeprefix("./").rpartition("/")
                    stream = archive.extractfile(member) if member.isreg() else None
                    if stream is not None and folder == _INSIDE and name in self._names():
                        contents[name] = stream.read(self.file_rows * _ROW_BYTES + 1)
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise DataError(f"{origin} is a damaged archive: {error}\n  get it again") from error
        if missing := [name for name in self._names() if name not in contents]:
            raise DataError(f"{origin} does not hold {_INSIDE}/{', '.join(missing)}")
        return self._parse(contents, Path(origin))

    def _parse(self, contents: Mapping[str, bytes], origin: Path) -> dict[str, SplitArrays]:
        """All splits, from the files' bytes."""
        splits: dict[str, SplitArrays] = {}
        for split, names in self.files.items():
            rows = np.concatenate([self._rows(contents[n], f"{origin}: {n}") for n in names])
            label = rows[:, 0].copy()
            counts = np.bincount(label, minlength=CLASSES)
            if len(set(counts.tolist())) > 1:
                raise DataError(
                    f"{origin}: the samples of the {split} set by class are {counts.tolist()}\n"
                    "  expected as many of each: a file is damaged or another's, get it again"
                )
            splits[split] = {"data": rows[:, 1:].reshape(-1, *SHAPE), "label": label}
        return splits

    def _rows(self, content: bytes, subject: str) -> np.ndarray:
        """The rows of a file, as bytes."""
        expected = self.file_rows * _ROW_BYTES
        if len(content) != expected:
            found = f"{len(content)}" if len(content) < expected else f"more than {expected}"
            raise DataError(
                f"{subject} has {found} bytes, expected {expected}:\n"
                f"  {self.file_rows} samples of a label and {_ROW_BYTES - 1} values"
            )
        rows = np.frombuffer(content, np.uint8).reshape(-1, _ROW_BYTES)
        if rows[:, 0].max() >= CLASSES:
            raise DataError(
                f"{subject} has a label {rows[:, 0].max()}, expected 0 to {CLASSES - 1}\n"
                "  it may be CIFAR-100, or the version for Python or Matlab: get the binary one"
            )
        return rows


CIFAR10 = BinaryArchive(
    name="cifar-10-binary.tar.gz",
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    n_bytes=180_000_000,
    files={
        "train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)),
        "test": ("test_batch.bin",),
    },
)
