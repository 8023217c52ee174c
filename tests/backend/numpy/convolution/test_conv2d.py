"""Tests of graphnet.backend.numpy.convolution.conv2d: by products of rows, or of their transforms.

What has too few columns for that, or a channel a group, has tests of its own.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.conv_cases import (
    DIFFS,
    LARGE,
    PADDED,
    bound,
    cases,
    check_equal,
    random_case,
    run,
)
from support.naive_windows import convolve
from support.poisoned import scratch_for

from graphnet.backend import open_backend
from graphnet.backend.base import ConvArrays
from graphnet.backend.numpy import products as numpy_products
from graphnet.backend.numpy.convolution import depthwise_plan, im2col_plan
from graphnet.backend.numpy.convolution import lowered_plan as numpy_conv2d_lowered_plan
from graphnet.backend.numpy.convolution import plan as numpy_conv2d_plan
from graphnet.backend.numpy.convolution import winograd_plan as numpy_conv2d_winograd_plan
from graphnet.backend.numpy.convolution.conv2d import plan_conv2d
from graphnet.backend.numpy.convolution.lowered import LoweredGroup
from graphnet.backend.numpy.convolution.winograd_plan import WinogradPlan
from graphnet.backend.window import Window

BACKENDS = {threads: open_backend("numpy", threads) for threads in (1, 2, 4)}


MODULES = (
    numpy_conv2d_plan,
    numpy_conv2d_lowered_plan,
    numpy_conv2d_winograd_plan,
    numpy_products,
)


@pytest.fixture(autouse=True, scope="module")
def by_rows():
    """Every convolution is computed by rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(im2col_plan, "FEW_COLUMNS", 0)
        patch.setattr(depthwise_plan, "MOST_FILTERS", 0)
        yield


def wherever_it_can(patch):
    """Minimal filtering is used, however little it saves."""
    patch.setattr(numpy_conv2d_winograd_plan, "FEWEST_SAMPLES", {True: 1, False: 1})
    patch.setattr(numpy_conv2d_winograd_plan, "FEWEST_CHANNELS", 1)
    patch.setattr(numpy_conv2d_winograd_plan, "LEAST_GAIN", 0)


def check(window, n_group, case, **how):
    """As the slow reference has it, whatever the number of threads."""
    return check_equal(BACKENDS.values(), window, n_group, case, **how)


@settings(deadline=None, max_examples=200)
@given(cases())
def test_any_geometry(case):
    """Stride, padding, dilation and groups in every combination agree with the slow reference."""
    check(*case)


@settings(deadline=None, max_examples=200)
@given(cases(tiled=True))
def test_any_geometry_by_minimal_filtering(case):
    """The same where tiles are transformed, however little that saves."""
    with pytest.MonkeyPatch.context() as patch:
        wherever_it_can(patch)
        check(*case)


@settings(deadline=None, max_examples=300)
@given(
    st.booleans().flatmap(lambda tiled: cases(tiled=tiled)),
    st.fixed_dictionaries(
        {
            "INLINE_MACS": st.just(0),
            "UNPACKED": st.sampled_from([1, 100, 10_000]),
            "PACKED_COLUMNS": st.integers(1, 20),
            "UNCUT_COLUMNS": st.integers(1, 40),
            "LAID_OUT_DEPTH": st.integers(1, 40),
            "TILE_COLUMNS": st.integers(1, 20),
            "FEWEST_CUT": st.integers(1, 4),
            "SUMMED_COLUMNS": st.integers(1, 40),
            "TURNED": st.integers(1, 40),
            "COLUMNS": st.integers(1, 9),
            "VECTOR": st.integers(1, 2),
            "MOST_COLUMNS": st.integers(1, 20),
            "FEWEST_COLUMNS": st.integers(1, 20),
            "N_UNITS": st.integers(1, 9),
            "LOWERED_ELEMENTS": st.integers(1, 300),
            "UNFOLDED_ELEMENTS": st.integers(1, 300),
            "WAITING_ELEMENTS": st.integers(1, 300),
            "N_LANES": st.integers(1, 9),
            "LANE_ELEMENTS": st.integers(1, 300),
        }
    ),
)
def test_any_cut(case, constants):
    """However the work is cut into units, lanes, parts and pieces, the results are right."""
    with pytest.MonkeyPatch.context() as patch:
        wherever_it_can(patch)
        for name, value in constants.items():
            owners = [module for module in MODULES if hasattr(module, name)]
            assert owners
            for module in owners:
                patch.setattr(module, name, value)
        patch.setattr(numpy_products, "has_unpacked", lambda: True)
        check(*case)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("window", "n_group", "x_shape", "n_filter"),
    LARGE,
)
def test_large_enough_for_threads(window, n_group, x_shape, n_filter, dtype):
    """Shapes that are cut into several units, and run in several threads, agree as well."""
    check(window, n_group, random_case(window, n_group, x_shape, n_filter, dtype))


