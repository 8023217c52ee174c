"""What kind of rows an input holds; more of it is in tests/cli/test_predict.py."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
from PIL import Image

import graphnet as gn
from graphnet.inference.fed import FedBlob
from graphnet.inference.rows.opening import (
    STDIN_NAME,
    InputOptions,
    SideBySide,
    given_inputs,
    open_rows,
)
from graphnet.net.predicting.feed import Feed

ROWS = np.arange(24.0).reshape(2, 1, 3, 4)


def blob(name, shape=None):
    return FedBlob(name, Feed(name, None, np.dtype("f4")), shape)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The same rows in every kind of file, with names that do not tell the kind."""
    monkeypatch.chdir(tmp_path)
    with h5py.File("h5", "w") as file:
        file["x"] = ROWS
    with open("npy", "wb") as file:  # noqa: PTH123
        np.save(file, ROWS)
    with open("npz", "wb") as file:  # noqa: PTH123
        np.savez(file, x=ROWS)
    text = "\n".join(",".join(map(str, row)) for row in ROWS.reshape(2, -1))
    (tmp_path / "t.csv").write_text(text)
    return tmp_path


def read(texts, blobs, folder, stream=None, size=10):
    with given_inputs(texts, stream) as inputs:
        rows = open_rows(inputs, blobs, InputOptions(), folder)
        return list(rows.blocks(size))


@pytest.mark.parametrize("name", ["h5", "npy", "npz", "t.csv"])
def test_the_kind_is_told_by_the_first_bytes(files, name):
    """From a file as from standard input."""
    for text, stream in ((name, None), ("-", io.BytesIO((files / name).read_bytes()))):
        place = files / f"for-{text}"
        place.mkdir()
        (block,) = read([text], [blob("x", (1, 3, 4))], place, stream)
        np.testing.assert_array_equal(block.arrays["x"], ROWS)
        assert {p.file for p in block.places} == {STDIN_NAME if stream else name}


def test_pictures_and_folders(files):
    """A picture is a row, a folder many."""
    (files / "f").mkdir()
    for i in range(3):
        Image.fromarray(np.full((3, 4), i, np.uint8)).save(files / "f" / f"{i}.png")
    (files / "f/0.png").rename(files / "picture")
    shape = (1, 3, 4)
    blocks = read(["f", "picture"], [blob("x", shape)], files)
    assert [p.file for b in blocks for p in b.places] == ["f/1.png", "f/2.png", "picture"]
    assert [b.arrays["x"][0, 0, 0, 0] for b in blocks] == [1, 0]


def test_blobs_side_by_side(files):
    """Each from files of its own, whose blocks need not meet."""
    np.save("a.npy", np.arange(5)[:, None])
    np.save("b.npy", np.arange(2)[:, None])
    np.save("c.npy", np.arange(3)[:, None])
    blobs = [blob("u"), blob("v")]
    blocks = read(["u=a.npy", "v=b.npy", "v=c.npy"], blobs, files, size=4)
    assert [b.arrays["u"].ravel().tolist() for b in blocks] == [[0, 1], [2, 3], [4]]
    assert [b.arrays["v"].ravel().tolist() for b in blocks] == [[0, 1], [0, 1], [2]]
    with pytest.raises(gn.DataError, match=r"the blobs disagree .*: 'u' has 5, 'v' has 2"):
        read(["u=a.npy", "v=b.npy"], blobs, files)
    with pytest.raises(gn.SpecError, match=r"nothing is fed to 'v'\n .*: add v=FILE"):
        read(["u=a.npy"], blobs, files)


def test_rows_of_tables_are_counted_at_the_end(files):
    """Until then nobody knows how many there are."""
    (files / "u.csv").write_text("1\n2\n3\n")
    (files / "v.csv").write_text("1\n2\n")
    with pytest.raises(gn.DataError, match="'u' has more rows than the other blobs"):
        read(["u=u.csv", "v=v.csv"], [blob("u"), blob("v")], files)


def test_a_name_with_an_equals_sign(files):
    """Is a file, if there is one."""
    (files / "h5").rename("x=y")
    (block,) = read(["x=y"], [blob("x")], files)
    assert len(block.places) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "odd is empty"),
        (b"just words", "odd: unknown kind of file"),
        (b"\x1f\x8b\x00\x00", "odd: unknown kind of file: it is packed with gzip"),
    ],
)
def test_other_files(files, content, message):
    """What they are, and what was expected."""
    (files / "odd").write_bytes(content)
    with pytest.raises(gn.DataError, match=f"{message}.*\n  expected .h5, .npy"):
        read(["odd"], [blob("x")], files)


def test_side_by_side_without_rows_to_come():
    """Nothing is left over."""

    class Empty:
        n_rows, notes = 0, ()

        def blocks(self, size):
            return iter(())

    found = SideBySide([Empty(), Empty()], ["u", "v"])
    assert (list(found.blocks(3)), found.notes) == ([], [])
