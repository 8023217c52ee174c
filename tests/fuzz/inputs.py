"""The inputs of the cases: a mutated file for each kind that graphnet reads, as bytes.

An input is a function of the seed and the case's name alone.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import h5py
import numpy as np
from PIL import Image

from graphnet.solver.record import snapshot_file
from tests.fuzz import hdf5_images
from tests.fuzz.mutate_bytes import mutated_bytes
from tests.fuzz.mutate_yaml import ODD_VALUES, mutated_yaml

CIFAR_ROWS = 10  # in a file
_IDX_CODES = ((8, 1), (9, 1), (11, 2), (12, 4), (13, 4), (14, 8))
_CELLS = ("", " ", "nan", "inf", "-1e400", "x", '"', '"a\nb"', "1,2", "é", "9" * 400, "\0", "0x1")


@dataclass(frozen=True)
class Seeds:
    """What is mutated.

    Attributes:
        nets: The texts of ``nets/``.
        solvers: Of ``solvers/``.
        run: The files of a run, by name.
    """

    nets: list[str]
    solvers: list[str]
    run: Mapping[str, bytes]


def yaml_input(rng: Random, seeds: list[str]) -> bytes:
    """A net or a solver."""
    return mutated_yaml(rng, seeds)


def hdf5_input(rng: Random) -> bytes:
    """A data file: damaged, or sound and not as it should be, or both."""
    if rng.random() < 0.5:
        return mutated_bytes(rng, hdf5_images.any_sound(rng))
    found = hdf5_images.odd(rng)
    return mutated_bytes(rng, found) if rng.random() < 0.3 else found


def idx_input(rng: Random) -> bytes:
    """An IDX file, damaged before or after it was gzipped."""
    code, width = rng.choice(_IDX_CODES)
    axes = [rng.randrange(1, 5) for _ in range(rng.randrange(1, 4))]
    header = bytes((0, 0, code, len(axes))) + b"".join(a.to_bytes(4, "big") for a in axes)
    plain = header + rng.randbytes(int(np.prod(axes)) * width)
    match rng.randrange(4):
        case 0:
            return mutated_bytes(rng, plain)
        case 1:
            return mutated_bytes(rng, gzip.compress(plain, mtime=0))
        case 2:
            return gzip.compress(mutated_bytes(rng, plain), mtime=0)
        case _:  # a header that lies
            lie = rng.choice((0, 1, 2**16, 2**31, 2**32 - 1)).to_bytes(4, "big")
            at = 4 + 4 * rng.randrange(len(axes))
            return plain[:at] + lie + plain[at + 4 :]


def npy_input(rng: Random) -> bytes:
    """A ``.npy`` file, damaged or of something else than numbers."""
    dtype = rng.choice(("f4", "f8", ">i4", "u1", "b1", "c8", "S3", "M8[s]", [("a", "f4")], "f2"))
    shape = rng.choice(((4, 3), (4,), (), (0, 3), (1, 2, 3, 4)))
    image = io.BytesIO()
    np.save(image, np.zeros(shape, np.dtype(dtype)), allow_pickle=False)
    content = image.getvalue()
    if rng.random() < 0.4:
        lie = str(rng.choice(((2**62,), (2**31, 2**31), (-1,), (10**30,), "x", (4, 10**9), ())))
        content = content.replace(str(shape).encode(), lie.encode())
        if rng.random() < 0.3:
            content = content.replace(b"'<f4'", b"'|O'").replace(b"False", b"None")
        return content
    return mutated_bytes(rng, content)


def csv_input(rng: Random) -> bytes:
    """A table with odd cells, rows or bytes."""
    n_columns = rng.randrange(1, 5)
    rows = [[str(rng.randrange(9)) for _ in range(n_columns)] for _ in range(rng.randrange(6))]
    if rng.random() < 0.5:
        rows.insert(0, [rng.choice("abcdef") for _ in range(n_columns - 1)] + ["label"])
    for _ in range(rng.randrange(3)):
        if rows:
            row = rng.choice(rows)
            row[rng.randrange(len(row))] = rng.choice(_CELLS)
            if rng.random() < 0.2:
                row.append("1")
    mark = rng.choice((",", ",", ";", "\t", " ", "|"))
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32"))
    content = rng.choice(("\n", "\r\n", "\r")).join(mark.join(row) for row in rows).encode(encoding)
    return mutated_bytes(rng, content) if rng.random() < 0.4 else content


def picture_input(rng: Random) -> bytes:
    """A picture, damaged, or with a header that promises a large one."""
    image = io.BytesIO()
    mode = rng.choice(("RGB", "L", "P", "RGBA", "1", "CMYK"))
    kind = rng.choice(("PNG", "JPEG", "BMP", "GIF", "TIFF", "PPM", "WEBP"))
    allowed = {
        "JPEG": ("RGB", "L", "CMYK"),
        "BMP": ("RGB", "L", "P", "1"),
        "PPM": ("RGB", "L", "1"),
    }
    mode = mode if mode in allowed.get(kind, ("RGB", "L")) else "RGB"
    Image.new(mode, (7, 5)).save(image, kind)
    content = image.getvalue()
    if kind == "PNG" and rng.random() < 0.3:
        size = rng.choice(((0, 5), (2**31 - 1, 2**31 - 1), (12_000, 12_000), (70_000, 1)))
        header = b"IHDR" + b"".join(n.to_bytes(4, "big") for n in size) + content[24:29]
        crc = zlib.crc32(header).to_bytes(4, "big")
        return content[:12] + header + crc + content[33:]
    return mutated_bytes(rng, content)


def cifar_input(rng: Random) -> bytes:
    """CIFAR's archive with files of ten samples; damaged, or with other members."""
    image = io.BytesIO()
    rows = b"".join(bytes([i % CIFAR_ROWS]) + bytes(3072) for i in range(CIFAR_ROWS))
    with tarfile.open(fileobj=image, mode="w") as archive:
        for name in ("train.bin", "test.bin"):
            content = mutated_bytes(rng, rows) if rng.random() < 0.3 else rows
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            if rng.random() < 0.1:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
    plain = image.getvalue()
    if rng.random() < 0.5:
        return gzip.compress(mutated_bytes(rng, plain), mtime=0)
    return mutated_bytes(rng, gzip.compress(plain, mtime=0))


