"""Weights by layer name, between a store and a file."""

import errno
import os
import re

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.fake_store import fake_store

from graphnet.backend import open_backend
from graphnet.errors import DivergedError, SnapshotError
from graphnet.params.initializers import Constant
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore
from graphnet.solver.record.weights import check_fits, load_weights, read_weights, save_model


def values(store):
    return {f"{k}/{n}": p.data.copy() for k, n, p in store.items()}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def other_store():
    """Shares ``ip/bias``; has ``ip/weight`` in another shape, and ``new/bias``."""
    declared = {
        "ip": DeclaredParams(
            {
                "weight": ParamDecl((2, 5), Constant(value=8.0)),
                "bias": ParamDecl((2,), Constant(value=8.0)),
            },
            {},
        ),
        "new": DeclaredParams({"bias": ParamDecl((1,), Constant(value=8.0))}, {}),
    }
    return ParamStore(open_backend("numpy", 1), np.dtype("float32"), declared, 0)


def test_model_comes_back(tmp_path):
    """Params and running statistics; the report is complete."""
    net = FakeNet(seed=1)
    net.forward()
    save_model(net, tmp_path / "model.h5")
    other = FakeNet("test", fake_store(seed=2))
    report = load_weights(other, str(tmp_path / "model.h5"), strict=True)
    assert_equal(values(other.store), values(net.store))
    np.testing.assert_array_equal(other.store.state["ip"]["mean"], net.store.state["ip"]["mean"])
    assert report.is_complete
    assert str(report) == f"loaded 4 of 4 params from {tmp_path / 'model.h5'}"


def test_a_model_replaces_a_model(tmp_path):
    """And an empty file; nothing is left beside it."""
    path = tmp_path / "model.h5"
    path.touch()
    for seed in (1, 2):
        net = FakeNet(seed=seed)
        save_model(net, str(path))
        other = FakeNet("test", fake_store(seed=3))
        load_weights(other, path, strict=True)
        assert_equal(values(other.store), values(net.store))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/model.h5", "none/model.h5: cannot be written: No such file or directory"),
        ("folder", "folder: cannot be written: Is a directory"),
        ("notes.txt/model.h5", "notes.txt/model.h5: cannot be written: Not a directory"),
        ("notes.txt", "notes.txt: is not a model, so it is not replaced by one\n  choose another"),
        ("link", "\n  it is a symbolic link, and none is followed: remove it"),
        ("snapshots/best.h5", "best.h5: is the name of a run's snapshot, without which it could"),
        ("m" * 300, "m: cannot be written: File name too long"),
    ],
)
def test_where_no_model_can_be(tmp_path, monkeypatch, name, message):
    """What is there stays as it is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(SnapshotError, match=re.escape(message)):
        save_model(FakeNet(), name)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "link", "notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_may_not_be_read_is_not_replaced(tmp_path, monkeypatch):
    """It might be anything."""
    (tmp_path / "model.h5").write_text("mine")

    def refuse(*_args, **_more):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("graphnet.files.reading._open_at_once", refuse)
    with pytest.raises(SnapshotError, match=r"model\.h5: cannot be written: Permission denied\n"):
        save_model(FakeNet(), tmp_path / "model.h5")


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyboardInterrupt("now"), pytest.raises(KeyboardInterrupt, match="now")),
        (OSError(errno.ENOSPC, "No space"), pytest.raises(SnapshotError, match="disk is full")),
    ],
    ids=["interrupted", "full"],
)
def test_an_old_model_outlives_a_write_that_fails(tmp_path, monkeypatch, step, error, raised):
    """At whatever step: the old one is there, and it alone."""
    path = tmp_path / "model.h5"
    save_model(FakeNet(seed=1), path)
    before = path.read_bytes()

    def fail(*_args, **_keys):
        raise error

    monkeypatch.setattr(os, step, fail)
    with raised:
        save_model(FakeNet(seed=2), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_report_of_a_net_that_fits_in_part(tmp_path):
    """What was loaded, and what was not and why; the rest stays as declared."""
    net = FakeNet()
    net.store.params["ip"]["bias"].data[...] = [0.25, 0.5]
    save_model(net, tmp_path / "model.h5")
    store = other_store()
    report = load_weights(FakeNet(store=store), tmp_path / "model.h5")
    assert report.loaded == ("ip/bias",)
    assert report.missing == ("new/bias",)
    assert report.misshapen == ("ip/weight (2×3 there, 2×5 here)",)
    assert report.unused == ("out/scale", "stem/scale")
    assert str(report).splitlines()[0].startswith("loaded 1 of 3 params from ")
    assert "in the file but not in this net: out/scale, stem/scale" in str(report)
    np.testing.assert_array_equal(store.params["ip"]["bias"].data, [0.25, 0.5])
    assert (store.params["ip"]["weight"].data == 8).all()
    assert (store.params["new"]["bias"].data == 8).all()


def test_strict_loads_all_or_nothing(tmp_path):
    """Every problem is listed, and no param has changed."""
    save_model(FakeNet(), tmp_path / "model.h5")
    store = other_store()
    with pytest.raises(
        SnapshotError,
        match=r"is not of this net:\n  'ip/weight' is 2×3 there, 2×5 here\n  'new/bias' is not in",
    ):
        load_weights(FakeNet(store=store), tmp_path / "model.h5", strict=True)
    assert (store.params["ip"]["bias"].data == 8).all()


def test_nothing_that_fits_is_an_error(tmp_path):
    """A net that got none of its weights has not been loaded."""
    save_model(FakeNet(), tmp_path / "model.h5")
    declared = {"x": DeclaredParams({"y": ParamDecl((1,))}, {})}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float32"), declared, 0)
    with pytest.raises(SnapshotError, match=r"has no param that this net could use\nloaded 0 of 1"):
        load_weights(FakeNet(store=store), tmp_path / "model.h5")


def test_precision_is_the_stores(tmp_path):
    """float64 weights go into a float32 net, rounded once."""
    net = FakeNet()
    save_model(net, tmp_path / "model.h5")
    store = fake_store("float32")
    load_weights(FakeNet(store=store), tmp_path / "model.h5")
    expected = net.store.params["ip"]["weight"].data.astype("float32")
    np.testing.assert_array_equal(store.params["ip"]["weight"].data, expected)


def test_nothing_there(tmp_path):
    """A missing path, and a directory that holds no run."""
    with pytest.raises(SnapshotError, match=r"nowhere: there is no such run, snapshot or model"):
        read_weights(tmp_path / "nowhere")
    with pytest.raises(SnapshotError, match="holds no run: there is no snapshot in"):
        read_weights(tmp_path)


def test_model_with_nan_is_not_written(tmp_path):
    """As with snapshots."""
    net = FakeNet()
    net.store.data[0] = np.nan
    with pytest.raises(DivergedError, match="'params/ip/weight' has a value that is not finite"):
        save_model(net, tmp_path / "model.h5")
    assert list(tmp_path.iterdir()) == []


def test_check_fits_passes_over_what_is_unused(tmp_path):
    """A smaller net may use a larger one's file."""
    save_model(FakeNet(), tmp_path / "model.h5")
    declared = {"ip": DeclaredParams({"bias": ParamDecl((2,))}, {})}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float64"), declared, 0)
    file, contents = read_weights(tmp_path / "model.h5")
    check_fits(store, contents, file)
