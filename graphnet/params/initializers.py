"""Initializers: how a param is filled before training.

Each draws from the generator it is handed (one per param, keyed by the seed and the param's
name), on the host, in float64; the result is rounded to the net's precision once. Those whose
numbers do not depend on each other are drawn in parts, which gives the same numbers: a large param
is not in memory in float64.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from math import isfinite, prod, sqrt
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from graphnet.blob import Shape, shape_text
from graphnet.declare.fields import ByName, Model, NonNegativeFloat, PositiveFloat
from graphnet.declare.user_types import OrUserClass
from graphnet.errors import ShapeError
from graphnet.params.filling import PART


class Initializer(Model):
    """Fills a param; frozen, so that it can be a default value."""

    chosen_by_type: ClassVar[bool] = True

    def check(self, shape: Shape) -> None:
        """See that a param of this shape can be filled; by default any can.

        Raises:
            ShapeError: Otherwise.
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray | None:
        """Values of ``shape`` in float64 from ``rng``, or None to leave the param at zero."""

    def parts(self, rng: np.random.Generator, shape: Shape) -> Iterator[np.ndarray]:
        """The values of :meth:`sample` in C order, flat, one part after another.

        Args:
            rng: What they are drawn from.
            shape: Of the param.
        """
        values = self.sample(rng, shape)
        if values is not None:
            yield np.broadcast_to(values, shape).reshape(-1)


class _Independent(Initializer):
    """One whose numbers are drawn one after another, each alike."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        """The next numbers, as an array of this size, for a param of ``shape``."""

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray | None:
        return self.draw(rng, shape, shape)

    def parts(self, rng: np.random.Generator, shape: Shape) -> Iterator[np.ndarray]:
        if type(self).sample is not _Independent.sample:  # of a class of one's own
            yield from super().parts(rng, shape)
            return
        size = prod(shape)
        for start in range(0, size, PART):
            yield self.draw(rng, shape, (min(PART, size - start),))


def fan_in(shape: Shape) -> int:
    """How many inputs one output unit sees: all axes but the first (a vector: its length)."""
    return prod(shape[1:]) if len(shape) > 1 else shape[0]


class Null(Initializer):
    """Leave the param at zero: for params that are loaded.

    Source:
        Mocha ``NullInitializer``.
    """

    type: Literal["Null"] = "Null"

    def sample(self, rng: np.random.Generator, shape: Shape) -> None:
        return None


class Constant(_Independent):
    """Every element is ``value`` (default 0).

    Source:
        Mocha ``ConstantInitializer``; Caffe ``constant`` filler.
    """

    type: Literal["Constant"] = "Constant"
    value: float = 0.0

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        return np.full(size, self.value)


class Xavier(_Independent):
    """U[−s, s) with s = √(3 / fan_in); Mocha's and Caffe's rule (Glorot's uses fan_out as well)."""

    type: Literal["Xavier"] = "Xavier"

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        limit = sqrt(3 / fan_in(shape))
        return rng.uniform(-limit, limit, size)


class Gaussian(_Independent):
    """N(``mean``, ``std``²), independent for each element; defaults 0 and 1.

    Source:
        Mocha ``GaussianInitializer``; Caffe ``gaussian`` filler.
    """

    type: Literal["Gaussian"] = "Gaussian"
    mean: float = 0.0
    std: NonNegativeFloat = 1.0

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        return rng.normal(self.mean, self.std, size)


class Uniform(_Independent):
    """U[``low``, ``high``), independent for each element; defaults −1 and 1.

    Source:
        Caffe ``uniform`` filler, whose defaults are 0 and 1.
    """

    type: Literal["Uniform"] = "Uniform"
    low: float = -1.0
    high: float = 1.0

    @model_validator(mode="after")
    def _check(self) -> Uniform:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) must not exceed high ({self.high})")
        if not isfinite(self.high - self.low):
            raise ValueError(f"low ({self.low}) and high ({self.high}) are too far apart")
        return self

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        return rng.uniform(self.low, self.high, size)


def fan_out(shape: Shape) -> int:
    """How many output units one input reaches: all axes but the second (a vector: its length)."""
    return shape[0] * prod(shape[2:])


class Glorot(_Independent):
    """U[−s, s) with s = √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16)."""

    type: Literal["Glorot"] = "Glorot"

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        limit = sqrt(6 / (fan_in(shape) + fan_out(shape)))
        return rng.uniform(-limit, limit, size)


class MSRA(_Independent):
    """N(0, 2 / fan_in), for layers before a ReLU (He et al. 2015, arXiv 1502.01852)."""

    type: Literal["MSRA"] = "MSRA"

    def draw(self, rng: np.random.Generator, shape: Shape, size: Shape) -> np.ndarray:
        return rng.normal(0.0, sqrt(2 / fan_in(shape)), size)


class Orthogonal(Initializer):
    """``gain`` (default 1) times a matrix with orthonormal rows or columns.

    The param is seen as ``(shape[0], rest)``: its rows are orthonormal where it is wide, its
    columns where it is tall (Saxe et al. 2013, arXiv 1312.6120). Mocha's is not orthogonal
    where it is wide.
    """

    type: Literal["Orthogonal"] = "Orthogonal"
    gain: PositiveFloat = 1.0

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        n_row, n_column = shape[0], prod(shape[1:])
        tall = rng.standard_normal((max(n_row, n_column), min(n_row, n_column)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # the sign that makes the distribution uniform
        return self.gain * (q if n_row >= n_column else q.T).reshape(shape)


class Bilinear(Initializer):
    """Bilinear interpolation, for a Deconvolution that enlarges (Caffe ``bilinear`` filler).

    Needs a param of shape ``(…, …, k, k)``.
    """

    type: Literal["Bilinear"] = "Bilinear"

    def check(self, shape: Shape) -> None:
        if len(shape) != 4 or shape[2] != shape[3]:  # noqa: PLR2004  # images have two axes
            raise ShapeError(
                f"Bilinear fills square filters, found a param of shape {shape_text(shape)}\n"
                "  choose another initializer, such as Xavier"
            )

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        size = shape[3]
        factor = (size + 1) // 2
        centre = (2 * factor - 1 - factor % 2) / (2 * factor)
        triangle = 1 - np.abs(np.arange(size) / factor - centre)
        return np.broadcast_to(np.outer(triangle, triangle), shape)


#: All of them, for a union that has more.
EveryInitializer: TypeAlias = (
    Null | Constant | Xavier | Glorot | MSRA | Gaussian | Uniform | Orthogonal | Bilinear
)
AnyInitializer: TypeAlias = Annotated[
    EveryInitializer, Field(discriminator="type"), OrUserClass(Initializer), ByName
]
