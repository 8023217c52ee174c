"""Means and deviations of channels."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from graphnet.data.tools import statistics
from graphnet.data.tools.statistics import channel_statistics, write_statistics
from graphnet.errors import DataError, SpecError


@pytest.fixture
def images(tmp_path):
    """A file of images of two channels, far from 0."""
    rng = np.random.default_rng(1)
    x = (1000 + rng.normal(size=(50, 2, 3, 4)) * [[[1]], [[5]]]).astype("f4")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["row"] = x, np.arange(50)
        file["flat"] = np.stack([x[:, 0, 0, 0], np.full(50, 7, "f4")], axis=1)
        file["bad"] = np.where(np.arange(50) == 31, np.nan, 1)
    return tmp_path / "a.h5", x.astype("f8")


@pytest.mark.parametrize("block_bytes", [1, 2000, 1 << 24])
def test_statistics(images, block_bytes, monkeypatch):
    """In whatever blocks they are read; to the last digits also far from 0."""
    monkeypatch.setattr(statistics, "_BLOCK_BYTES", block_bytes)
    path, x = images
    told = []
    found = channel_statistics(str(path), "data", None, lambda done, n: told.append((done, n)))
    np.testing.assert_allclose(found.mean, x.mean((0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(found.deviation, x.std((0, 2, 3)), rtol=1e-10)
    assert (found.n_rows, found.shape, found.constant) == (50, (2, 3, 4), ())
    assert told[-1] == (50, 50)
    part = channel_statistics(str(path), "data", "10:30")
    np.testing.assert_allclose(part.mean, x[10:30].mean((0, 2, 3)), rtol=1e-13)


def test_rows_and_numbers(images):
    """Each feature is a channel, and a number is one; what is constant is divided by 1."""
    path, x = images
    found = channel_statistics(str(path), "flat")
    assert found.constant == (1,)
    assert found.deviation.tolist() == [pytest.approx(x[:, 0, 0, 0].std()), 1]
    number = channel_statistics(str(path), "row")
    assert (number.mean.tolist(), number.shape) == ([24.5], ())
    named = channel_statistics("dataset:iris/train", "data")
    assert named.mean.shape == (4,)


def test_what_is_not_finite(images):
    """Is told of with its row."""
    with pytest.raises(DataError, match=r"a.h5, row 31: a value of 'bad' is not finite"):
        channel_statistics(str(images[0]), "bad")


def test_the_file(images, tmp_path):
    """Is not replaced unasked."""
    found = channel_statistics(str(images[0]), "data")
    write_statistics(found, tmp_path / "s.h5")
    with pytest.raises(SpecError, match=r"s\.h5"):
        write_statistics(found, tmp_path / "s.h5")
    write_statistics(found, tmp_path / "s.h5", force=True)
    with h5py.File(tmp_path / "s.h5") as file:
        assert np.array_equal(file["mean"][()], found.mean)
        assert np.array_equal(file["deviation"][()], found.deviation)
