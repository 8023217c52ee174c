"""Data layers: Input, HDF5, pictures and databases, and what is done to samples on their way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import shape_text
from graphnet.errors import DataError, SnapshotError
from graphnet.files.reading import read_regular
from graphnet.interchange.caffe.databases.datum import listed_pictures
from graphnet.interchange.caffe.databases.datum import samples as lmdb_samples
from graphnet.interchange.caffe.databases.lmdb_file import is_lmdb
from graphnet.interchange.caffe.databases.pictures import Channels
from graphnet.interchange.caffe.files.blobs import read_blob_file
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import LayerDict, Made, Reader

#: Numbers that are written into a net.
_MOST_WRITTEN = 10_000


def input_layer(r: Reader) -> Made:
    """Input: one layer for all tops of as many rows."""
    shapes = [list(shape["dim"]) for shape in r.message["input_param"]["shape"]]
    if not shapes:
        r.refuse("says nothing of its shapes\n  give the prototxt, which has them")
    if len(shapes) == 1:
        shapes *= len(r.tops)
    if len(shapes) != len(r.tops):
        r.refuse(f"has {len(shapes)} shapes and {len(r.tops)} tops\n  expected one for each")
    rows: dict[int, list[int]] = {}
    notes = []
    for i, (top, dims) in enumerate(zip(r.message["top"], shapes, strict=True)):
        if not dims or min(dims) < 1:
            r.refuse(
                f"its top '{top}' has the shape {shape_text(tuple(dims))}"
                "\n  expected sizes of at least 1, the batch axis first",
                r.message.at("top", i),
            )
        if top in r.time_first and len(dims) > 1:
            dims = [dims[1], dims[0], *dims[2:]]  # noqa: PLW2901  # turned round
            shapes[i] = dims
            notes.append(f"'{top}' is (N, T, …) here and (T, N, …) in Caffe")
        rows.setdefault(dims[0], []).append(i)
    layers = [
        r.layer(
            "Input",
            "" if n == 0 else r.tops[indices[0]],
            tops=[r.tops[i] for i in indices],
            batch_size=size,
            shapes={r.tops[i]: shapes[i][1:] for i in indices},
        )
        for n, (size, indices) in enumerate(rows.items())
    ]
    return Made(layers, notes=notes)


def hdf5_data(r: Reader) -> Made:
    """HDF5Data: the files that its list names."""
    part = r.message["hdf5_data_param"]
    name, size = (r.need(part, key, "hdf5_data_param") for key in ("source", "batch_size"))
    if r.message["transform_param"].values:
        r.refuse("has 'transform_param', which Caffe refuses, too", r.message.at("transform_param"))
    made = Made()
    listed = r.files.find(name)
    source: Any = str(r.files.at(name))
    if listed is None:
        made.notes.append(f"{name} is not here: the list of HDF5 files that Caffe read")
    else:
        names = read_regular(listed, error=DataError).decode("utf-8", "replace").split()
        found = [r.files.find(each) for each in names]
        missing = [each for each, path in zip(names, found, strict=True) if path is None]
        if missing:
            made.notes.append(f"of the files in {name} these are not here: {', '.join(missing)}")
        paths = [str(path or r.files.at(each)) for each, path in zip(names, found, strict=True)]
        source = paths[0] if len(paths) == 1 else paths
    shuffle = {"shuffle": True} if part["shuffle"] else {}
    made.layers.append(r.layer("HDF5Data", source=source, batch_size=size, **shuffle))
    return made


def database(r: Reader) -> Made:
    """Data: what LMDB or LevelDB held, to be packed as HDF5."""
    part = r.message["data_param"]
    size = r.need(part, "batch_size", "data_param")
    name = r.need(part, "source", "data_param")
    found = r.files.find(name)
    if found is not None and r.files.out is not None and is_lmdb(found):
        return _of_lmdb(r, found, size)
    note = (
        f"Caffe read the {part['backend']} '{name}': write its samples to this file of HDF5, as"
        f" the data sets {_sets(r)}, or name another source"
    )
    return _pictures(r, Path(name).name or "data", size, note, shuffle=False)


def _of_lmdb(r: Reader, path: Path, batch_size: int) -> Made:
    """HDF5Data of the file to which an LMDB is converted."""
    part, how = r.message["data_param"], r.message["transform_param"]
    if how["force_gray"] and how["force_color"]:
        r.refuse("has both 'force_color' and 'force_gray'\n  keep one", how.at("force_gray"))
    color = bool(part["force_encoded_color"] or how["force_color"])
    channels: Channels = "grey" if how["force_gray"] else "color" if color else "stored"
    read = partial(lmdb_samples, path, channels)
    return _converted(r, path, read, batch_size, part, shuffle=False)


def _converted(
    r: Reader,
    path: Path,
    read: Callable[[], Iterator[tuple[np.ndarray, int]]],
    batch_size: int,
    part: Message,
    *,
    shuffle: bool,
) -> Made:
    """HDF5Data of the file to which samples are converted."""
    target = r.files.convert(path, r.tops, read)
    try:
        first = next(read(), None)
    except DataError as error:
        r.refuse(f"its samples cannot be read: {error}", part.at("source"))
    if first is None:
        r.refuse(f"there are no samples in {path}", part.at("source"))
    shapes = dict(zip(r.tops, (list(first[0].shape), []), strict=False))
    mixed = {"shuffle": True} if shuffle else {}
    layer = r.layer("HDF5Data", source=str(target), batch_size=batch_size, shapes=shapes, **mixed)
    made = Made([layer], notes=[f"converted from '{part['source']}'"])
    _transform(r, made)
    return made


def image_data(r: Reader) -> Made:
    """ImageData: what a list of picture files held, to be packed as HDF5."""
    part = r.message["image_data_param"]
    name = r.need(part, "source", "image_data_param")
    height, width, shuffle = part["new_height"], part["new_width"], bool(part["shuffle"])
    listing = r.files.find(name)
    if bool(height) != bool(width):
        said = "'new_height' or 'new_width' alone, which Caffe refuses, too\n  give both"
        r.refuse(f"has {said}", part.at("new_height" if height else "new_width"))
    if listing is not None and r.files.out is not None:
        root = part["root_folder"] or ""
        find = lambda picture: r.files.at(f"{root}{picture}")  # noqa: E731
        channels: Channels = "color" if part["is_color"] else "grey"
        size = (height, width) if height and width else None
        read = partial(listed_pictures, listing, find, channels, size)
        return _converted(r, listing, read, part["batch_size"], part, shuffle=shuffle)
    resized = f", brought to {height} by {width} pixels" if height and width else ""
    note = (
        f"Caffe read the pictures listed in '{name}'{resized}: pack them as HDF5 in this file,"
        f" B, G, R from 0 to 255, as the data sets {_sets(r)}, or name another source"
    )
    return _pictures(r, Path(name).stem or "data", part["batch_size"], note, shuffle=shuffle)


def _sets(r: Reader) -> str:
    return " and ".join(f"'{top}'" for top in r.tops)


def _pictures(r: Reader, name: str, batch_size: int, note: str, *, shuffle: bool) -> Made:
    """HDF5Data in place of a reader of pictures, with what was done to them."""
    source = str((r.files.out or r.files.folders[1]) / f"{name}.h5")
    mixed = {"shuffle": True} if shuffle else {}
    made = Made([r.layer("HDF5Data", source=source, batch_size=batch_size, **mixed)], notes=[note])
    _transform(r, made)
    return made


def memory_data(r: Reader) -> Made:
    """MemoryData: arrays that are given from Python."""
    part = r.message["memory_data_param"]
    sizes = [r.need(part, name, "memory_data_param") for name in ("channels", "height", "width")]
    shapes = {r.tops[0]: sizes} | {top: [1, 1, 1] for top in r.tops[1:]}
    size = r.need(part, "batch_size", "memory_data_param")
    made = Made([r.layer("MemoryData", batch_size=size, shapes=shapes)])
    _transform(r, made)
    return made


def dummy_data(r: Reader) -> Made:
    """DummyData: constants, as data that is written down."""
    part = r.message["dummy_data_param"]
    fillers, shapes = part["data_filler"], [tuple(shape["dim"]) for shape in part["shape"]]
    old = [part[name] for name in ("num", "channels", "height", "width")]
    if not shapes and all(old):
        shapes = [tuple(sizes[min(i, len(sizes) - 1)] for sizes in old) for i in range(len(r.tops))]
    for what, given in (("fillers", fillers), ("shapes", shapes)):
        if len(given) not in (1, len(r.tops)) and not (what == "fillers" and not given):
            r.refuse(f"has {len(given)} {what} and {len(r.tops)} tops\n  expected one for each")
    data: LayerDict = {}
    for i, top in enumerate(r.tops):
        shape = shapes[min(i, len(shapes) - 1)]
        filler = fillers[min(i, len(fillers) - 1)] if fillers else Message.of("FillerParameter")
        fits = shape and min(shape) >= 0 and prod(shape) <= _MOST_WRITTEN
        if filler["type"] != "constant" or not fits:
            r.refuse(
                f"makes {shape_text(shape)} of the filler '{filler['type']}'\n  graphnet takes"
                f" constants, up to {_MOST_WRITTEN:,} numbers: feed it by an Input instead",
                filler.position,
            )
        data[top] = np.full(shape, filler["value"]).tolist()
    return Made([r.layer("MemoryData", batch_size=shapes[0][0], data=data)])


def _transform(r: Reader, made: Made) -> None:
    """What ``transform_param`` says, as transformers; a middle crop is a layer behind them."""
    part = r.message["transform_param"]
    steps = _means(r, part, made)
    size, layer = part["crop_size"], made.layers[0]
    if size and r.phase == "TRAIN":
        steps.append({"type": "RandomCrop", "crop_size": [size, size]})
    if part["mirror"]:
        steps.append({"type": "RandomMirror"})
    if part["scale"] != 1:
        steps.append({"type": "Scale", "scale": part["scale"]})
    for name in ("force_color", "force_gray"):
        if part[name] and not any(note.startswith("converted") for note in made.notes):
            made.notes.append(f"{name}: pack the pictures so")
    top = r.tops[0]
    if size and r.phase != "TRAIN":
        made.layers.append(
            r.layer("Crop", "crop", bottoms=[top], tops=[f"{top}.crop"], crop_size=[size, size])
        )
        made.renamed[r.message["top"][0]] = f"{top}.crop"
    if steps:
        layer["transformers"] = {top: steps}


def _means(r: Reader, part: Message, made: Made) -> list[LayerDict]:
    """What is subtracted: numbers, or the mean of a file."""
    values = part["mean_value"]
    if values and part.has("mean_file"):
        r.refuse("has both 'mean_file' and 'mean_value'\n  keep one", part.at("mean_file"))
    if values:
        return [{"type": "SubMean", "mean": values[0] if len(values) == 1 else values}]
    if part.has("mean_file") or r.files.mean is not None:
        return [{"type": "SubMean"} | _mean_of_file(r, part, made)]
    return []


def _mean_of_file(r: Reader, part: Message, made: Made) -> LayerDict:
    """The mean of a file, which is converted to HDF5 beside the net."""
    path = r.files.mean or r.files.find(part["mean_file"])
    if path is None:
        made.notes.append(
            f"the mean '{part['mean_file']}' is not here: give it with --mean, or write it as the"
            " data set 'mean' of this file of HDF5"
        )
        return {"mean_file": str(r.files.at(part["mean_file"]).with_suffix(".h5"))}
    if r.files.out is not None:
        return {"mean_file": str(r.files.mean_for(path))}
    try:
        mean = read_blob_file(path)
    except SnapshotError as error:
        r.refuse(f"its mean cannot be read: {error}", part.at("mean_file"))
    return {"mean": mean.reshape(mean.shape[-3:]).tolist()}


def hdf5_output(r: Reader) -> Made:
    """HDF5Output: its data sets are ``data`` and ``label``."""
    part = r.message["hdf5_output_param"]
    name = r.need(part, "file_name", "hdf5_output_param")
    note = "Caffe's data sets have four axes and hold one batch; these are as the bottoms are"
    made = r.layer(
        "HDF5Output", tops=(), filename=name, datasets=["data", "label"][: len(r.bottoms)]
    )
    return Made([made], notes=[note])
