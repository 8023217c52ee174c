"""The snapshot file's format."""

import hashlib
import io

import h5py
import numpy as np
import pytest

from graphnet.data.record import DataRecord, LayerRecord
from graphnet.errors import DivergedError, SnapshotError
from graphnet.solver.record.snapshot_file import (
    HEADER_BYTES,
    Contents,
    Meta,
    SavedState,
    read,
    to_bytes,
    versions,
)


def make_contents():
    rng = np.random.default_rng(0)
    meta = Meta(
        versions=versions(),
        backend="numpy",
        dtype="float32",
        seed=3,
        solver=SavedState(
            iter=300,
            epoch=2,
            obj_val=float("nan"),
            losses={"loss": 1 / 3, "kl": float("inf")},
            lr=1e-300,
            momentum=None,
            lr_scale=0.5,
        ),
        cursors={"data": 19200},
        breaks={"EarlyStopping": {"best": 0.1, "best_iter": 200, "on": True, "none": None}},
        statistics_bytes=1234,
        data={"sources": {"data": "dataset:mnist/train"}, "fell_back": False},
    )
    return Contents(
        meta,
        {
            "conv1/filter": rng.standard_normal((2, 1, 3, 3)).astype("float32"),
            "block/a/1x1/bias": np.zeros(2, "float32"),
        },
        {"bn/mean": rng.standard_normal(4)},
        {"velocity/conv1/filter": rng.standard_normal((2, 1, 3, 3)).astype("float32")},
        {"loss": np.array([1 / 3, 64.0])},
        "name: é\n",
        "max_iter: 3\n",
    )


def flat(contents):
    return {
        f"{group}/{name}": (array.dtype.str, array.shape, np.asarray(array).tobytes())
        for group, arrays in contents.groups()
        for name, array in arrays.items()
    }


def saved(tmp_path, contents=None):
    path = tmp_path / "snapshot-000300.h5"
    path.write_bytes(to_bytes(contents or make_contents()))
    return path


def sign(body):
    """The file around a body that somebody else has made."""
    digest = hashlib.sha256(body).hexdigest().encode()
    return (b"graphnet snapshot 1 sha256 " + digest + b"\n").ljust(HEADER_BYTES, b"\0") + body


def test_comes_back_bit_for_bit(tmp_path):
    """Arrays, numbers and texts, numbers that are no numbers among them."""
    contents = make_contents()
    found = read(saved(tmp_path, contents))
    assert flat(found) == flat(contents)
    assert found.meta.model_dump_json() == contents.meta.model_dump_json()
    assert (found.net_yaml, found.solver_yaml) == ("name: é\n", "max_iter: 3\n")
    assert found.iter == 300


def test_equal_contents_are_equal_bytes():
    """Nothing in a file depends on when it was written."""
    assert to_bytes(make_contents()) == to_bytes(make_contents())


def test_other_programs_can_read_it(tmp_path):
    """It is plain HDF5 with a line of text in front."""
    path = saved(tmp_path)
    with h5py.File(path) as file:
        assert file["params/conv1/filter"].shape == (2, 1, 3, 3)
        assert file["net.yaml"].asstr()[()] == "name: é\n"
    assert path.read_bytes().startswith(b"graphnet snapshot 1 sha256 ")


def test_layout_is_the_one_documented(tmp_path):
    """Format 1, name by name; change the number when changing this."""
    names = []
    with h5py.File(saved(tmp_path)) as file:
        file.visititems(lambda name, node: names.append(name) if hasattr(node, "shape") else None)
    assert sorted(names) == [
        "history/velocity/conv1/filter",
        "meta",
        "net.yaml",
        "params/block/a/1x1/bias",
        "params/conv1/filter",
        "solver.yaml",
        "state/bn/mean",
        "statistics/loss",
    ]


