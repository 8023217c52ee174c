"""Rounded operands: against NumPy's float16, bits of bfloat16, and products in float64."""

from __future__ import annotations

import numpy as np
import pytest
from support.poisoned import placed, scratch_for

from graphnet.backend.base import ConvArrays, InnerProductArrays
from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.backend.numpy.rounded import ROUNDINGS, RoundedNumpyBackend
from graphnet.backend.window import Window

SIXTEEN = ["float16", "bfloat16"]
UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


def by_bits(number: float) -> float:
    """The nearest bfloat16, found by looking at its two neighbours."""
    value = np.float32(number)
    if not np.isfinite(value):
        return number
    below = (value.view(np.uint32) >> 16) << 16
    pair = [np.uint32(below), np.uint32(min(int(below) + 0x10000, 0xFFFFFFFF))]
    # of what is behind the largest number, infinity stands for the next one
    wide = [float(p.view(np.float32)) for p in pair]
    largest = 2.0**128
    places = [np.copysign(largest, w) if np.isinf(w) else w for w in wide]
    off = [abs(float(value) - place) for place in places]
    if off[0] == off[1]:
        return wide[int(int(pair[0] >> 16) % 2)]
    return wide[int(off[1] < off[0])]


def nearest(values, precision):
    """Rounded by NumPy's own float16, or one by one."""
    if precision == "float16":
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(np.float32).astype(np.float16).astype(np.float32)
    flat = [by_bits(v) for v in values.astype(np.float32).ravel().tolist()]
    return np.array(flat, np.float32).reshape(values.shape)


