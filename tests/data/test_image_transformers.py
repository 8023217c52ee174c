"""Transformers that move images about."""

import numpy as np
import pytest

from graphnet.blob import storage
from graphnet.data.transformer import Samples
from graphnet.data.transformers import (
    Pad,
    RandomCrop,
    RandomMirror,
    RandomRotation,
    RandomShift,
)
from graphnet.errors import ShapeError, SpecError
from graphnet.random.philox import uniforms

N, SHAPE = 40, (2, 6, 7)
X = np.random.default_rng(3).random((N, *SHAPE)).astype(np.float32)
ROWS, EPOCHS = np.arange(100, 100 + N), np.full(N, 5)
RANDOM = [
    RandomCrop(crop_size=(4, 3)),
    RandomMirror(),
    RandomShift(shift=(2, 3)),
    RandomRotation(degrees=30.0),
]
EVERY_RANDOM = pytest.mark.parametrize("transformer", RANDOM, ids=lambda t: t.type)


def run(transformer, x=X, rows=ROWS, epochs=EPOCHS, key=7):
    """The transformed batch, written to batch-last storage."""
    out = np.empty((*transformer.out_shape(x.shape[1:]), len(x)), x.dtype)
    out = out.transpose(3, 0, 1, 2)
    assert storage(out).flags.c_contiguous
    out.fill(np.nan)
    transformer.bind(x.shape[1:], len(x), x.dtype, key)(x, out, Samples(rows, epochs))
    assert np.isfinite(out).all()
    return out


def test_pad():
    """Zeros on each side."""
    out = run(Pad(pad=(1, 2)))
    assert out.shape == (N, 2, 8, 11)
    assert np.array_equal(out, np.pad(X, ((0, 0), (0, 0), (1, 1), (2, 2))))
    assert Pad(pad=3).pad == (3, 3)


def test_crop_is_a_window():
    """Each sample is a window of its own image; all windows occur."""
    out = run(RandomCrop(crop_size=(4, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(X, (4, 3), axis=(2, 3))
    found = set()
    for n in range(N):
        same = (windows[n] == out[n][:, None, None]).all(axis=(0, 3, 4))
        assert same.sum() == 1
        found.add(tuple(np.argwhere(same)[0].tolist()))
    assert len(found) > 10
    assert max(found)[0] == 2
    assert max(left for _, left in found) == 4


def test_crop_of_the_whole():
    """A crop as large as the image is the image."""
    assert np.array_equal(run(RandomCrop(crop_size=(6, 7))), X)


def test_mirror():
    """Each sample is its image or its mirror image, about half of each."""
    out = run(RandomMirror())
    mirrored = [np.array_equal(o, x[:, :, ::-1]) for o, x in zip(out, X, strict=True)]
    kept = [np.array_equal(o, x) for o, x in zip(out, X, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 10 < sum(mirrored) < 30
    assert np.array_equal(run(RandomMirror(probability=1.0)), X[:, :, :, ::-1])
    assert np.array_equal(run(RandomMirror(probability=0.0)), X)


def test_shift():
    """Each sample is its image moved by whole pixels within the limits, zeros behind it."""
    out = run(RandomShift(shift=(2, 3)))
    padded = np.pad(X, ((0, 0), (0, 0), (2, 2), (3, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (6, 7), axis=(2, 3))
    found = set()
    for n in range(N):
        same = (windows[n] == out[n][:, None, None]).all(axis=(0, 3, 4))
        assert same.sum() == 1
        found.add(tuple(np.argwhere(same)[0].tolist()))
    assert {down for down, _ in found} == set(range(5))
    assert {right for _, right in found} == set(range(7))
    assert np.array_equal(run(RandomShift(shift=0)), X)


def turned(image, angle):
    """One channel turned about its centre, pixel by pixel."""
    height, width = image.shape
    bordered = np.pad(image.astype(np.float64), 2)
    out = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            y, x = i - (height - 1) / 2, j - (width - 1) / 2
            v = np.cos(angle) * y + np.sin(angle) * x + (height - 1) / 2
            u = np.cos(angle) * x - np.sin(angle) * y + (width - 1) / 2
            if -1 <= v <= height and -1 <= u <= width:
                top, left = int(np.floor(v)), int(np.floor(u))
                a, b = v - top, u - left
                square = bordered[top + 2 : top + 4, left + 2 : left + 4]
                out[i, j] = np.array([1 - a, a]) @ square @ np.array([1 - b, b])
    return out


@pytest.mark.parametrize("degrees", [10.0, 180.0])
def test_rotation(degrees):
    """Bilinear values along turned axes, zeros from beyond the border."""
    out = run(RandomRotation(degrees=degrees))
    angles = (2 * uniforms(7, ROWS, EPOCHS)[0] - 1) * np.deg2rad(degrees)
    for n in range(N):
        for c in range(2):
            assert out[n, c] == pytest.approx(turned(X[n, c], angles[n]), abs=2e-6)
    assert run(RandomRotation(degrees=0.0)) == pytest.approx(X, abs=1e-6)


def test_rotation_in_blocks():
    """More pixels than are turned at a time give the same result."""
    x = np.random.default_rng(3).random((5, 1, 160, 170)).astype(np.float32)
    rows, epochs = np.arange(5), np.zeros(5, np.int64)
    out = run(RandomRotation(degrees=20.0), x, rows, epochs)
    for n in range(5):
        one = run(RandomRotation(degrees=20.0), x[n : n + 1], rows[n : n + 1], epochs[:1])
        assert np.array_equal(out[n], one[0])


@EVERY_RANDOM
def test_belongs_to_the_sample(transformer):
    """What happens to a sample does not depend on its place or its neighbours."""
    order = np.random.default_rng(0).permutation(N)
    out = run(transformer)
    assert np.array_equal(run(transformer, X[order], ROWS[order], EPOCHS[order]), out[order])


@EVERY_RANDOM
def test_every_epoch_is_another(transformer):
    """The same sample is treated anew in each epoch, and under each key."""
    assert not np.array_equal(run(transformer), run(transformer, epochs=EPOCHS + 1))
    assert not np.array_equal(run(transformer), run(transformer, key=8))
    assert np.array_equal(run(transformer), run(transformer))


@pytest.mark.parametrize("transformer", [Pad(pad=1), *RANDOM], ids=lambda t: t.type)
def test_needs_images(transformer):
    """Samples that are no images are refused."""
    with pytest.raises(
        ShapeError, match=rf"{transformer.type} needs images \(C, H, W\), but a sample is 4×5"
    ):
        transformer.out_shape((4, 5))


def test_impossible_sizes():
    """A crop larger than the image, and a shift out of sight, are refused."""
    with pytest.raises(
        ShapeError, match="crop_size 7×2 is larger than the image, 6×7\n  put a Pad"
    ):
        RandomCrop(crop_size=(7, 2)).out_shape(SHAPE)
    with pytest.raises(ShapeError, match="shift 6×0 can move an image of 6×7 out of sight"):
        RandomShift(shift=(6, 0)).out_shape(SHAPE)
    with pytest.raises(SpecError, match="at most 1"):
        RandomMirror(probability=1.5)
    with pytest.raises(SpecError, match="at most 180"):
        RandomRotation(degrees=200.0)
