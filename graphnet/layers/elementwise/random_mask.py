"""RandomMask: corrupts its input, for denoising auto-encoders."""

from __future__ import annotations

from typing import ClassVar, Literal

from graphnet.layers.elementwise.masking import MaskSpec


class RandomMask(MaskSpec):
    """Set each element to zero with probability ``ratio``, in every phase and without scaling.

    Each bottom has a mask of its own. As it runs in place, put a Split or an Identity with
    another name before it where the clean blob is needed too.

    Bottoms:
        each: ``(N, …)``.
    Tops:
        each: the same shape; in place where left out.
    Args:
        ratio: Probability of dropping, at least 0 and less than 1. Default 0.5.
    Example:
        - {name: corrupt, type: RandomMask, ratio: 0.3, bottoms: [x], tops: [noisy]}
    Source:
        Mocha ``RandomMaskLayer``; Vincent et al. 2010.
    """

    each_bottom: ClassVar[bool] = True

    type: Literal["RandomMask"] = "RandomMask"
