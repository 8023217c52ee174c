"""TensorBoard: statistics, params and the net for TensorBoard to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError
from graphnet.solver.coffee.base import CoffeeBreak, nothing
from graphnet.solver.coffee.items import checked
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.event_file import EventFile, GraphNode, histogram, image, scalar
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

#: Filters of a layer that are shown at most, and in a row.
_MOST_FILTERS, _ACROSS = 64, 8


@checked
class TensorBoard(CoffeeBreak):
    """Writes event files, which TensorBoard shows while the net is trained.

    All that coffee breaks record is written, each value at its iteration; beside it, where this
    break is due, the loss and the rate of the last update, histograms of params and their
    gradients, and the filters of the first convolution as a picture. Every start of a run writes a
    file of its own, and begins another where that has been moved, removed or cut short; what a
    crash has left beyond the iteration at which it goes on is replaced.
    Show them by ``tensorboard --logdir FOLDER``.

    Args:
        folder: Where the files go. Default: ``tensorboard`` in the run's directory.
        histograms: Whether params and gradients are written.
        images: Whether filters are written.

    Example:
        - {type: TensorBoard, every_n_iter: 100}
    """

    records = nothing

    def __init__(
        self, folder: Path | None = None, *, histograms: bool = True, images: bool = True
    ) -> None:
        self.folder, self.histograms, self.images = folder, histograms, images
        self._file: EventFile | None = None
        self._before, self._position = -1, 0

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Begin a file; in a run that goes on, from its iteration on.

        Raises:
            SpecError: If there is no folder for it.
            SnapshotError: If it cannot be written.
        """
        if self.folder is None and state.run.folder is None:
            raise SpecError("it needs a place\n  give it a folder, or the solver an exp_dir")
        self._begin_file(net, state)
        # what was recorded before is in the files of before; of this iteration perhaps not all
        self._before = state.iter - 1 if state.run.is_resumed else -1
        self._position = 0

    def _begin_file(self, net: TrainableNet, state: SolverState) -> EventFile:
        if self.folder is None:
            state.run.look()
        folder = self.folder or Path(str(state.run.folder), "tensorboard")
        self._file = EventFile(folder, state.iter)
        self._file.add_graph(graph_nodes(net.yaml_text))
        return self._file

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        file = self._file
        if file is None:
            return
        if not file.is_whole:  # somebody has moved or removed it, or cut it short
            file.close()
            file = self._begin_file(net, state)
        self._add_recorded(file, lounge)
        file.add(state.iter, self._values(net, state))
        file.flush()

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Write what has been recorded since, and close the file."""
        if self._file is not None:
            file = self._file
            try:
                self._add_recorded(file, lounge)
            finally:
                self._file = None
                file.close()

    def _add_recorded(self, file: EventFile, lounge: CoffeeLounge) -> None:
        """What was recorded since this was last called, each value at its iteration."""
        since, self._position = lounge.recorded_since(self._position)
        for key, column in since.items():
            for at, value in zip(column.iters, column.values, strict=True):
                if at > self._before:
                    file.add(at, [scalar(key, value)])

    def _values(self, net: TrainableNet, state: SolverState) -> Iterator[bytes]:
        if state.iter:
            yield scalar("update/loss", state.obj_val)
            yield scalar("update/lr", state.lr)
        backend = net.store.backend
        seen = False
        for layer, named in net.store.params.items():
            for name, param in named.items():
                data = np.asarray(backend.download(param.data))
                if self.histograms:
                    yield histogram(f"{layer}/{name}", data)
                    if param.diff is not None and state.iter:
                        diff = np.asarray(backend.download(param.diff))
                        yield histogram(f"{layer}/{name}/gradient", diff)
                if self.images and not seen and is_visible(data):
                    seen = True
                    yield image(f"{layer}/{name}", contact_sheet(data))


def is_visible(weights: np.ndarray) -> bool:
    """Whether they are filters ``(n, C, h, w)`` of grey or colours, of more than one pixel."""
    return weights.ndim == 4 and weights.shape[1] in (1, 3) and min(weights.shape[2:]) > 1  # noqa: PLR2004


def contact_sheet(filters: np.ndarray) -> np.ndarray:
    """Filters side by side, a pixel between them: ``(H, W)`` or ``(H, W, 3)``, uint8; 0 is grey."""
    shown = filters[:_MOST_FILTERS].astype(np.float64)
    most = float(np.nanmax(np.abs(shown), initial=0.0)) or 1.0
    pixels = np.nan_to_num(np.round((shown / most + 1) * 127.5)).clip(0, 255)
    n, channels, height, width = pixels.shape
    across = min(n, _ACROSS)
    down = -(-n // across)
    sheet = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1, channels), np.uint8)
    for i, one in enumerate(pixels):
        y, x = i // across * (height + 1), i % across * (width + 1)
        sheet[y : y + height, x : x + width] = one.transpose(1, 2, 0)
    return sheet[:, :, 0] if channels == 1 else sheet


def graph_nodes(yaml_text: str) -> list[GraphNode]:
    """A node for each layer that is declared; those of one phase are below its name."""
    value: Any = parse_yaml(yaml_text, "net.yaml").value
    layers = value.get("layers", []) if isinstance(value, dict) else value
    makers: dict[str, list[str]] = {}
    nodes = []
    for layer in layers:
        name = _legal("/".join(filter(None, (layer.get("phase"), layer["name"]))))
        inputs = [maker for bottom in _listed(layer, "bottoms") for maker in makers.get(bottom, [])]
        nodes.append(GraphNode(name, str(layer["type"]), tuple(dict.fromkeys(inputs))))
        for top in _listed(layer, "tops"):
            is_in_place = top in _listed(layer, "bottoms")
            # the data layers of two phases make blobs of one name
            others = [] if is_in_place or not layer.get("phase") else makers.get(top, [])
            makers[top] = [*others, name]
    return nodes


def _listed(layer: dict[str, Any], key: str) -> list[str]:
    return [str(name) for name in layer.get(key) or ()]


def _legal(name: str) -> str:
    """A name of the characters that TensorFlow's names have."""
    return re.sub(r"[^A-Za-z0-9_.\-/]", "_", name).lstrip("_-/") or "layer"
