"""Pictures that can be packed: a folder of them for each class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphnet.data.file_kind import PICTURES
from graphnet.data.pictures.picture_files import PictureFiles
from graphnet.data.pictures.reader import PictureOptions
from graphnet.errors import DataError

_SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})
_NOT_MEANT = ("__MACOSX",)


class PictureFolder(PictureFiles):
    """Pictures in one folder for each class: ``data`` ``(C, H, W)``, ``label`` int32.

    Classes are numbered in alphabetical order of their folders, or in numerical order if all names
    are numbers. What begins with a dot is left out.
    """

    def __init__(self, folder: Path, options: PictureOptions) -> None:
        self.left_out = Counter[str]()
        by_class = self._by_class(folder)
        classes = [name for name, files in by_class.items() if files]
        _check_classes(folder, classes, self.left_out)
        files = [path for name in classes for path in by_class[name]]
        counts = [len(by_class[name]) for name in classes]
        labels = np.repeat(np.arange(len(classes), dtype=np.int32), counts)
        self.left_out["folders without pictures"] = len(by_class) - len(classes)
        super().__init__(files, labels, classes, options, self.left_out)

    def _by_class(self, folder: Path) -> dict[str, list[Path]]:
        """The pictures in each folder and in the folders within it; both in order."""
        try:
            names = sorted(child.name for child in folder.iterdir())
        except OSError as error:
            raise DataError(f"cannot read {folder}: {error.strerror}") from error
        folders = []
        for name in names:
            if (folder / name).is_dir() and not _is_hidden(name):
                folders.append(name)
            elif Path(name).suffix.lower() in PICTURES and not _is_hidden(name):
                self.left_out["pictures in no class's folder"] += 1
        if all(name.isascii() and name.isdigit() for name in folders):
            folders.sort(key=lambda name: (int(name), name))
        return {name: self._pictures(folder / name) for name in folders}

    def _pictures(self, folder: Path) -> list[Path]:
        """The pictures of one class."""
        found = []
        for place, inner, names in os.walk(folder, onerror=_refuse):
            hidden = [n for n in (*inner, *names) if _is_hidden(n)]
            links = [n for n in inner if (Path(place) / n).is_symlink()]
            self.left_out["hidden files or folders"] += len(hidden)
            self.left_out["links to folders"] += len([n for n in links if n not in hidden])
            inner[:] = [n for n in inner if not _is_hidden(n)]
            for name in names:
                if name in hidden:
                    continue
                path = Path(place) / name
                suffix = path.suffix.lower()
                if suffix in PICTURES and (path.is_file() or not path.exists()):
                    found.append(path)  # a link that leads to nothing is refused later
                else:
                    self.left_out[f"files of the kind {suffix or 'without a suffix'}"] += 1
        return sorted(found)


def _refuse(error: OSError) -> None:
    """Refuse a folder that cannot be looked into; ``os.walk`` would leave it out."""
    raise DataError(f"cannot read {error.filename}: {error.strerror}") from error


def _is_hidden(name: str) -> bool:
    """Whether a program has made it beside the pictures, such as ``._a.png``."""
    return name.startswith(".") or name in _NOT_MEANT


def _check_classes(folder: Path, classes: Sequence[str], left_out: Counter[str]) -> None:
    if not classes:
        loose = left_out["pictures in no class's folder"]
        raise DataError(
            f"{folder} holds no folders with pictures"
            + (f", but {loose} picture{'s'[: loose != 1]}" if loose else "")
            + f"\n  expected one folder for each class, with {', '.join(sorted(PICTURES))}"
        )
    if len(classes) > 1 and all(name.lower() in _SPLITS for name in classes):
        raise DataError(
            f"{folder} holds {' and '.join(classes)}, which look like parts of a data set, not "
            f"like classes\n  pack each by itself: graphnet data pack {folder / classes[0]} --to …"
        )
