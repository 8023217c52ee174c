"""The kernels and operations of the CuPy backend on a real GPU: what the stand-in cannot show."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest
from support import conv_cases, gpu, pool_cases
from support.conv_cases import LARGE, random_case
from support.kernel_cases import CASES, Outcome
from support.naive_windows import convolve, pool
from support.poisoned import placed, poisoned

from graphnet.backend import open_backend
from graphnet.backend.base import InnerProductArrays
from graphnet.backend.cupy import kernels as cuda_kernels
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.cupy.cudnn import Cudnn, find_library
from graphnet.backend.window import Window
from graphnet.data.prefetch import Prefetcher

pytestmark = gpu.NEEDED


@pytest.fixture(scope="module")
def backend():
    """On the current device."""
    return CupyBackend()


@pytest.mark.parametrize("dtype", [np.dtype("f4"), np.dtype("f8")], ids=str)
@pytest.mark.parametrize("kernel", CASES)
def test_kernel(kernel, dtype, backend):
    """Every kernel writes what NumPy computes, in any cut into blocks, and the same bits twice."""
    cp, (file, name) = backend.xp, kernel.split(".")
    options = cuda_kernels.options(dtype.itemsize)
    function = cp.RawModule(code=cuda_kernels.source(file), options=options).get_function(name)
    outcome = Outcome()
    for number, case in enumerate(CASES[kernel](dtype)):
        for grid, block in case.launches():
            twice = []
            for _ in range(2):
                arguments = [cp.array(a) if np.ndim(a) else a for a in case.arguments]
                function(grid, block, tuple(arguments))
                twice.append({place: arguments[place].get() for place in case.expected})
            for place, found in twice[0].items():
                assert found.tobytes() == twice[1][place].tobytes(), f"{kernel}, case {number}"
                outcome.compare(f"case {number}, {grid}, {block}", found, case, place)
    assert not outcome.wrong, "\n".join(outcome.wrong[:3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("window", "n_group", "x_shape", "n_filter"), LARGE)
def test_convolution(window, n_group, x_shape, n_filter, dtype, backend):
    """Forward and all gradients agree with the slow reference; float32 is not rounded to TF32."""
    case = random_case(window, n_group, x_shape, n_filter, dtype)
    expected = convolve(window, n_group, *case)
    found = conv_cases.run(backend, window, n_group, case)
    again = conv_cases.run(backend, window, n_group, case)
    for name, value in found.items():
        wanted = getattr(expected, name)
        scale = conv_cases.TOLERANCE[dtype] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(value, wanted, atol=scale, rtol=0, err_msg=name)
        np.testing.assert_array_equal(value, again[name], err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_group", [1, 2])
def test_convolution_by_cudnn(n_group, dtype):
    """Where it is installed, it agrees as well, and gives the same bits twice."""
    library = find_library()
    if library is None:
        pytest.skip("needs libcudnn: pip install nvidia-cudnn-cu13")
    backend, window = CupyBackend(cudnn=Cudnn(ctypes.CDLL(library))), conv_cases.PADDED
    case = random_case(window, n_group, (32, 8, 17, 15), 16, dtype)
    expected = convolve(window, n_group, *case)
    found = conv_cases.run(backend, window, n_group, case)
    again = conv_cases.run(backend, window, n_group, case)
    for name, value in found.items():
        wanted = getattr(expected, name)
        scale = conv_cases.TOLERANCE[dtype] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(value, wanted, atol=scale, rtol=0, err_msg=name)
        np.testing.assert_array_equal(value, again[name], err_msg=name)


@pytest.mark.parametrize("kind", ["Max", "Mean"])
@pytest.mark.parametrize("window", [Window((2, 2), (2, 2)), Window((3, 3), (2, 2), (1, 1))])
def test_pooling(kind, window, backend):
    """Forward and gradient agree with the slow reference."""
    x, dy = pool_cases.case(window, (20, 7, 13, 12), np.float32, levels=5)
    y, dx = pool(kind, window, "padded", x, dy)
    found = pool_cases.run(backend, kind, window, "padded", x, dy)
    np.testing.assert_allclose(found[0], y, atol=1e-5)
    np.testing.assert_allclose(found[1], dx, atol=1e-5)


def test_inner_product(backend):
    """Float32 is not rounded to TF32."""
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s).astype("f4") for s in ((64, 800), (500, 800), (500,)))
    arrays = [placed(backend, a) for a in (x, weight, bias)]
    y = poisoned(backend, (64, 500), "f4")
    backend.inner_product(InnerProductArrays(*arrays, y)).forward()
    expected = x.astype("f8") @ weight.T.astype("f8") + bias
    np.testing.assert_allclose(backend.download(y), expected, atol=2e-4)


@pytest.mark.parametrize("fill", ["fill_uniform", "fill_normal"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_random_numbers(fill, dtype, backend):
    """A million of them are those of NumPy: uniforms bit for bit."""
    drawn = []
    for of in (open_backend("numpy"), backend):
        out = poisoned(of, (1000, 1001), dtype, blob=True)
        getattr(of, fill)(2**100 + 3, 7, 2**40, out)
        drawn.append(of.download(out))
    if fill == "fill_uniform":
        np.testing.assert_array_equal(*drawn)
    else:
        np.testing.assert_allclose(*drawn, rtol=0, atol=1e-6 if dtype == "f4" else 1e-14)


def test_staging(backend):
    """Batches made in another thread, copied on another stream, arrive whole and in order."""
    target = backend.empty_blob((512, 3000), np.dtype("f4"))
    total = backend.zeros((), np.dtype("f8"))
    threads = set()

    class Counting:
        """Batch i is full of i."""

        cursor = 0

        def make(self, arrays):
            """The next batch."""
            threads.add(threading.current_thread().name)
            arrays[0].fill(self.cursor)
            self.cursor += 1
            return 512

        def close(self):
            """Nothing is open."""

    made = Prefetcher(Counting(), lambda: backend.staging([target]), 2, "reader")
    for i in range(50):
        batch = made.next()
        batch.staging.deliver()
        made.release(batch)
        wrong = (target != i).sum()
        backend.xp.add(total, wrong, out=total)
    made.stop()
    assert threads == {"reader"}
    assert float(total) == 0


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(64, 96, 80), (33, 17, 5), (512, 512, 512)], ids=str)
def test_products_of_16_bits(shape, precision):
    """What the processor computes of rounded operands, turned or not; the same bits twice."""
    m, depth, n = shape
    backend, rng = CupyBackend(precision=precision), np.random.default_rng(0)
    cp, host = backend.xp, open_backend("numpy", 1, precision)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((2, m, depth), (2, n, depth)))
    wanted = np.empty((2, m, n), np.float32)
    host.product(a, b.swapaxes(1, 2), wanted)()
    on = cp.asarray(a), cp.asarray(b).swapaxes(1, 2)
    out = cp.empty((2, m, n), np.float32)
    for left, right, to, there in (
        (*on, out, wanted),
        (on[0][0], on[1][0], out[0], wanted[0]),
        (on[0], on[1][1], out, None),
    ):
        found = []
        for _ in range(2):
            backend.product(left, right, to)()
            found.append(to.get())
        assert found[0].tobytes() == found[1].tobytes()
        if there is not None:
            np.testing.assert_allclose(found[0], there, rtol=0, atol=1e-5 * np.abs(there).max())
