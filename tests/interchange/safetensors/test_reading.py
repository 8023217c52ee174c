"""safetensors files: what is in them, and headers that lie."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support import weight_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.safetensors import reading
from graphnet.interchange.safetensors.reading import read_safetensors

TWO = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def written(tmp_path, data):
    path = tmp_path / "m.safetensors"
    path.write_bytes(data)
    return path


def test_arrays_of_all_types(tmp_path):
    """Floats are read, bfloat16 as float32; whole numbers are there and no floats."""
    values = {
        "a": ("F32", np.arange(6, dtype="<f4").reshape(2, 3)),
        "b": ("F64", np.arange(2, dtype="<f8") / 3),
        "c": ("F16", np.arange(3, dtype="<f2")),
        "d": ("I64", np.arange(2, dtype="<i8")),
        "e": ("BOOL", np.array(True)),
        "f": ("F32", np.zeros((0, 3), "<f4")),
    }
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (kind, array) in values.items():
        span = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": span}
        data += array.tobytes()
    brain = np.array([1.0, -2.5, 3e38], "f4")
    header["g"] = {"dtype": "BF16", "shape": [3], "data_offsets": [len(data), len(data) + 6]}
    data += (brain.view("u4") >> 16).astype("<u2").tobytes()
    file = read_safetensors(written(tmp_path, made.safetensors(header, data)))
    assert list(file.arrays) == [*values, "g"]
    assert not file.in_order  # the library sorts the names
    for name, (_, array) in values.items():
        found = file.arrays[name]
        assert (found.shape, found.is_float) == (array.shape, name not in "de")
        assert np.array_equal(found.read(), array)
        assert found.read().dtype == array.dtype
    found = file.arrays["g"]
    assert (found.dtype, found.read().dtype) == ("bfloat16", np.float32)
    assert np.array_equal(found.read()[:2], brain[:2])
    assert found.read()[2] == pytest.approx(3e38, rel=1e-2)


def entry(**changes):
    return {"a": TWO | changes}


EIGHT = bytes(8)
LIES = {
    "nothing": (b"", "is empty"),
    "too short": (b"\x01\0\0", "the length of its header ends beyond the file"),
    "no brace": (made.safetensors(b"[1]"), "is no safetensors file"),
    "a length beyond the file": (b"\xff" * 8 + b"{}", "is no safetensors file"),
    "a negative length": (b"\0" * 7 + b"\x80{}", "is no safetensors file"),
    "a header beyond the file": (b"\xff\x01" + bytes(6) + b'{"a": 1', "its header ends beyond"),
    "no JSON": (made.safetensors(b'{"a": '), "its header is no JSON"),
    "no text": (made.safetensors(b'{"\xff": 1}'), "its header is no JSON"),
    "a deep header": (made.safetensors(b'{"a":' + b"[" * 100_000), "is no JSON: it is nested"),
    "a number of a million digits": (
        made.safetensors(b'{"a":' + b"1" * 1_000_000 + b"}"),
        "its header is no JSON",
    ),
    "a name twice": (made.safetensors(b'{"a":1,"a":1}'), "'a' is twice in its header"),
    "a key twice": (made.safetensors(b'{"a":{"dtype":1,"dtype":2}}'), "'dtype' is twice"),
    "no dict": (made.safetensors({"a": [1]}, EIGHT), "expected dtype, shape and data_offsets"),
    "a key too many": (made.safetensors(entry(more=1), EIGHT), "expected dtype, shape and"),
    "no type": (made.safetensors(entry(dtype="F31"), EIGHT), "unknown type: the text 'F31'"),
    "a type that is none": (made.safetensors(entry(dtype=[1]), EIGHT), "unknown type"),
    "a shape that is none": (made.safetensors(entry(shape=2), EIGHT), "is no shape"),
    "a negative shape": (made.safetensors(entry(shape=[-2]), EIGHT), "is no shape"),
    "a shape of true": (made.safetensors(entry(shape=[True, 2]), EIGHT), "is no shape"),
    "a shape of parts": (made.safetensors(entry(shape=[2.0]), EIGHT), "is no shape"),
    "33 axes": (made.safetensors(entry(shape=[1] * 32 + [2]), EIGHT), "is no shape"),
    "a huge shape": (made.safetensors(entry(shape=[2**40, 2**40]), EIGHT), "which takes"),
    "offsets that are none": (made.safetensors(entry(data_offsets=8), EIGHT), "are no offsets"),
    "three offsets": (made.safetensors(entry(data_offsets=[0, 8, 8]), EIGHT), "are no offsets"),
    "offsets backwards": (made.safetensors(entry(data_offsets=[8, 0]), EIGHT), "are no offsets"),
    "an end beyond": (made.safetensors(entry(), bytes(7)), "ends 1 bytes beyond the file"),
    "too few bytes": (made.safetensors(entry(shape=[1]), EIGHT), "takes 4 bytes, and 8 are"),
    "bytes at the end": (made.safetensors(entry(), bytes(9)), "the last 1 bytes are no array's"),
    "a hole": (
        made.safetensors(entry(data_offsets=[4, 12]), bytes(12)),
        "4 bytes before array 'a' are no array's",
    ),
    "an overlap": (
        made.safetensors({"a": TWO, "b": TWO | {"data_offsets": [4, 12]}}, bytes(12)),
        "arrays 'a' and 'b' lie on the same bytes",
    ),
    "the same bytes twice": (
        made.safetensors({"a": TWO, "b": TWO}, EIGHT),
        "arrays 'a' and 'b' lie on the same bytes",
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_wrong_is_said(what, tmp_path):
    """With the file, what is wrong, and what to do."""
    data, said = LIES[what]
    with pytest.raises(SnapshotError, match=re.escape(said)) as found:
        read_safetensors(written(tmp_path, data))
    assert str(found.value).startswith(str(tmp_path / "m.safetensors"))
    assert "\n  " in str(found.value)


def test_the_header_is_bounded(tmp_path, monkeypatch):
    """A longer one than any model needs is not parsed."""
    monkeypatch.setattr(reading, "MOST_HEADER", 100)
    with pytest.raises(SnapshotError, match="its header has 200 bytes, more than 100"):
        read_safetensors(written(tmp_path, made.safetensors(b"{" + b" " * 198 + b"}")))


def test_changed_and_cut_files(tmp_path):
    """400 of them: an error in words, or arrays."""
    header = {"__metadata__": {"a": "b"}, "a": TWO,
              "b": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]}}  # fmt: skip
    data = made.safetensors(header, bytes(range(12)))
    made.check_changed(data, tmp_path / "m.safetensors", read_safetensors, 400)
