"""GroupNorm: groups of channels of a sample to mean 0 and variance 1."""

from __future__ import annotations

from math import prod
from typing import Literal

from pydantic import Field

from graphnet.blob import Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.channelwise.channels import check_channels
from graphnet.layers.channelwise.sample_norm import Groups, SampleNormSpec


class GroupNorm(SampleNormSpec):
    """Normalise over groups of channels of each sample, then scale and shift each channel.

    ``(x − mean) / √(variance + epsilon) · scale + bias``, with the (biased) variance of all
    elements of ``C / n_group`` neighbouring channels. It looks at one sample at a time, so it is
    the same for any batch size and in both phases. Where all elements of a group are equal the
    normalised ones are exactly 0.

    Bottoms:
        each: ``(N, C, …)``.
    Tops:
        each: the same shape.
    Params:
        scale: ``(C,)``, unless ``affine: false``.
        bias: ``(C,)``, unless ``affine: false``.
    Args:
        n_group: How many groups the channels are cut into; it divides their number. 1 normalises
            whole samples.
    Example:
        - {name: gn1, type: GroupNorm, n_group: 2, neuron: ReLU, bottoms: [conv1], tops: [gn1]}
    Source:
        Wu & He 2018, arXiv 1803.08494.
    """

    type: Literal["GroupNorm"] = "GroupNorm"
    n_group: int = Field(ge=1)

    def groups(self, x: Shape) -> Groups:
        check_channels(x)
        if x[1] % self.n_group:
            raise ShapeError(
                f"the {x[1]} channels of a bottom of shape {shape_text(x)} cannot be cut into "
                f"n_group: {self.n_group} equal groups\n  expected a divisor of {x[1]}"
            )
        return Groups(self.n_group, x[1] // self.n_group, prod(x[2:]), apart=True)

    def param_shape(self, x: Shape) -> Shape:
        return (x[1],)
