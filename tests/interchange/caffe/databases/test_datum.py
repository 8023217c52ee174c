"""Samples of databases: bytes, numbers, pictures; and their conversion."""

import io

import h5py
import numpy as np
import pytest
from support import caffe_files as made
from support.caffe_golden import GOLDEN, arrays, cases, index, needs_golden

from graphnet.errors import DataError
from graphnet.interchange.caffe.databases.datum import convert, listed_pictures, read_datum, samples
from graphnet.interchange.caffe.importing import import_caffe
from graphnet.net.load_net import load_net

SHAPE = made.number(1, 1) + made.number(2, 2) + made.number(3, 3)


def datum(*parts):
    return memoryview(SHAPE + b"".join(parts))


def test_bytes_and_numbers():
    """In the shape that is said; the label is 0 where none is."""
    sample, label = read_datum(datum(made.data(4, bytes(range(6))), made.number(5, 7)), "d")
    assert (sample.dtype, sample.shape, label) == (np.uint8, (1, 2, 3), 7)
    assert sample.ravel().tolist() == list(range(6))
    packed = made.data(6, np.arange(6, dtype="<f4").tobytes())
    single = b"".join(made.real(6, x) for x in range(6))
    for numbers in (packed, single):
        sample, label = read_datum(datum(numbers), "d")
        assert (sample.dtype, label) == (np.float32, 0)
        assert sample.ravel().tolist() == list(range(6))


def test_pictures():
    """Blue, green, red; grey ones as they are, unless three channels are asked for."""
    image = pytest.importorskip("PIL.Image")

    def encoded(array):
        file = io.BytesIO()
        image.fromarray(array).save(file, "PNG")
        return datum(made.data(4, file.getvalue()), made.number(7, 1))

    colours = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    sample, _ = read_datum(encoded(colours), "d")
    assert np.array_equal(sample, colours[:, :, ::-1].transpose(2, 0, 1))
    grey = encoded(colours[:, :, 0].copy())
    assert read_datum(grey, "d")[0].shape == (1, 2, 4)
    assert read_datum(grey, "d", "color")[0].shape == (3, 2, 4)
    with pytest.raises(DataError, match="a picture that cannot be read"):
        read_datum(datum(made.data(4, b"no"), made.number(7, 1)), "d")


def test_damaged():
    """Numbers that do not fit the shape, and bytes that are no message."""
    with pytest.raises(DataError, match="has the shape 1×2×3 and 5 numbers"):
        read_datum(datum(made.data(4, bytes(5))), "d")
    with pytest.raises(DataError, match="is no whole file of Caffe's"):
        read_datum(memoryview(b"\x0a\x05"), "d")


@needs_golden
def test_converted(tmp_path):
    """All samples and labels, under the names of the tops."""
    path = GOLDEN / "formats" / "uint8_lmdb"
    assert convert(samples(path), tmp_path / "a.h5", ("d", "n")) == 20
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["d"].dtype == np.uint8
        assert file["d"].shape[0] == file["n"].shape[0] == 20


def test_of_several_shapes(tmp_path):
    """Nothing is left of the file."""
    wrong = [(np.zeros((1, 2, 2), np.uint8), 0), (np.zeros((1, 2, 3), np.uint8), 0)]
    with pytest.raises(DataError, match="sample 1 is 1×2×3, and sample 0 is 1×2×2"):
        convert(wrong, tmp_path / "a.h5", ("d",))
    assert not list(tmp_path.iterdir())


def test_lists_of_pictures(tmp_path):
    """Names may have blanks; what cannot be read names its line."""
    image = pytest.importorskip("PIL.Image")
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image.fromarray(picture).save(tmp_path / "a b.png")
    (tmp_path / "list.txt").write_text("a b.png 3\n\nnone.png 1\n")
    found = listed_pictures(tmp_path / "list.txt", tmp_path.joinpath, "grey")
    sample, label = next(found)
    assert np.array_equal(sample[0], picture)
    assert label == 3
    with pytest.raises(DataError, match=r"list\.txt, line 2: none\.png: cannot be read"):
        next(found)


@needs_golden
@pytest.mark.parametrize("name", cases("formats"))
def test_as_caffe_feeds_it(name, tmp_path):
    """Batch for batch, exactly."""
    entry = index()["formats"][name]
    if name.startswith(("encoded", "image")):
        pytest.importorskip("PIL")
    import_caffe(GOLDEN / entry["prototxt"], tmp_path)
    net, wanted = load_net(tmp_path / "net.yaml", "test"), arrays("formats", name)
    n_batches = 1 + max(int(key.rpartition("/")[2]) for key in wanted)
    for i in range(n_batches):
        net.forward()
        for top in {key.rpartition("/")[0] for key in wanted}:
            blob = f"{top}.crop" if f"{top}.crop" in net.blobs else top
            assert np.array_equal(net.blobs[blob].data, wanted[f"{top}/{i}"])
