"""Files of weights that other programs have written: which format one is, by its first bytes."""

from __future__ import annotations

from pathlib import Path

#: As many bytes as are looked at.
BEGINNING = 512
_JULIA = b"Julia data file (HDF5)"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TORCH_MARK = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
_LONGEST_HEADER = 1 << 30


def foreign_format(path: Path, begin: bytes) -> str:
    """``safetensors``, ``npz``, ``torch``, ``mocha`` or ``caffe``; blank for what is none of them.

    Args:
        path: The file, whose ending tells what its bytes do not.
        begin: Its first bytes.
    """
    if begin.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path, begin)
    if _TORCH_MARK in begin[:32]:
        return "torch"
    if begin[8:9] == b"{" and int.from_bytes(begin[:8], "little") < _LONGEST_HEADER:
        return "safetensors"
    if begin.startswith((_HDF5, _JULIA)):
        return "mocha"
    return "caffe" if path.suffix == ".caffemodel" else ""


def _kind_of_zip(path: Path, begin: bytes) -> str:
    """Of a zip archive, by the name of its first file."""
    length = int.from_bytes(begin[26:28], "little")
    name = begin[30 : 30 + length]
    if name.endswith(b".npy"):
        return "npz"
    if name.endswith((b"/data.pkl", b"/byteorder", b"/version")):
        return "torch"
    return {".npz": "npz", ".pt": "torch", ".pth": "torch"}.get(path.suffix, "")


def import_command(path: Path, begin: bytes) -> str:
    """A line that says how it is brought in, or nothing."""
    name = foreign_format(path, begin)
    if not name:
        return ""
    if name == "caffe":
        return f"it is Caffe's: graphnet import caffe {path} -o DIR"
    what = {
        "safetensors": "a safetensors file",
        "npz": "an .npz file",
        "torch": "PyTorch's",
        "mocha": "HDF5, such as Mocha writes",
    }[name]
    return f"it is {what}: graphnet import {name} NET --weights {path} -o DIR"
