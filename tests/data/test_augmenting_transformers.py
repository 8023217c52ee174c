"""Transformers of images beyond moves, against what is computed pixel by pixel."""

import h5py
import numpy as np
import pytest

from graphnet.blob import storage
from graphnet.data.augmenting_transformers import random_boxes
from graphnet.data.transformer import Samples
from graphnet.data.transformers import (
    ColorJitter,
    Normalize,
    RandomErase,
    RandomResizedCrop,
    Resize,
)
from graphnet.errors import DataError, ShapeError, SpecError
from graphnet.random.philox import uniforms

N, SHAPE = 40, (3, 6, 7)
X = np.random.default_rng(3).random((N, *SHAPE)).astype(np.float32)
ROWS, EPOCHS = np.arange(100, 100 + N), np.full(N, 5)
RANDOM = [
    RandomResizedCrop(size=(4, 5)),
    RandomErase(probability=0.8),
    ColorJitter(brightness=0.4, contrast=0.3, saturation=0.2),
]
EVERY_RANDOM = pytest.mark.parametrize("transformer", RANDOM, ids=lambda t: t.type)


def run(transformer, x=X, rows=ROWS, epochs=EPOCHS, key=7):
    """The transformed batch, written to batch-last storage."""
    out = np.empty((*transformer.out_shape(x.shape[1:]), len(x)), x.dtype)
    out = out.transpose(out.ndim - 1, *range(out.ndim - 1))
    assert storage(out).flags.c_contiguous
    out.fill(np.nan)
    before = x.copy()
    transformer.bind(x.shape[1:], len(x), x.dtype, key)(x, out, Samples(rows, epochs))
    assert np.isfinite(out).all()
    assert np.array_equal(x, before)
    return out


def stretched(image, box, size):
    """One channel of a box, pixel by pixel; pixels have their values in their middles."""
    top, left, height, width = box
    out = np.zeros(size)
    for i, j in np.ndindex(*size):
        v = min(max(top + (i + 0.5) * height / size[0] - 0.5, 0), image.shape[0] - 1)
        u = min(max(left + (j + 0.5) * width / size[1] - 0.5, 0), image.shape[1] - 1)
        a, b = v - np.floor(v), u - np.floor(u)
        bordered = np.pad(image.astype(float), ((0, 1), (0, 1)), mode="edge")
        square = bordered[int(v) : int(v) + 2, int(u) : int(u) + 2]
        out[i, j] = np.array([1 - a, a]) @ square @ np.array([1 - b, b])
    return out


@pytest.mark.parametrize("size", [(6, 7), (12, 9), (3, 2), (1, 1)])
def test_resize(size):
    """Bilinear, with the edges of the image where they were."""
    out = run(Resize(size=size))
    for n in (0, 7):
        for c in range(3):
            expected = stretched(X[n, c], (0, 0, 6, 7), size)
            np.testing.assert_allclose(out[n, c], expected, atol=1e-6)
    if size == (6, 7):
        assert np.array_equal(out, X)


def test_resized_crop():
    """Each sample is its box, brought to the size."""
    spec = RandomResizedCrop(size=(4, 5), area=(0.2, 0.9), ratio=(0.5, 2))
    out = run(spec)
    boxes = random_boxes(uniforms(7, ROWS, EPOCHS), SHAPE, spec.area, spec.ratio).T
    for n in range(N):
        for c in range(3):
            np.testing.assert_allclose(out[n, c], stretched(X[n, c], boxes[n], (4, 5)), atol=1e-6)


