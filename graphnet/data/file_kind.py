"""What kind a file is that is not HDF5, told by its first bytes, and how it becomes HDF5."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from graphnet.data.text_file import encoding_of, is_text

SIGNATURE = b"\x89HDF\r\n\x1a\n"
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm"})
TABLES = frozenset({".csv", ".tsv", ".tab"})

_UNPACK = "unpack it: {} {{path}}"
_PACK = (
    "make an HDF5 file of it: graphnet data pack {} --to {{folder}}\n"
    "  then: source: {{folder}}/train.h5"
)
_PICTURE = _PACK.format("FOLDER")
# By the first bytes: what it is, and what to do. The longer beginning comes first.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "is packed with gzip", _UNPACK.format("gunzip")),
    (b"BZh", "is packed with bzip2", _UNPACK.format("bunzip2")),
    (b"\xfd7zXZ\0", "is packed with xz", _UNPACK.format("unxz")),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd", _UNPACK.format("unzstd")),
    (b"PK", "is a zip archive", "unpack it; of an .npz, pack each array: graphnet data pack -h"),
    (
        b"MATLAB 5.0",
        "is a MATLAB file of before version 7.3, which is not HDF5",
        "in MATLAB: save(file, '-v7.3'), with the samples as the last axis: HDF5 reverses them",
    ),
    (b"CDF", "is a classic netCDF file, which is not HDF5", "convert it: nccopy -k nc4 IN OUT"),
    (b"\x0e\x03\x13\x01", "is an HDF4 file, not HDF5", "convert it: h4toh5 IN OUT"),
    (b"\x93NUMPY", "is a NumPy file", _PACK.format("data={path} label=LABELS.npy")),
    (b"\0\0\x08", "is an IDX file", _PACK.format("data={path} label=LABELS")),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file", "get it: git lfs pull"),
    (b"\x89PNG", "is a picture", _PICTURE),
    (b"\xff\xd8\xff", "is a picture", _PICTURE),
    (b"GIF8", "is a picture", _PICTURE),
    (b"II*\0", "is a picture", _PICTURE),
    (b"MM\0*", "is a picture", _PICTURE),
    (b"PAR1", "is a Parquet file", "write it as a .csv or .npy, then: graphnet data pack -h"),
    (b"SQLite format 3", "is an SQLite database", "write the table as a .csv file"),
    (b"\x80\x02", "is a pickle", "save its arrays with numpy.save; pickles are never opened"),
    (b"\x80\x04", "is a pickle", "save its arrays with numpy.save; pickles are never opened"),
    (b"\x80\x05", "is a pickle", "save its arrays with numpy.save; pickles are never opened"),
)
_EXPECTED = "expected an HDF5 file with one data set for each top"


def what_else(path: Path, begin: bytes) -> str:
    """A message that a file is not HDF5: what it is, and how it becomes HDF5."""
    what, cure = kind(path, begin)
    made = path.with_suffix("") if path.suffix else path.with_name(f"{path.name}-packed")
    quoted, folder = shlex.quote(str(path)), shlex.quote(str(made))
    return f"{path} {what or 'is not an HDF5 file'}\n  {cure.format(path=quoted, folder=folder)}"


def kind(path: Path, begin: bytes) -> tuple[str, str]:
    """What a file is, blank if its first bytes do not tell, and how it becomes HDF5."""
    if not begin:
        return "is empty (0 bytes)", _EXPECTED
    for start, what, cure in _BEGINNINGS:
        if begin.startswith(start):
            return what, cure
    if is_table(path, begin):
        return "is a table of text", _PACK.format("{path}")
    if re.match(rb"\s*<(!doctype|html)", begin, re.IGNORECASE):
        return "is a web page", "the download went wrong: get it again"
    return "is a text, not an HDF5 file" if is_text(begin) else "", _EXPECTED


def is_table(path: Path, begin: bytes) -> bool:
    """Whether a file is a table of text by its name, or by its first lines."""
    if not is_text(begin):
        return False
    if path.suffix.lower() in TABLES:
        return True
    lines = begin.decode(encoding_of(begin), "replace").splitlines()[:-1] or [""]
    return any(
        all(len(re.findall(mark, line)) == len(re.findall(mark, lines[0])) > 0 for line in lines)
        and all(re.search(r"\d", line) for line in lines[1:])
        for mark in ("\t", ";", ",")
    )
