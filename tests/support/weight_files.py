"""Files of weights for tests, put together byte by byte: zip archives, pickles, safetensors."""

from __future__ import annotations

import io
import json
import random
import struct
import tarfile
import zipfile
from math import prod
from pathlib import Path

from graphnet.errors import SnapshotError

_MOST_READ = 1_000_000  # numbers: a changed length may tell of more than is worth a test's time

#: Files that a real PyTorch has written; see make_files.py beside their folder.
TORCH_FILES = Path(__file__).parents[1] / "interchange" / "torch" / "files"

NET = {
    "name": "n",
    "layers": [
        {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [1, 4, 4]}, "tops": ["x"]},
        {"name": "conv", "type": "Convolution", "n_filter": 2, "kernel": 3, "neuron": "ReLU",
         "bottoms": ["x"], "tops": ["c"]},
        {"name": "bn", "type": "BatchNorm", "bottoms": ["c"], "tops": ["b"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["b"], "tops": ["y"]},
    ],
}  # fmt: skip
#: The params of that net, in its order, and their shapes.
SHAPES = {
    "conv/filter": (2, 1, 3, 3),
    "conv/bias": (2,),
    "bn/scale": (2,),
    "bn/bias": (2,),
    "bn/mean": (2,),
    "bn/variance": (2,),
    "ip/weight": (3, 8),
    "ip/bias": (3,),
}


def zipped(files, method=zipfile.ZIP_STORED):
    """A zip archive's bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def torch_zip(pickled, storages=None, name="m", **more):
    """A file of PyTorch's with this pickle and these storages, by key."""
    files = {f"{name}/data.pkl": pickled, f"{name}/byteorder": b"little"}
    files |= {f"{name}/data/{key}": data for key, data in (storages or {}).items()}
    return zipped(files | {f"{name}/{key}": data for key, data in more.items()})


def safetensors(header, data=b""):
    """A safetensors file's bytes; ``header`` may be text of one's own."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def pickled(*operations):
    """A pickle of protocol 2 of these operations."""
    return b"\x80\x02" + b"".join(operations) + b"."


def text(value):
    """The operation that pushes a text."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def name(module, word):
    """The operation that pushes what a name stands for."""
    return b"c" + f"{module}\n{word}\n".encode()


def number(value):
    """The operation that pushes a whole number."""
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values):
    """The operations that push a tuple of whole numbers."""
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key="0", kind="FloatStorage", count=4, word="storage", more=b""):
    """The operations that push a storage."""
    return (
        b"(" + text(word) + name("torch", kind) + text(key) + text("cpu") + number(count) + more
    ) + b"tQ"


def tensor(of=None, first=0, shape=(4,), strides=(1,)):
    """The operations that push a tensor."""
    hooks = name("collections", "OrderedDict") + b")R"
    args = (of or storage()) + number(first) + numbers(shape) + numbers(strides) + b"\x89" + hooks
    return name("torch._utils", "_rebuild_tensor_v2") + b"(" + args + b"tR"


def state_dict(**tensors):
    """The operations that push a dict of texts and what these operations push."""
    return b"}(" + b"".join(text(key) + value for key, value in tensors.items()) + b"u"


def changed(data, seed):
    """The bytes with a few changes, the same for each seed."""
    rng, made = random.Random(seed), bytearray(data)  # noqa: S311
    for _ in range(rng.choice((1, 1, 2, 4))):
        if not made:
            break
        at, how = rng.randrange(len(made)), rng.randrange(7)
        if how == 0:
            made[at] = rng.randrange(256)
        elif how == 1:
            made[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            del made[at : at + rng.choice((1, 2, 8, 100))]
        elif how == 3:
            del made[at:]
        elif how == 4:
            made[at:at] = rng.randbytes(rng.choice((1, 4, 16)))
        elif how == 5:
            made[at : at + 4] = rng.choice((b"\xff" * 4, b"\xff" * 8, b"\0" * 4, b"\0\0\0\x80"))
        else:
            made += made[at : at + 200]
    return bytes(made)


def torch_tar(value, storages, tensors, views=b"]", folder=""):
    """A file as PyTorch wrote it before 0.1.10: a tar archive of three rows of pickles.

    Args:
        value: The operations that push the object.
        storages: ``(key, kind, count, bytes)`` of each.
        tensors: ``(key, key of its storage, sizes, strides, first)`` of each.
        views: The operations that push the list of storages that are parts of others.
        folder: Before the names of the three files.
    """
    rows = pickled(number(len(storages)))
    for key, kind, count, data in storages:
        said = b"(" + number(key) + text("cpu") + name("torch", kind) + b"t"
        rows += pickled(said) + struct.pack("<q", count) + data
    rows += pickled(views)
    kinds = pickled(number(len(tensors)))
    for key, of, sizes, strides, first in tensors:
        kinds += pickled(b"(" + number(key) + number(of) + name("torch", "FloatTensor") + b"t")
        kinds += struct.pack("<ii", len(sizes), 0)
        kinds += struct.pack(f"<{2 * len(sizes) + 1}q", *sizes, *strides, first)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        files = {"sys_info": pickled(b"}"), "pickle": pickled(value), "tensors": kinds}
        for called, data in (files | {"storages": rows}).items():
            info = tarfile.TarInfo(folder + called)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def persistent(key):
    """The operations that push what a key stands for in such a file."""
    return text(str(key)) + b"Q"


def check_changed(data, path, read, n=300):
    """See that changed bytes give an error in words, that names the file, or whole arrays.

    Args:
        data: A good file's.
        path: Where they are written to.
        read: Reads a file of weights.
        n: How often.
    """
    outcomes = set()
    for seed in range(n):
        path.write_bytes(changed(data, seed))
        try:
            for array in read(path).arrays.values():
                if prod(array.shape) < _MOST_READ:
                    assert array.read().shape == array.shape
            outcomes.add("read")
        except SnapshotError as error:
            outcomes.add("refused")
            assert str(error).startswith(str(path))  # noqa: PT017  # of those that are refused
    assert outcomes == {"read", "refused"}
