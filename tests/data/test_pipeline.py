"""From stored rows to finished batches."""

import re
import tracemalloc

import numpy as np
import pytest

from graphnet.blob import storage
from graphnet.data.hdf5.reader import Column
from graphnet.data.pipeline import Pipeline
from graphnet.data.transformer import Samples
from graphnet.data.transformers import (
    Pad,
    RandomCrop,
    RandomMirror,
    RandomRotation,
    RandomShift,
    Scale,
    SubMean,
    out_shape,
)
from graphnet.errors import DataError

N = 11  # more than are transposed at a time
SAMPLES = Samples(np.arange(10, 10 + N), np.zeros(N, np.int64))


def pipeline(column, transformers=(), dtype="f4", *, seed=0, layer="data", check_finite=True):
    return Pipeline(
        column,
        transformers,
        N,
        np.dtype(dtype),
        seed=seed,
        layer=layer,
        check_finite=check_finite,
    )


def run(made, stored, shape=None):
    """The batch of these rows, in batch-last storage."""
    target = np.empty((*(shape or stored.shape[1:]), N), np.float32)
    target = target.transpose((target.ndim - 1, *range(target.ndim - 1)))
    made.receiver(target)[...] = stored
    made.bind(target, SAMPLES, lambda row: f"file, row {row}")()
    assert storage(target).flags.c_contiguous
    return target


