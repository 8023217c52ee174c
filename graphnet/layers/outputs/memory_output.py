"""MemoryOutput: blobs kept in memory, batch after batch."""

from __future__ import annotations

from typing import Literal

import numpy as np

from graphnet.layers.base import Layer
from graphnet.layers.outputs.output import OutputSpec
from graphnet.sealed import read_only


class MemoryOutput(OutputSpec):
    """Keep copies of the bottoms: each forward pass appends one of each to ``layer.outputs``.

    Rows that only fill up the last batch of an evaluation are left out. From Python,
    ``net.layers`` holds the layer; ``np.concatenate(layer.outputs[0])`` is all of bottom 0.

    Bottoms:
        each: ``(N, …)``.
    Example:
        - {name: kept, type: MemoryOutput, phase: test, bottoms: [prob, label]}
    Source:
        Mocha ``MemoryOutputLayer``.
    """

    type: Literal["MemoryOutput"] = "MemoryOutput"


class MemoryOutputLayer(Layer[MemoryOutput]):
    """Runs :class:`MemoryOutput`.

    Attributes:
        outputs: For each bottom a list with one array ``(n_valid, …)`` for each forward pass.
    """

    outputs: list[list[np.ndarray]] = read_only("_outputs", "reset_outputs() empties it")

    def setup(self) -> None:
        self.reset_outputs()

    def reset_outputs(self) -> None:
        """Forget what was kept."""
        self._outputs: list[list[np.ndarray]] = [[] for _ in self.bottoms]

    def forward(self) -> None:
        n_valid = self.context.n_valid
        for kept, bottom in zip(self.outputs, self.bottoms, strict=True):
            kept.append(self.backend.download(bottom.data)[:n_valid].copy())
