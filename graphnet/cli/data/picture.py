"""``graphnet data info --picture``: samples, classes and values of a data file, to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.data.text_file import class_text
from graphnet.data.tools.survey import FileSurvey
from graphnet.draw.bars import counts_picture, histogram_picture, stacked
from graphnet.draw.pixels import Thumbnail, grid, is_picture
from graphnet.draw.png import png
from graphnet.draw.shapes import Picture
from graphnet.draw.svg import svg
from graphnet.errors import GraphnetError, SpecError, one_of
from graphnet.files.paths import refuse_to_write_over
from graphnet.files.writing import Advice, write_durably
from graphnet.layers.base import Phase
from graphnet.layers.data.hdf5_data import HDF5Data
from graphnet.net.load_net import load_net
from graphnet.net.spec import NetSpec, Node

_WRITERS: Mapping[str, Callable[[Picture], str | bytes]] = {".png": png, ".svg": svg}
_ADVICE = Advice(GraphnetError)
_TRAIN: Phase = "train"
#: Samples in the grid, samples whose values are counted, and samples that are read at a time.
_SHOWN, _COUNTED, _BATCH = 40, 4096, 64
#: Classes that get a bar, and columns that get a histogram of their own.
_MOST_CLASSES, _MOST_COLUMNS = 40, 12
#: Numbers of a data set that are counted.
_MOST_NUMBERS = 2_000_000


def check_target(target: Path, source: str) -> None:
    """See that a picture can be written there.

    Raises:
        SpecError: If its name says no kind of picture, or it is the data themselves.
    """
    if target.suffix not in _WRITERS:
        raise SpecError(
            f"{target}: the name says no kind of picture that is drawn{one_of(sorted(_WRITERS))}"
        )
    refuse_to_write_over(target, {"the data": Path(source)})


def draw_data(
    source: str, found: FileSurvey, target: Path, net: Path | None, *, user_code: bool
) -> None:
    """Draw samples, counts of labels and histograms of values into a file.

    Args:
        source: What was surveyed.
        found: What is in it.
        target: ``.svg`` or ``.png``.
        net: A net whose data layer reads the samples, its transformers applied. Default: as they
            are stored.
        user_code: Whether its layers may be the user's own.

    Raises:
        GraphnetError: If the data cannot be read, or the net has no layer for them.
    """
    names = [one.name for one in found.sets]
    if net is None:
        spec = HDF5Data(
            name="data", source=source, batch_size=_BATCH, shuffle=True, tops=tuple(names)
        )
        declared, phase = NetSpec(name="data", nodes=(Node.of(spec),)), _TRAIN
    else:
        whole = read_net_alone(net, user_code=user_code)
        node = _layer_for(whole, names, net)
        declared, phase = _of_layer(whole, node, source), node.spec.phase or _TRAIN
    n_rows = min((one.shape[0] for one in found.sets), default=0)
    columns = _read(declared, phase, min(n_rows, _COUNTED))
    pictures = list(_pictures(columns, found))
    if net is not None:
        refuse_to_write_over(target, {"the net": net})
    content = _WRITERS[target.suffix](stacked(Path(source).name or source, pictures))
    write_durably(target, content if isinstance(content, bytes) else content.encode(), _ADVICE)


def _layer_for(spec: NetSpec, names: Sequence[str], file: Path) -> Node:
    """The data layer that reads such a file: that of the training data if several do.

    Raises:
        SpecError: If there is none.
    """
    able = [
        node
        for node in spec.data_nodes()
        if node.spec.data_source is not None and set(node.tops) <= set(names)
    ]
    able.sort(key=lambda node: node.spec.phase == "test")
    if not able:
        raise SpecError(
            f"{file}: no data layer of it reads {', '.join(names)} from a file\n"
            "  its tops must be data sets of the file"
        )
    return able[0]


def _of_layer(spec: NetSpec, node: Node, source: str) -> NetSpec:
    """A net of this layer alone, on other data, in any order and small batches."""
    changes = {"source": source, "shuffle": True, "batch_size": _BATCH, "otherwise": None}
    known = {k: v for k, v in changes.items() if k in type(node.spec).model_fields}
    return spec.with_nodes([Node.of(node.spec.model_copy(update=known), node.position)])


def _read(spec: NetSpec, phase: Phase, n: int) -> dict[str, np.ndarray]:
    """The first samples that the net's data layer delivers, by top."""
    parts: dict[str, list[np.ndarray]] = {}
    with closing(load_net(spec, phase=phase, backend="numpy")) as net:
        for first in range(0, n, net.batch_size):
            net.forward()
            for top in net.data_layers[0].tops:
                values = net.backend.download(top.data)[: n - first]
                parts.setdefault(top.name, []).append(np.array(values))
    return {name: np.concatenate(values) for name, values in parts.items()}


def _pictures(columns: Mapping[str, np.ndarray], found: FileSurvey) -> list[Picture]:
    """The grid of each data set that can be seen, counts of classes, histograms of the others."""
    classes = {one.name: one.classes for one in found.sets if one.classes}
    label = "label" if "label" in classes and "label" in columns else ""
    pictures = []
    for name, values in columns.items():
        if not is_picture(values.shape[1:]):
            continue
        said = columns[label].reshape(len(values), -1)[:, 0] if label else None
        tiles = [
            Thumbnail(one, () if said is None else (class_text(int(said[i]), found.class_names),))
            for i, one in enumerate(values[:_SHOWN])
        ]
        pictures.append(grid(f"{name}: {len(tiles)} samples", tiles, side=54))
    for name, counts in classes.items():
        names = found.class_names if name == "label" else ()
        shown_ = [
            (class_text(value, names), n) for value, n in list(counts.items())[:_MOST_CLASSES]
        ]
        more = f", the first {_MOST_CLASSES}" if len(counts) > _MOST_CLASSES else ""
        pictures.append(counts_picture(f"{name}: {len(counts)} classes{more}", shown_))
    for name, values in columns.items():
        if name not in classes:
            pictures += _histograms(name, values)
    return pictures


def _histograms(name: str, values: np.ndarray) -> list[Picture]:
    """Of each column where there are few, else of all values together."""
    n_columns = values[0].size
    if values.ndim == 2 and 1 < n_columns <= _MOST_COLUMNS:  # noqa: PLR2004
        return [histogram_picture(f"{name}, column {i}", values[:, i]) for i in range(n_columns)]
    most = max(1, _MOST_NUMBERS // n_columns)
    said = f"{name}: values of {min(most, len(values)):,} samples"
    return [histogram_picture(said, values[:most].ravel())]
