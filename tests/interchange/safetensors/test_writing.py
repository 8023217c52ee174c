"""safetensors files that graphnet writes."""

import json

import numpy as np

from graphnet.interchange.safetensors.reading import read_safetensors
from graphnet.interchange.safetensors.writing import write_safetensors


def test_arrays_come_back(tmp_path):
    """Bit for bit, whatever their order in memory; in the order given."""
    rng = np.random.default_rng(0)
    arrays = {
        "turned": rng.random((3, 4)).astype("f4").T,
        "every other": rng.random(10)[::2],
        "z/é": np.asfortranarray(rng.random((2, 3, 4)).astype("f2")),
        "scalar": np.float32(2.5).reshape(()),
        "big-endian": rng.random(3).astype(">f4"),
    }
    write_safetensors(tmp_path / "m.safetensors", arrays)
    found = read_safetensors(tmp_path / "m.safetensors").arrays
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert np.array_equal(found[name].read(), array)


def test_the_header(tmp_path):
    """JSON padded with blanks, so that the data begin at a multiple of 8."""
    write_safetensors(tmp_path / "m", {"abc": np.ones(3, "f4")})
    data = (tmp_path / "m").read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    assert json.loads(data[8 : 8 + length]) == {
        "__metadata__": {"format": "np"},
        "abc": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},
    }
    assert np.array_equal(np.frombuffer(data[8 + length :], "<f4"), np.ones(3))
