"""Sums of many numbers, against exact ones."""

from math import fsum, prod

import numpy as np
import pytest

from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.numpy.sums import (
    DOT,
    FAR,
    ONES,
    PLAIN,
    PRODUCT_ELEMENTS,
    SCRATCH_ELEMENTS,
    ThreadScratch,
    add_products,
    bind_moments,
    bind_row_sums,
    bind_sum,
    bind_sum_of_rows,
)

BACKEND, SCRATCH = NumpyBackend(1), ThreadScratch()
TOLERANCE = {np.dtype("f4"): 1e-6, np.dtype("f8"): 1e-14}
DTYPES = pytest.mark.parametrize("dtype", sorted(TOLERANCE, key=str), ids=str)

#: Shapes ``(N, …)`` and axes to sum over: few and many terms, narrow and wide rows, with kept axes
#: on either side, in parts that tiles cut evenly and others.
CASES = [((16, n), (1,)) for n in (1, 2, 5, 64, 65, 129, 1000)]
CASES += [((n, 7), (1,)) for n in (1, 2, 3, 600)]
CASES += [((64, n, 3, 3), (1,)) for n in (1, 2, 5)]
CASES += [((32, 4, n), (2,)) for n in (1, 3, 8, 64, 65)]
CASES += [((2, 3, 5), (2,)), ((1, 700, 2, 2), (1,)), ((7, 3, 90, 2), (2,))]
CASES += [((5, 3, 40, 41), (2, 3)), ((2, 3, 333, 77), (1, 2, 3)), ((3, 4, 5, 6), (0, 2, 3))]
CASES += [((3, 40, 5, 6), (0, 1, 3)), ((3, 40, 5, 6), (0, 1)), ((3, 40, 5), (0,)), ((9, 8), ())]
CASES += [((4, 2000, 3), (0, 1)), ((2, 70, 600, 3), (0, 1)), ((2, 70, 600, 3), (0, 1, 3))]
CASES += [
    ((3, 130, 700), (1,)),
    ((1, 2 * SCRATCH_ELEMENTS + 5, 3), (1,)),
    ((2, 40_000), (1,)),
    ((7,), (0,)),
]


def stored(values, *, blob):
    """An array of these values, stored as a blob or in C order."""
    make = BACKEND.empty_blob if blob else np.empty
    array = make(values.shape, values.dtype)
    array[...] = values
    return array


def values_of(shape, dtype, kind):
    """All equal, or each something between 0 and 1."""
    if kind == "equal":
        return np.full(shape, 0.1, dtype)
    return np.random.default_rng(0).random(shape).astype(dtype)


@pytest.mark.parametrize("blob", [True, False], ids=["batch last", "C order"])
@pytest.mark.parametrize("kind", ["equal", "random"])
@DTYPES
@pytest.mark.parametrize(("shape", "axes"), CASES, ids=str)
def test_sum_over_axes(shape, axes, dtype, kind, blob):
    """Whatever the axes, the sum is right to a part in a million, and the same again."""
    x = stored(values_of(shape, dtype, kind), blob=blob)
    expected = x.astype(np.longdouble).sum(axis=axes, keepdims=True)
    out = stored(np.full(expected.shape, np.nan, dtype), blob=blob)
    call = bind_sum(SCRATCH, x, axes, out)
    call()
    np.testing.assert_allclose(out, expected.astype(np.float64), rtol=TOLERANCE[dtype])
    first = out.copy()
    call()
    np.testing.assert_array_equal(out, first)


#: How 2**24 elements, some more and some fewer lie, and what is summed over.
MILLIONS = [
    ((4, 4, 1024, 1024), (1, 2, 3)),  # each sample of a batch of pictures
    ((4, 4, 1024, 1024), (0, 2, 3)),  # each channel
    ((2, 2, 2048, 2048), (2, 3)),  # each channel of each sample
    ((2, 2**23), (1,)),
    ((100, 167_773), (1,)),
    ((300_007, 56), (0,)),
    ((2**12, 2**12), (1,)),
    ((2, 2**21, 4), (0, 1)),
    ((8, 2, 2**20), (0, 1, 2)),
]


def exact(x):
    """Σ x, of float32: fsum over sums of a few in float64, which lose nothing that counts."""
    few = np.add.reduceat(x.astype(np.float64), np.arange(0, x.size, 512))
    return fsum(few.tolist())


def test_what_is_called_exact():
    """It is what fsum gives, and what a product gives where all are equal."""
    n = 2**24 - 5
    x = values_of((n,), np.float32, "random")
    assert exact(x) == pytest.approx(fsum(x.tolist()), rel=1e-15)
    x = values_of((n,), np.float32, "equal")
    assert exact(x) == n * float(x[0])


@pytest.mark.parametrize("kind", ["equal", "random"])
@pytest.mark.parametrize(("shape", "axes"), MILLIONS, ids=str)
def test_millions_against_fsum(shape, axes, kind):
    """The last of the sums, of up to 16 million terms, against the exact one."""
    x = stored(values_of(shape, np.float32, kind), blob=True)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    out = BACKEND.empty_blob(kept, np.float32)
    BACKEND.axes_sum(x, axes, out)()
    last = tuple(slice(None) if i in axes else slice(n - 1, n) for i, n in enumerate(shape))
    assert out[tuple(n - 1 for n in kept)] == pytest.approx(exact(x[last].ravel()), rel=1e-6)


