"""Tests of graphnet.backend.numpy.backend, and of opening a backend."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from support.poisoned import placed, poisoned, scratch_for

from graphnet.backend import open_backend
from graphnet.backend.base import ConvArrays, InnerProductArrays
from graphnet.backend.cupy import probe as cupy_probe
from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.window import Window
from graphnet.errors import BackendError

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2)}
BACKEND = BACKENDS[1]
F4 = np.dtype("f4")


# --- opening ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["numpy", "auto"])
def test_open(name, monkeypatch):
    """Where there is no GPU, both names give the NumPy backend, with as many threads as asked."""
    monkeypatch.setattr(cupy_probe, "can_be_had", lambda: False)
    backend = open_backend(name, 3)
    assert isinstance(backend, NumpyBackend)
    assert (backend.name, backend.pool.n_threads) == ("numpy", 3)


def test_threads_by_default():
    """Without a number, one thread per processor."""
    assert open_backend("numpy").pool.n_threads >= 1


def test_unknown_backend():
    """The name is shown beside those there are."""
    with pytest.raises(
        BackendError, match=r"'nunpy'\n  did you mean 'numpy'\?\n.*auto, cupy, numpy"
    ):
        open_backend("nunpy")


@pytest.mark.parametrize("threads", [0, -1])
def test_too_few_threads(threads):
    """At least one is needed."""
    with pytest.raises(BackendError, match=f"cannot compute in {threads} threads"):
        open_backend("numpy", threads)


# --- memory -----------------------------------------------------------------------------


def test_arena_is_aligned():
    """Every arena starts on a cache line."""
    for n_bytes in (1, 63, 1000):
        arena = BACKEND.arena(n_bytes)
        assert arena.nbytes == n_bytes
        assert arena.ctypes.data % 64 == 0


@pytest.mark.parametrize("shape", [(5,), (4, 3), (4, 3, 2), (2, 3, 4, 5), (1, 3, 1, 2), (2, 1, 1)])
@pytest.mark.parametrize("blob", [True, False])
def test_place(shape, blob):
    """A placed array is a view of the arena, blobs with the batch axis last in memory."""
    arena = BACKEND.arena(4096)
    array = BACKEND.place(arena, 128, shape, np.dtype("f8"), blob=blob)
    assert array.shape == shape
    assert np.shares_memory(array, arena)
    assert array.ctypes.data == arena.ctypes.data + 128
    stored = np.moveaxis(array, 0, -1) if blob else array
    assert stored.flags.c_contiguous


def test_upload_and_download():
    """What goes in comes out, in C order, and of the dtype it should have."""
    host = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    blob = BACKEND.empty_blob((2, 3, 4), F4)
    BACKEND.upload(host, blob)
    back = BACKEND.download(blob)
    assert back.flags.c_contiguous
    assert not np.shares_memory(back, blob)
    np.testing.assert_array_equal(back, host)
    with pytest.raises(TypeError, match="Cannot cast"):
        BACKEND.upload(host.astype(np.float64), blob)


# --- calls ------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", BACKENDS)
def test_concurrently(threads):
    """Every call is made."""
    array = np.zeros(5)

    def write(i):
        array[i] = i + 1

    call = BACKENDS[threads].concurrently([lambda i=i: write(i) for i in range(5)])
    call()
    np.testing.assert_array_equal(array, [1, 2, 3, 4, 5])


def test_gather():
    """Indices pick elements."""
    out = np.empty(3, np.float32)
    BACKEND.gather(np.arange(10, dtype=np.float32), np.array([7, 0, 7]), out)
    np.testing.assert_array_equal(out, [7, 0, 7])


# --- memory after the first call --------------------------------------------------------


def convolution(backend):
    """One with every gradient."""
    window, x, filter_ = Window((3, 3), (1, 1), (1, 1)), (32, 8, 14, 14), (40, 8, 3, 3)
    y = (32, 40, 14, 14)
    decls = backend.conv2d_scratch(window, 1, x, filter_, backward=True)
    arrays = ConvArrays(
        *(zeros(backend, s, s in (x, y)) for s in (x, filter_, (40,), y, x, filter_, (40,), y))
    )
    return backend.conv2d(window, 1, arrays, scratch_for(backend, decls, F4))


def pooling(kind):
    """Overlapping windows, clipped at the edges."""

    def make(backend):
        window, x, y = Window((3, 3), (2, 2), (1, 1)), (64, 16, 21, 21), (64, 16, 11, 11)
        decls = backend.pool2d_scratch(kind, window, x, y, backward=True)
        arrays = [zeros(backend, s, blob=True) for s in (x, y, x, y)]
        return backend.pool2d(kind, window, "valid", *arrays, scratch_for(backend, decls, F4))

    return make


def inner_product(backend):
    """One with every gradient."""
    shapes = ((64, 800), (300, 800), (300,), (64, 300), (64, 800), (300, 800), (300,), (64, 300))
    return backend.inner_product(
        InnerProductArrays(*(zeros(backend, s, s[0] == 64) for s in shapes))
    )


def zeros(backend, shape, blob):
    """A placed array of zeros."""
    return placed(backend, np.zeros(shape, F4), blob=blob)


@pytest.mark.parametrize("threads", BACKENDS)
@pytest.mark.parametrize(
    "make",
    [convolution, pooling("Max"), pooling("Mean"), inner_product],
    ids=["convolution", "max pooling", "mean pooling", "inner product"],
)
def test_nothing_is_allocated_after_the_first_step(make, threads):
    """A step after the first takes no array memory."""
    op = make(BACKENDS[threads])
    op.forward()
    op.backward()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        op.forward()
        op.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # NumPy's own iterators take some 100 kB for a moment; the arrays here have 1 MB or more
    assert peak - before < 250_000


def test_random_numbers_take_little_memory():
    """What is drawn goes through a small buffer, however large the array."""
    out = poisoned(BACKEND, (256, 20_000), F4, blob=True)
    tracemalloc.start()
    try:
        BACKEND.fill_uniform(1, 0, 0, out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < out.nbytes / 20
