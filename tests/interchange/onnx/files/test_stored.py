"""Where values lie: in the file, beside it, and nowhere else."""

import os

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import model_of, run_imported

from graphnet.errors import DataError, SpecError
from graphnet.interchange.onnx.files import reading
from graphnet.interchange.onnx.files.reading import read_onnx
from graphnet.interchange.onnx.files.stored import LARGE, place_of, slim
from graphnet.interchange.onnx.importing import import_onnx
from graphnet.interchange.onnx.translation import translate_graph

WIDE = np.random.default_rng(0).normal(size=(30, 50)).astype(np.float32)


def product():
    """A model with a large constant and a small one."""
    constants = {"w": WIDE, "b": np.arange(50, dtype=np.float32)}
    return model_of([("MatMul", "x,w", "p"), ("Add", "p,b", "y")], {"x": [2, 30]}, constants)


@pytest.fixture
def beside(tmp_path):
    """The model with its data in another file."""
    import onnx

    path = tmp_path / "m.onnx"
    onnx.save_model(
        product(), path, save_as_external_data=True, location="m.data", size_threshold=0
    )
    return path


def given_by(path):
    """What it makes of ones."""
    made = translate_graph(read_onnx(path), str(path))
    return run_imported(made, {"x": np.ones((2, 30), np.float32)})["y"]


EXPECTED = WIDE.sum(0) + np.arange(50)


@needs_onnx
def test_large_tensors_stay_in_the_file(tmp_path):
    """And are seen where they lie; small ones are with protobuf."""
    content = product().SerializeToString()
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert len(slim(memoryview(content))) < len(content) - WIDE.nbytes + 100
    file = read_onnx(path)
    wide, narrow = (file.array(tensor) for tensor in file.graph.initializer)
    assert np.array_equal(wide, WIDE)
    assert not wide.flags.writeable
    assert not narrow.flags.owndata or narrow.flags.writeable
    assert WIDE.nbytes > LARGE > narrow.nbytes
    assert np.allclose(given_by(path), EXPECTED, atol=1e-4)


@needs_onnx
def test_a_file_beside_it(beside):
    """Is read, by the offsets that it is said to have."""
    assert np.allclose(given_by(beside), EXPECTED, atol=1e-4)
    file = read_onnx(beside)
    assert file.read_files() == {beside, beside.with_name("m.data")}


def placed(path, location, offset="0", length=None):
    """The model, its large tensor said to lie there."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    del tensor.external_data[:]
    given = {"location": location, "offset": offset, "length": length or str(WIDE.nbytes)}
    for key, value in given.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


@needs_onnx
@pytest.mark.parametrize(
    "location", ["../m.data", "/etc/passwd", "a/../../m.data", "..\\m.data", "a\0b"]
)
def test_no_file_of_another_folder(beside, location):
    """Whatever the model says."""
    with pytest.raises(SpecError, match="only files of the model's own folder are read"):
        given_by(placed(beside, location))


@needs_onnx
def test_no_link_out_of_the_folder(beside, tmp_path_factory):
    """Nor a link to one, or to a folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "m.data").write_bytes(beside.with_name("m.data").read_bytes())
    (beside.parent / "link").symlink_to(elsewhere / "m.data")
    (beside.parent / "folder").symlink_to(elsewhere)
    for location in ("link", "folder/m.data"):
        with pytest.raises(SpecError, match="a link that leads out of the model's folder"):
            given_by(placed(beside, location))
    (beside.parent / "near").symlink_to(beside.with_name("m.data"))
    assert given_by(placed(beside, "near")).shape == (2, 50)


@needs_onnx
@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("no.data",), "there is no such file beside"),
        ((".",), "there is no such file beside"),
        (("m.data", "100"), "ends at byte 6,100 of .*m.data, which has"),
        (("m.data", "-4"), "bytes from -4 on"),
        (("m.data", "0", "8"), "has 8 bytes from 0 on, expected 6,000"),
        (("m.data", "much"), "says no number"),
        (("x" * 5000,), "cannot be read"),
    ],
)
def test_places_that_are_none(beside, place, said):
    """With the reason."""
    beside.with_name("m.data").write_bytes(WIDE.tobytes())
    with pytest.raises(SpecError, match=said):
        given_by(placed(beside, *place))


@needs_onnx
def test_a_pipe_is_not_waited_for(beside):
    """It is no file."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")
    os.mkfifo(beside.parent / "pipe")
    with pytest.raises(SpecError, match="there is no such file"):
        given_by(placed(beside, "pipe"))


@needs_onnx
def test_an_import_writes_over_none_of_its_files(beside):
    """Not even if it is asked to replace files."""
    beside.with_name("m.data").rename(beside.with_name("model.h5"))
    placed(beside, "model.h5")
    import onnx

    model = onnx.load(beside, load_external_data=False)
    for tensor in model.graph.initializer:
        tensor.external_data[0].value = "model.h5"
    beside.write_bytes(model.SerializeToString())
    with pytest.raises(SpecError, match="this is of its data, which would be lost"):
        import_onnx(beside, beside.parent, force=True)


@needs_onnx
def test_what_is_no_message(tmp_path, monkeypatch):
    """Is left to protobuf, unless it is too large for it."""
    assert slim(memoryview(b"\x80\x80")) is None
    assert slim(memoryview(b"")) == b""
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x80" * 30)
    monkeypatch.setattr(reading, "MOST_BYTES", 20)
    with pytest.raises(DataError, match="or one of more than 20 bytes without its tensors"):
        read_onnx(path)


@needs_onnx
def test_larger_than_a_message_can_be(tmp_path, monkeypatch):
    """Its tensors do not count."""
    path = tmp_path / "m.onnx"
    path.write_bytes(product().SerializeToString())
    monkeypatch.setattr(reading, "MOST_BYTES", WIDE.nbytes)
    assert np.allclose(given_by(path), EXPECTED, atol=1e-4)


@needs_onnx
def test_a_tensor_with_two_values_stays_as_it_is():
    """What protobuf makes of it, protobuf says: the last one counts."""
    import onnx

    tensor = onnx.numpy_helper.from_array(WIDE, "w").SerializeToString()
    doubled = tensor + onnx.TensorProto(raw_data=bytes(WIDE.nbytes)).SerializeToString()
    graph = onnx.GraphProto()
    graph.initializer.add().ParseFromString(tensor)
    framed = b"\x2a" + onnx_length(doubled) + doubled
    model = b"\x3a" + onnx_length(framed) + framed
    assert slim(memoryview(model)) == model
    assert place_of("", 3, 4).count(b"offset") == 1


def onnx_length(content):
    """How protobuf writes how many bytes follow."""
    from graphnet.interchange.protobuf import varint

    return varint(len(content))
