"""The sink for a file; what they write is tested beside this, and in tests/cli/test_predict.py."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphnet as gn
from graphnet.inference.sinks.arrays import HDF5Sink, NpySink
from graphnet.inference.sinks.opening import check_ending, open_sink
from graphnet.inference.sinks.texts import TextSink


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("o.h5", HDF5Sink),
        ("o.HDF5", HDF5Sink),
        ("o.npy", NpySink),
        ("o.csv", TextSink),
        ("o.tsv", TextSink),
        ("o.jsonl", TextSink),
        ("o.ndjson", TextSink),
    ],
)
def test_by_the_ending_of_the_name(tmp_path, name, kind):
    """In any case; nothing is left of a sink that is not finished."""
    sink = open_sink(tmp_path / name, {"y": (3,)}, None, 1)
    assert isinstance(sink, kind)
    sink.discard()
    assert not list(tmp_path.iterdir())


def test_what_a_file_cannot_hold(tmp_path):
    """Said before anything is computed."""
    with pytest.raises(gn.SpecError, match=r"o.txt: unknown kind of file"):
        check_ending(Path("o.txt"))
    with pytest.raises(gn.SpecError, match=r"o.npy: a .npy file holds one array, .* gives a, b\n"):
        open_sink(tmp_path / "o.npy", {"a": (), "b": ()}, None, 1)
    with pytest.raises(gn.SpecError, match="blob 'a/b' would lie within blob 'a'"):
        open_sink(tmp_path / "o.h5", {"a": (), "a/b": ()}, None, 1)
