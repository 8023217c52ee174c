"""Tests of graphnet.backend.numpy.convolution.minimal_filtering."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend.numpy.convolution.minimal_filtering import (
    MOST_POINTS,
    filtering,
    tile_outputs,
)

ALGORITHMS = [(m, r) for r in range(1, MOST_POINTS + 1) for m in range(1, MOST_POINTS - r + 2)]


@pytest.mark.parametrize(("m", "r"), ALGORITHMS)
def test_outputs_are_the_sums_of_products(m, r):
    """Every algorithm finds the convolution."""
    rng = np.random.default_rng(m * 10 + r)
    image, taps = rng.standard_normal(m + r - 1), rng.standard_normal(r)
    f = filtering(m, r)
    found = f.outputs @ ((f.taps @ taps) * (f.image @ image))
    np.testing.assert_allclose(found, np.correlate(image, taps, "valid"), atol=1e-13)


@pytest.mark.parametrize(("m", "r"), ALGORITHMS)
def test_gradients_are_the_transposes(m, r):
    """As the docstring of the module states them."""
    rng = np.random.default_rng(m * 10 + r)
    image, taps, dy = (rng.standard_normal(n) for n in (m + r - 1, r, m))
    f = filtering(m, r)
    dtaps = f.taps.T @ ((f.outputs.T @ dy) * (f.image @ image))
    dimage = f.image.T @ ((f.taps @ taps) * (f.outputs.T @ dy))
    np.testing.assert_allclose(dtaps, np.correlate(image, dy, "valid"), atol=1e-13)
    np.testing.assert_allclose(dimage, np.convolve(taps, dy), atol=1e-13)


def test_two_outputs_of_three_taps():
    """The textbook's algorithm, up to the scale of its points: four products instead of six."""
    f = filtering(2, 3)
    assert np.abs(f.taps).tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 1], [0, 0, 1]]
    assert f.outputs.tolist() == [[1, 1, 1, 0], [0, 1, -1, 1]]
    np.testing.assert_array_equal(
        np.abs(f.image), np.abs([[1, 0, -1, 0], [0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0], [0, -1, 0, 1]])
    )


@pytest.mark.parametrize(
    ("n_out", "n_taps", "tile", "n_points"),
    [
        (8, 5, 4, 8),
        (24, 5, 4, 8),
        (5, 5, 3, 7),
        (6, 3, 6, 8),
        (28, 3, 6, 8),
        (4, 3, 4, 6),
        (2, 3, 2, 4),
        (1, 5, 1, 5),
        (7, 1, 1, 1),
        (9, 8, 1, 8),
        (9, 11, 1, 11),
    ],
)
def test_tiles(n_out, n_taps, tile, n_points):
    """As few products as can be, then as few points."""
    assert tile_outputs(n_out, n_taps) == tile
    assert tile + n_taps - 1 == n_points


@pytest.mark.parametrize("n_taps", [2, 3, 5, 7])
def test_rounding(n_taps):
    """In float32 the error is a few times that of the plain sum, as the module states."""
    m = MOST_POINTS - n_taps + 1
    rng = np.random.default_rng(n_taps)
    image = rng.standard_normal((50, MOST_POINTS, 200))
    taps = rng.standard_normal((20, 50, n_taps))
    exact = sum(np.einsum("kc,cjn->kjn", taps[:, :, s], image[:, s : s + m]) for s in range(n_taps))
    f = filtering(m, n_taps).astype(np.float32)
    image32, taps32 = image.astype(np.float32), taps.astype(np.float32)
    points = np.einsum("pi,cin->pcn", f.image, image32)
    filters = np.einsum("ps,kcs->pkc", f.taps, taps32)
    found = np.einsum("jp,pkn->kjn", f.outputs, filters @ points)
    plain = sum(
        np.einsum("kc,cjn->kjn", taps32[:, :, s], image32[:, s : s + m]) for s in range(n_taps)
    )
    assert np.std(found - exact) < 6 * np.std(plain - exact)
    assert np.std(found - exact) < 1e-6 * np.std(exact)
