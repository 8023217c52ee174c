"""Merging: whether a layer can do the work of the layer behind it in the same pass over memory.

That is possible where the second layer alone reads what the first has just written. The net then
runs other specs than those that were declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphnet.blob import Shape
from graphnet.layers.pass_context import Phase


@dataclass(frozen=True)
class ConstantNorm:
    """``(x − mean) / √(variance + epsilon) · scale + bias`` of each channel, with constants.

    Attributes:
        key: Of the state and the params in the store.
        is_affine: Whether there are scale and bias.
        epsilon: Added to the variance.
    """

    key: str
    is_affine: bool
    epsilon: float


class MergingTraits:
    """What a spec says of merging; by default a layer does its own work and no other's.

    The specs that these methods return may be any ``LayerSpec``, which has these traits itself.
    """

    @property
    def cuts_off_at(self) -> float | None:
        """The bound, if all that the layer does is to raise what is lower to it."""
        return None

    def constant_norm(self, phase: Phase) -> ConstantNorm | None:
        """The norm that the layer is in a ``phase``, if it is nothing more there."""
        return None

    def rectified(self, bound: float) -> Any:
        """The spec of a layer that also raises its top to a ``bound``; None if it cannot."""
        return None

    def normalised(self, norm: ConstantNorm, bottoms: Sequence[Shape]) -> Any:
        """The spec of a layer that also does a ``norm``; None if it cannot, or it would not pay."""
        return None

    def done_before(self) -> Any:
        """The spec to run where the layer before does the work: the top is a view of the bottom."""
        raise NotImplementedError
