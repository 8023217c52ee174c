"""Silence: a reader of blobs that nobody else reads."""

from __future__ import annotations

from typing import Literal

from graphnet.layers.base import Layer
from graphnet.layers.outputs.output import OutputSpec


class Silence(OutputSpec):
    """Read blobs and do nothing with them, so that they are no outputs of the net.

    No gradient flows back.

    Bottoms:
        each: ``(N, …)``.
    Example:
        - {name: unused, type: Silence, bottoms: [label]}
    Source:
        Caffe ``Silence``.
    """

    type: Literal["Silence"] = "Silence"

    @property
    def hands_out(self) -> bool:
        return False


class SilenceLayer(Layer[Silence]):
    """Runs :class:`Silence`."""

    def forward(self) -> None:
        """Nothing."""
