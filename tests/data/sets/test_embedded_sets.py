"""The data sets that come with the package."""

import hashlib

import numpy as np
import pytest

from graphnet.data.sets import embedded_sets
from graphnet.data.sets.catalog import SETS

LOADERS = {name: s.embedded for name, s in SETS.items() if s.embedded is not None}


@pytest.mark.parametrize("name", LOADERS)
def test_as_declared(name):
    """Shapes and numbers of samples are those the registry states without looking."""
    splits = LOADERS[name]()
    for split, samples in splits.items():
        assert {len(v) for v in samples.values()} == {SETS[name].rows[split]}
        assert {k: v.shape[1:] for k, v in samples.items()} == SETS[name].shapes


@pytest.mark.parametrize("name", ["iris", "digits", "digits28"])
def test_classes_in_equal_proportion(name):
    """Each class's share of the test set is its share of the whole, to the nearest sample."""
    splits = LOADERS[name]()
    train, test = (np.bincount(splits[s]["label"]) for s in ("train", "test"))
    share = (train + test) * test.sum() / (train + test).sum()
    assert np.abs(test - share).max() < 1


def test_splits_hold_each_sample_once():
    """Training and test set together are the published set."""
    splits = embedded_sets.digits()
    rows = np.concatenate([s["data"].reshape(-1, 64) for s in splits.values()])
    published = embedded_sets.idx.read(embedded_sets._FOLDER / "digits-images-idx3-ubyte.gz")
    assert sorted(map(bytes, rows)) == sorted(map(bytes, published.reshape(-1, 64)))


def test_values():
    """The published values: sums and ranges known of the originals."""
    iris, digits = embedded_sets.iris(), embedded_sets.digits()
    total = sum(s["data"].sum(axis=0, dtype=np.float64) for s in iris.values())
    assert total == pytest.approx([876.5, 458.6, 563.7, 179.9], abs=1e-3)
    assert sum(int(s["data"].sum()) for s in digits.values()) == 561_718
    assert {int(s["data"].max()) for s in digits.values()} == {16}


def test_mixed():
    """A split is not sorted by class."""
    for name in ("iris", "digits", "digits28"):
        label = LOADERS[name]()["train"]["label"].astype(int)
        assert np.count_nonzero(np.diff(label)) > len(label) / 2


def test_never_changes():
    """Published results rely on the split and on the enlargement."""
    digits = embedded_sets.digits28()["test"]
    content = digits["data"].tobytes() + digits["label"].tobytes()
    assert hashlib.sha256(content).hexdigest() == DIGEST


DIGEST = "75097cc3a8ed0228149a5ce50518d4b2eb5357fa6f8d57632721f942766424ed"


def test_cannot_be_changed():
    """The arrays are shared, so nobody may write to them."""
    with pytest.raises(ValueError, match="read-only"):
        embedded_sets.digits()["train"]["data"][0] = 1


def test_enlarge_a_square():
    """A square of full ink becomes one 2.5 times as large, in the middle, fading at its edge."""
    image = np.zeros((1, 1, 8, 8))
    image[0, 0, 1:5, 3:7] = 16
    out = embedded_sets.enlarge(image)[0, 0].astype(float)
    assert out.shape == (28, 28)
    assert out.max() == 255
    assert out.sum() == pytest.approx(255 * 10 * 10, rel=0.02)
    weights = np.arange(28) + 0.5
    assert weights @ out.sum(axis=1) / out.sum() == pytest.approx(14, abs=0.5)
    assert weights @ out.sum(axis=0) / out.sum() == pytest.approx(14, abs=0.5)


def test_digits28_looks_like_mnist():
    """As in MNIST the border is empty, the middle is inked, and the mass lies in the middle."""
    data = embedded_sets.digits28()["train"]["data"][:, 0].astype(float)
    ink = data.mean(axis=0)
    assert max(e.max() for e in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:])) < 1 < ink.max() / 100
    assert 25 < data.mean() < 45
    mass = data.sum(axis=(1, 2))
    centre = (data.sum(axis=2) @ (np.arange(28) + 0.5)) / mass
    assert np.abs(centre - 14).max() <= 0.5