@pytest.mark.parametrize("group", ["params", "state", "history", "statistics"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_never_written(group, bad):
    """The message names the array and the iteration."""
    contents = make_contents()
    name, array = next(iter(getattr(contents, group).items()))
    array.reshape(-1)[0] = bad
    with pytest.raises(DivergedError, match=f"at iteration 300 '{group}/{name}' has a value"):
        to_bytes(contents)


def test_every_damaged_byte_is_noticed(tmp_path):
    """One flipped bit anywhere, header included."""
    path = saved(tmp_path)
    good = path.read_bytes()
    rng = np.random.default_rng(1)
    places = [*range(100), *rng.integers(100, len(good), 200).tolist()]
    for place in places:
        damaged = bytearray(good)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        with pytest.raises(SnapshotError, match=r"snapshot-000300.h5: (is|has)"):
            read(path)


@pytest.mark.parametrize("size", [0, 1, 20, HEADER_BYTES, 600, -1])
def test_a_file_cut_short_is_noticed(tmp_path, size):
    """As a crash of another program, or of a copy, leaves it."""
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SnapshotError, match=r"(is damaged|is not a graphnet snapshot)"):
        read(path)


def test_newer_format_is_refused(tmp_path):
    """It says which format and what to do."""
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"snapshot 1 ", b"snapshot 7 ", 1))
    with pytest.raises(SnapshotError, match=r"has format 7, and this graphnet knows 1\n  install"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"name: mnist\n"])
def test_other_files_are_not_snapshots(tmp_path, content):
    """HDF5 of others, archives, YAML: the message says what was expected."""
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"x.h5: is not a graphnet snapshot or model"):
        read(path)


def test_missing_file_and_folder(tmp_path):
    """What the system said, without a traceback."""
    with pytest.raises(SnapshotError, match=r"x.h5: cannot be read: No such file"):
        read(tmp_path / "x.h5")
    with pytest.raises(SnapshotError, match="cannot be read: Is a directory"):
        read(tmp_path)


def body_with(change):
    """A body whose checksum will be right, with something strange in it."""
    image = io.BytesIO(to_bytes(make_contents()))
    with h5py.File(image, "r+") as file:
        change(file)
    return image.getvalue()[HEADER_BYTES:]


def drop_meta(file):
    del file["meta"]


def no_json(file):
    del file["meta"]
    file["meta"] = b"{'a': 1}"


def strange_meta(file):
    del file["meta"]
    file["meta"] = b'{"format_version": 1, "kind": "other"}'


def text_param(file):
    file["params/x/y"] = b"text"


def object_param(file):
    file.create_dataset("params/x/y", data=["a"], dtype=h5py.string_dtype())


def huge_param(file):
    file.create_dataset("params/x/y", shape=(10**12,), dtype="f4")


def compressed_bomb(file):
    file.create_dataset("params/x/y", shape=(10**9,), dtype="f4", chunks=(10**6,), compression=9)


def nothing(file):
    file["params/x/y"] = h5py.Empty("f4")


def nameless(file):
    file["params"].create_group(b"\xff").create_dataset("y", data=np.ones(3))


def outside(file):
    file.create_dataset("params/x/y", shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)])


@pytest.mark.parametrize(
    "change",
    [
        drop_meta,
        no_json,
        strange_meta,
        text_param,
        object_param,
        huge_param,
        compressed_bomb,
        nothing,
        nameless,
        outside,
    ],
)
def test_a_file_made_to_deceive_is_refused(tmp_path, change):
    """A right checksum opens no door: no huge arrays, no other files, no objects."""
    path = tmp_path / "x.h5"
    path.write_bytes(sign(body_with(change)))
    with pytest.raises(SnapshotError, match=r"x.h5: is not a graphnet snapshot: "):
        read(path)


def test_links_are_not_followed(tmp_path):
    """A soft or external link is as if it were not there."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["y"] = np.ones(3)

    def link(file):
        file["params/x/y"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/y")
        file["params/x/z"] = h5py.SoftLink("/statistics/loss")

    path = tmp_path / "x.h5"
    path.write_bytes(sign(body_with(link)))
    assert set(read(path).params) == {"conv1/filter", "block/a/1x1/bias"}


def test_a_name_that_hides_another_is_refused():
    """A layer called like another's param cannot be stored; the error says so."""
    contents = make_contents()
    contents.params["conv1/filter/x"] = np.zeros(1)
    with pytest.raises(SnapshotError, match="cannot be put together"):
        to_bytes(contents)


def test_what_is_recorded_of_the_data_comes_along(tmp_path):
    """It is beside the rest, so that what graphnet wrote before still loads, and says nothing."""
    assert read(saved(tmp_path)).data == DataRecord()
    contents = make_contents()
    layer = LayerRecord(shapes={"x": (3,), "label": ()}, classes={"label": ("a", "é")})
    contents.data = DataRecord({"data": layer}, {"data/x/0": np.arange(3.0)})
    found = read(saved(tmp_path, contents))
    assert found.data.layers == contents.data.layers
    np.testing.assert_array_equal(found.data.means["data/x/0"], np.arange(3.0))
    assert found.params.keys() == contents.params.keys()
