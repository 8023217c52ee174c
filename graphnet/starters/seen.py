"""What a new net needs to know of its data: where it is, its columns, their shapes and values."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from graphnet.data.sets import store
from graphnet.data.sets.catalog import SETS
from graphnet.data.source import open_first
from graphnet.data.tools.survey import FileSurvey, Survey, survey
from graphnet.errors import DataError, did_you_mean, one_of
from graphnet.files.paths import is_there, shown, user_path

_PACK = "pack it first: graphnet data pack SOURCE --to DIR"
_LABELS = ("label", "labels", "target", "targets", "y")
#: Of a single file, what is not trained with.
_TRAIN_ROWS, _TEST_ROWS, _TRAIN_PART = ":80%", "80%:", 0.8
_MOST_ROWS = 10_000
_MOST_UNLIKE = 10.0
_PLAIN_PATH = re.compile(r"[\w./-]*[\w/](:[\w/-]+)?")


@dataclass(frozen=True)
class SeenData:
    """Rows to learn from and rows to test with.

    Attributes:
        given: As the user names it.
        sources: Of the training rows and the test rows: ``dataset:NAME/SPLIT``, or absolute paths.
        train: What the training rows are like.
        test: What the test rows are like.
        is_one_file: Whether both are rows of one file, the last fifth for testing.
    """

    given: str
    sources: tuple[str, str]
    train: FileSurvey
    test: FileSurvey
    is_one_file: bool = False

    @cached_property
    def columns(self) -> dict[str, Survey]:
        """The training rows' data sets."""
        return {found.name: found for found in self.train.sets}

    @property
    def n_rows(self) -> tuple[int, int]:
        """How many rows there are for training and for testing."""
        n_train, n_test = (found.sets[0].shape[0] for found in (self.train, self.test))
        if not self.is_one_file:
            return n_train, n_test
        return int(n_train * _TRAIN_PART), n_train - int(n_train * _TRAIN_PART)

    def problems(self, *, of_classes: bool) -> list[str]:
        """What may keep a net from learning; features that never change do not.

        Args:
            of_classes: Whether the labels are meant to be classes.
        """
        both = dict.fromkeys([*self.train.all_problems, *self.test.all_problems])
        harmless = ("never change",) if of_classes else ("never change", " class")
        return [said for said in both if not any(words in said for words in harmless)]

    def rows(self, split: int) -> str:
        """The key ``rows`` of the data layer of a split; nothing where it takes them all."""
        return (_TRAIN_ROWS, _TEST_ROWS)[split] if self.is_one_file else ""

    def highest(self, *names: str) -> float:
        """The largest value in any of these columns."""
        found = [s.high for f in (self.train, self.test) for s in f.sets if s.name in names]
        return max(found)

    def input_and_label(self) -> tuple[Survey, Survey | None]:
        """What a net is to read and what it is to learn, if there is such a thing.

        Raises:
            DataError: If it cannot be told which data sets these are.
        """
        names = list(self.columns)
        labels = [name for name in _LABELS if name in names]
        others = [name for name in names if name not in labels]
        if not labels and len(others) > 1:
            labels = [name for name in others if name != "data"] if "data" in others else []
            others = [name for name in others if name not in labels]
        if len(labels) > 1 or (len(others) != 1 and "data" not in others):
            raise DataError(
                f"{self.given}: it cannot be told what is to be read and what is to be learned"
                f"\n  it has: {', '.join(names)}\n  call them 'data' and 'label'"
            )
        chosen = "data" if "data" in others else others[0]
        return self.columns[chosen], self.columns[labels[0]] if labels else None

    def first_rows(self, name: str) -> np.ndarray:
        """The first rows of a column, ten thousand at most."""
        part = open_first(self.sources[0], [name])
        (column,) = part.columns
        out = np.empty((min(part.n_rows, _MOST_ROWS), *column.shape), column.dtype)
        try:
            part.read(0, len(out), [out])
        finally:
            part.close()
        return out

    def has_unlike_features(self, name: str) -> bool:
        """Whether some features of a column are much larger than others, or far from 0."""
        values = self.first_rows(name).astype(np.float64)
        values = values.reshape(len(values), -1)
        spread, middle = values.std(axis=0), np.abs(values.mean(axis=0))
        moving = spread > 0
        if not moving.any():
            return False
        spread, middle = spread[moving], middle[moving]
        return bool(
            spread.max() > _MOST_UNLIKE
            or spread.max() > _MOST_UNLIKE * spread.min()
            or (middle > _MOST_UNLIKE * spread).any()
            or spread.max() < 1 / _MOST_UNLIKE
        )


