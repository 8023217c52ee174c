"""Sets published as IDX files: from a folder, and from mirrors."""

import gzip
import hashlib
import re

import numpy as np
import pytest
from support.file_server import file_server

from graphnet.data.sets.published import IdxFile, NotAsPublishedError, Published
from graphnet.errors import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([1, 0], np.uint8)


def content(array):
    axes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + axes + array.tobytes()


def idx_file(name, array):
    plain = content(array)
    return IdxFile(name, len(plain), hashlib.md5(plain, usedforsecurity=False).hexdigest())


FILES = {
    "train": {
        "data": idx_file("train-images-idx3-ubyte", IMAGES),
        "label": idx_file("train-labels-idx1-ubyte", LABELS),
    }
}
PUBLISHED = Published((), FILES)
CONTENTS = {"train-images-idx3-ubyte": content(IMAGES), "train-labels-idx1-ubyte": content(LABELS)}


def check(found):
    assert np.array_equal(found["train"]["data"], IMAGES)
    assert np.array_equal(found["train"]["label"], LABELS)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dot", [False, True])
def test_from_folder(tmp_path, suffix, dot):
    """Files are found gzipped or plain, under both names they are known by."""
    for name, plain in CONTENTS.items():
        path = tmp_path / ((name.replace("-idx", ".idx") if dot else name) + suffix)
        path.write_bytes(gzip.compress(plain) if suffix else plain)
    check(PUBLISHED.from_folder(tmp_path))


def test_folder_without_the_files(tmp_path):
    """All files that are missing are named."""
    with pytest.raises(DataError, match=r"there is no folder .*nope"):
        PUBLISHED.from_folder(tmp_path / "nope")
    message = (
        f"{tmp_path} does not hold train-images-idx3-ubyte, train-labels-idx1-ubyte\n"
        "  expected the files as published, with or without .gz"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        PUBLISHED.from_folder(tmp_path)


def test_file_that_is_not_the_published_one(tmp_path):
    """A file with another content is refused, whatever its name says."""
    for name, plain in CONTENTS.items():
        (tmp_path / name).write_bytes(plain[:-1] + b"\7")
    with pytest.raises(
        DataError,
        match=r"train-images-idx3-ubyte is not the published train-images-idx3-ubyte: "
        r"its content has the md5 sum\n  [0-9a-f]{32}, expected\n  [0-9a-f]{32}$",
    ):
        PUBLISHED.from_folder(tmp_path)


def test_a_file_that_was_cut_short(tmp_path):
    """Its size is told, before sums that nobody can read."""
    for name, plain in CONTENTS.items():
        (tmp_path / name).write_bytes(plain[:-3])
    with pytest.raises(NotAsPublishedError, match=r"it holds 37 bytes, expected 40$") as caught:
        PUBLISHED.from_folder(tmp_path)
    assert len(caught.value.md5) == 32


def test_a_folder_near_the_right_one(tmp_path):
    """Files that are deeper down are found, and a file is no folder."""
    for folder in ("MNIST/raw", "old"):
        (tmp_path / folder).mkdir(parents=True)
        for name, plain in CONTENTS.items():
            (tmp_path / folder / name).write_bytes(plain)
    near = f"  files of these names are there: --from {tmp_path}/old or {tmp_path}/MNIST/raw"
    with pytest.raises(DataError, match=re.escape(near)):
        PUBLISHED.from_folder(tmp_path)
    (name, _) = CONTENTS
    with pytest.raises(
        DataError, match=rf"is a file\n  name the folder it is in: --from {tmp_path}"
    ):
        PUBLISHED.from_folder(tmp_path / "old" / name)


def served(folder, contents):
    return {f"/{folder}/{name}.gz": gzip.compress(plain) for name, plain in contents.items()}


def test_from_network():
    """The first mirror is asked for every file."""
    told = []
    with file_server(served("a", CONTENTS)) as url:
        found = Published((f"{url}/a/", "http://127.0.0.1:1/"), FILES).from_network(
            lambda what, *_: told.append(what)
        )
    check(found)
    assert told == [f"{name}.gz" for name in CONTENTS]


def test_mirrors_in_turn():
    """A mirror that fails, or holds something else, is left for the next and not asked again."""
    wrong = {name: plain[:-1] + b"\7" for name, plain in CONTENTS.items()}
    with file_server(served("a", wrong) | served("b", CONTENTS)) as url:
        found = Published((f"{url}/none/", f"{url}/a/", f"{url}/b/"), FILES).from_network(None)
    check(found)


def test_no_mirror():
    """When no mirror can be used, each one's failure is told, once."""
    with (
        file_server({}) as url,
        pytest.raises(
            DataError,
            match=f"no mirror could be used:\n  {url}/a/train-images-idx3-ubyte.gz: HTTP 404\n"
            f"  {url}/b/train-images-idx3-ubyte.gz: HTTP 404$",
        ),
    ):
        Published((f"{url}/a/", f"{url}/b/"), FILES).from_network(None)
