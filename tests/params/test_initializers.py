"""Initializers: the distribution each promises, and the structure of those that have one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from pydantic import TypeAdapter

from graphnet.errors import ShapeError, SpecError
from graphnet.params import initializers
from graphnet.params.initializers import (
    MSRA,
    AnyInitializer,
    Bilinear,
    Constant,
    Gaussian,
    Glorot,
    Initializer,
    Null,
    Orthogonal,
    Uniform,
    Xavier,
    fan_in,
    fan_out,
)

FILTER = (40, 8, 5, 5)  # fan_in 8·25, fan_out 40·25
WEIGHT = (100, 80)
BIAS = (5000,)


def draw(initializer, shape, seed=0):
    """What a param of this shape is filled with."""
    return initializer.sample(np.random.default_rng(seed), shape)


def uniform(limit):
    """The distribution function of U[−limit, limit)."""
    return lambda x: np.clip((x + limit) / (2 * limit), 0, 1)


def normal(mean, std):
    """The distribution function of N(mean, std²)."""
    return np.vectorize(NormalDist(mean, std).cdf)


@pytest.mark.parametrize(
    ("initializer", "shape", "distribution"),
    [
        (Xavier(), WEIGHT, uniform(sqrt(3 / 80))),
        (Xavier(), FILTER, uniform(sqrt(3 / 200))),
        (Xavier(), BIAS, uniform(sqrt(3 / 5000))),
        (Glorot(), WEIGHT, uniform(sqrt(6 / 180))),
        (Glorot(), FILTER, uniform(sqrt(6 / 1200))),
        (MSRA(), WEIGHT, normal(0, sqrt(2 / 80))),
        (MSRA(), FILTER, normal(0, sqrt(2 / 200))),
        (Gaussian(), WEIGHT, normal(0, 1)),
        (Gaussian(mean=-2, std=0.01), FILTER, normal(-2, 0.01)),
        (Uniform(), WEIGHT, uniform(1)),
        (Uniform(low=-0.25, high=0.25), FILTER, uniform(0.25)),
    ],
    ids=lambda v: str(v) if isinstance(v, Initializer | tuple) else "",
)
def test_distribution(initializer, shape, distribution):
    """The empirical distribution function keeps within Kolmogorov and Smirnov's bound."""
    found = draw(initializer, shape)
    assert (found.shape, found.dtype) == (shape, np.float64)
    values = np.sort(found, axis=None)
    expected, n = distribution(values), values.size
    gap = np.abs(expected - (np.arange(n) + 0.5) / n).max() + 0.5 / n
    assert gap < 1.63 / sqrt(n), "the hypothesis is rejected at one per cent"


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [(Xavier(), 1 / 200), (Glorot(), 2 / (200 + 400 * 25)), (MSRA(), 2 / 200)],
    ids=str,
)
def test_variance(initializer, variance):
    """What keeps signals of one size from layer to layer."""
    found = draw(initializer, (400, 8, 5, 5))
    assert found.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize("initializer", [Xavier(), Glorot(), Uniform()], ids=str)
def test_a_uniform_draw_stays_within_its_limits(initializer):
    """Not one value is outside, and they come near both ends."""
    limit = {"Xavier": sqrt(3 / 80), "Glorot": sqrt(6 / 180), "Uniform": 1.0}[initializer.type]
    found = draw(initializer, WEIGHT)
    assert -limit <= found.min() < -0.99 * limit
    assert 0.99 * limit < found.max() < limit


def test_uniform_from_low_to_high():
    """The limits need not be symmetric, and may be equal."""
    found = draw(Uniform(low=2, high=3), WEIGHT)
    assert 2 <= found.min() < 2.01
    assert 2.99 < found.max() < 3
    np.testing.assert_array_equal(draw(Uniform(low=2, high=2), (3,)), [2, 2, 2])


def test_uniform_refuses_limits_the_wrong_way_round():
    """The message gives both."""
    with pytest.raises(SpecError, match=r"low \(3.0\) must not exceed high \(1.0\)"):
        Uniform(low=3, high=1)
    with pytest.raises(SpecError, match=r"low \(-1e\+308\) and high \(1e\+308\) are too far"):
        Uniform(low=-1e308, high=1e308)


@pytest.mark.parametrize(
    ("shape", "n_in", "n_out"),
    [((500, 800), 800, 500), ((50, 20, 5, 3), 20 * 15, 50 * 15), ((7,), 7, 7)],
)
def test_fans(shape, n_in, n_out):
    """What one output unit sees, and how many units one input reaches."""
    assert (fan_in(shape), fan_out(shape)) == (n_in, n_out)


