"""Tests of graphnet.backend.numpy.elementwise."""

from __future__ import annotations

import numpy as np
import pytest
from support.poisoned import placed

from graphnet.backend import open_backend
from graphnet.backend.numpy.elementwise import (
    BLOCK_ELEMENTS,
    BLOCK_OF_MANY,
    FEW_ARRAYS,
    INLINE_ELEMENTS,
    SHARED_ELEMENTS,
    SHARED_WITH_SCRATCH,
    WITH_SCRATCH,
)

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}


def add(xp, a, b, out):
    """The sum."""
    xp.add(a, b, out=out)


def exponential(xp, a, b, out):
    """Something whose last bit may depend on where in a vector register an element lies."""
    xp.exp(a, out=out)
    xp.multiply(out, b, out=out)


@pytest.mark.parametrize("blob", [True, False])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 4, 5), (37, 7, 11, 103)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_element_once(shape, dtype, blob):
    """The function meets corresponding elements of all arrays, each exactly once."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    results = []
    for backend in BACKENDS.values():
        out = placed(backend, np.zeros(shape, dtype), blob=blob)
        x, y = placed(backend, a, blob=blob), placed(backend, b, blob=blob)
        call = backend.elementwise(
            lambda xp, p, q, o: xp.add(xp.add(o, p, out=o), q, out=o), x, y, out
        )
        call()
        np.testing.assert_array_equal(backend.download(out), a + b)
        backend.elementwise(exponential, x, y, out)()
        results.append(backend.download(out))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_blocks_of_many_arrays_are_smaller():
    """An update of four arrays has blocks of half the size, which fit the cache together."""
    backend, sizes = BACKENDS[1], []
    arrays = [backend.zeros((INLINE_ELEMENTS - 64,), np.dtype("f4")) for _ in range(FEW_ARRAYS + 1)]
    for of in (arrays[:-1], arrays):
        sizes.clear()
        backend.elementwise(lambda _, *blocks: sizes.append(blocks[0].size), *of)()
        assert sum(sizes) == arrays[0].size
        most = BLOCK_ELEMENTS if len(of) <= FEW_ARRAYS else BLOCK_OF_MANY
        assert most // 2 < max(sizes) <= most


def test_blocks_fit_the_cache():
    """A large array is handed over in blocks, larger ones where they are shared."""
    backend, sizes = BACKENDS[1], []
    for size, most in ((INLINE_ELEMENTS - 64, BLOCK_ELEMENTS), (10**6, SHARED_ELEMENTS)):
        large = backend.zeros((size,), np.dtype("f4"))
        backend.elementwise(lambda _, a: sizes.append(a.size), large)()
        assert sum(sizes) == large.size
        assert BLOCK_ELEMENTS // 2 < max(sizes) <= most
        sizes.clear()
    backend.elementwise(lambda _, a: sizes.append(a.size), large[:100])()
    assert sizes == [100]


def square_and_more(xp, a, out, square, cube):
    """a² + a³, by way of scratch."""
    xp.multiply(a, a, out=square)
    xp.multiply(square, a, out=cube)
    xp.add(square, cube, out=out)


@pytest.mark.parametrize(
    "shape", [(1,), (3, 5), (7, 3 * WITH_SCRATCH // 7 + 11), (3, INLINE_ELEMENTS // 3 + 17)]
)
def test_scratch(shape):
    """Each thread has blocks of its own, which all its blocks share; they may start as NaN."""
    a = np.random.default_rng(0).standard_normal(shape).astype("f4")
    for threads, backend in BACKENDS.items():
        decl = backend.elementwise_scratch(shape, 2)
        assert decl.shape[:2] == (threads, 2)
        is_shared = threads > 1 and a.size >= INLINE_ELEMENTS
        assert decl.shape[2] <= (SHARED_WITH_SCRATCH if is_shared else WITH_SCRATCH)
        scratch = np.full(decl.shape, np.nan, "f4")
        x, out = placed(backend, a, blob=True), placed(backend, a, blob=True)
        backend.elementwise(square_and_more, x, out, scratch=scratch)()
        np.testing.assert_array_equal(backend.download(out), a * a + a * a * a)


def test_shapes_must_agree():
    """Arrays of different shapes have no corresponding elements."""
    backend = BACKENDS[1]
    a, b = (backend.zeros(s, np.dtype("f4")) for s in ((3, 4), (4, 3)))
    with pytest.raises(ValueError, match=r"of one shape, not \(3, 4\), \(4, 3\)"):
        backend.elementwise(add, a, b, a)


def test_storage_orders_must_agree():
    """Elements at the same place in memory would not be at the same index."""
    backend = BACKENDS[1]
    plain = backend.zeros((3, 4), np.dtype("f4"))
    blob = backend.empty_blob((3, 4), np.dtype("f4"))
    with pytest.raises(ValueError, match="not stored batch-last"):
        backend.elementwise(add, plain, blob, plain)


def test_gaps_are_refused():
    """A part of an array with gaps has no flat view."""
    backend = BACKENDS[1]
    part = backend.empty_blob((3, 4), np.dtype("f4"))[:2]
    with pytest.raises(ValueError, match="not stored batch-last"):
        backend.elementwise(add, part, part, part)
