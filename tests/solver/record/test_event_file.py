"""Event files, read back by a reader of the test's own and by TensorBoard's."""

from __future__ import annotations

import math
import os
import struct

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.solver.record.event_file import (
    EventFile,
    GraphNode,
    crc32c,
    histogram,
    image,
    masked,
    record,
    scalar,
)


def test_checksums_are_castagnolis():
    """The check value of the algorithm, and vectors of RFC 3720."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(b"") == 0
    assert masked(0) == 0xA282EAD8


def messages(path):
    """The messages of a file, each checksum seen to be right."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert check == masked(crc32c(data[at : at + 8]))
        message = data[at + 12 : at + 12 + length]
        assert len(message) == length
        (check,) = struct.unpack_from("<I", data, at + 12 + length)
        assert check == masked(crc32c(message))
        yield message
        at += 16 + length


def test_a_file_begins_with_its_version_and_its_start(tmp_path):
    """And is made of whole records."""
    file = EventFile(tmp_path / "new" / "folder", 7)
    file.add(7, [scalar("a", 1.5)])
    file.add(8, [])
    file.close()
    first, second, third = messages(file.path)
    assert b"brain.Event:2" in first
    assert second.endswith(b"\x10\x07\x3a\x02\x08\x01")  # step 7, SessionLog.START
    assert third.endswith(b"\x0a\x08\x0a\x01a\x15" + struct.pack("<f", 1.5))


def test_files_are_read_in_the_order_they_were_made(tmp_path):
    """By their names, also where the clock went back."""
    (tmp_path / "events.out.tfevents.9999999999.graphnet.000000").touch()
    made = [EventFile(tmp_path, 0) for _ in range(3)]
    for file in made:
        file.close()
    assert [file.path for file in made] == sorted(tmp_path.iterdir())[1:]


def test_where_it_cannot_be_written(tmp_path):
    """The message names the place."""
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match="file"):
        EventFile(tmp_path / "file", 0)


def test_a_histogram_of_nothing_finite_is_nothing():
    """NaN has no place on an axis."""
    assert histogram("h", np.array([np.nan, np.inf])) == b""


def test_a_record_is_its_length_and_checksums():
    """As TFRecord has it."""
    assert len(record(b"abc")) == 8 + 4 + 3 + 4


def test_tensorboard_reads_the_same(tmp_path):
    """Numbers that are not finite or beyond float32, histograms, pictures, the graph."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="needs the extra tensorboard-check",
    )
    values = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    file = EventFile(tmp_path, 0)
    file.add_graph([GraphNode("a", "Data"), GraphNode("b/c", "Softmax", ("a",))])
    numbers = {-0.0: -0.0, 1e300: math.inf, math.nan: math.nan, 2.5: 2.5}
    for step, value in enumerate(numbers):
        file.add(step * 10**10, [scalar("größe→", value)])
    file.add(3, [histogram("h", values), image("i", pixels), image("grey", pixels[..., 0])])
    file.close()
    found = accumulator.EventAccumulator(str(tmp_path), {"images": 0, "histograms": 0})
    found.Reload()
    scalars = [(event.step, event.value) for event in found.Scalars("größe→")]
    assert [step for step, _ in scalars] == [0, 10**10, 2 * 10**10, 3 * 10**10]
    np.testing.assert_array_equal([value for _, value in scalars], list(numbers.values()))
    (made,) = [event.histogram_value for event in found.Histograms("h")]
    assert (made.num, made.min, made.max) == (200, values.min(), values.max())
    assert made.sum == pytest.approx(values.sum(dtype=np.float64))
    assert sum(made.bucket) == 200
    assert made.bucket_limit[-1] == pytest.approx(float(values.max()))
    assert [(e.width, e.height) for e in found.Images("i")] == [(5, 4)]
    nodes = {node.name: node for node in found.Graph().node}
    assert (nodes["b/c"].op, list(nodes["b/c"].input)) == ("Softmax", ["a"])


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("moved")),
        lambda path: os.truncate(path, 10),
    ],
)
def test_a_file_that_is_no_longer_whole(tmp_path, change):
    """Whoever writes to it can ask."""
    file = EventFile(tmp_path, 0)
    assert file.is_whole
    file.add(1, [scalar("loss", 0.5)])
    file.flush()
    assert file.is_whole
    change(file.path)
    assert not file.is_whole
    file.close()
