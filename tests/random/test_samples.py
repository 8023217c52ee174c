"""Tests of graphnet.random.samples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from support.poisoned import poisoned

from graphnet.backend import open_backend
from graphnet.random.samples import MANY, SHORT, SampleStreams

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 3)}
BACKEND = BACKENDS[1]
KEY = 0x0123456789ABCDEF_FEDCBA9876543210
MASK = 2**64 - 1


def philox_block(key, counter):
    """Four words of Philox4x64-10, in integers of Python, from the paper."""
    k0, k1 = key & MASK, key >> 64
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = c0 * 0xD2E7470EE14C6C93, c2 * 0xCA5A826395121157
        c0, c1, c2, c3 = (p1 >> 64) ^ c1 ^ k0, p1 & MASK, (p0 >> 64) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & MASK, (k1 + 0xBB67AE8584CAA73B) & MASK
    return [c0, c1, c2, c3]


def words(iteration, sample, count):
    """The first words of a sample's stream."""
    found = []
    for block in range(-(-count // 4)):
        found += philox_block(KEY, (block, sample, iteration, 0))
    return found[:count]


def filled(fill, shape, dtype, iteration=3, first_sample=0):
    """A blob after one of the backend's fills, as a host array."""
    out = poisoned(BACKEND, shape, dtype, blob=True)
    fill(KEY, iteration, first_sample, out)
    return BACKEND.download(out)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 35])
def test_float64_uniforms_are_the_documented_ones(size):
    """One per word: its upper 53 bits."""
    found = filled(BACKEND.fill_uniform, (3, size), "f8", iteration=7, first_sample=1000)
    for row in range(3):
        expected = [(w >> 11) * 2.0**-53 for w in words(7, 1000 + row, size)]
        np.testing.assert_array_equal(found[row], expected)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 9, 35])
def test_float32_uniforms_are_the_documented_ones(size):
    """Two per word, the low half first: the upper 24 bits of each half."""
    found = filled(BACKEND.fill_uniform, (3, size), "f4", iteration=7, first_sample=1000)
    for row in range(3):
        halves = [h for w in words(7, 1000 + row, -(-size // 2)) for h in (w & 0xFFFFFFFF, w >> 32)]
        expected = np.array([(h >> 8) * 2.0**-24 for h in halves[:size]], np.float32)
        np.testing.assert_array_equal(found[row], expected)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_normals_are_the_documented_ones(size, dtype):
    """Box and Muller's transform of pairs of float64 uniforms, whatever the precision."""
    found = filled(BACKEND.fill_normal, (2, size), dtype)
    for row in range(2):
        uniforms = [(w >> 11) * 2.0**-53 for w in words(3, row, -(-size // 2) * 2)]
        u, v = np.array(uniforms[::2]), np.array(uniforms[1::2])
        radius = np.sqrt(-2 * np.log(1 - u))
        expected = np.stack([radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)], 1)
        np.testing.assert_allclose(
            found[row], expected.reshape(-1)[:size], rtol=1e-6 if dtype == "f4" else 1e-13
        )


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
@pytest.mark.parametrize("shape", [(40, 3, 5, 7), (40, 1), (40,), (3, 70_001)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_batch_can_be_split_anywhere(fill, shape, dtype):
    """Rows from k on drawn on their own, as sample k and later, are those of the whole draw."""
    draw = getattr(BACKEND, fill)
    whole = filled(draw, shape, dtype, first_sample=5)
    for k in {1, 2, 17 % shape[0], shape[0] - 1}:
        part = filled(draw, (shape[0] - k, *shape[1:]), dtype, first_sample=5 + k)
        np.testing.assert_array_equal(part, whole[k:])


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
def test_threads_draw_the_same(fill):
    """A draw large enough to be shared out gives the same bits."""
    outs = [poisoned(b, (100, 1000), "f4", blob=True) for b in BACKENDS.values()]
    for backend, out in zip(BACKENDS.values(), outs, strict=True):
        getattr(backend, fill)(KEY, 1, 9, out)
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
def test_nothing_is_allocated_after_the_first_draw(fill):
    """The working memory stays, however wide a sample is."""
    out = poisoned(BACKEND, (32, 5000), "f4", blob=True)
    getattr(BACKEND, fill)(KEY, 0, 0, out)
    tracemalloc.start()
    try:
        getattr(BACKEND, fill)(KEY, 1, 0, out)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
def test_keys_iterations_and_samples_differ(fill):
    """No two streams share a value."""
    out = poisoned(BACKEND, (4, 50), "f8", blob=True)
    drawn = []
    for key, iteration in [(1, 0), (1, 1), (2, 0), (1 << 64, 0), (1, 2**40)]:
        getattr(BACKEND, fill)(key, iteration, 0, out)
        drawn.append(BACKEND.download(out).reshape(-1))
    everything = np.concatenate(drawn)
    assert len(np.unique(everything)) == everything.size


def test_values_follow_their_distributions():
    """Mean, variance and range of many draws."""
    uniform = filled(BACKEND.fill_uniform, (100, 2000), "f4")
    assert 0 <= uniform.min() < 1e-4
    assert 0.9999 < uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=3e-3)
    assert uniform.var() == pytest.approx(1 / 12, abs=1e-3)
    normal = filled(BACKEND.fill_normal, (100, 2000), "f4")
    assert normal.mean() == pytest.approx(0, abs=0.01)
    assert normal.var() == pytest.approx(1, abs=0.02)
    assert (normal**4).mean() == pytest.approx(3, abs=0.15)


def test_streams_go_on_to_the_next_sample():
    """Drawn block by block, each sample has its own beginning, also where its word overflows."""
    first = 2**64 - 3
    streams, at = SampleStreams(KEY, 2, first), 0
    for n, size in [(1, 3), (1, 100), (MANY, 7), (1, 100)]:
        rows = np.empty((n, size))
        streams.draw(rows)
        for row in rows:
            carry, sample = divmod(first + at, 2**64)
            iteration, at = 2 + carry, at + 1
            expected = [(w >> 11) * 2.0**-53 for w in words(iteration, sample, size)]
            np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("blocks", [SHORT, SHORT + 1])
def test_short_samples_are_drawn_as_long_ones_are(dtype, blocks):
    """Together or one by one: the same bits, up to the last number of a stream."""
    size = blocks * 32 // np.dtype(dtype).itemsize
    together, alone = (np.empty((MANY, size), dtype) for _ in range(2))
    SampleStreams(KEY, 1, 7).draw(together)
    for i, row in enumerate(alone):
        start = (2**128 + (7 + i) * 2**64 - 1) % 2**256
        generator = np.random.Generator(np.random.Philox(key=KEY, counter=start))
        generator.random(None, np.dtype(dtype), row)
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("scale", [1, 1 / 0.7])
def test_masks_are_of_the_uniforms(dtype, scale):
    """A mask is the scale where the uniform of its place is at least the ratio, and else 0."""
    ratio = np.dtype(dtype).type(0.3)
    uniform = filled(BACKEND.fill_uniform, (40, 3000), dtype, first_sample=5)
    for backend in BACKENDS.values():
        out = poisoned(backend, (40, 3000), dtype, blob=True)
        backend.fill_mask(0.3, scale, KEY, 3, 5, out)
        expected = np.where(uniform >= ratio, uniform.dtype.type(scale), 0)
        np.testing.assert_array_equal(backend.download(out), expected)
    assert 0.69 < (expected > 0).mean() < 0.71
