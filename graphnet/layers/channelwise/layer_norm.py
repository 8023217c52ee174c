"""LayerNorm: every position of a sample to mean 0 and variance 1."""

from __future__ import annotations

from math import prod
from typing import Literal

from graphnet.blob import Shape
from graphnet.layers.channelwise.sample_norm import Groups, SampleNormSpec
from graphnet.layers.shape.axis import FeatureAxis, axis_of


class LayerNorm(SampleNormSpec):
    """Normalise over the last axes of each sample, then scale and shift each of their elements.

    ``(x − mean) / √(variance + epsilon) · scale + bias``, with the (biased) variance of the
    elements from ``axis`` on, the same in both phases. Where they are all equal the normalised
    ones are exactly 0.

    Bottoms:
        each: ``(N, …)``, such as ``(N, T, D)`` for sequences.
    Tops:
        each: the same shape.
    Params:
        scale: The sizes of the axes from ``axis`` on, unless ``affine: false``.
        bias: The same shape, unless ``affine: false``.
    Args:
        axis: The first of the axes that are normalised together: 1 for whole samples, −1 for the
            last axis alone. Default −1.
    Example:
        - {name: ln1, type: LayerNorm, bottoms: [x], tops: [ln1]}
    Source:
        Ba, Kiros & Hinton 2016, arXiv 1607.06450; PyTorch ``LayerNorm``, whose
        ``normalized_shape`` is the shape of ``scale`` here.
    """

    type: Literal["LayerNorm"] = "LayerNorm"
    axis: FeatureAxis = -1

    def groups(self, x: Shape) -> Groups:
        first = axis_of(x, self.axis)
        return Groups(prod(x[1:first]), prod(x[first:]), 1, apart=False)

    def param_shape(self, x: Shape) -> Shape:
        return x[axis_of(x, self.axis) :]