def test_boxes():
    """They lie within the image; areas and ratios are in their ranges where there is room."""
    drawn = uniforms(3, np.arange(5000), np.zeros(5000, np.int64))
    top, left, tall, wide = random_boxes(drawn, (3, 40, 50), (0.1, 0.3), (0.5, 2))
    assert min(top.min(), left.min()) >= 0
    assert (top + tall).max() <= 40
    assert (left + wide).max() <= 50
    areas, ratios = tall * wide / 2000, wide / tall
    np.testing.assert_allclose([areas.min(), areas.max()], [0.1, 0.3], atol=1e-3)
    np.testing.assert_allclose([ratios.min(), ratios.max()], [0.5, 2], rtol=1e-3)
    assert np.log(ratios).mean() == pytest.approx(0, abs=0.02)
    assert areas.mean() == pytest.approx(0.2, abs=0.003)
    edge = random_boxes(np.full((4, 1), 1.0), (3, 40, 50), (1, 1), (4, 4))
    assert (edge[2:] <= [[40], [50]]).all()


def test_erase():
    """A rectangle of one number in some of the images, and nothing else."""
    spec = RandomErase(probability=0.5, area=(0.2, 0.5), ratio=(0.5, 2), value=-3.0)
    out = run(spec)
    erased = out == -3
    assert np.array_equal(out[~erased], X[~erased])
    some = erased.any((1, 2, 3))
    assert 10 < some.sum() < 30
    sizes = set()
    for n in np.flatnonzero(some):
        rows, columns = np.nonzero(erased[n, 0])
        box = erased[n, :, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box.all()
        assert box.sum() == erased[n].sum()
        sizes.add(box.shape)
    assert len(sizes) > 3
    assert np.array_equal(run(RandomErase(probability=0.0)), X)
    assert (run(RandomErase(probability=1.0, value=-3.0)) == -3).any((1, 2, 3)).all()


def test_colours():
    """Brightness, then contrast about the mean grey, then saturation about each pixel's."""
    spec = ColorJitter(brightness=0.4, contrast=0.3, saturation=0.2)
    out = run(spec)
    drawn = 2 * uniforms(7, ROWS, EPOCHS)[:3] - 1
    for n in range(N):
        brightness, contrast, saturation = 1 + drawn[:, n] * [0.4, 0.3, 0.2]
        image = X[n].astype(float) * brightness

        def grey(image):
            return 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]

        mean = grey(image).mean()
        image = mean + contrast * (image - mean)
        image = grey(image) + saturation * (image - grey(image))
        np.testing.assert_allclose(out[n], image, atol=1e-5)
    assert np.array_equal(run(ColorJitter()), X)
    grey = run(ColorJitter(contrast=0.5), X[:, :1])
    np.testing.assert_allclose(grey.mean((2, 3)), X[:, :1].mean((2, 3)), atol=1e-6)


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [(0.5, 0.25), ((0.1, 0.2, 0.3), 2.0), ((0.1, 0.2, 0.3), (1.0, 2.0, 4.0))],
)
def test_normalize(mean, deviation):
    """Less the mean, divided by the deviation; it can be undone."""
    spec = Normalize(mean=mean, deviation=deviation)
    out = run(spec)
    for c in range(3):
        less = mean[c] if isinstance(mean, tuple) else mean
        by = deviation[c] if isinstance(deviation, tuple) else deviation
        np.testing.assert_allclose(out[:, c], (X[:, c] - less) / by, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(spec.undone(np.ascontiguousarray(out)), X, atol=1e-6)
    rows = run(Normalize(mean=0.5, deviation=2.0), X[:, 0, 0])
    np.testing.assert_allclose(rows, (X[:, 0, 0] - 0.5) / 2, atol=1e-7)


@EVERY_RANDOM
def test_belongs_to_the_sample(transformer):
    """What happens to a sample does not depend on its place or its neighbours."""
    order = np.random.default_rng(0).permutation(N)
    out = run(transformer)
    assert np.array_equal(run(transformer, X[order], ROWS[order], EPOCHS[order]), out[order])
    assert np.array_equal(run(transformer, X[:1], ROWS[:1], EPOCHS[:1]), out[:1])


@EVERY_RANDOM
def test_every_epoch_is_another(transformer):
    """The same sample is treated anew in each epoch, and under each key."""
    assert not np.array_equal(run(transformer), run(transformer, epochs=EPOCHS + 1))
    assert not np.array_equal(run(transformer), run(transformer, key=8))
    assert np.array_equal(run(transformer), run(transformer))


@pytest.mark.parametrize("transformer", [Resize(size=3), *RANDOM], ids=lambda t: t.type)
def test_needs_images(transformer):
    """Samples that are no images are refused."""
    with pytest.raises(
        ShapeError, match=rf"{transformer.type} needs images \(C, H, W\), but a sample is 4×5"
    ):
        transformer.out_shape((4, 5))


def test_mistakes():
    """Channels that do not fit, ranges the wrong way round, numbers out of range."""
    with pytest.raises(ShapeError, match=r"'mean' has 2 numbers, but a sample is 3×6×7\n"):
        Normalize(mean=(1.0, 2.0), deviation=1.0).out_shape(SHAPE)
    with pytest.raises(ShapeError, match="saturation needs 3 channels, but a sample is 1×6×7"):
        ColorJitter(saturation=0.5).out_shape((1, 6, 7))
    for keys, said in (
        ({"area": (0.5, 0.1)}, r"'area' is \[0.5, 0.1\]\n  expected the smaller first"),
        ({"area": (0.5, 1.5)}, "'area' reaches to 1.5\n  expected at most 1"),
        ({"ratio": (2.0, 1.0)}, "'ratio' is"),
    ):
        with pytest.raises(SpecError, match=said):
            RandomResizedCrop(size=3, **keys)
    with pytest.raises(SpecError, match="deviation"):
        Normalize(mean=0.0, deviation=0.0)
    with pytest.raises(SpecError, match="'ratio' is"):
        RandomErase(ratio=(2.0, 1.0))


def test_normalize_by_a_file(tmp_path):
    """As ``graphnet data statistics`` writes it; a run records the numbers."""
    path = tmp_path / "s.h5"
    with h5py.File(path, "w") as file:
        file["mean"], file["deviation"] = [0.5, 0.25, 0.125], [2.0, 4.0, 8.0]
    found = Normalize(statistics_file="s.h5").relative_to(tmp_path)
    expected = run(Normalize(mean=(0.5, 0.25, 0.125), deviation=(2.0, 4.0, 8.0)))
    assert np.array_equal(run(found), expected)
    known = found.with_fitted(found.fitted())
    assert np.array_equal(run(known), expected)
    np.testing.assert_allclose(known.undone(expected), X, rtol=1e-5, atol=1e-6)
    assert found.undone(expected) is None
    one = Normalize(mean=1, deviation=2)
    assert one.fitted() is None
    assert one.relative_to(tmp_path) == one
    with pytest.raises(ShapeError, match=r"s.h5: 'mean' has 3 numbers, but a sample is 2×5"):
        found.bind((2, 5), 4, np.dtype("f4"), 1)


@pytest.mark.parametrize(
    ("mean", "deviation", "said"),
    [
        ([1.0, 2.0], [1.0], "one number for each channel"),
        ([1.0], [0.0], "above 0"),
        ([np.nan], [1.0], "finite means"),
    ],
)
def test_files_that_are_no_statistics(tmp_path, mean, deviation, said):
    """Say what is expected."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["mean"], file["deviation"] = mean, deviation
    with pytest.raises(DataError, match=said):
        Normalize(statistics_file=str(tmp_path / "s.h5")).fitted()


@pytest.mark.parametrize(
    "keys", [{}, {"mean": 1}, {"mean": 1, "deviation": 1, "statistics_file": "s.h5"}], ids=len
)
def test_normalize_by_nothing(keys):
    """Numbers, or a file."""
    with pytest.raises(SpecError, match="needs 'mean' and 'deviation', or else"):
        Normalize(**keys)
