"""MemoryData: samples in the YAML, and arrays given later."""

import numpy as np
import pytest
from support.data_layers import labels, layer_of

from graphnet.errors import DataError, SpecError
from graphnet.layers.data.memory_data import MemoryData

INLINE = {"x": [[0, 1], [2, 3], [4, 5]], "y": [0, 1, 2]}


def spec(**keys):
    return MemoryData(**({"name": "data", "batch_size": 2, "tops": ("x", "y")} | keys))


def test_inline():
    """Nested lists are the samples; batches wrap."""
    layer = layer_of(spec(data=INLINE))
    assert (layer.n_samples, layer.tops[0].shape, layer.tops[1].shape) == (3, (2, 2), (2,))
    assert labels(layer, 3) == [0, 1, 2, 0, 1, 2]
    assert layer.tops[0].data.tolist() == [[2, 3], [4, 5]]


def test_mixed():
    """With others of the epoch, all tops alike; the arrays stay as they are."""
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    layer = layer_of(
        spec(batch_size=6, mix="Mixup", shapes={"x": (2,), "y": ()}),
        inputs={"x": x, "y": x[:, 0]},
    )
    layer.forward()
    mixed = layer.tops[0].data
    assert np.array_equal(x, np.arange(12).reshape(6, 2))
    assert not np.array_equal(mixed, x)
    np.testing.assert_allclose(mixed[:, 0], layer.tops[1].data)
    np.testing.assert_allclose(mixed[:, 1] - mixed[:, 0], 1, rtol=1e-5)


def test_wraps_as_mocha_does():
    """Nine samples in batches of six with a mean subtracted: the epochs are 0, 1 and 2."""
    x = np.random.default_rng(0).random((9, 4, 5)).astype(np.float32)
    mean = x.mean(axis=0)
    layer = layer_of(
        MemoryData(
            name="data",
            tops=("x",),
            batch_size=6,
            shapes={"x": (4, 5)},
            transformers={"x": [{"type": "SubMean", "mean": mean.tolist()}]},
        ),
        inputs={"x": x},
    )
    assert layer.epoch == 0
    found, epochs = [], []
    for _ in range(3):
        layer.forward()
        epochs.append(layer.epoch)
        found.append(layer.tops[0].data.copy())
    assert epochs == [0, 1, 2]
    assert np.array_equal(np.concatenate(found), np.concatenate([x, x]) - mean)


def test_arrays_are_referenced():
    """Writing to a given array feeds new values."""
    x, y = np.zeros((4, 2)), np.arange(4)
    layer = layer_of(spec(shapes={"x": [2], "y": []}), inputs={"x": x, "y": y, "z": None})
    layer.forward()
    x[2:] = 7
    y[3] = 30
    layer.forward()
    assert layer.tops[0].data.tolist() == [[7, 7], [7, 7]]
    assert layer.tops[1].data.tolist() == [2, 30]


def test_inputs_take_the_place_of_inline_data():
    """Arrays given for a net's inline data are delivered instead, any number of rows."""
    layer = layer_of(spec(data=INLINE), inputs={"x": np.ones((5, 2)), "y": np.arange(5)})
    assert layer.n_samples == 5
    assert labels(layer, 3) == [0, 1, 2, 3, 4, 0]


def test_feed():
    """Other arrays can be given at any time, and begin at their beginning."""
    layer = layer_of(spec(data=INLINE))
    labels(layer, 2)
    layer.seek(0, wrap=False)
    layer.feed({"x": np.ones((3, 2)), "y": np.array([5, 6, 7])})
    assert (layer.cursor, labels(layer, 2)) == (0, [5, 6, 7, 7])
    assert (layer.cursor, layer.context.n_valid) == (3, 1)


def test_nothing_given_yet():
    """A net whose arrays come later can be built; running it says what is missing."""
    layer = layer_of(spec(shapes={"x": [2], "y": []}))
    assert layer.n_samples is None
    layer.seek(0)
    with pytest.raises(
        DataError,
        match=r"no arrays were given for 'x', 'y'\n"
        r"  in Python pass them when the net is loaded: inputs={'x': array, 'y': array}",
    ):
        layer.forward()
    layer.close()
    layer.feed({"x": np.ones((3, 2)), "y": np.arange(3)})
    layer.forward()


def test_shuffle_and_seek():
    """Shuffled epochs are permutations that can be entered anywhere."""
    layer = layer_of(spec(shapes={"x": [1], "y": []}, shuffle=True, batch_size=4), inputs={
        "x": np.zeros((10, 1)), "y": np.arange(10)})  # fmt: skip
    rows = labels(layer, 10)
    epochs = [rows[i : i + 10] for i in range(0, 40, 10)]
    assert all(sorted(e) == list(range(10)) for e in epochs)
    assert len({tuple(e) for e in epochs}) == 4
    layer.seek(17)
    assert labels(layer, 3) == rows[17:29]


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"x": np.ones((3, 2))}, "the given arrays: 'y' is missing\n  found: x"),
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, "unequal numbers of rows: 'x' has 3, 'y' has 4"),
        ({"x": np.ones((3, 5)), "y": np.ones(3)}, "'x' are 5, but the net was built for 2"),
        ({"x": np.ones((3, 2)), "y": np.array(["a"] * 3)}, "'y' holds <U1 values, not numbers"),
    ],
)
def test_arrays_that_do_not_fit(arrays, match):
    """Arrays must be there, be numbers, and fit the net and each other."""
    layer = layer_of(spec(shapes={"x": [2], "y": []}))
    with pytest.raises(DataError, match=match):
        layer.feed(arrays)


def test_not_finite():
    """A NaN in a given array is named, or delivered where that is asked for."""
    x = np.ones((4, 2), np.float32)
    shapes, inputs = {"x": [2], "y": []}, {"x": x, "y": np.arange(4)}
    layer = layer_of(spec(shapes=shapes), inputs=inputs)
    x[3, 0] = np.nan
    layer.forward()
    with pytest.raises(DataError, match="the given arrays, row 3: a value of 'x' is nan"):
        layer.forward()
    layer = layer_of(spec(shapes=shapes, check_finite=False, batch_size=4), inputs=inputs)
    layer.forward()
    np.testing.assert_array_equal(layer.tops[0].data, x)


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"data": INLINE, "shapes": {"x": [2], "y": []}}, "'data' is here: remove one"),
        ({"data": {"x": [[1, 2]]}}, "'data': 'y' is missing\n  found: x"),
        ({"data": {"x": [[1, 2], [3]], "y": [0, 1]}}, "'data' of 'x' must be lists of numbers, eq"),
        ({"data": {"x": ["a"], "y": [0]}}, "'data' of 'x' must be lists of numbers"),
        ({"data": {"x": [[1]], "y": [0, 1]}}, "unequal numbers of rows: 'x' has 1, 'y' has 2"),
        ({"data": {"x": [], "y": []}}, "'data': 'x' is empty"),
        ({"data": INLINE | {"z": [1]}}, "'data' names 'z', which is not one of the tops"),
    ],
)
def test_refused(keys, match):
    """Inline data that cannot be samples is refused when the YAML is read."""
    with pytest.raises(SpecError, match=match):
        spec(**keys)
