"""Scale and SubMean."""

from pathlib import Path

import numpy as np
import pytest
from support.data_layers import write_h5

from graphnet.data.transformer import Samples
from graphnet.data.transformers import OneHot, Scale, SubMean
from graphnet.errors import DataError, ShapeError, SpecError

SAMPLES = Samples(np.arange(4), np.zeros(4, np.int64))


def run(transformer, x):
    """The transformed batch, computed over its input."""
    apply = transformer.bind(x.shape[1:], len(x), x.dtype, key=0)
    out = x.copy()
    apply(out, out, SAMPLES)
    assert out.dtype == x.dtype
    return out


X = np.arange(4 * 2 * 3 * 3, dtype=np.float32).reshape(4, 2, 3, 3)


def test_scale():
    """Every value is multiplied; the default changes nothing."""
    assert np.array_equal(run(Scale(scale=0.5), X), X / 2)
    assert np.array_equal(run(Scale(), X), X)
    assert Scale(scale=2.0).out_shape((2, 3, 3)) == (2, 3, 3)


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (1.5, X - 1.5),
        ([1.0, 2.0], X - np.array([1, 2], np.float32).reshape(1, 2, 1, 1)),
        (X[1].tolist(), X - X[1]),
    ],
)
def test_sub_mean(mean, expected):
    """A number, one for each channel, or one for each value."""
    assert np.array_equal(run(SubMean(mean=mean), X), expected)


@pytest.mark.parametrize("shape", [(2, 3, 3), (1, 2, 3, 3)])
def test_sub_mean_from_a_file(tmp_path, shape):
    """The data set ``mean`` of a file, with or without a batch axis of one."""
    write_h5(tmp_path / "mean.h5", mean=X[2].reshape(shape).astype(np.float64))
    transformer = SubMean(mean_file="mean.h5").relative_to(tmp_path)
    assert np.array_equal(run(transformer, X), X - X[2])


def test_relative_to():
    """Only a file's path depends on where the YAML is."""
    found = SubMean(mean_file="a/mean.h5").relative_to(Path("/nets"))
    assert found.mean_file == "/nets/a/mean.h5"
    assert found.relative_to(Path("/other")) == found
    assert SubMean(mean=1.0).relative_to(Path("/nets")) == SubMean(mean=1.0)
    assert Scale().relative_to(Path("/nets")) == Scale()


def test_sub_mean_of_a_named_set(tmp_path, monkeypatch):
    """Its shape is known without a file; the file is looked for in the data folder."""
    transformer = SubMean(mean_file="dataset:cifar10/mean")
    assert transformer.relative_to(Path("/nets")) == transformer
    assert transformer.out_shape((3, 32, 32)) == (3, 32, 32)
    with pytest.raises(ShapeError, match="dataset:cifar10/mean to subtract is 3×32×32, but a samp"):
        transformer.out_shape((3, 28, 28))
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    x = np.ones((4, 3, 32, 32), np.float32)
    with pytest.raises(DataError, match="with a network: graphnet data cifar10"):
        run(transformer, x)
    (tmp_path / "cifar10").mkdir()
    write_h5(tmp_path / "cifar10" / "mean.h5", mean=x[0] / 4)
    assert np.array_equal(run(transformer, x), x * 0.75)
    with pytest.raises(SpecError, match="there is no mean 'dataset:cifar/mean'\n  did you"):
        SubMean(mean_file="dataset:cifar/mean")


@pytest.mark.parametrize("mean", [[1.0, 2.0, 3.0], [[1.0, 2.0]], [[[[[1.0]]]]]])
def test_mean_that_does_not_fit(mean):
    """An inline mean of another shape is refused before there is any data."""
    with pytest.raises(
        ShapeError,
        match=r"the mean to subtract is .*, but a sample is 2×3×3\n"
        r"  expected that shape, or one number, or one number for each of the 2 channels",
    ):
        SubMean(mean=mean).out_shape((2, 3, 3))


def test_mean_of_a_file_that_does_not_fit(tmp_path):
    """A mean of another shape is named with its file."""
    path = write_h5(tmp_path / "mean.h5", mean=np.zeros(4))
    with pytest.raises(ShapeError, match=r"mean\.h5: the mean to subtract is 4, but a sample is 3"):
        SubMean(mean_file=str(path)).bind((3,), 4, np.dtype("f4"), key=0)
    with pytest.raises(DataError, match=r"cannot read .*nowhere"):
        SubMean(mean_file=str(tmp_path / "nowhere")).bind((3,), 4, np.dtype("f4"), key=0)


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({}, "SubMean needs either 'mean' or 'mean_file'"),
        ({"mean": 1.0, "mean_file": "a.h5"}, "SubMean needs either 'mean' or 'mean_file'"),
        ({"mean": [[1.0], [2.0, 3.0]]}, "'mean' must be a number, or lists of numbers of equal"),
        ({"mean": ["1", "2"]}, "'mean' must be a number, or lists of numbers of equal"),
        ({"mean": [float("nan")]}, "'mean' must be finite"),
        ({"men": 1.0}, "unknown key 'men'\n  did you mean 'mean'"),
    ],
)
def test_refused(keys, match):
    """What is no mean is refused when the YAML is read."""
    with pytest.raises(SpecError, match=match):
        SubMean(**keys)


def test_what_was_done_is_undone():
    """Where that can be told."""
    x = np.random.default_rng(0).random((3, 2, 2, 2), "f4")
    for transformer in (
        Scale(scale=0.25),
        SubMean(mean=3),
        SubMean(mean=[1, 2]),
    ):
        out = x.copy()
        transformer.bind(x.shape[1:], 3, x.dtype, 0)(out, out, None)
        np.testing.assert_allclose(transformer.undone(out), x, rtol=1e-5, atol=1e-6)
        assert transformer.undone(out).dtype == x.dtype
    assert Scale(scale=0).undone(x) is None
    assert SubMean(mean_file="m.h5").undone(x) is None


@pytest.mark.parametrize("shape", [(), (1,)])
def test_one_hot(shape):
    """1 at the class's own number."""
    labels = np.array([2, 0, 1], "f4").reshape(3, *shape)
    one = OneHot(n_class=3)
    assert one.out_shape(shape) == (3,)
    out = np.full((3, 3), np.nan, "f4")
    one.bind(shape, 3, np.dtype("f4"), 0)(labels, out, Samples(np.arange(3), np.zeros(3, int)))
    assert out.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    for bad in (3, -1, 0.5):
        labels[1] = bad
        with pytest.raises(DataError, match=rf"row 8: {bad} is no class\n  expected .* 0 to 2"):
            one.bind(shape, 3, np.dtype("f4"), 0)(
                labels, out, Samples(np.array([7, 8, 9]), np.zeros(3, int))
            )
    with pytest.raises(ShapeError, match="takes one class a sample, but a sample is 2"):
        one.out_shape((2,))
