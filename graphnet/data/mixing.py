"""Mixing: samples of a batch blended with others, and their labels with those of the others.

The partner of a sample is another one of the same epoch (of the same group of chunks, where a
source is streamed), by a permutation that is a function of (seed, epoch). How much of it there is,
is a function of (seed, epoch, row). So batches, shards and resumed runs make no difference.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import Field

from graphnet.backend.calls import Call
from graphnet.blob import Shape, shape_text
from graphnet.data.order import permute
from graphnet.data.pipeline import Pipeline
from graphnet.data.transformer import Samples
from graphnet.declare.fields import ByName, Model, PositiveFloat
from graphnet.errors import ShapeError
from graphnet.random.philox import uniforms

_IMAGES = 4  # axes of (N, C, H, W)
_STEPS = 4096  # of the table of a distribution


class Mixer(Model):
    """What all ways to mix share.

    Args:
        alpha: Both numbers of the Beta distribution of the part of the sample itself.
        probability: How many of the samples are mixed, from 0 to 1. Default 1.
    """

    chosen_by_type: ClassVar[bool] = True

    alpha: PositiveFloat
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0

    @cached_property
    def _quantiles(self) -> tuple[np.ndarray, np.ndarray]:
        return beta_quantiles(self.alpha)

    def check_shapes(self, shapes: Sequence[Shape]) -> None:
        """See that samples of these shapes, without the batch axis, can be mixed.

        Raises:
            ShapeError: If not.
        """

    def drawn(self, key: int, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        """The part of each sample itself, ``(N,)``, and two more numbers in [0, 1), ``(2, N)``."""
        u = uniforms(key, samples.rows, samples.epochs)
        probabilities, values = self._quantiles
        lower = np.minimum(u[0], 1 - u[0])
        part = np.interp(lower, probabilities, values)
        part = np.where(u[0] > lower, 1 - part, part)
        return np.where(u[3] < self.probability, part, 1.0), u[1:3]

    @abstractmethod
    def mix(
        self, key: int, pairs: Sequence[tuple[np.ndarray, np.ndarray]], samples: Samples
    ) -> None:
        """Mix a batch.

        Args:
            key: Of the random numbers.
            pairs: For each top the batch, ``(N, …)``, which is written over, and the partners of
                its samples, which may be.
            samples: Which samples they are.
        """


class MixupMixer(Mixer):
    """Each value is ``λ · x + (1 − λ) · x'``, of x' another sample, with λ from Beta(alpha, alpha).

    Args:
        alpha: Both numbers of that distribution: below 1 most samples are mixed little. Default
            0.2.

    Source:
        Zhang et al. 2017, arXiv 1710.09412.
    """

    type: Literal["Mixup"] = "Mixup"
    alpha: PositiveFloat = 0.2

    def mix(
        self, key: int, pairs: Sequence[tuple[np.ndarray, np.ndarray]], samples: Samples
    ) -> None:
        """Every top alike."""
        part, _ = self.drawn(key, samples)
        for own, other in pairs:
            _blend(own, other, part)


class CutMixMixer(Mixer):
    """A rectangle of each image is that of another sample; all else is mixed by its area.

    The rectangle has the proportions of the image and about ``1 − λ`` of its pixels, with λ from
    Beta(alpha, alpha); its middle is anywhere, and what lies outside of the image is cut off.

    Args:
        alpha: Both numbers of that distribution: with 1 any part is as likely. Default 1.

    Source:
        Yun et al. 2019, arXiv 1905.04899.
    """

    type: Literal["CutMix"] = "CutMix"
    alpha: PositiveFloat = 1.0

    def check_shapes(self, shapes: Sequence[Shape]) -> None:
        """There are images, all of one size."""
        sizes = {shape[1:] for shape in shapes if len(shape) == _IMAGES - 1}
        if len(sizes) == 1:
            return
        found = " and ".join(map(shape_text, sizes)) if sizes else "none"
        raise ShapeError(
            f"CutMix cuts tops of images out of each other, and finds {found}"
            "\n  expected one (C, H, W), or several of one height and width; Mixup mixes any top"
        )

    def mix(
        self, key: int, pairs: Sequence[tuple[np.ndarray, np.ndarray]], samples: Samples
    ) -> None:
        """Images first, which say how large the rectangles are."""
        part, middle = self.drawn(key, samples)
        images = [pair for pair in pairs if pair[0].ndim == _IMAGES]
        size = np.array(images[0][0].shape[2:])[:, None]
        half = np.sqrt(1 - part) * size / 2
        first, last = (
            np.rint(np.clip(middle * size + side, 0, size)).astype(int) for side in (-half, half)
        )
        for own, other in images:
            for n, (top, left, bottom, right) in enumerate(np.vstack([first, last]).T.tolist()):
                own[n, :, top:bottom, left:right] = other[n, :, top:bottom, left:right]
        kept = 1 - np.prod(last - first, axis=0) / np.prod(size)
        for own, other in pairs:
            if own.ndim != _IMAGES:
                _blend(own, other, kept)


AnyMixer: TypeAlias = Annotated[MixupMixer | CutMixMixer, Field(discriminator="type"), ByName]


def _blend(own: np.ndarray, other: np.ndarray, part: np.ndarray) -> None:
    beside = part.reshape(-1, *(1,) * (own.ndim - 1))
    np.multiply(own, beside.astype(own.dtype), out=own)
    np.multiply(other, (1 - beside).astype(own.dtype), out=other)
    np.add(own, other, out=own)


def beta_quantiles(alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """The lower half of Beta(alpha, alpha): probabilities from 0 to ½, and the values there.

    Between them it is linear; the other half is its mirror image.
    """
    if alpha >= 1:
        values = np.linspace(0, 0.5, _STEPS + 1)
        # scaled by its largest value, so that it neither vanishes nor overflows
        density = (4 * values * (1 - values)) ** (alpha - 1)
        steps = (density[1:] + density[:-1]) / 2
    else:  # by t = x^alpha, of which the density is finite everywhere
        t = np.linspace(0, 0.5**alpha, _STEPS + 1)
        values = np.minimum(t ** (1 / alpha), 0.5)
        values[-1] = 0.5
        density = (1 - values) ** (alpha - 1)
        steps = (density[1:] + density[:-1]) / 2
    sums = np.concatenate(([0], np.cumsum(steps)))
    return sums / (2 * sums[-1]), values


class Mixing:
    """The partners of the samples of batches.

    Attributes:
        indices: At each position of the group in memory, the index of the partner.
        samples: Which they are.

    Args:
        mixer: What mixes.
        pipelines: For each column one of their own.
        batch_size: Samples in every batch.
        key: Of the random numbers.
    """

    def __init__(
        self, mixer: Mixer, pipelines: Sequence[Pipeline], batch_size: int, key: int
    ) -> None:
        self._mixer, self._pipelines, self._key = mixer, pipelines, key
        self.samples = Samples(np.zeros(batch_size, np.int64), np.zeros(batch_size, np.int64))
        self.indices = np.empty(0, np.int64)

    def arrange(self, epoch: int, group: int, delivered: np.ndarray) -> None:
        """Choose the partners of a group's rows, which are ``delivered`` in that order."""
        order = np.empty(len(delivered), np.int64)
        permute(order, self._key, epoch, group)
        self.indices = delivered[order]

    def bind(
        self, targets: Sequence[np.ndarray], samples: Samples, where: Callable[[int], str]
    ) -> tuple[list[np.ndarray], list[Call]]:
        """Where to put the partners as they are stored, and the calls that mix them in.

        Args:
            targets: ``(N, …)`` for each column: the finished batch.
            samples: Which rows they then are.
            where: Names the place of a row of the source.
        """
        others = [np.empty_like(target) for target in targets]
        both = list(zip(self._pipelines, others, strict=True))
        stored = [pipeline.receiver(other) for pipeline, other in both]
        finish = [pipeline.bind(other, self.samples, where) for pipeline, other in both]
        pairs = list(zip(targets, others, strict=True))
        return stored, [*finish, partial(self._mixer.mix, self._key, pairs, samples)]