def listing_input(rng: Random) -> bytes:
    """A text that should name HDF5 files."""
    good = "sound.h5"
    lines = [
        rng.choice((good, good, "nowhere.h5", ".", "/", "~", "", "\0", "x" * 5000, "é", "*.h5"))
        for _ in range(rng.randrange(4))
    ]
    content = "\n".join(lines).encode()
    return mutated_bytes(rng, content) if rng.random() < 0.3 else content


def snapshot_input(rng: Random, run: Mapping[str, bytes]) -> bytes:
    """A run's snapshot after damage."""
    return mutated_bytes(rng, run["snapshot"])


def forged_input(rng: Random, run: Mapping[str, bytes]) -> bytes:
    """A snapshot that is not as it should be and has the checksum of what it is."""
    n = snapshot_file.HEADER_BYTES
    whole = run["snapshot"]
    body = mutated_bytes(rng, whole[n:]) if rng.random() < 0.4 else _forged(rng, whole)[n:]
    begin = whole[: whole.index(b"sha256 ")]
    line = begin + b"sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n"
    return line.ljust(n, b"\0") + body


def _forged(rng: Random, whole: bytes) -> bytes:
    """Another meta, text or array, or an object that is none of these."""
    image = io.BytesIO(whole)
    with h5py.File(image, "r+") as file:
        names = ["meta", "net.yaml", "solver.yaml"]
        for group in ("params", "state", "history", "statistics"):
            file[group].visititems(
                lambda name, node, group=group: (
                    names.append(f"{group}/{name}") if isinstance(node, h5py.Dataset) else None
                )
            )
        name = rng.choice(names)
        text = file[name][()]
        del file[name]
        if isinstance(text, bytes) and rng.random() < 0.8:
            changed = _changed_json(rng, text) if name == "meta" else mutated_bytes(rng, text)
            kind = h5py.string_dtype(rng.choice(("utf-8", "ascii")), max(len(changed), 1))
            file.create_dataset(name, data=np.array(changed, kind), track_times=False)
        elif rng.random() < 0.8:
            hdf5_images.add_oddity(rng, file, name)
    return image.getvalue()


def _changed_json(rng: Random, text: bytes) -> bytes:
    """Another value somewhere in what was JSON."""
    tree = json.loads(text)
    for _ in range(rng.choice((1, 1, 2))):
        holder: Any = tree
        key = rng.choice(sorted(holder))
        while isinstance(holder[key], dict) and holder[key] and rng.random() < 0.8:
            holder = holder[key]
            key = rng.choice(sorted(holder))
        holder[key] = rng.choice(ODD_VALUES)
    return json.dumps(tree).encode()


def run_input(rng: Random, content: bytes) -> bytes:
    """One of the texts of a run's directory, damaged or with odd values."""
    lines = content.splitlines(keepends=True)
    if rng.random() < 0.5:
        return mutated_bytes(rng, content)
    odd = rng.choice(
        (
            *('{"iter": 1e999, "key": "x", "value": 1}\n', '{"iter": null}\n', "[]\n", "1\n"),
            *("[" * 100_000 + "\n", '{"iter": 1, "key": [], "value": "x"}\n', "9" * 5000 + "\n"),
            *('{"iter": 1, "key": "x", "value": 1' + "0" * 5000 + "}\n", '{"data": {"data": []}}'),
        )
    )
    lines.insert(rng.randrange(len(lines) + 1), odd.encode())
    return b"".join(lines)


#: What each kind of data file is called, and how it is made.
DATA_FILES: Mapping[str, tuple[str, Callable[[Random], bytes]]] = {
    "hdf5": ("fuzzed.h5", hdf5_input),
    "idx": ("fuzzed.idx", idx_input),
    "npy": ("fuzzed.npy", npy_input),
    "csv": ("fuzzed.csv", csv_input),
    "picture": ("fuzzed.png", picture_input),
    "cifar": ("cifar-10-binary.tar.gz", cifar_input),
    "listing": ("fuzzed.txt", listing_input),
}
