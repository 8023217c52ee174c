"""Products of 16-bit operands by cuBLAS, over a stand-in for CuPy, and beside the NumPy backend."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy
from support.poisoned import placed, scratch_for

from graphnet.backend.base import ConvArrays, InnerProductArrays
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.numpy.rounded import ROUNDINGS, RoundedNumpyBackend
from graphnet.backend.window import Window
from graphnet.errors import BackendError

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

SIXTEEN = ["float16", "bfloat16"]


def rounded(values, precision):
    """As the NumPy backend does it, which has a test of its own."""
    flat = np.array(values, np.float32).reshape(-1)
    ROUNDINGS[precision](np, flat, *np.empty((2, flat.size), np.float32))
    return flat.reshape(values.shape).astype(np.float64)


def product_of(backend, left, right, out):
    """What it writes into ``out``, and that nothing else is moved."""
    backend.xp.ledger.reset()
    backend.product(left, right, out)()
    assert vars(backend.xp.ledger) == {"downloads": 0, "uploads": 0, "syncs": 0, "hidden_copies": 0}
    return backend.download(out)


@pytest.mark.parametrize("precision", SIXTEEN)
def test_products(precision):
    """Turned or not, in stacks or one for all of a stack, with gaps, and into gaps."""
    cp, rng = FakeCupy(), np.random.default_rng(0)
    backend = CupyBackend(cp, precision=precision)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((3, 2, 5, 4), (3, 2, 6, 4)))
    on = {"a": cp.asarray(a), "b": cp.asarray(b)}
    cases = [
        (lambda x: (x["a"][0, 0], x["b"][0, 0].T), (5, 6)),
        (lambda x: (x["b"][1, 1], x["a"][0, 0].T), (6, 5)),
        (lambda x: (x["a"], x["b"].swapaxes(2, 3)), (3, 2, 5, 6)),
        (lambda x: (x["a"].swapaxes(2, 3), x["b"][..., :5, :]), (3, 2, 4, 4)),
        (lambda x: (x["a"][0, 0], x["b"][:, 0].swapaxes(1, 2)), (3, 5, 6)),
        (lambda x: (x["a"][:, 0], x["b"][0, 0].T), (3, 5, 6)),
        (lambda x: (x["a"][0, 0][:, ::2], x["b"][0, 0][:, ::2].T), (5, 6)),
    ]  # fmt: skip
    for make, shape in cases:
        left, right = make({"a": a, "b": b})
        wanted = rounded(left, precision) @ rounded(right, precision)
        for out in (cp.empty(shape, np.float32), cp.empty((*shape, 2), np.float32)[..., 0]):
            found = product_of(backend, *make(on), out)
            np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    assert cp.launches["gemm"] > len(cases)


@pytest.mark.parametrize("precision", SIXTEEN)
def test_sums_are_no_products(precision):
    """What is added up by a product with ones is not rounded."""
    cp = FakeCupy()
    x = np.random.default_rng(3).standard_normal((5, 7)).astype(np.float32)
    out = cp.empty((5, 1), np.float32)
    backend = CupyBackend(cp, precision=precision)
    backend.product(cp.asarray(x), cp.asarray(np.ones((7, 1), np.float32)), out, is_sum=True)()
    assert "gemm" not in cp.launches
    np.testing.assert_allclose(backend.download(out), x.sum(1, keepdims=True), rtol=1e-6)


def test_stacks_must_meet():
    """As those of a product do."""
    cp = FakeCupy()
    a, b = cp.empty((2, 3, 4), np.float32), cp.empty((5, 4, 3), np.float32)
    with pytest.raises(ValueError, match="for each of a stack of"):
        CupyBackend(cp, precision="float16").product(a, b, cp.empty((5, 3, 3), np.float32))


def results(backend, operation):
    """Of an inner product, or of a convolution, with all their diffs, on the host."""
    rng = np.random.default_rng(3)
    if operation == "inner_product":
        x, weight, y = (6, 3, 4), (7, 12), (6, 7)
        names = ("x", "weight", "bias", "y", "dx", "dweight", "dbias", "dy")
    else:
        x, weight, y = (4, 4, 7, 6), (6, 2, 3, 3), (4, 6, 7, 6)
        names = ("x", "filter", "bias", "y", "dx", "dfilter", "dbias", "dy")
    shapes = (x, weight, weight[:1], y, x, weight, weight[:1], y)
    made = {}
    for name, shape in zip(names, shapes, strict=True):
        values = rng.standard_normal(shape).astype(np.float32)
        if name == "y" or (name[0] == "d" and name != "dy"):
            values.fill(np.nan)
        made[name] = placed(backend, values, blob=name in ("x", "y", "dx", "dy"))
    window = Window((3, 3), (1, 1), (1, 1))
    if operation == "inner_product":
        decls = backend.inner_product_scratch(x, weight, y, backward=True)
    else:
        decls = backend.conv2d_scratch(window, 2, x, weight, backward=True)
    scratch = scratch_for(backend, decls, np.float32)
    if operation == "inner_product":
        op = backend.inner_product(InnerProductArrays(**made), scratch)
    else:
        op = backend.conv2d(window, 2, ConvArrays(**made), scratch)
    op.forward()
    op.backward()
    wanted = [name for name in names if name == "y" or (name[0] == "d" and name != "dy")]
    return {name: backend.download(made[name]) for name in wanted}


@pytest.mark.parametrize("precision", SIXTEEN)
@pytest.mark.parametrize("operation", ["inner_product", "conv2d"])
def test_it_is_what_the_processor_computes(operation, precision):
    """To the order of additions."""
    cp = FakeCupy()
    found = results(CupyBackend(cp, precision=precision), operation)
    beside = results(RoundedNumpyBackend(precision, 1), operation)
    assert cp.launches["gemm"] >= 3
    for name, wanted in beside.items():
        scale = 3e-6 * np.abs(wanted).max()
        np.testing.assert_allclose(found[name], wanted, rtol=0, atol=scale, err_msg=name)


def test_nothing_is_allocated_again():
    """The scratch of a thread stays."""
    cp = FakeCupy()
    backend = CupyBackend(cp, precision="bfloat16")
    a, out = cp.asarray(np.ones((4, 4), np.float32)), cp.empty((4, 4), np.float32)
    call = backend.product(a, a, out)
    call()
    cp.empty = None  # asks for memory
    call()
    np.testing.assert_array_equal(backend.download(out), np.full((4, 4), 4.0))


def test_cudnn_is_refused(monkeypatch):
    """Asked for, it cannot compute so; with ``auto`` it is left out."""
    monkeypatch.setenv("GRAPHNET_CONV", "cudnn")
    with pytest.raises(BackendError, match="computes in float32, and the precision is float16"):
        CupyBackend(FakeCupy(), precision="float16")
    monkeypatch.setenv("GRAPHNET_CONV", "auto")
    assert CupyBackend(FakeCupy(), precision="float16").cudnn is None
