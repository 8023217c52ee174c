"""Tests of graphnet.backend.cupy.backend, over a stand-in for CuPy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.poisoned import placed, poisoned

from graphnet.backend import open_backend
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.control_groups import FreeMemory
from graphnet.errors import ShapeError
from graphnet.net.load_net import load_net

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

CP = FakeCupy()
BACKEND = CupyBackend(CP)
F4 = np.dtype("f4")


# --- memory -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4, 5), (2, 1, 1), (0, 3), ()])
@pytest.mark.parametrize("blob", [True, False])
def test_place(shape, blob):
    """A placed array is a view of the arena; blobs too are stored as they are seen."""
    arena = BACKEND.arena(4096)
    array = BACKEND.place(arena, 128, shape, np.dtype("f8"), blob=blob)
    assert array.shape == shape
    assert array.flags.c_contiguous
    if array.size:
        assert array.data.ptr == arena.data.ptr + 128


def test_upload_and_download():
    """What goes in comes out; another dtype or shape is refused."""
    host = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    blob = BACKEND.empty_blob((2, 3, 4), F4)
    BACKEND.upload(host, blob)
    back = BACKEND.download(blob)
    assert back.flags.c_contiguous
    np.testing.assert_array_equal(back, host)
    BACKEND.upload(np.asfortranarray(host[::-1]), blob)
    np.testing.assert_array_equal(BACKEND.download(blob), host[::-1])
    np.testing.assert_array_equal(
        BACKEND.download(blob.transpose(2, 0, 1)), host[::-1].transpose(2, 0, 1)
    )
    with pytest.raises(TypeError, match="float64 array cannot be set to float32"):
        BACKEND.upload(host.astype(np.float64), blob)
    with pytest.raises(ValueError, match="Shape mismatch"):
        BACKEND.upload(host[:1], blob)


def test_free_memory(monkeypatch):
    """What the device has free, and what CuPy keeps of it without using it."""
    monkeypatch.setattr(CP.cuda.runtime, "memGetInfo", lambda: (1000, 5000))
    pool = SimpleNamespace(total_bytes=lambda: 700, used_bytes=lambda: 300)
    monkeypatch.setattr(CP, "get_default_memory_pool", lambda: pool, raising=False)
    assert BACKEND.free_memory() == (1400, "free on the device")


def test_a_net_too_large_for_the_device_is_refused(monkeypatch):
    """Before anything is allocated there, however much the machine itself has."""
    monkeypatch.setattr(type(BACKEND), "free_memory", lambda _: FreeMemory(100_000, "free"))
    noise = {"type": "RandomNormal", "shape": [30], "batch_sizes": [1000]}
    layers = [{"name": "noise", "tops": ["x"], **noise}]
    with pytest.raises(ShapeError, match=r"does not fit into memory: .* and 0\.1 MiB may be used"):
        load_net({"name": "large", "layers": layers}, backend=BACKEND)


def test_elementwise_work_on_the_machines_own_arrays():
    """Such as what ranks count: the array module is the one of the arrays."""
    found = []
    BACKEND.elementwise(lambda xp, a: found.append((xp, a)), array := np.zeros(3))()
    assert found[0][0] is np
    assert found[0][1] is array
    BACKEND.elementwise(lambda xp, _: found.append(xp), BACKEND.zeros((3,), np.dtype("f4")))()
    assert found[1] is BACKEND.xp


def test_a_number_that_changes():
    """On a device it is an argument of a kernel; here an array without axes is written again."""
    assert BACKEND.refilled(None, 0.5, np.dtype("f4")) == 0.5
    assert isinstance(BACKEND.refilled(0.5, 0.25, np.dtype("f4")), float)
    host = open_backend("numpy", 1)
    held = host.refilled(None, 0.5, np.dtype("f4"))
    assert host.refilled(held, 0.25, np.dtype("f4")) is held
    assert (held.dtype, held.shape, float(held)) == (np.float32, (), 0.25)


# --- calls ------------------------------------------------------------------------------


def test_elementwise():
    """The function is called once, on whole arrays."""
    x, y = (placed(BACKEND, np.full((3, 4), v, F4)) for v in (2, np.nan))
    calls = []

    def double(xp, source, target):
        calls.append(source.shape)
        xp.add(source, source, out=target)

    BACKEND.elementwise(double, x, y)()
    assert calls == [(3, 4)]
    np.testing.assert_array_equal(BACKEND.download(y), 4)
    with pytest.raises(ValueError, match=r"one shape, not \(3, 4\), \(3,\)"):
        BACKEND.elementwise(double, x, y[:, 0])


def test_concurrently():
    """Every call is made."""
    seen = []
    BACKEND.concurrently([lambda i=i: seen.append(i) for i in range(3)])()
    assert sorted(seen) == [0, 1, 2]


BACKENDS = {"numpy": open_backend("numpy", 1), "cupy": BACKEND}


@pytest.mark.parametrize("name", BACKENDS)
def test_gather_and_scatter(name):
    """Indices pick elements, and send them back."""
    backend = BACKENDS[name]
    flat = placed(backend, np.arange(10, dtype=F4))
    index = placed(backend, np.array([7, 0, 3]))
    out = poisoned(backend, (3,), F4)
    backend.gather(flat, index, out)
    np.testing.assert_array_equal(backend.download(out), [7, 0, 3])
    backend.scatter(flat, index, placed(backend, np.array([-1, -2, -3], F4)))
    np.testing.assert_array_equal(backend.download(flat), [-2, 1, 2, -3, 4, 5, 6, -1, 8, 9])


@pytest.mark.parametrize("name", BACKENDS)
def test_add_rows(name):
    """Rows that belong at the same place are added up, and the rest of the table is zero."""
    backend = BACKENDS[name]
    table = poisoned(backend, (10,), F4)
    place = placed(backend, np.array([6, 7, 0, 1, 6, 7]))
    values = placed(backend, np.array([1, 2, 10, 20, 100, 200], F4))
    backend.add_rows(table, place, values, 2)
    expected = [10, 20, 0, 0, 0, 0, 101, 202, 0, 0]
    np.testing.assert_array_equal(backend.download(table), expected)


def test_nothing_to_do():
    """Arrays without elements are legal, and nothing is launched for them."""
    empty, index = BACKEND.empty_blob((0,), F4), BACKEND.empty_blob((0,), np.dtype("i8"))
    CP.launches.clear()
    BACKEND.gather(empty, index, empty)
    BACKEND.scatter(empty, index, empty)
    BACKEND.add_rows(empty, index, empty, 3)
    BACKEND.fill_uniform(1, 2, 3, BACKEND.empty_blob((0, 4), F4))
    BACKEND.fill_normal(1, 2, 3, BACKEND.empty_blob((4, 0), F4))
    assert CP.launches == {}


# --- randomness -------------------------------------------------------------------------

KEY = 0x0123456789ABCDEF_FEDCBA9876543210


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
@pytest.mark.parametrize("shape", [(4, 3, 5, 7), (40,), (3, 9000), (70_000, 1)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_fills_are_those_of_numpy(fill, shape, dtype):
    """Uniforms bit for bit, normals except for rounding; whatever the shape."""
    found = []
    for backend in BACKENDS.values():
        out = poisoned(backend, shape, dtype, blob=True)
        getattr(backend, fill)(KEY, 2**40, 2**33, out)
        found.append(backend.download(out))
    if fill == "fill_uniform":
        np.testing.assert_array_equal(*found)
    else:
        tolerance = 1e-6 if dtype == "f4" else 1e-14
        np.testing.assert_allclose(*found, rtol=tolerance, atol=tolerance)


def test_first_sample_may_be_anything():
    """Rows from k on drawn on their own, as sample k and later, are those of the whole draw."""
    whole, part = (poisoned(BACKEND, (n, 9), F4, blob=True) for n in (5, 3))
    BACKEND.fill_uniform(KEY, 1, 10, whole)
    BACKEND.fill_uniform(KEY, 1, 12, part)
    np.testing.assert_array_equal(BACKEND.download(part), BACKEND.download(whole)[2:])
