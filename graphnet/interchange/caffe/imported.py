"""A Caffe net as it is in graphnet: its layers, the arrays that fill them, a table of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.errors import SnapshotError
from graphnet.interchange.caffe.files.blobs import StoredBlob, Weights
from graphnet.interchange.caffe.layers.reading import Files, Filled, LayerDict
from graphnet.interchange.caffe.net.phases import Translated
from graphnet.interchange.caffe.solver import MadeSolver
from graphnet.net.spec import NetSpec, read_net

#: How many axes params have, for old files of nets whose shapes nobody knows.
_RANKS = {"bias": 1, "weight": 2, "filter": 4}

#: ``(layer, from, to, what fills it)``
Row: TypeAlias = tuple[str, str, str, str]


@dataclass
class Imported:
    """A Caffe net in graphnet.

    Attributes:
        name: Of the net.
        entries: Caffe's layers and what each became, in the order of the file.
        problems: What could not be said.
        weights: The arrays of the model, or None.
        solver: The solver, or None.
        notes: What is to be said of the whole.
        files: The mean files that are converted.
        time_first: Caffe's blobs that are ``(T, N, …)`` there and ``(N, T, …)`` here.
        snapshot: The snapshot that a solver's state has become; None without one.
    """

    name: str
    entries: list[tuple[Translated, list[LayerDict]]] = field(default_factory=list)
    weights: Weights | None = None
    solver: MadeSolver | None = None
    notes: list[str] = field(default_factory=list)
    files: Files = field(default_factory=lambda: Files(()))
    time_first: frozenset[str] = frozenset()
    snapshot: Path | None = None

    def layers(self) -> list[LayerDict]:
        """All layers."""
        return [layer for _, layers in self.entries for layer in layers]

    def spec(self) -> NetSpec:
        """The net, its paths absolute."""
        return read_net({"name": self.name, "layers": self.layers()})

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """``params/LAYER/PARAM`` and the like, and the values, read one by one.

        Raises:
            SnapshotError: If a stored array has not the shape that its layer needs.
        """
        done: set[tuple[str, str]] = set()
        for entry, _ in self.entries:
            for filled in entry.made.filled:
                key = (filled.layer, filled.param)
                stored = self.stored(entry)
                if key in done or (filled.blobs and max(filled.blobs) >= len(stored)):
                    continue
                done.add(key)
                group = "state" if filled.is_state else "params"
                yield f"{group}/{filled.layer}/{filled.param}", _filled(entry, filled, stored)

    def stored(self, entry: Translated) -> list[StoredBlob]:
        """The arrays of a layer in the model."""
        blobs = self.weights.blobs if self.weights else {}
        return blobs.get(entry.message["name"] or "", [])

    def rows(self) -> list[Row]:
        """What was done, layer by layer."""
        return [self._row(entry, layers) for entry, layers in self.entries]

    def _row(self, entry: Translated, layers: Sequence[LayerDict]) -> Row:
        stored = self.stored(entry)
        shapes = [shape_text(blob.shape) for blob in stored]
        filled = ", ".join(shapes) if entry.made.filled else ""
        if self.weights and entry.made.filled and not stored:
            needs = any(f.blobs for f in entry.made.filled)
            filled = "not in the model" if needs else "constant"
        phase = layers[0].get("phase", "") if layers else ""
        name = entry.message["name"] or ""
        made = " + ".join(layer["type"] for layer in layers) or "nothing"
        return (name + (f" ({phase})" if phase else ""), entry.message["type"], made, filled)


def _filled(entry: Translated, filled: Filled, stored: Sequence[StoredBlob]) -> np.ndarray:
    """An array for graphnet, in the shape that its layer needs."""
    where = f"layer '{entry.message['name']}': its array for '{filled.param}'"
    array = filled.convert([_read(blob) for blob in stored])
    decl = entry.params.get((filled.layer, filled.param))
    legacy = any(stored[i].is_legacy for i in filled.blobs)
    if decl is None:
        rank = _RANKS.get(filled.param, 0) if legacy else 0
        return array.reshape((1,) * (rank - array.ndim) + array.shape)
    shape: Shape = tuple(decl.shape)
    same = array.shape == shape or (legacy and _without_ones(array.shape) == _without_ones(shape))
    if not same:
        raise SnapshotError(
            f"{where} is {shape_text(array.shape)}, expected {shape_text(shape)}"
            "\n  the model is of another net"
        )
    return array.reshape(shape)


def _read(blob: StoredBlob) -> np.ndarray:
    """Its values; of an old file without the axes that were only filled up."""
    array = blob.read()
    return array.reshape(_without_ones(array.shape)) if blob.is_legacy else array


def _without_ones(shape: Shape) -> Shape:
    """The shape without axes of size 1 in front."""
    n = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return shape[n:]
