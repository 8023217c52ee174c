"""Caffe's wire format: every way to write numbers, and files that are cut short or damaged."""

import re

import numpy as np
import pytest
from support import caffe_files as made

from graphnet.errors import SnapshotError
from graphnet.interchange.caffe.files.wire_format import parse_wire, read_wire

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def numbers(how):
    net = parse_wire(made.model(made.layer("a", "X", blobs=[made.blob(VALUES, how)])), "f",
                     "NetParameter")  # fmt: skip
    blob = net["layer"][0]["blobs"][0]
    return (blob["double_data"] or blob["data"]).array()


@pytest.mark.parametrize("how", ["packed", "unpacked", "double", "runs", "legacy"])
def test_numbers(how):
    """Packed, one by one, in several runs, in double precision."""
    assert np.array_equal(numbers(how), VALUES.reshape(-1))


def test_many_numbers_one_by_one_are_read_in_one_go():
    """And end where another field begins."""
    many = np.arange(5000, dtype=np.float32)
    blob = parse_wire(made.blob(many, "unpacked") + made.number(1, 7), "f", "BlobProto")
    assert np.array_equal(blob["data"].array(), many)
    assert len(blob["data"].runs) == 1
    assert blob["num"] == 7


def test_numbers_are_not_copied():
    """They are views of the file."""
    content = made.blob(VALUES)
    found = parse_wire(content, "f", "BlobProto")["data"].array()
    assert np.shares_memory(found, np.frombuffer(content, np.uint8))


def test_fields():
    """Texts, negative numbers, enumerations, messages given twice, fields of other forks."""
    state = made.data(6, made.number(1, 0)) + made.data(6, made.number(2, -3))
    net = parse_wire(state + made.number(999, 5) + made.data(998, b"x"), "f", "NetParameter")
    assert (net["state"]["phase"], net["state"]["level"]) == ("TRAIN", -3)
    param = parse_wire(made.real(3, 0.1) + made.number(2, 9), "f", "ParamSpec")
    assert param["lr_mult"] == 0.1
    assert param["share_mode"] == "STRICT"  # 9 is no name: as if it were absent


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x0a\x05ab", "at byte 1 a value of 5 bytes begins, but 2 are left"),
        (b"\x0a\xff\xff\xff\xff\x0f", "a value of 4,294,967,295 bytes begins, but 0 are left"),
        (b"\x0a" + b"\xff" * 10, "at byte 1 a number has no end"),
        (b"\x00", "at byte 0 a field has the number 0"),
        (b"\x0b", "at byte 1 a value is of the unknown kind 3"),
        (
            made.data(100, made.data(7, made.data(5, b"abc"))),
            "the 3 bytes of 'data' break a number",
        ),
    ],
)
def test_damaged(content, said):
    """Where, and what; nothing is allocated by a length that is not there."""
    with pytest.raises(SnapshotError, match=re.escape(said)) as error:
        parse_wire(content, "m.caffemodel", "NetParameter")
    assert str(error.value).startswith("m.caffemodel: is no whole file of Caffe's")


def test_every_cut_and_many_changes():
    """Whatever the bytes are: a message, or an error in words."""
    blobs = [made.blob(VALUES, how) for how in ("packed", "unpacked", "double", "legacy")]
    whole = made.model(made.layer("a", "X", ["b"], ["c"], blobs, made.real(5, 1.0)))
    draw = np.random.default_rng(7)
    contents = [whole[:n] for n in range(len(whole))]
    for _ in range(2000):
        changed = bytearray(whole)
        for i in draw.integers(len(changed), size=draw.integers(1, 5)):
            changed[i] = draw.integers(256)
        contents.append(bytes(changed))
    for content in contents:
        try:
            parse_wire(content, "m", "NetParameter")
        except SnapshotError:
            continue


def test_files(tmp_path):
    """An empty file is an empty message; a missing one is said to be."""
    (tmp_path / "e").write_bytes(b"")
    assert read_wire(tmp_path / "e", "NetParameter").values == {}
    with pytest.raises(SnapshotError, match="there is no such file"):
        read_wire(tmp_path / "x", "NetParameter")
