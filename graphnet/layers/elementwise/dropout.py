"""Dropout: a regularizer that silences random units while training."""

from __future__ import annotations

from typing import Literal

from graphnet.layers.base import Phase
from graphnet.layers.elementwise.masking import MaskSpec


class Dropout(MaskSpec):
    """Set each element to zero with probability ``ratio``, independently; in training only.

    What is kept is multiplied by 1 / (1 − ratio), so that the mean stays and a net of phase
    ``test``, where this layer does nothing, needs no scaling. The mask depends on the seed, the
    layer's name, the iteration and the sample's place in the global batch, on nothing else.

    Bottoms:
        0: ``(N, …)``.
    Tops:
        0: the same shape; in place where left out.
    Args:
        ratio: Probability of dropping, at least 0 and less than 1. Default 0.5.
        auto_scale: Whether what is kept is scaled. Default true.
    Example:
        - {name: drop1, type: Dropout, ratio: 0.5, bottoms: [ip1]}
    Source:
        Srivastava et al. 2014; Mocha ``DropoutLayer`` (which drops in every net it is in, and on
        the CPU spoils the gradient of a Sigmoid, Tanh or Exponential before it), Caffe
        ``Dropout``.
    """

    type: Literal["Dropout"] = "Dropout"
    auto_scale: bool = True

    def acts_in(self, phase: Phase) -> bool:
        return phase == "train"

    @property
    def scale(self) -> float:
        return 1 / (1 - self.ratio) if self.auto_scale else 1.0
