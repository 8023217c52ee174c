"""Products in pieces are the products."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend.numpy import products as numpy_products
from graphnet.backend.numpy.limits import Blas
from graphnet.backend.numpy.products import (
    COLUMNS,
    by_columns,
    by_rows,
    has_unpacked,
    in_pieces,
)


@pytest.fixture
def unpacked(monkeypatch):
    """As on a processor with the kernels for small matrices."""
    monkeypatch.setattr(numpy_products, "has_unpacked", lambda: True)


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def made(calls):
    """The calls, made; how many there were."""
    calls = list(calls)
    for call in calls:
        call()
    return len(calls)


@pytest.mark.usefixtures("unpacked")
@pytest.mark.parametrize(
    ("m", "depth", "n", "n_calls"),
    [
        (32, 800, 384, 1),  # pieces alone
        (32, 800, 400, 2),  # and a rest
        (32, 75, 384, 1),  # small as it is
        (64, 800, 448, 1),  # its pieces would not be small
        (50, 500, COLUMNS, 1),
        (50, 500, 3, 1),
    ],
)
@pytest.mark.parametrize("outer", [(), (3,)])
def test_by_columns(m, depth, n, n_calls, outer):
    """Of one matrix and of several, in the middle of larger arrays."""
    left, right = random(m, depth), random(*outer, depth, n + 5)[..., :n]
    out = np.full((*outer, m, n + 7), np.nan, np.float32)
    assert made(by_columns(left, right, out[..., :n])) == n_calls
    np.testing.assert_allclose(out[..., :n], left @ right, rtol=1e-4, atol=1e-3)
    assert np.isnan(out[..., n:]).all()


@pytest.mark.usefixtures("unpacked")
@pytest.mark.parametrize(
    ("n_rows", "depth", "n", "n_calls"),
    [
        (800, 400, 32, 2),  # laid out, multiplied
        (800, 400, 64, 2),
        (797, 400, 32, 1),  # a prime number of rows
        (500, 512, 50, 1),  # no whole vectors
        (20, 400, 32, 1),  # small as it is
        (48, 400, 64, 2),
        (10, 10, 16, 1),  # fewer rows than a piece would have
    ],
)
def test_by_rows(n_rows, depth, n, n_calls):
    """The right side may be stored in any order."""
    left, right = random(2, n_rows, depth), random(n, 2, depth + 3)[..., :depth]
    right = right.transpose(1, 2, 0)
    out, room = np.full((2, n_rows, n), np.nan, np.float32), np.empty(right.size + 9, np.float32)
    assert made(by_rows(left, right, out, room)) == n_calls
    np.testing.assert_allclose(out, left @ right, rtol=1e-4, atol=1e-3)


@pytest.mark.usefixtures("unpacked")
@pytest.mark.parametrize(
    ("n_rows", "depth", "n", "rows"),
    [
        (512, 128, 32, 128),
        (128, 512, 32, 32),
        (509, 128, 32, 509),  # a prime number of rows
        (64, 128, 32, 64),  # small as it is
        (512, 512, 16, 64),
        (512, 1024, 32, 512),  # a piece would have few rows
        (16, 8192, 512, 16),  # not even one row is small
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_in_pieces(n_rows, depth, n, rows, is_turned):
    """The left side may be stored in any order, and all of them within larger arrays."""
    left = random(depth, n_rows).T if is_turned else random(n_rows, depth)
    right, out = random(3, depth, n + 5)[..., :n], np.full((3, n_rows, n + 7), np.nan, np.float32)
    call = in_pieces(left, right, out[..., :n])
    assert call.args[0].shape[-2] == rows
    call()
    np.testing.assert_allclose(out[..., :n], left @ right, rtol=1e-4, atol=5e-3)
    assert np.isnan(out[..., n:]).all()


@pytest.mark.usefixtures("unpacked")
def test_a_turned_right_side_is_left_whole():
    """Kernels for small matrices are slow where the right one is stored column after column."""
    left, right, out = random(512, 128), random(32, 128).T, random(512, 32)
    call = in_pieces(left, right, out)
    assert call.args[0] is left
    call()
    np.testing.assert_allclose(out, left @ right, rtol=1e-4, atol=1e-3)


def test_left_whole_elsewhere(monkeypatch):
    """Where a product is packed in any case, pieces would take longer."""
    monkeypatch.setattr(numpy_products, "has_unpacked", lambda: False)
    left, right, out = random(32, 800), random(800, 384), random(32, 384)
    (call,) = by_columns(left, right, out)
    assert call.args[1] is right
    left, right, out = random(1, 800, 400), random(1, 400, 32), random(1, 800, 32)
    (call,) = by_rows(left, right, out, random(400 * 32))
    assert call.args[1] is right
    assert in_pieces(left[0], right[0], out[0]).args[1].ndim == 2


@pytest.mark.parametrize(
    ("architecture", "has"), [("SkylakeX", True), ("Haswell", False), ("", False)]
)
def test_processors(monkeypatch, architecture, has):
    """Asked of the library that NumPy uses."""
    library = Blas(lambda: 1, print, is_per_thread=False, architecture=architecture)
    monkeypatch.setattr(numpy_products, "blas_libraries", lambda: (library,))
    assert has_unpacked() is has