def numbers():
    """Of all sizes: ties, ends of the range, subnormal ones, signs, what is not finite."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 4000, dtype=np.uint64).astype(np.uint32)
    ties = (rng.integers(0, 2**16, 200, dtype=np.uint64).astype(np.uint32) << 16) | 0x8000
    halves = rng.integers(0, 2**16, 200).astype(np.uint16).view(np.float16).astype(np.float32)
    ends = [0.0, -0.0, 65504, 65519.99, 65520, -65520, 6e-8, 2.9e-8, 3e-8, 1e-40, 3.4e38]
    whole = [np.float32(x) for x in (np.inf, -np.inf, np.nan)]
    nans = np.array([0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00000], np.uint32)
    with np.errstate(over="ignore", invalid="ignore"):
        between = halves + np.nextafter(halves, np.float32(np.inf))
    as_bits = [one.view(np.float32) for one in (bits, ties, nans)]
    others = [np.array(one, np.float32) for one in (between / 2, np.linspace(-3, 3, 500), ends)]
    return np.concatenate([*as_bits, halves, *others, whole])


@pytest.mark.parametrize("precision", SIXTEEN)
def test_rounding(precision):
    """To the nearest, of two the even one; NaN stays NaN, and too large is infinite."""
    values = numbers()
    wanted = nearest(values, precision)
    spare, more = np.full((2, values.size + 3), np.nan, np.float32)
    found = values.copy()
    ROUNDINGS[precision](np, found, spare, more)
    is_nan = np.isnan(values)
    assert np.isnan(found[is_nan]).all()
    assert is_nan.sum() > 4
    assert found[~is_nan].tobytes() == wanted[~is_nan].tobytes()
    assert np.isinf(found[~is_nan]).sum() > np.isinf(values).sum()
    again = found.copy()
    ROUNDINGS[precision](np, again, spare, more)
    assert again[~is_nan].tobytes() == found[~is_nan].tobytes()


def arrays_of(backend, shapes, diffs, plain=()):
    """Random numbers on the host, and placed; what is computed is NaN before."""
    rng = np.random.default_rng(1)
    host = {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}
    made = {name: placed(backend, a, blob=name not in plain) for name, a in host.items()}
    for name in ("y", *diffs):
        made[name][...] = np.nan
    return host, made


def close(found, wanted, name):
    """To the order of additions in float32."""
    scale = np.abs(wanted).max() * 2e-6
    np.testing.assert_allclose(found, wanted, rtol=0, atol=scale, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("precision", SIXTEEN)
@pytest.mark.parametrize(
    ("x", "n_out"), [((5, 3), 4), ((64, 30, 2), 70), ((7, 3, 6), 5), ((600, 20), 30)]
)
@pytest.mark.parametrize("wanted", [("dx", "dweight", "dbias"), ("dx",), ("dweight",), ("dbias",)])
def test_inner_product(x, n_out, precision, threads, wanted):
    """Operands are rounded, the bias and its diff are not."""
    backend = RoundedNumpyBackend(precision, threads)
    axis = 2 if x == (7, 3, 6) else 1
    lead, d = x[:axis], int(np.prod(x[axis:]))
    shapes = {
        "x": x, "weight": (n_out, d), "bias": (n_out,), "y": (*lead, n_out),
        "dx": x, "dweight": (n_out, d), "dbias": (n_out,), "dy": (*lead, n_out),
    }  # fmt: skip
    host, made = arrays_of(backend, shapes, ("dx", "dweight", "dbias"), ("weight", "dweight"))
    diffs = {name: made.pop(name) for name in ("dx", "dweight", "dbias")}
    decls = backend.inner_product_scratch(x, (n_out, d), (*lead, n_out), backward=True)
    given = InnerProductArrays(**made, **{name: diffs[name] for name in wanted})
    op = backend.inner_product(given, scratch_for(backend, decls, np.float32))
    op.forward()
    op.backward()
    flat, weight, dy = (
        nearest(host[name], precision).reshape(-1, w).astype(np.float64)
        for name, w in (("x", d), ("weight", d), ("dy", n_out))
    )
    expected = {
        "y": (flat @ weight.T + host["bias"]).reshape(*lead, n_out),
        "dx": (dy @ weight).reshape(x),
        "dweight": dy.T @ flat,
        "dbias": host["dy"].reshape(-1, n_out).sum(0, dtype=np.float64),
    }
    close(made["y"], expected["y"], "y")
    for name in wanted:
        close(diffs[name], expected[name], name)
    exact = host["x"].reshape(-1, d).astype(np.float64) @ host["weight"].T + host["bias"]
    off = np.abs(made["y"].reshape(-1, n_out) - exact).max() / np.abs(exact).max()
    assert UNITS[precision] / 50 < off < 2 * UNITS[precision]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("precision", SIXTEEN)
@pytest.mark.parametrize(
    ("x", "filter_", "n_group"),
    [
        ((4, 3, 9, 8), (5, 3, 3, 3), 1),
        ((2, 4, 6, 6), (4, 1, 3, 3), 4),
        ((8, 6, 8, 8), (3, 2, 1, 1), 3),
        ((40, 8, 12, 12), (8, 8, 3, 3), 1),
    ],
)
def test_convolution(x, filter_, n_group, precision, threads):
    """As the float32 convolution of rounded operands; the bias and its diff are not rounded."""
    backend, plain = RoundedNumpyBackend(precision, threads), NumpyBackend(threads)
    window = Window(filter_[2:], (1, 1), (1, 1))
    y = (x[0], filter_[0], *window.floor_size(x[2:]))
    shapes = {
        "x": x, "filter": filter_, "bias": filter_[:1], "y": y,
        "dx": x, "dfilter": filter_, "dbias": filter_[:1], "dy": y,
    }  # fmt: skip
    found = []
    for one in (backend, plain):
        host, made = arrays_of(one, shapes, ("dx", "dfilter", "dbias"), ("filter", "dfilter"))
        if one is plain:
            for name in ("x", "filter", "dy"):
                made[name][...] = nearest(host[name], precision)
        decls = one.conv2d_scratch(window, n_group, x, filter_, backward=True)
        op = one.conv2d(window, n_group, ConvArrays(**made), scratch_for(one, decls, np.float32))
        op.forward()
        op.backward()
        found.append(made)
    for name in ("y", "dx", "dfilter"):
        assert found[0][name].tobytes() == found[1][name].tobytes(), name
    close(found[0]["dbias"], host["dy"].sum((0, 2, 3), dtype=np.float64), "dbias")


@pytest.mark.parametrize("precision", SIXTEEN)
@pytest.mark.parametrize("whole", [True, False])
def test_product(precision, whole):
    """Of matrices and of stacks, also turned or with gaps, and into gaps."""
    backend, rng = RoundedNumpyBackend(precision, 1), np.random.default_rng(2)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((3, 2, 5, 4), (3, 2, 6, 4)))
    out = np.full((3, 6, 2, 5), np.nan, np.float32).transpose(0, 2, 3, 1)
    cases = [
        (a, b.swapaxes(2, 3), out),
        (a[0, 0], b[1, 1].T, np.full((5, 6), np.nan, np.float32)),
        (a[0, 0][:, ::2], b[:, 0, :, ::2].swapaxes(1, 2), np.full((3, 5, 6), np.nan, np.float32)),
    ]
    for left, right, to in cases:
        backend.product(left, right, to, whole=whole)()
        wide = [nearest(one, precision).astype(np.float64) for one in (left, right)]
        close(to, wide[0] @ wide[1], "product")


@pytest.mark.parametrize("precision", SIXTEEN)
def test_sums_are_no_products(precision):
    """What is added up by a product with ones is not rounded."""
    x = np.random.default_rng(3).standard_normal((2, 5, 7)).astype(np.float32)
    backends = (RoundedNumpyBackend(precision, 1), NumpyBackend(1))
    sums = [np.full((2, 5, 1), np.nan, np.float32) for _ in backends]
    for backend, out in zip(backends, sums, strict=True):
        backend.product(x, np.ones((7, 1), np.float32), out, is_sum=True)()
    assert sums[0].tobytes() == sums[1].tobytes()
