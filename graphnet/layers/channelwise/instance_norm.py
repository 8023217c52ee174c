"""InstanceNorm: every channel of a sample to mean 0 and variance 1."""

from __future__ import annotations

from math import prod
from typing import Literal

from graphnet.blob import Shape
from graphnet.layers.channelwise.channels import check_channels
from graphnet.layers.channelwise.sample_norm import Groups, SampleNormSpec


class InstanceNorm(SampleNormSpec):
    """Normalise every channel of each sample, then scale and shift it.

    ``(x − mean) / √(variance + epsilon) · scale + bias``, with the (biased) variance of the
    channel's places in this sample, the same in both phases. Where they are all equal the
    normalised ones are exactly 0. MVN divides by the deviation + epsilon and learns nothing.

    Bottoms:
        each: ``(N, C, …)`` with more than one place a channel.
    Tops:
        each: the same shape.
    Params:
        scale: ``(C,)``, unless ``affine: false``.
        bias: ``(C,)``, unless ``affine: false``.
    Example:
        - {name: in1, type: InstanceNorm, neuron: ReLU, bottoms: [conv1], tops: [in1]}
    Source:
        Ulyanov, Vedaldi & Lempitsky 2016, arXiv 1607.08022; PyTorch ``InstanceNorm2d``, which
        learns nothing unless ``affine=True``.
    """

    type: Literal["InstanceNorm"] = "InstanceNorm"

    def groups(self, x: Shape) -> Groups:
        check_channels(x)
        return Groups(x[1], 1, prod(x[2:]), apart=True)

    def param_shape(self, x: Shape) -> Shape:
        return (x[1],)
