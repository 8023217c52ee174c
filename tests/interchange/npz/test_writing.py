"""The .npz files that graphnet writes."""

import numpy as np

from graphnet.interchange.npz.writing import write_npz


def test_numpy_reads_them(tmp_path):
    """Bit for bit, names with slashes and ``file`` among them."""
    rng = np.random.default_rng(0)
    arrays = {"conv/filter": rng.random((2, 3)).astype("f4").T, "file": rng.random(3)}
    write_npz(tmp_path / "m.npz", arrays)
    with np.load(tmp_path / "m.npz") as found:
        assert list(found) == list(arrays)
        assert all(found[k].tobytes() == v.tobytes() for k, v in arrays.items())


def test_equal_arrays_give_equal_files(tmp_path):
    """Nothing in them depends on the clock."""
    for name in ("a", "b"):
        write_npz(tmp_path / name, {"w": np.ones(3)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"\x21\x00" in (tmp_path / "a").read_bytes()[:14]  # 1980-01-01