def test_constant_and_null():
    """One value everywhere; nothing at all."""
    np.testing.assert_array_equal(draw(Constant(value=0.5), (2, 3)), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(draw(Constant(), (2,)), [0, 0])
    assert draw(Null(), (2, 3)) is None


@pytest.mark.parametrize(
    "shape",
    [(6, 6), (4, 9), (9, 4), (3, 2, 2, 2), (10, 1, 2, 2), (1, 5), (5,)],
    ids=lambda s: "x".join(map(str, s)),
)
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_has_orthonormal_rows_or_columns(shape, gain):
    """Rows where the matrix is wide, columns where it is tall; filters are flattened."""
    found = draw(Orthogonal(gain=gain), shape)
    assert found.shape == shape
    matrix = found.reshape(shape[0], -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    expected = gain**2 * np.eye(len(matrix))
    np.testing.assert_allclose(matrix @ matrix.T, expected, atol=1e-12)


def test_orthogonal_is_uniformly_distributed():
    """Each element is as often positive as negative, and rotations as frequent as reflections."""
    found = np.array([draw(Orthogonal(), (2, 2), seed) for seed in range(400)])
    assert np.abs((found > 0).mean(axis=0) - 0.5).max() < 0.08  # three standard deviations
    assert abs((np.linalg.det(found) > 0).mean() - 0.5) < 0.08


@pytest.mark.parametrize(
    ("size", "triangle"),
    [
        (1, [1]),
        (3, [1 / 4, 3 / 4, 3 / 4]),  # Caffe's rule has its centre between two odd taps
        (4, [1 / 4, 3 / 4, 3 / 4, 1 / 4]),
        (5, [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]),
    ],
)
def test_bilinear_against_kernels_made_by_hand(size, triangle):
    """The product of two triangles, the same in every filter."""
    found = draw(Bilinear(), (3, 2, size, size))
    expected = [[a * b for b in triangle] for a in triangle]
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-15)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_bilinear_enlarges_a_constant_to_a_constant(factor):
    """With the kernel Caffe advises for a factor, the weights that meet in a pixel add up to 1."""
    size = 2 * factor - factor % 2
    kernel = np.zeros((2 * factor, 2 * factor))
    kernel[:size, :size] = draw(Bilinear(), (1, 1, size, size))[0, 0]
    met = kernel.reshape(2, factor, 2, factor).sum(axis=(0, 2))
    np.testing.assert_allclose(met, np.ones((factor, factor)))


@pytest.mark.parametrize("shape", [(3, 3), (5,), (2, 1, 3, 4)])
def test_bilinear_needs_square_filters(shape):
    """Any other param is refused before there is any memory."""
    with pytest.raises(ShapeError, match="Bilinear fills square filters, found a param of shape"):
        Bilinear().check(shape)


@pytest.mark.parametrize("initializer", [Xavier(), Gaussian(), Orthogonal(), Uniform()], ids=str)
def test_draws_come_from_the_generator_alone(initializer):
    """The same generator gives the same values, another one others."""
    first, again, other = (draw(initializer, (4, 3), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


@pytest.mark.parametrize(
    "cls", [Null, Constant, Xavier, Glorot, MSRA, Gaussian, Uniform, Orthogonal, Bilinear]
)
def test_each_has_its_name_in_yaml(cls):
    """The class name is the YAML type."""
    assert TypeAdapter(AnyInitializer).validate_python(cls.__name__) == cls()


@pytest.mark.parametrize(
    "initializer",
    [
        *(Null(), Constant(value=3), Xavier(), Glorot(), MSRA(), Gaussian(mean=1, std=2)),
        *(Uniform(low=-2, high=5), Orthogonal(), Bilinear()),
    ],
)
@pytest.mark.parametrize("most", [1, 7, 64, 1 << 20])
def test_drawn_in_parts_the_numbers_are_the_same(initializer, most, monkeypatch):
    """Bit for bit, wherever a param is cut."""
    monkeypatch.setattr(initializers, "PART", most)
    shape = (5, 3, 4, 4)
    rng = np.random.Generator(np.random.Philox(key=3))
    parts = list(initializer.parts(rng, shape))
    whole = initializer.sample(np.random.Generator(np.random.Philox(key=3)), shape)
    if whole is None:
        assert not parts
    else:
        assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_a_class_of_ones_own_is_asked_for_the_whole():
    """One that derives from another, too; what it returns may be repeated over the param."""

    class Rows(Xavier):
        def sample(self, rng, shape):
            return np.arange(shape[0], dtype=np.float64)[:, None]

    parts = list(Rows().parts(np.random.default_rng(0), (2, 3)))
    assert np.array_equal(np.concatenate(parts), [0, 0, 0, 1, 1, 1])
