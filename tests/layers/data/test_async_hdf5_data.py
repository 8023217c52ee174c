"""AsyncHDF5Data: the common behaviour, and a thread that disturbs nothing."""

import threading
import time

import numpy as np
import pytest
from support.data_layers import labels, layer_of, numbered, write_h5
from support.hdf5_conformance import Conformance

from graphnet.errors import DataError, SpecError
from graphnet.layers.data.async_hdf5_data import AsyncHDF5Data
from graphnet.layers.data.hdf5_data import HDF5Data

AUGMENTED = {"data": ["RandomMirror", {"type": "RandomShift", "shift": 2}]}


def readers():
    return [t for t in threading.enumerate() if t.name.startswith("graphnet data")]


class TestConformance(Conformance):
    """The common behaviour."""

    spec = AsyncHDF5Data


@pytest.fixture
def images(tmp_path):
    """100 numbered images in a compressed file."""
    data = np.random.default_rng(0).random((100, 1, 6, 6))
    options = {"compression": "gzip", "chunks": True}
    return write_h5(tmp_path / "a.h5", options, data=data, label=np.arange(100))


def delivered(spec, pauses):
    """All batches, with a pause before each."""
    layer, found = layer_of(spec), []
    for pause in pauses:
        time.sleep(pause)
        layer.forward()
        found += [(top.data.tobytes(), layer.context.n_valid) for top in layer.tops]
    layer.close()
    return found


@pytest.mark.parametrize("buffer_bytes", [1 << 20, 60_000])
def test_timing_changes_nothing(images, buffer_bytes):
    """Shuffled and augmented batches are those of HDF5Data, whatever depth and timing."""
    keys = {
        "name": "data",
        "source": str(images),
        "batch_size": 7,
        "shuffle": True,
        "transformers": AUGMENTED,
        "buffer_bytes": buffer_bytes,
    }
    expected = delivered(HDF5Data(**keys), [0] * 40)
    pauses = np.random.default_rng(1).choice([0, 0, 0.003], 40)
    for prefetch in (1, 2, 6):
        assert delivered(AsyncHDF5Data(**keys, prefetch=prefetch), pauses) == expected


def in_a_thread(source, **keys):
    """A layer of batches of 10 that are not all in memory, so that a thread makes them."""
    return layer_of(
        AsyncHDF5Data(name="data", source=str(source), batch_size=10, buffer_bytes=800, **keys)
    )


def test_small_batches_in_memory(tmp_path):
    """What is made quicker than it is handed over needs no thread."""
    path = numbered(tmp_path / "a.h5", 0, 100)
    layer = layer_of(AsyncHDF5Data(name="data", source=str(path), batch_size=10))
    assert labels(layer, 3) == list(range(30))
    assert readers() == []
    layer.seek(95)
    assert labels(layer, 1) == [*range(95, 100), *range(5)]
    layer.close()


@pytest.mark.parametrize(
    ("keys", "is_in_thread"),
    [
        (
            {
                "transformers": {
                    "data": [{"type": "Scale", "scale": 2}, {"type": "SubMean", "mean": 1}]
                }
            },
            False,
        ),
        ({"transformers": AUGMENTED}, True),
        ({"batch_size": 1000}, True),
    ],
)
def test_thread_where_it_is_worth_it(images, keys, is_in_thread):
    """Large and randomly moved batches are made by a thread."""
    layer = layer_of(AsyncHDF5Data(name="data", source=str(images), **{"batch_size": 10, **keys}))
    layer.forward()
    assert bool(readers()) == is_in_thread
    layer.close()


def test_thread_ends_with_the_layer(tmp_path):
    """The thread starts with the first batch, and is gone after close and after seek."""
    layer = in_a_thread(numbered(tmp_path / "a.h5", 0, 100))
    assert readers() == []
    layer.forward()
    assert [t.name for t in readers()] == ["graphnet data 'data'"]
    layer.seek(0)
    assert readers() == []
    layer.forward()
    layer.close()
    assert readers() == []


def test_reads_ahead(tmp_path):
    """The next batches are made while nobody asks for them."""
    path = numbered(tmp_path / "a.h5", 0, 100)
    layer = in_a_thread(path, prefetch=3)
    layer.forward()
    deadline = time.monotonic() + 5
    while layer._batches.cursor < 40 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert (layer.cursor, layer._batches.cursor) == (10, 40)
    assert labels(layer, 3) == list(range(10, 40))
    layer.close()


def test_failure_in_the_thread(images):
    """What goes wrong in the thread is raised in the caller's, with file and rows."""
    layer = layer_of(AsyncHDF5Data(name="data", source=str(images), batch_size=1000))
    images.unlink()
    with pytest.raises(DataError, match=r"cannot read .*a\.h5: No such file"):
        layer.forward()
    layer.close()


def test_batches_kept_ready_are_few():
    """Each takes memory that no plan knows of."""
    keys = {"name": "data", "source": "dataset:iris/train", "batch_size": 4}
    with pytest.raises(SpecError, match="at most 64"):
        AsyncHDF5Data(prefetch=65, **keys)
    assert AsyncHDF5Data(prefetch=64, **keys).prefetch == 64