@pytest.mark.parametrize("stored", ["bool", "u1", "i1", "u2", "i4", "u8", "f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 4), (2, 16, 32)])
def test_converts(stored, shape):
    """Every numeric type and shape becomes the net's precision."""
    values = (np.arange(N * np.prod(shape, dtype=int)) % 100).reshape(N, *shape).astype(stored)
    found = run(pipeline(Column("x", np.dtype(stored), shape)), values)
    assert found.dtype == np.float32
    assert np.array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize(
    ("stored", "transformers", "is_target"),
    [
        ("f4", [], True),
        ("f4", [Scale(scale=2.0)], True),
        ("f4", [Pad(pad=1)], False),
        ("u1", [], False),
    ],
)
def test_nothing_between(stored, transformers, is_target):
    """Rows that need no conversion and no other shape go where they belong at once."""
    made = pipeline(Column("x", np.dtype(stored), (1, 2, 2)), transformers)
    target = np.empty((N, *out_shape(transformers, (1, 2, 2))), np.float32)
    assert (made.receiver(target) is target) == is_target
    assert made.receiver(target.transpose(0, 1, 3, 2)) is not target
    made.receiver(target).fill(3)
    made.bind(target, SAMPLES, str)()
    assert target[:, 0, 1, 1].tolist() == [6 if transformers[:1] == [Scale(scale=2.0)] else 3] * N


def test_in_order():
    """Transformers run in the order they are declared."""
    column = Column("x", np.dtype("u1"), (3,))
    values = np.arange(3 * N, dtype=np.uint8).reshape(N, 3)
    found = run(pipeline(column, [Scale(scale=0.5), SubMean(mean=1.0)]), values)
    assert np.array_equal(found, values * 0.5 - 1)
    found = run(pipeline(column, [SubMean(mean=1.0), Scale(scale=0.5)]), values)
    assert np.array_equal(found, (values - 1.0) * 0.5)


def test_shapes_may_change():
    """Transformers that change the shape mix with those that do not."""
    chain = [
        Scale(scale=2.0),
        Pad(pad=2),
        SubMean(mean=1.0),
        RandomCrop(crop_size=(3, 3)),
        Pad(pad=1),
    ]
    chain.append(Scale(scale=10.0))
    values = np.random.default_rng(0).integers(0, 9, (N, 1, 4, 4)).astype(np.uint8)
    assert out_shape(chain, (1, 4, 4)) == (1, 5, 5)
    found = run(pipeline(Column("x", np.dtype("u1"), (1, 4, 4)), chain), values, (1, 5, 5))
    assert (found[:, :, 0] == 0).all()
    windows = np.lib.stride_tricks.sliding_window_view(
        10 * (np.pad(2.0 * values, ((0, 0), (0, 0), (2, 2), (2, 2))) - 1), (3, 3), axis=(2, 3)
    )
    inner = found[:, :, 1:4, 1:4]
    assert ((windows == inner[:, :, None, None]).all(axis=(1, 4, 5)).any(axis=(1, 2))).all()


def test_tops_of_a_layer_are_moved_alike():
    """An image and its mask get the same crop, mirror and shift, whatever else is done to them."""
    column = Column("x", np.dtype("f4"), (1, 8, 8))
    moved = [RandomShift(shift=2), RandomCrop(crop_size=5), RandomMirror(), RandomMirror()]
    values = np.random.default_rng(0).random((N, 1, 8, 8)).astype(np.float32)
    image = run(pipeline(column, [Scale(scale=2.0), *moved]), values, (1, 5, 5))
    mask = run(pipeline(column, moved), values, (1, 5, 5))
    assert np.array_equal(image, 2 * mask)
    other = run(pipeline(column, moved, layer="other"), values, (1, 5, 5))
    assert not np.array_equal(mask, other)
    other = run(pipeline(column, moved, seed=1), values, (1, 5, 5))
    assert not np.array_equal(mask, other)


@pytest.mark.parametrize(
    ("dtype", "value", "text"),
    [
        ("f4", np.nan, "is nan"),
        ("f8", -np.inf, "is -inf"),
        ("f2", np.nan, "is nan"),
        ("f8", 1e300, "1e+300 is too large for float32"),
        ("f4", np.inf, "is inf"),
    ],
)
def test_not_finite(dtype, value, text):
    """A value that is not finite is named by its file, row and data set, before any transformer."""
    values = np.ones((N, 2, 2), dtype)
    values[4, 1, 0] = value
    made = pipeline(Column("x", np.dtype(dtype), (2, 2)), [Scale(scale=0.0)])
    message = (
        f"file, row 14: a value of 'x' {text}\n"
        "  repair the data, or allow it with check_finite: false"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        run(made, values)


def test_not_finite_but_allowed():
    """``check_finite: false`` delivers what is stored."""
    values = np.resize([1, np.nan, np.inf, 1e300, 0, -1], N)
    found = run(pipeline(Column("x", np.dtype("f8"), ()), check_finite=False), values)
    assert np.array_equal(found[:6], [1, np.nan, np.inf, np.inf, 0, -1], equal_nan=True)


def test_large_values_are_not_refused():
    """Values whose sum overflows, though each is finite, pass."""
    values = np.full((N, 3), 3e38, np.float32)
    assert np.array_equal(run(pipeline(Column("x", np.dtype("f4"), (3,))), values), values)


CHAIN = [
    Pad(pad=4),
    RandomShift(shift=2),
    RandomRotation(degrees=10.0),
    RandomCrop(crop_size=60),
    RandomMirror(),
    SubMean(mean=0.5),
]


@pytest.mark.parametrize("stored", ["u1", "f4"])
def test_allocates_no_array(stored):
    """After the first batch nothing of a batch's size is allocated."""
    made = pipeline(Column("x", np.dtype(stored), (3, 64, 64)), CHAIN)
    target = np.empty((N, 3, 60, 60), np.float32)
    made.receiver(target).fill(1)
    finish = made.bind(target, SAMPLES, str)
    finish()
    tracemalloc.start()
    finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 1024 < target[0].nbytes


@pytest.mark.parametrize(
    ("stored", "value", "rounded"),
    [
        ("i4", 2**24 + 1, 2**24),
        ("i4", -(2**24) - 1, -(2**24)),
        ("u4", 2**32 - 1, 2**32),
        ("i8", 5_000_000_001, 5_000_000_000),
        ("i8", 2**63 - 1, 2**63),
        ("u8", 2**64 - 1, 2**64),
        ("u8", 2**63 + 1, 2**63),
    ],
)
@pytest.mark.parametrize("shape", [(), (2, 3)])
def test_whole_numbers_that_would_be_rounded(stored, value, rounded, shape):
    """A label or an index must not become another one without a word; what is exact is read."""
    values = np.zeros((N, *shape), stored)
    values[4].reshape(-1)[-1:] = rounded if abs(rounded) < 2**31 else 2**30
    made = pipeline(Column("label", np.dtype(stored), shape))
    assert np.array_equal(run(made, values), values.astype(np.float32))
    values[3:5] = value
    with pytest.raises(
        DataError,
        match=rf"file, row 13: 'label': the whole number {value} .*cannot be told .* in float32\n",
    ):
        run(made, values)
    made = pipeline(Column("label", np.dtype(stored), shape), check_finite=False)
    with pytest.raises(DataError, match="cannot be told from its neighbours"):
        run(made, values)