# --- what is asked for ------------------------------------------------------------------


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
    found = run(BACKENDS[1], PADDED, 1, (x, filter_, bias, dy), bias=False)
    np.testing.assert_allclose(found["y"], expected.y, atol=1e-12)


def test_backward_needs_no_forward():
    """The gradient of the image alone can be had at any time: a transposed convolution."""
    case = random_case(PADDED, 2, (3, 4, 6, 5), 4, "float64")
    op, arrays, _, _ = bound(BACKENDS[1], PADDED, 2, case, wanted=("dx",))
    op.backward()
    np.testing.assert_allclose(arrays.dx, convolve(PADDED, 2, *case).dx, atol=1e-12)


def test_forward_alone():
    """A net that never runs backward needs no scratch for it, and backward does nothing."""
    case = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    op, arrays, decls, _ = bound(BACKENDS[2], PADDED, 1, case, wanted=(), backward=False)
    op.forward()
    op.backward()
    np.testing.assert_allclose(arrays.y, convolve(PADDED, 1, *case).y, atol=1e-12)
    assert set(decls) == {"filter", "slots"}


def test_params_without_a_gradient_to_pass_on():
    """Params may have diffs in a net where no loss reaches the layer: they are left alone."""
    case = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64")
    op, arrays, _, _ = bound(BACKENDS[1], PADDED, 1, case, wanted=("dfilter",), backward=False)
    op.backward()
    assert np.isnan(arrays.dfilter).all()


def test_steps_follow_their_inputs():
    """A second step sees what has changed in place since the first: data, filter and diff."""
    first = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64", seed=1)
    op, arrays, _, _ = bound(BACKENDS[1], PADDED, 1, first)
    op.forward()
    op.backward()
    second = random_case(PADDED, 1, (3, 4, 6, 5), 4, "float64", seed=2)
    for array, value in zip((arrays.x, arrays.filter, arrays.bias, arrays.dy), second, strict=True):
        array[...] = value
    op.forward()
    op.backward()
    expected = convolve(PADDED, 1, *second)
    for name in ("y", *DIFFS):
        np.testing.assert_allclose(getattr(arrays, name), getattr(expected, name), atol=1e-12)


@pytest.mark.parametrize("name", ["x", "filter", "bias"])
@pytest.mark.parametrize("by_tiles", [False, True])
def test_gradient_is_the_slope(name, by_tiles, monkeypatch):
    """The gradients equal the difference quotients of the forward pass."""
    window = Window((3, 2), (1, 1), (1, 0), (2, 1))
    case = random_case(window, 1, (2, 3, 6, 5), 4, "float64")
    if by_tiles:
        wherever_it_can(monkeypatch)
    plan = plan_conv2d(window, 1, case[0].shape, case[1].shape)
    assert isinstance(plan, WinogradPlan) == by_tiles
    place = ("x", "filter", "bias").index(name)
    gradient = run(BACKENDS[1], window, 1, case)[DIFFS[place]]
    rng = np.random.default_rng(5)
    for index in rng.choice(gradient.size, 4, replace=False):
        values = []
        for step in (-1e-3, 1e-3):
            moved = [array.copy() for array in case]
            moved[place].reshape(-1)[index] += step
            y = run(BACKENDS[1], window, 1, moved, wanted=())["y"]
            values.append((y * case[3]).sum())
        slope = (values[1] - values[0]) / 2e-3
        assert slope == pytest.approx(gradient.reshape(-1)[index], abs=1e-8)


