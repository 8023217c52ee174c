"""HDF5Output: what is written, where, and when."""

import h5py
import numpy as np
import pytest
from support.layer_case import LayerCase, Rig

from graphnet.errors import DataError, SpecError, TopologyError
from graphnet.gradcheck import check_gradients
from graphnet.layers.base import Kind
from graphnet.layers.outputs.hdf5_output import HDF5Output
from graphnet.net.load_net import load_net


def spec(bottoms=("x", "label"), **properties):
    return HDF5Output(name="out", bottoms=bottoms, **{"filename": "out.h5"} | properties)


def rig(layer, **options):
    return Rig(LayerCase(layer, [(4, 2, 3), (4,)], None), **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_are_appended(tmp_path, dtype):
    """Each pass appends its rows in the net's precision, those that do not count left out."""
    made = rig(spec().relative_to(tmp_path), dtype=dtype)
    expected = [[], []]
    for k, n_valid in enumerate((4, 4, 3)):
        for values, blob, kept in zip(made.values, made.bottoms, expected, strict=True):
            blob.data[...] = values + k
            kept.append((values + k).astype(dtype)[:n_valid])
        made.context.n_valid = n_valid
        made.layer.forward()
    made.layer.close()
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(file) == {"x", "label"}
        for name, kept in zip(("x", "label"), expected, strict=True):
            np.testing.assert_array_equal(file[name], np.concatenate(kept))
            assert file[name].dtype == dtype
        assert file["x"].chunks == (4, 2, 3)


def test_names(tmp_path):
    """Data sets may be named otherwise than the bottoms, in groups too."""
    made = rig(spec(datasets=["code", "true/class"]).relative_to(tmp_path))
    made.layer.forward()
    made.layer.close()
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["code"], made.values[0])
        np.testing.assert_array_equal(file["true/class"], made.values[1])


def test_existing_file(tmp_path):
    """A file that is there is refused when the net is built, unless it may be overwritten."""
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["precious"] = 1
    with pytest.raises(DataError, match=r"out.h5 exists already"):
        rig(spec().relative_to(tmp_path))
    made = rig(spec(force_overwrite=True).relative_to(tmp_path))
    made.layer.forward()
    made.layer.close()
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].shape == (4, 2, 3)


NET = """
- {name: data, type: MemoryData, batch_size: 2, tops: [x, y], data: {x: [[1, 2], [3, 4], [5, 6]],
   y: [[0], [1], [0]]}}
- {name: ip, type: InnerProduct, output_dim: 1, bottoms: [x], tops: [ip]}
- {name: loss, type: SquareLoss, bottoms: [ip, y]}
- {name: out, type: HDF5Output, filename: made/out.h5, bottoms: [x, ip]}
"""


def test_in_a_net(tmp_path):
    """An evaluation writes every sample once, beside the YAML; a gradient check writes nothing."""
    (tmp_path / "net.yaml").write_text(NET)
    net = load_net(tmp_path / "net.yaml", phase="test")
    with pytest.raises(TopologyError, match="no loss depends on the params of 'ip'"):
        check_gradients(net)
    assert not (tmp_path / "made").exists()
    net.evaluate()
    net.close()
    with h5py.File(tmp_path / "made" / "out.h5") as file:
        assert file["x"][...].tolist() == [[1, 2], [3, 4], [5, 6]]
        assert file["ip"].shape == (3, 1)


def test_declarations(tmp_path):
    """It has no tops and sends no gradient; its path is relative to the YAML."""
    assert spec().kind is Kind.OUTPUT
    assert spec().top_shapes([(4, 2)]) == []
    assert spec().differentiable(2) == ()
    assert spec().relative_to(tmp_path).filename == str(tmp_path / "out.h5")
    elsewhere = spec(filename="/data/out.h5").relative_to(tmp_path)
    assert elsewhere.filename == "/data/out.h5"


def test_mistakes():
    """Every bottom needs a name of its own, and the file one too."""
    with pytest.raises(SpecError, match="1 datasets for 2 bottoms"):
        spec(datasets=["x"])
    with pytest.raises(SpecError, match="two of the data sets have one name: x, x"):
        spec(datasets=["x", "x"])
    with pytest.raises(SpecError, match="filename"):
        spec(filename="")


@pytest.mark.parametrize("content", [b"layers: []", b"graphnet 1\n" + bytes(600)])
def test_what_is_no_hdf5_file_is_not_overwritten(tmp_path, content):
    """A text or a snapshot stays, though ``force_overwrite`` is set; an empty file does not."""
    (tmp_path / "out.h5").write_bytes(content)
    with pytest.raises(DataError, match=r"out\.h5: is no HDF5 file of data sets, so it is not"):
        rig(spec(force_overwrite=True).relative_to(tmp_path))
    assert (tmp_path / "out.h5").read_bytes() == content
    (tmp_path / "out.h5").write_bytes(b"")
    rig(spec(force_overwrite=True).relative_to(tmp_path)).layer.close()
