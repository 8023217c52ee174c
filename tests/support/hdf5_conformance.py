"""What HDF5Data and AsyncHDF5Data must both do: one suite, run for each of them.

A test module subclasses :class:`Conformance` and says which spec it is.
"""

from __future__ import annotations

import tracemalloc
from typing import Any, ClassVar

import numpy as np
import pytest
from support.data_layers import labels, layer_of, numbered, write_h5

from graphnet.blob import storage
from graphnet.errors import DataError
from graphnet.layers.data.batch_data import BatchLayer
from graphnet.layers.data.hdf5_data import HDF5Data


class Conformance:
    """The common behaviour."""

    spec: ClassVar[type[HDF5Data]]

    def layer(self, source: Any, batch_size: int, seed: int = 0, **keys: Any) -> BatchLayer[Any]:
        """A layer named ``data`` over a source."""
        source = tuple(map(str, source)) if isinstance(source, list) else str(source)
        named = {"name": "data", "source": source, "batch_size": batch_size} | keys
        return layer_of(self.spec(**named), seed=seed)

    def test_straddles_files_and_epochs(self, tmp_path):
        """Files of 5, 1 and 2 rows in batches of 3: eight batches are three passes in order."""
        counts = [(0, 5), (5, 1), (6, 2)]
        files = [numbered(tmp_path / f"{a}.h5", a, n) for a, n in counts]
        scale = {"data": [{"type": "Scale", "scale": 0.5}]}
        layer = self.layer(files, 3, transformers=scale)
        assert layer.n_samples == 8
        delivered, epochs = [], [layer.epoch]
        for _ in range(8):
            delivered += labels(layer, 1)
            epochs.append(layer.epoch)
            number = layer.tops[1].data
            expected = np.stack([number, -number], axis=1) * np.float32(0.5)
            assert np.array_equal(layer.tops[0].data, expected)
            assert layer.context.n_valid == 3
        assert delivered == list(range(8)) * 3
        assert epochs == [0, 0, 0, 1, 1, 1, 2, 2, 3]
        assert layer.cursor == 24
        layer.close()

    @pytest.mark.parametrize("mix", ["Mixup", {"type": "Mixup", "alpha": 1, "probability": 0.5}])
    def test_mixed_with_others(self, tmp_path, mix):
        """All tops alike; from any cursor on the same ones."""
        write_h5(tmp_path / "a.h5", data=np.arange(60.0), label=np.arange(60.0))
        layer = self.layer(tmp_path / "a.h5", 20, shuffle=True, mix=mix)
        plain = self.layer(tmp_path / "a.h5", 20, shuffle=True)
        whole = []
        for _ in range(6):
            layer.forward()
            plain.forward()
            data, label = (np.array(top.data) for top in layer.tops)
            np.testing.assert_array_equal(data, label)
            whole.append(data)
            assert not np.array_equal(data, plain.tops[0].data)
        layer.seek(60)
        for expected in whole[3:]:
            layer.forward()
            assert np.array_equal(layer.tops[0].data, expected)
        layer.close()
        plain.close()

    @pytest.mark.parametrize(("batch_size", "n"), [(4, 6), (6, 4)])
    def test_shuffled_histogram(self, tmp_path, batch_size, n):
        """In n batches, each of n rows comes as often as a batch is long."""
        layer = self.layer(numbered(tmp_path / "a.h5", 1, n), batch_size, shuffle=True)
        counts = np.bincount(labels(layer, n), minlength=n + 1)
        assert counts.tolist() == [0] + [batch_size] * n
        layer.close()

    @pytest.mark.parametrize("buffer_bytes", [1 << 20, 800])
    def test_shuffle_is_a_function_of_the_seed(self, tmp_path, buffer_bytes):
        """Same seed and name, same order; another seed or name, or epoch, another order."""
        path = numbered(tmp_path / "a.h5", 0, 60)

        def order(**keys: Any) -> list[int]:
            layer = self.layer(path, 20, shuffle=True, buffer_bytes=buffer_bytes, **keys)
            found = labels(layer, 6)
            layer.close()
            return found

        first = order()
        assert first == order()
        assert sorted(first[:60]) == sorted(first[60:]) == list(range(60))
        orders = [first[:60], first[60:], order(seed=1)[:60], order(name="other")[:60]]
        assert len(set(map(tuple, orders))) == 4

    @pytest.mark.parametrize("buffer_bytes", [1 << 20, 800])
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_seek_is_replay(self, tmp_path, buffer_bytes, shuffle):
        """From any cursor on the batches are those of an uninterrupted run."""
        path = numbered(tmp_path / "a.h5", 0, 60)
        layer = self.layer(path, 7, shuffle=shuffle, buffer_bytes=buffer_bytes)
        whole = labels(layer, 30)
        for cursor in (0, 7, 56, 63, 119, 3):
            layer.seek(cursor)
            assert (layer.cursor, layer.epoch) == (cursor, cursor // 60)
            assert labels(layer, 4) == whole[cursor : cursor + 28]
        layer.close()

    @pytest.mark.parametrize("n", [9, 10, 11])
    def test_evaluation_counts_each_sample_once(self, tmp_path, n):
        """Without wrapping, the last batch repeats its last row and says how many count."""
        layer = self.layer(numbered(tmp_path / "a.h5", 0, n), 5)
        labels(layer, 1)
        layer.seek(0, wrap=False)
        rows, valid = [], []
        while layer.cursor < n:
            rows += labels(layer, 1)
            valid.append(layer.context.n_valid)
        assert (sum(valid), rows) == (n, [*range(n), *[n - 1] * (-n % 5)])
        layer.seek(5)
        assert labels(layer, 1) == [i % n for i in range(5, 10)]
        assert layer.context.n_valid == 5
        layer.close()

    def test_labels_keep_their_shape(self, tmp_path):
        """Labels of (N,), (N, 1) and (N, 3), of any types, are delivered as they are stored."""
        values = {
            "data": np.arange(24, dtype=">i2").reshape(4, 1, 2, 3),
            "label": np.arange(4, dtype=np.uint8),
            "column": np.arange(4.0).reshape(4, 1),
            "several": (np.arange(12) % 5 > 2).reshape(4, 3),
        }
        layer = self.layer(write_h5(tmp_path / "a.h5", **values), 4, tops=tuple(values))
        layer.forward()
        for top, (name, stored) in zip(layer.tops, values.items(), strict=True):
            assert top.name == name
            assert np.array_equal(top.data, stored.astype(np.float32))
            assert top.data.dtype == np.float32
            assert storage(top.data).flags.c_contiguous
        layer.close()

    def test_rows(self, tmp_path):
        """A range of rows is all there is of the source."""
        layer = self.layer(numbered(tmp_path / "a.h5", 0, 10), 3, rows="40%:9")
        assert layer.n_samples == 5
        assert labels(layer, 5) == [4, 5, 6, 7, 8] * 3
        layer.close()

    def test_named_set(self):
        """A set that comes with the package needs no file."""
        layer = self.layer("dataset:digits/train", 10)
        layer.forward()
        assert layer.n_samples == 1437
        assert layer.tops[0].shape == (10, 1, 8, 8)
        assert layer.tops[0].data.max() == 16
        layer.close()

    def test_otherwise(self, tmp_path, monkeypatch):
        """Where the source cannot be had, the fall-back takes its place; all rows of it."""
        monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
        declared = self.spec(
            name="data",
            source="dataset:mnist/train",
            otherwise="dataset:digits28/test",
            rows="0:50",
            batch_size=60,
        )
        assert not declared.is_available()
        taken = declared.fall_back
        assert (type(taken), taken.is_available()) == (self.spec, True)
        layer = layer_of(taken)
        layer.forward()
        assert (layer.n_samples, layer.tops[0].shape) == (360, (60, 1, 28, 28))
        layer.close()

    def test_float64(self, tmp_path):
        """In a net of double precision nothing is rounded to single."""
        path = write_h5(tmp_path / "a.h5", data=[1 / 3, 2 / 3])
        spec = self.spec(name="data", source=str(path), batch_size=2, tops=("data",))
        layer = layer_of(spec, dtype="float64")
        layer.forward()
        assert layer.tops[0].data.tolist() == [1 / 3, 2 / 3]
        layer.close()

    def test_not_finite(self, tmp_path):
        """A NaN is named when its batch comes; the batches before are delivered."""
        data = np.ones((10, 2))
        data[6, 1] = np.nan
        path = write_h5(tmp_path / "a.h5", data=data, label=np.arange(10))
        layer = self.layer(path, 2)
        assert labels(layer, 3) == [0, 1, 2, 3, 4, 5]
        for _ in range(2):
            with pytest.raises(DataError, match=r"a\.h5, row 6: a value of 'data' is nan\n"):
                layer.forward()
            assert layer.cursor == 6
        layer.seek(8)
        assert labels(layer, 1) == [8, 9]
        layer.close()
        layer = self.layer(path, 10, check_finite=False)
        layer.forward()
        assert np.isnan(layer.tops[0].data[6, 1])
        layer.close()

    def test_changed_while_read(self, tmp_path):
        """A file that is rewritten during a run is noticed when more of it is read."""
        path = numbered(tmp_path / "a.h5", 0, 1000)
        layer = self.layer(path, 10, buffer_bytes=5000)
        layer.forward()
        path.write_bytes(path.read_bytes() + b"\0")
        with pytest.raises(DataError, match=r"a\.h5 was changed while it was in use"):
            labels(layer, 100)
        layer.close()

    def test_built_for_another_shape(self, tmp_path):
        """Files that do not have the stated shapes are refused when the net is built."""
        path = numbered(tmp_path / "a.h5", 0, 4)
        with pytest.raises(
            DataError,
            match=r"the samples of 'data' are 2, but the net was built for 3×4\n  found in .*a.h5",
        ):
            self.layer(path, 2, shapes={"data": [3, 4], "label": []})

    def test_allocates_no_array(self, tmp_path):
        """After the first batches nothing of a batch's size is allocated."""
        data = np.zeros((512, 3, 32, 32), np.uint8)
        path = write_h5(tmp_path / "a.h5", data=data, label=np.zeros(512))
        layer = self.layer(path, 64, shuffle=True)
        for _ in range(10):
            layer.forward()
        tracemalloc.start()
        for _ in range(20):
            layer.forward()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        layer.close()
        assert peak < 64 * 1024 < data[:64].nbytes
