"""The named data sets and where they lie."""

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import h5py
import numpy as np
import pytest

from graphnet.data.sets import store
from graphnet.data.sets.published import Published
from graphnet.errors import DataError

PUBLISHED = Path(__file__).parents[4] / "shared" / "data"


class Given(Published):
    """Stands in for the published files: six samples a split; counts what is asked of it."""

    asked: list[str] = []  # noqa: RUF012 - reset by the fixture

    def _samples(self):
        data = np.zeros((6, 28, 28), np.uint8)
        data[:, 0, 0] = np.arange(6)
        label = np.array([0, 1, 2, 0, 1, 2], np.uint8)
        return {s: {"data": data, "label": label} for s in ("train", "test")}

    def from_folder(self, folder):
        """The samples."""
        self.asked.append(str(folder))
        return self._samples()

    def from_network(self, progress):
        """The samples, if anyone is told how it goes."""
        self.asked.append("network")
        if progress is None:
            raise DataError("no mirror could be used:\n  https://x: HTTP 404")
        return self._samples()


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """An empty data folder and a stand-in for MNIST; the list of what was asked of it."""
    Given.asked = []
    mnist = replace(store.SETS["mnist"], published=Given((), {}))
    monkeypatch.setattr(store, "SETS", MappingProxyType(store.SETS | {"mnist": mnist}))
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GRAPHNET_OFFLINE", raising=False)
    return Given.asked


def progress(what, done, total):
    """Shows nothing."""


def test_fetch_from_folder(asked, tmp_path):
    """Files from a folder become one HDF5 file for each split in the data folder."""
    paths = store.fetch("mnist", from_dir=Path("some"), offline=True)
    assert paths == {s: tmp_path / "data" / "mnist" / f"{s}.h5" for s in ("train", "test")}
    with h5py.File(paths["test"]) as f:
        assert (f["data"].shape, f["data"].dtype) == ((6, 1, 28, 28), np.uint8)
        assert f["label"][:].tolist() == [0, 1, 2] * 2
        assert f.attrs["licence"] == "CC BY-SA 3.0"
    assert store.resolve("mnist/test") == paths["test"]
    assert asked == ["some"]


def test_fetch_from_network_once(asked):
    """What is on the machine already is not downloaded again."""
    first = store.fetch("mnist", progress=progress)
    assert store.fetch("mnist", progress=progress) == first
    assert store.fetch("mnist", offline=True) == first
    assert asked == ["network"]


@pytest.mark.usefixtures("asked")
def test_fetch_to_another_folder(tmp_path):
    """``to_dir`` is where the files go; the data folder stays as it is."""
    paths = store.fetch("mnist", from_dir=Path("some"), to_dir=tmp_path / "there")
    assert paths["train"] == tmp_path / "there" / "mnist" / "train.h5"
    assert paths["train"].exists()
    assert not (tmp_path / "data").exists()