@pytest.mark.parametrize("size", [1, DOT, DOT + 1, 10_000, 2**24, 2**24 + 77])
@pytest.mark.parametrize("kind", ["equal", "random"])
def test_totals(size, kind):
    """Σ x and Σ x · x as one number."""
    x = values_of((size,), np.float32, kind)
    assert BACKEND.total(x) == pytest.approx(exact(x), rel=1e-6)
    squares = exact(np.square(x, dtype=np.float64))
    assert BACKEND.product_total(x, x) == pytest.approx(squares, rel=1e-6)


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 1000), (300, DOT), (2, 5 * DOT + 3)])
def test_products(shape, dtype):
    """Of the rows of two matrices."""
    rng = np.random.default_rng(0)
    a, b = (rng.random(shape).astype(dtype) for _ in range(2))
    out = np.full(shape[0], np.nan, dtype)
    add_products(SCRATCH, a, b, out)
    expected = (a.astype(np.float64) * b).sum(1)
    np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype])


def test_products_of_channels():
    """Of all samples and positions of a blob."""
    a, b = (stored(values_of((5, 4, 70, 3), np.float64, "random"), blob=True) for _ in range(2))
    out = np.empty(4)
    BACKEND.channel_products(a, b[::1], out)
    np.testing.assert_allclose(out, (a * b).sum((0, 2, 3)), rtol=1e-14)


@DTYPES
@pytest.mark.parametrize("n", [1, ONES, ONES + 1, 4 * DOT, 5000])
def test_row_sums(n, dtype):
    """Of rows that need not lie side by side themselves."""
    x = np.full((3, 4, n), 0.1, dtype).transpose(1, 0, 2)
    out = np.full((4, 3), np.nan, dtype)
    bind_row_sums(x, out)()
    np.testing.assert_allclose(out, np.full((4, 3), n * float(x.flat[0])), rtol=TOLERANCE[dtype])


@DTYPES
@pytest.mark.parametrize("n", [1, PLAIN, PLAIN + 1, 3000])
def test_sum_of_rows(n, dtype):
    """Few at once; many folded."""
    x, out = np.full((n, 5), 0.1, dtype), np.full(5, np.nan, dtype)
    expected = np.full(5, n * float(x[0, 0]))
    bind_sum_of_rows(x, out)()
    np.testing.assert_allclose(out, expected, rtol=TOLERANCE[dtype])


def test_many_small_matrices():
    """They are left to NumPy: a product for each would take longer."""
    n = PRODUCT_ELEMENTS // 8
    for n_samples, is_product in ((n, True), (n - 1, False)):
        x = stored(np.ones((n_samples, 4, 8), np.float32), blob=True)
        out = stored(np.empty((n_samples, 4, 1), np.float32), blob=True)
        assert (bind_sum(SCRATCH, x, (2,), out).func is np.matmul) == is_product


def test_what_it_cannot_add():
    """Arrays with gaps, and axes that leave too many parts."""
    x = np.empty((4, 6, 2))
    with pytest.raises(ValueError, match="has gaps"):
        bind_sum(SCRATCH, x[:, ::2], (0,), np.empty((1, 3, 2)))
    many = np.empty((2,) * 5)
    with pytest.raises(ValueError, match="leave too many parts"):
        bind_sum(SCRATCH, many, (0, 2, 4), np.empty((1, 2, 1, 2, 1)))


def test_nothing():
    """The sum of no number is 0."""
    out = np.full((3, 1), np.nan)
    bind_sum(SCRATCH, np.empty((3, 0)), (1,), out)()
    assert prod(out.shape) == 3
    assert not out.any()


@DTYPES
@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 5), (4, ONES), (5, 100_352), (2, DOT * 7 + 3)], ids=str
)
def test_moments(dtype, shape):
    """Mean and variance of rows, also where the mean is twice the deviation."""
    x = (np.random.default_rng(0).standard_normal(shape) + 2).astype(dtype)
    mean, variance = np.full((2, shape[0]), np.nan, dtype)
    found = bind_moments(SCRATCH, x, mean, variance)()
    exact = x.astype(np.float64)
    assert found == (exact.var(1) * FAR**2 >= exact.mean(1) ** 2).all()
    if found:
        np.testing.assert_allclose(mean, exact.mean(1), rtol=TOLERANCE[x.dtype])
        np.testing.assert_allclose(variance, exact.var(1), rtol=4 * TOLERANCE[x.dtype])


@pytest.mark.parametrize("bad", [np.full(300, 7.0), np.arange(300) + 9e3, np.full(300, np.nan)])
def test_moments_that_would_be_wrong(bad):
    """Equal numbers, such as are far from 0, and such as are none; those of zeros are exact."""
    x = np.zeros((2, 300), np.float32)
    mean, variance = np.full((2, 2), np.nan, np.float32)
    assert bind_moments(SCRATCH, x, mean, variance)()
    assert (mean.tolist(), variance.tolist()) == ([0, 0], [0, 0])
    x[1] = bad
    assert not bind_moments(SCRATCH, x, mean, variance)()