def see_data(given: str) -> SeenData:
    """Look at data once, every value of it.

    Args:
        given: ``dataset:NAME``, a folder with ``train.h5`` and ``test.h5``, or an HDF5 file.

    Raises:
        DataError: If there is no such data, or it cannot be read.
    """
    if given.startswith(store.PREFIX):
        name = given.removeprefix(store.PREFIX).partition("/")[0]
        if name not in SETS:
            hint = did_you_mean(name, SETS) + one_of(list(SETS))
            raise DataError(f"there is no data set '{store.PREFIX}{name}'{hint}")
        return _seen(given, (f"{store.PREFIX}{name}/train", f"{store.PREFIX}{name}/test"))
    path = user_path(given).absolute()
    if not is_there(path):
        known = {f"{store.PREFIX}{name}": name for name in SETS}
        close = f"\n  did you mean '{store.PREFIX}{given}'?" if given in known.values() else ""
        raise DataError(
            f"{given}: there is no such file or folder{close}\n"
            "  expected dataset:NAME, an HDF5 file, or a folder with train.h5 and test.h5"
        )
    if path.is_dir():
        train, test = path / "train.h5", path / "test.h5"
        if not is_there(train):
            raise DataError(f"{given}: there is no train.h5 in this folder\n  {_PACK}")
        return _of_files(given, train, test if is_there(test) else None)
    beside = path.with_name("test.h5")
    return _of_files(given, path, beside if path.name == "train.h5" and is_there(beside) else None)


def _of_files(given: str, train: Path, test: Path | None) -> SeenData:
    if test is not None:
        return _seen(given, (str(train), str(test)))
    found = survey(str(shown(train)))
    seen = SeenData(given, (str(train), str(train)), found, found, is_one_file=True)
    if not found.sets:
        raise DataError(f"{given}: {found.all_problems[0]}")
    _check_is_mixed(seen)
    return seen


def _seen(given: str, sources: tuple[str, str]) -> SeenData:
    train, test = (
        survey(source if source.startswith(store.PREFIX) else str(shown(Path(source))))
        for source in sources
    )
    for found in (train, test):
        if not found.sets:
            raise DataError(f"{given}: {found.all_problems[0]}")
    return SeenData(given, sources, train, test)


def _check_is_mixed(seen: SeenData) -> None:
    """See that the last fifth of a single file has rows of every class.

    Raises:
        DataError: If the rows lie in the order of their classes.
    """
    labels = [found for found in seen.train.sets if found.name in _LABELS and found.classes]
    for found in labels:
        values = seen.first_rows(found.name).ravel()
        if len(values) < found.shape[0]:  # too many to look at
            continue
        n_train = seen.n_rows[0]
        in_train, in_test = set(values[:n_train].tolist()), set(values[n_train:].tolist())
        if len(in_train) < len(found.classes) or (len(in_test) == 1 and len(in_train) > 1):
            raise DataError(
                f"{seen.given}: there are no rows of their own for testing, and the last fifth"
                f" of them has not the classes of the others in '{found.name}'\n"
                "  hold some out when packing: graphnet data pack SOURCE --split 0.2 --to DIR"
            )


def source_text(source: str, folder: Path) -> str:
    """A source as the YAML file in a folder names it: relative, where that is possible."""
    if not source.startswith(store.PREFIX):
        try:
            source = Path(os.path.relpath(source, folder.absolute())).as_posix()
        except ValueError:  # on another drive
            source = Path(source).as_posix()
    return source if _PLAIN_PATH.fullmatch(source) else json.dumps(source, ensure_ascii=False)
