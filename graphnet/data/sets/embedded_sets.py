"""The small data sets that come with the package; see ``embedded/README.md`` for their licences.

Each is split into a training and a test set by a fixed stratified shuffle.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from graphnet.data.order import permute
from graphnet.data.sets import idx
from graphnet.data.sets.pairs import pairs
from graphnet.data.sets.pasted import scenes, strips
from graphnet.data.sets.published import SplitArrays
from graphnet.data.stratified_split import share_of_each

_FOLDER = Path(__file__).parent / "embedded"


@lru_cache(maxsize=1)
def iris() -> dict[str, SplitArrays]:
    """Fisher's 150 irises: ``data`` (n, 4) float32 in cm, ``label`` 0 to 2."""
    table = np.loadtxt(_FOLDER / "iris.csv", delimiter=",", skiprows=1)
    return _split(table[:, :4].astype(np.float32), table[:, 4].astype(np.uint8), n_test=30)


@lru_cache(maxsize=1)
def digits() -> dict[str, SplitArrays]:
    """1,797 hand-written digits: ``data`` (n, 1, 8, 8) from 0 to 16, ``label`` 0 to 9."""
    images = idx.read(_FOLDER / "digits-images-idx3-ubyte.gz")
    labels = idx.read(_FOLDER / "digits-labels-idx1-ubyte.gz")
    return _split(images[:, None], labels, n_test=360)


@lru_cache(maxsize=1)
def digits28() -> dict[str, SplitArrays]:
    """The digits as MNIST's look: ``data`` (n, 1, 28, 28) from 0 to 255, ``label`` 0 to 9."""
    return {
        split: {"data": _frozen(enlarge(samples["data"])), "label": samples["label"]}
        for split, samples in digits().items()
    }


@lru_cache(maxsize=1)
def digits28_pairs() -> dict[str, SplitArrays]:
    """Ten pairs for each of ``digits28``: ``data_a``, ``data_b`` and ``similar``."""
    return _made_of_digits28(partial(pairs, per_sample=10))


@lru_cache(maxsize=1)
def digits28_strips() -> dict[str, SplitArrays]:
    """A strip for each of ``digits28``: ``data`` ``(n, 1, 32, 128)`` and ``digits`` ``(n, 5)``."""
    return _made_of_digits28(strips)


@lru_cache(maxsize=1)
def digits28_scenes() -> dict[str, SplitArrays]:
    """A scene for each of ``digits28``: ``data`` ``(n, 1, 48, 48)`` and ``label`` of its pixels."""
    return _made_of_digits28(scenes)


def _made_of_digits28(make: Callable[[SplitArrays], SplitArrays]) -> dict[str, SplitArrays]:
    """Each split as another set that is computed from it."""
    return {
        split: {name: _frozen(array) for name, array in make(samples).items()}
        for split, samples in digits28().items()
    }


def enlarge(images: np.ndarray) -> np.ndarray:
    """Images ``(n, 1, 8, 8)`` from 0 to 16 as ``(n, 1, 28, 28)`` uint8 from 0 to 255.

    As in MNIST, the digit fills a box of 20×20 whose centre of mass is put in the middle of the
    image, as nearly as whole pixels and the border allow. Between pixel centres it is enlarged
    bilinearly, with background beyond the border.
    """
    size, box, side = 8, 20, 28
    places = (np.arange(box) + 0.5) * size / box - 0.5
    weights = np.clip(1 - np.abs(places[:, None] - np.arange(size)), 0, None)
    boxes = weights @ images[:, 0].astype(np.float64) @ weights.T
    out = np.zeros((len(images), 1, side, side), np.uint8)
    centres = np.arange(box) + 0.5
    for image, values in zip(out[:, 0], boxes, strict=True):
        mass = values.sum()
        shifts = (side / 2 - centres @ values.sum(axis) / mass for axis in (1, 0))
        top, left = (int(np.clip(round(shift), 0, side - box)) for shift in shifts)
        image[top : top + box, left : left + box] = np.rint(values * (255 / 16))
    return out


def _split(data: np.ndarray, label: np.ndarray, n_test: int) -> dict[str, SplitArrays]:
    """A training and a test set with the classes in equal proportion, each well mixed."""
    order = np.empty(len(label), np.int64)
    permute(order, key=0)
    is_test = share_of_each([order[label[order] == c] for c in range(int(label.max()) + 1)], n_test)
    return {
        split: {"data": _frozen(data[rows]), "label": _frozen(label[rows])}
        for split, rows in (("train", order[~is_test[order]]), ("test", order[is_test[order]]))
    }


def _frozen(array: np.ndarray) -> np.ndarray:
    """The array, no longer writable: it is shared by everyone who asks."""
    array.flags.writeable = False
    return array
