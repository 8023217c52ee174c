"""What a spec says of work that the layer before it, or it for the layer behind it, can do.

A pass of a layer goes through memory. Where one reads what the other has just written, and nobody
else does, the two can be one pass; the net then runs other specs than the declared ones.
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
    """The traits; by default every layer does its own work and no other's.

    The specs that they give are any ``LayerSpec``, which is made of these traits.
    """

    @property
    def cuts_off_at(self) -> float | None:
        """The bound, where all it does is to raise what is below a bound to it."""
        return None

    def constant_norm(self, phase: Phase) -> ConstantNorm | None:
        """What it is in a ``phase``, where it is no more than that."""
        return None

    def rectified(self, bound: float) -> Any:
        """The spec of a layer that also raises its top to a ``bound``; None if it cannot."""
        return None

    def normalised(self, norm: ConstantNorm, bottoms: Sequence[Shape]) -> Any:
        """The spec of a layer that also does a ``norm``; None if it cannot, or it would not pay."""
        return None

    def done_before(self) -> Any:
        """Its spec where the layer before it does its work: its top is a view of its bottom."""
        raise NotImplementedError