def test_half_a_set_is_fetched_again(asked):
    """A set of which one split is missing is not taken for complete."""
    store.fetch("mnist", progress=progress)["test"].unlink()
    store.fetch("mnist", progress=progress)
    assert asked == ["network", "network"]
    assert store.resolve("mnist/test").exists()


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_offline(asked, monkeypatch, by):
    """Offline, a missing set is an error that says how to get it."""
    monkeypatch.setenv("GRAPHNET_OFFLINE", "0" if by == "argument" else "1")
    message = (
        "the data set 'mnist' is not on this machine, and downloads are off\n"
        "  with a network: graphnet data mnist\n"
        "  from a folder with the published files: graphnet data mnist --from DIR"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        store.fetch("mnist", offline=by == "argument")
    assert asked == []


@pytest.mark.usefixtures("asked")
def test_failed_download():
    """A failed download says what was tried, and how else to get the set."""
    message = (
        "the data set 'mnist' could not be downloaded: no mirror could be used:\n"
        "  https://x: HTTP 404\n"
        "  with a network: graphnet data mnist\n"
        "  from a folder with the published files: graphnet data mnist --from DIR"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        store.fetch("mnist")


@pytest.mark.usefixtures("asked")
def test_resolve_what_is_missing(tmp_path):
    """A set that was not fetched is named with the place and the command."""
    place = tmp_path / "data" / "mnist" / "train.h5"
    message = (
        f"the data set 'mnist' is not on this machine (looked for {place})\n"
        "  with a network: graphnet data mnist\n"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        store.resolve("mnist/train")


@pytest.mark.usefixtures("asked")
def test_embedded(tmp_path):
    """A set that comes with the package is there without a file, and can be written as files."""
    found = store.resolve("iris/test")
    assert isinstance(found, store.EmbeddedSplit)
    assert found.values["data"].shape == (30, 4)
    paths = store.fetch("iris", to_dir=tmp_path, offline=True)
    with h5py.File(paths["test"]) as f:
        assert np.array_equal(f["data"], found.values["data"])
    with pytest.raises(DataError, match="'iris' comes with graphnet and is not read from a folder"):
        store.fetch("iris", from_dir=tmp_path)


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """A data folder with a CIFAR-10 of two samples each."""

    class Two(Given):
        def _samples(self):
            data = np.arange(2 * 3072).reshape(2, 3, 32, 32) % 251
            label = np.arange(2, dtype=np.uint8)
            return {s: {"data": data.astype(np.uint8), "label": label} for s in ("train", "test")}

    found = replace(store.SETS["cifar10"], published=Two((), {}))
    monkeypatch.setattr(store, "SETS", MappingProxyType(store.SETS | {"cifar10": found}))
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    return found.published._samples()["train"]["data"]


def test_mean(cifar, monkeypatch):
    """A set's mean is kept beside it, of the training samples alone, and made again if it goes."""
    monkeypatch.delenv("GRAPHNET_OFFLINE", raising=False)
    with pytest.raises(DataError, match=r"'cifar10' is not on this machine .*mean\.h5"):
        store.resolve_mean("cifar10/mean")
    paths = store.fetch("cifar10", from_dir=Path("some"))
    assert list(paths) == ["train", "test", "mean"]
    assert store.resolve_mean("cifar10/mean") == paths["mean"]
    assert store.mean_shape("cifar10/mean") == (3, 32, 32)
    for _ in range(2):
        with h5py.File(paths["mean"]) as file:
            assert np.array_equal(file["mean"], cifar.mean(axis=0).astype(np.float32))
        paths["mean"].unlink()
        store.fetch("cifar10", progress=progress)


def test_no_such_mean():
    """A mean is no set of samples, and not every set has one."""
    with pytest.raises(DataError, match=r"there is no mean 'dataset:mnist/mean'.*\n.*cifar10/mean"):
        store.mean_shape("mnist/mean")
    with pytest.raises(DataError, match="there is no data set 'dataset:cifar10/mean'"):
        store.resolve("cifar10/mean")


@pytest.mark.parametrize("way", ["folder", "fetched before", "network"])
def test_set_made_from_another(asked, tmp_path, way):
    """Made from the published files of the other set, or from what of it is here already."""
    folder = Path("some") if way == "folder" else None
    if way == "fetched before":
        store.fetch("mnist", from_dir=Path("some"))
        store.resolve("mnist/train")
    paths = store.fetch("mnist-pairs", from_dir=folder, progress=progress)
    assert asked == ["network" if way == "network" else "some"]
    assert paths["test"] == tmp_path / "data" / "mnist-pairs" / "test.h5"
    with h5py.File(paths["test"]) as file:
        assert {k: v.shape for k, v in file.items()} == {
            "data_a": (6, 1, 28, 28),
            "data_b": (6, 1, 28, 28),
            "similar": (6,),
        }
        same = file["data_a"][:, 0, 0, 0] == file["data_b"][:, 0, 0, 0]
        assert np.array_equal(file["similar"], [1, 0] * 3)
        assert not same.any()
    assert store.resolve("mnist-pairs/test") == paths["test"]


def test_unknown_set():
    """A name that is no set is refused with the one that was meant."""
    with pytest.raises(
        DataError,
        match=r"there is no data set 'fashion'\n  did you mean 'fashion-mnist'\?$",
    ):
        store.fetch("fashion")
    expected = "'x'\n  expected one of: mnist, fashion-mnist, cifar10, iris, digits, digits28, "
    with pytest.raises(DataError, match=expected):
        store.fetch("x")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"GRAPHNET_DATA": "/data/x"}, "/data/x"),
        ({"GRAPHNET_DATA": "~/x"}, "/home/me/x"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/graphnet"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/graphnet"),
        ({}, "/home/me/.cache/graphnet"),
        ({"GRAPHNET_DATA": "/data/x", "XDG_CACHE_HOME": "/cache"}, "/data/x"),
    ],
)
def test_data_folder(monkeypatch, variables, folder):
    """GRAPHNET_DATA, else the user's cache, whose relative value the XDG standard ignores."""
    for name in ("GRAPHNET_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HOME": "/home/me"} | variables).items():
        monkeypatch.setenv(name, value)
    assert store.data_folder() == Path(folder)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_published_files(tmp_path, name):
    """The real files have the md5 sums, shapes and numbers of samples the registry states."""
    if not (PUBLISHED / name).is_dir():
        pytest.skip(f"the published files are not in {PUBLISHED / name}")
    paths = store.fetch(name, from_dir=PUBLISHED / name, to_dir=tmp_path)
    for split, path in paths.items():
        with h5py.File(path) as f:
            rows = store.SETS[name].rows[split]
            assert f["data"].shape == (rows, *store.SETS[name].shapes["data"])
            assert f["label"].shape == (rows,)
            assert np.bincount(f["label"][:]).size == 10
    assert sorted(p.name for p in (tmp_path / name).iterdir()) == ["test.h5", "train.h5"]


SWAPPED = {"train-images-idx3-ubyte.gz": "t10k-images-idx3-ubyte.gz"}


@pytest.mark.parametrize(
    ("published", "files", "said"),
    [
        ("fashion-mnist", {}, "of fashion-mnist: graphnet data fashion-mnist --from DIR"),
        ("mnist", SWAPPED, "it is t10k-images-idx3-ubyte of the same set: the files may have"),
        ("mnist", {}, None),
    ],
)
def test_published_files_that_are_others(tmp_path, monkeypatch, published, files, said):
    """Of another set, or of the same under another name: it is said what they are."""
    folder = PUBLISHED / published
    if not folder.is_dir():
        pytest.skip("the published files are not here")
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    (tmp_path / "given").mkdir()
    for path in folder.iterdir():
        (tmp_path / "given" / path.name).symlink_to(folder / files.get(path.name, path.name))
    if said is None:
        path = store.fetch("mnist", from_dir=tmp_path / "given")["test"]
        with h5py.File(path) as f:
            assert np.bincount(f["label"][:]).tolist()[:3] == [980, 1135, 1032]
        return
    with pytest.raises(DataError, match=rf"is not the published .*\n(.*\n)*  .*{said}"):
        store.fetch("mnist", from_dir=tmp_path / "given")