def test_scratch_grows_with_the_threads_that_can_work():
    """More threads than tasks need no more scratch, and small work only one thread's."""
    shapes = {"x": (64, 20, 12, 12), "filter_": (50, 20, 5, 5), "backward": True}
    slots = [
        open_backend("numpy", threads).conv2d_scratch(Window((5, 5)), 1, **shapes)["slots"].shape[0]
        for threads in (1, 2, 64)
    ]
    assert slots[:2] == [1, 2]
    assert 2 < slots[2] < 64
    small = {"x": (2, 3, 6, 6), "filter_": (4, 3, 3, 3), "backward": True}
    assert BACKENDS[4].conv2d_scratch(Window((3, 3)), 1, **small)["slots"].shape[0] == 1


def test_rows_between_windows_read_no_output(monkeypatch):
    """Where no window reaches a unit's rows, its gradient is zeros and nothing is copied for it."""
    monkeypatch.setattr(numpy_conv2d_plan, "UNFOLDED_ELEMENTS", 1)  # a unit for each row
    case = random_case(Window((1, 1), (3, 1)), 1, (2, 3, 7, 4), 5, "float64")
    window, (x, filter_, _, dy) = Window((1, 1), (3, 1)), case
    backend = open_backend("numpy", 1)
    decls = backend.conv2d_scratch(window, 1, x.shape, filter_.shape, backward=True)
    arrays = ConvArrays(x, filter_, None, dy, dx=x.copy(), dy=dy)
    plan = plan_conv2d(window, 1, x.shape, filter_.shape)
    group = LoweredGroup(plan, 0, arrays, scratch_for(backend, decls, np.dtype("f8")))
    unread = [u for u in plan.gradient_units if not np.less(*plan.output_rows(u))]
    assert len(unread) == 4
    for unit in unread:
        calls = list(group.image_gradient(unit, group.scratch["slots"][0]))
        assert np.copyto not in [call.func for call in calls]
    check(window, 1, case)


@pytest.mark.parametrize("n_group", [1, 2])
@pytest.mark.parametrize("n", [3, 64])
def test_filters_of_one_element_are_multiplied_in_place(n_group, n):
    """The image is its own lowered one: nothing is copied."""
    window, x_shape = Window((1, 1)), (n, 36, 5, 7)
    case = random_case(window, n_group, x_shape, 34, "float64")
    plan = plan_conv2d(window, n_group, x_shape, case[1].shape)
    assert plan.in_place
    assert plan.lowered == (0,)
    expected = convolve(window, n_group, *case)
    for backend in BACKENDS.values():
        for name, value in run(backend, window, n_group, case).items():
            np.testing.assert_allclose(value, getattr(expected, name), atol=1e-10)


@pytest.mark.parametrize("window", [Window((1, 1), (2, 2)), Window((1, 1), pad=(1, 0)),
                                    Window((1, 1), dilation=(2, 1)), Window((1, 2))])  # fmt: skip
def test_what_is_not_multiplied_in_place(window):
    """Elements that are skipped, or padding between rows, or more of them in a window."""
    case = random_case(window, 1, (64, 6, 6, 7), 8, "float64")
    assert plan_conv2d(window, 1, case[0].shape, case[1].shape).in_place is False
    found, expected = run(BACKENDS[1], window, 1, case), convolve(window, 1, *case)
    for name, value in found.items():
        np.testing.assert_allclose(value, getattr(expected, name), atol=1e-10)
