"""Blobs: views in both storage orders, never a copy."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.blob import Blob, columns, feature_size, reshaped, rows, shape_text, storage

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)


def batch_last(shape):
    """An array seen as ``(N, …)`` and stored as ``(…, N)``, its elements numbered as seen."""
    stored = np.empty((*shape[1:], shape[0]), np.int64)
    array = np.moveaxis(stored, -1, 0)
    array[...] = np.arange(array.size).reshape(shape)
    return array


@given(SHAPES)
def test_rows_are_the_flattened_samples_in_either_order(shape):
    """``(N, D)``, the same memory, whether the batch axis is stored first or last."""
    expected = np.arange(np.prod(shape)).reshape(shape[0], -1)
    for array in (batch_last(shape), expected.reshape(shape)):
        found = rows(array)
        np.testing.assert_array_equal(found, expected)
        assert np.shares_memory(found, array)


@given(SHAPES)
def test_columns_are_the_samples_of_a_batch_last_array(shape):
    """``(D, N)``, the same memory, contiguous: what a matrix product wants."""
    array = batch_last(shape)
    found = columns(array)
    np.testing.assert_array_equal(found, np.arange(array.size).reshape(shape[0], -1).T)
    assert np.shares_memory(found, array)
    assert found.flags.c_contiguous


@given(SHAPES)
def test_storage_shows_how_it_lies(shape):
    """Batch axis last, C-contiguous, the same memory."""
    array = batch_last(shape)
    found = storage(array)
    assert found.shape == (*shape[1:], shape[0])
    assert found.flags.c_contiguous
    assert np.shares_memory(found, array)


@given(SHAPES, st.integers(0, 4))
def test_another_shape_is_the_same_memory(shape, step):
    """Axes merged, also of an array with gaps along an axis that stays by itself."""
    array = np.zeros((*shape, 2 * step + 1))[..., ::2]
    found = reshaped(array, (-1, array.shape[-1]))
    assert found.shape == (np.prod(shape), array.shape[-1])
    assert np.shares_memory(found, array)


def test_another_shape_that_would_need_a_copy_is_refused():
    """What is written to a copy would be lost; the message gives shape, strides and what for."""
    array = np.zeros((4, 3)).T
    message = re.escape("shape (3, 4) and strides (8, 24) cannot be seen as (12,) without a copy")
    with pytest.raises(ValueError, match=message):
        reshaped(array, (12,))
    assert reshaped(array[:, :1], (3,)).base is not None
    assert reshaped(array[:0], (2, 0)).shape == (2, 0)


@pytest.mark.parametrize("view", [rows, columns])
def test_a_view_that_would_need_a_copy_is_refused(view):
    """Writing to a copy would be lost; the message gives the shape."""
    array = np.zeros((4, 3, 2)).swapaxes(1, 2)
    with pytest.raises(ValueError, match=r"shape \(4, 2, 3\) is not stored batch-last"):
        view(array)


def test_columns_of_a_batch_first_array_are_refused():
    """Its transpose would not be what a kernel of the batch-last layout expects."""
    with pytest.raises(ValueError, match="is not stored batch-last"):
        columns(np.zeros((4, 3)))


def test_a_blob_is_itself_alone():
    """Blobs are told apart by identity, not by comparing arrays."""
    data = np.zeros((2, 3))
    assert Blob("x", data) != Blob("x", data)
    assert Blob("x", data).shape == (2, 3)
    assert Blob("x", data).diff is None


@pytest.mark.parametrize(
    ("shape", "size", "text"),
    [((64, 1, 28, 28), 784, "64×1×28×28"), ((5,), 1, "5"), ((), 1, "scalar")],
)
def test_shape_words(shape, size, text):
    """Elements of one sample, and how messages show a shape."""
    assert (feature_size(shape), shape_text(shape)) == (size, text)
