"""Tests of graphnet.backend.cupy.conv2d, over a stand-in for CuPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conv_cases import DIFFS, LARGE, PADDED, TOLERANCE, bound, cases, random_case, run
from support.cuda_shim import COMPILER, NO_COMPILER, thoroughly
from support.fake_cupy import FakeCupy
from support.naive_windows import convolve

from graphnet.backend.cupy import conv2d as cupy_conv2d
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.window import Window

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

CP = FakeCupy()
BACKEND = CupyBackend(CP)


def check(window, n_group, case, **how):
    """Every result equals the slow one's."""
    expected = convolve(window, n_group, *case)
    found = run(BACKEND, window, n_group, case, **how)
    for name, value in found.items():
        wanted = getattr(expected, name)
        scale = TOLERANCE[value.dtype.name] * max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(value, wanted, atol=scale, rtol=0, err_msg=name)
    return found


@settings(deadline=None, max_examples=60)
@given(cases(), st.sampled_from([1, 200, 2**24]))
def test_any_geometry(case, column_elements):
    """Every window agrees with the slow reference, however many images are taken at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cupy_conv2d, "COLUMN_ELEMENTS", column_elements)
        check(*case)


@pytest.mark.parametrize(("window", "n_group", "x_shape", "n_filter"), LARGE)
def test_many_blocks(window, n_group, x_shape, n_filter):
    """Shapes that need more than one block of threads agree as well."""
    check(window, n_group, random_case(window, n_group, x_shape, n_filter, "float32"))


def test_threads_in_any_order():
    """A whole step, every launch run in several orders and between forbidden pages."""
    with thoroughly():
        check(PADDED, 2, random_case(PADDED, 2, (3, 4, 6, 5), 4, "float32"))


@pytest.mark.parametrize("n_group", [1, 2])
@pytest.mark.parametrize(
    "wanted", [(), ("dx",), ("dfilter",), ("dbias",), ("dfilter", "dbias"), ("dx", "dbias")]
)
def test_only_what_is_wanted(wanted, n_group):
    """A diff that is None is not computed, the others are."""
    case = random_case(PADDED, n_group, (3, 4, 6, 5), 4, "float64")
    assert set(check(PADDED, n_group, case, wanted=wanted)) == {"y", *wanted}


def test_without_bias():
    """Without a bias nothing is added."""
    x, filter_, bias, dy = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    expected = convolve(PADDED, 1, x, filter_, 0 * bias, dy)
    found = run(BACKEND, PADDED, 1, (x, filter_, bias, dy), bias=False)
    np.testing.assert_allclose(found["y"], expected.y, atol=1e-12)


def test_backward_needs_no_forward():
    """The gradient of the image alone can be had at any time: a transposed convolution."""
    case = random_case(PADDED, 2, (3, 4, 6, 5), 4, "float64")
    op, arrays, _, _ = bound(BACKEND, PADDED, 2, case, wanted=("dx",))
    op.backward()
    found = BACKEND.download(arrays.dx)
    np.testing.assert_allclose(found, convolve(PADDED, 2, *case).dx, atol=1e-12)


def test_forward_alone():
    """A net that never runs backward needs no scratch for it, and backward does nothing."""
    case = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    op, arrays, decls, _ = bound(BACKEND, PADDED, 1, case, wanted=(), backward=False)
    op.forward()
    op.backward()
    np.testing.assert_allclose(BACKEND.download(arrays.y), convolve(PADDED, 1, *case).y, atol=1e-12)
    assert set(decls) == {"columns", "rows"}


def test_steps_follow_their_inputs():
    """A second step sees what has changed in place since the first: data, filter and diff."""
    first = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64", seed=1)
    op, arrays, _, _ = bound(BACKEND, PADDED, 1, first)
    op.forward()
    op.backward()
    second = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64", seed=2)
    for array, value in zip((arrays.x, arrays.filter, arrays.bias, arrays.dy), second, strict=True):
        BACKEND.upload(value, array)
    op.forward()
    op.backward()
    expected = convolve(PADDED, 1, *second)
    for name in ("y", *DIFFS):
        found = BACKEND.download(getattr(arrays, name))
        np.testing.assert_allclose(found, getattr(expected, name), atol=1e-12)


def test_scratch_has_a_limit(monkeypatch):
    """Columns are held for as many images as fit, and for one at least."""
    shapes = {"x": (64, 20, 12, 12), "filter_": (50, 20, 5, 5), "backward": True}
    per_image = 20 * 25 * 64
    monkeypatch.setattr(cupy_conv2d, "COLUMN_ELEMENTS", 10 * per_image + 1)
    decls = BACKEND.conv2d_scratch(Window((5, 5)), 1, **shapes)
    assert decls["columns"].shape == (10 * per_image,)
    assert decls["part"].shape == (50, 20, 5, 5)
    monkeypatch.setattr(cupy_conv2d, "COLUMN_ELEMENTS", 1)
    assert BACKEND.conv2d_scratch(Window((5, 5)), 1, **shapes)["columns"].shape == (per_image,)
    monkeypatch.setattr(cupy_conv2d, "COLUMN_ELEMENTS", 2**30)
    assert set(BACKEND.conv2d_scratch(Window((5, 5)), 1, **shapes)) == {"columns", "rows"}


def test_a_step_stays_on_the_device():
    """It copies nothing to the host, waits for nothing, and needs no copy of an operand."""
    case = random_case(PADDED, 2, (3, 4, 6, 5), 4, "float32")
    op, *_ = bound(BACKEND, PADDED, 2, case)
    CP.ledger.reset()
    op.forward()
    op.backward()
    assert vars(CP.ledger) == {"downloads": 0, "uploads": 0, "syncs": 0, "hidden_copies": 0}
