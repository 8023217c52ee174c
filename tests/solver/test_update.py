"""The update: clip, mean over batches, regularizers, method, constraints, on flat buffers."""

import tracemalloc

import numpy as np
import pytest
from support.fake_store import fake_store
from support.quadratic import CURVATURE, START, make_store

from graphnet.backend import open_backend
from graphnet.backend.numpy.sums import SCRATCH_ELEMENTS
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Gaussian
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore
from graphnet.params.regularizers import L1Regu, L2Regu
from graphnet.solver.methods import METHODS
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.update import Updater


def updated(store, gradient, **settings):
    """The params after one update of plain gradient descent with rate 1."""
    updater = Updater(store, SGD(), **settings)
    store.diff[...] = gradient
    updater.update(1, 1.0, 0.0)
    return store.data.copy()


def test_local_rates():
    """The bias moves twice as fast."""
    np.testing.assert_allclose(updated(make_store(), 1.0), START - [1, 1, 1, 2])


def test_frozen_params_stay():
    """Nothing touches what has no diff."""
    store = fake_store()
    before = store.params["stem"]["scale"].data.copy()
    after = updated(store, 1.0, regu_coef=1.0)
    np.testing.assert_array_equal(store.params["stem"]["scale"].data, before)
    assert len(after) == len(store.diff) + 3


@pytest.mark.parametrize(
    ("regu", "expected"),
    [
        (L2Regu(coef=3.0), 2 * 3 * 0.1 * START[:3]),
        (L1Regu(coef=3.0), 3 * 0.1 * np.sign(START[:3])),
    ],
)
def test_regularizers_join_the_gradient(regu, expected):
    """The coefficient is the regularizer's times the solver's; the bias has none."""
    store = make_store(regu)
    updated(store, 0.0, regu_coef=0.1)
    np.testing.assert_allclose(store.diff, [*expected, 0.0], rtol=1e-14)


def test_clip_scales_the_whole_gradient():
    """A gradient longer than the limit has its length, and its direction, afterwards."""
    store = make_store()
    updated(store, [3.0, 0.0, 4.0, 12.0], clip_gradients=1.0)
    np.testing.assert_allclose(store.diff, np.array([3, 0, 4, 12]) / 13, rtol=1e-14)


def test_clip_passes_over_what_has_no_rate():
    """A param that stays where it is makes the gradient of the others no shorter."""
    decls = {"a": ParamDecl((3,)), "b": ParamDecl((1,), lr=0.0)}
    declared = {"ip": DeclaredParams(decls, {})}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float64"), declared, 0)
    updated(store, [3.0, 0.0, 4.0, 12.0], clip_gradients=1.0)
    np.testing.assert_allclose(store.diff, [0.6, 0.0, 0.8, 0.0], rtol=1e-14)


def test_clip_leaves_a_short_gradient():
    """Not one bit of it changes."""
    store = make_store()
    updated(store, [0.3, 0.0, 0.4, 0.1], clip_gradients=1.0)
    np.testing.assert_array_equal(store.diff, [0.3, 0.0, 0.4, 0.1])


def test_clip_comes_before_the_regularizer():
    """Weight decay is not part of what is clipped."""
    store = make_store(L2Regu())
    updated(store, [3.0, 0.0, 4.0, 0.0], clip_gradients=1.0, regu_coef=1.0)
    expected = [0.6 + 2 * START[0], 2 * START[1], 0.8 + 2 * START[2], 0.0]
    np.testing.assert_allclose(store.diff, expected, rtol=1e-14)


def test_clip_survives_squares_beyond_float32():
    """1e30 squared is no float32; its clipped gradient is."""
    store = make_store(dtype="float32")
    updated(store, [1e30, 0.0, 0.0, 0.0], clip_gradients=2.0)
    np.testing.assert_allclose(store.diff, [2, 0, 0, 0], rtol=1e-6)


def test_clip_leaves_what_is_not_finite():
    """A NaN is not made to look like a gradient; the guard finds it."""
    store = make_store()
    updated(store, [np.nan, 1.0, 1.0, 1.0], clip_gradients=0.1)
    np.testing.assert_array_equal(store.diff, [np.nan, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("iter_size", [1, 2, 3, 4])
def test_accumulation_takes_the_mean(iter_size):
    """The gradient used is the mean of the batches' gradients."""
    store = make_store()
    updater = Updater(store, SGD(), iter_size=iter_size)
    gradients = np.arange(4.0 * iter_size).reshape(iter_size, 4)
    for _ in range(2):  # the second time, nothing of the first is left
        for k, gradient in enumerate(gradients):
            store.diff[...] = gradient
            updater.accumulate(k)
        updater.update(1, 0.0, 0.0)
        np.testing.assert_allclose(store.diff, gradients.mean(axis=0), rtol=1e-14)


def test_clip_looks_at_the_mean():
    """Accumulating batches does not change what is too long."""
    store = make_store()
    updater = Updater(store, SGD(), clip_gradients=1.0, iter_size=2)
    for k in range(2):
        store.diff[...] = [0.6, 0.0, 0.6, 0.0]
        updater.accumulate(k)
    updater.update(1, 0.0, 0.0)
    np.testing.assert_allclose(store.diff, [0.6, 0.0, 0.6, 0.0], rtol=1e-14)


def test_constraints_come_after_the_update():
    """Norms are cut back where the iteration is a multiple of the constraint's."""
    store = make_store(cons=L2Cons(threshold=0.5, every_n_iter=2))
    updater = Updater(store, SGD())
    norms = []
    for t in (1, 2, 3):
        store.diff[...] = -1.0
        updater.update(t, 1.0, 0.0)
        norms.append(np.linalg.norm(store.data[:3]))
    assert norms[0] > 0.5
    assert norms[1] == pytest.approx(0.5)
    assert norms[2] > 0.5


@pytest.mark.parametrize("name", METHODS)
def test_grouping_changes_no_bit(name):
    """Neighbours updated in one call move exactly as each by itself does."""

    def trained(lrs):
        declared = {
            f"ip{i}": DeclaredParams({"weight": ParamDecl((50,), Gaussian(), L2Regu(), lr=lr)}, {})
            for i, lr in enumerate(lrs)
        }
        store = ParamStore(open_backend("numpy", 1), np.dtype("float32"), declared, 0)
        updater = Updater(store, METHODS[name](), 0.01)
        weights = [store.params[f"ip{i}"]["weight"] for i in range(3)]
        rng = np.random.default_rng(3)
        for t in range(1, 6):
            for weight in weights:
                weight.diff[...] = rng.standard_normal(50)
            updater.update(t, 0.1, 0.9)
        return [weight.data for weight in weights]

    together, apart = trained([1.0, 1.0, 1.0]), trained([1.0, 2.0, 1.0])
    np.testing.assert_array_equal(together[0], apart[0])
    np.testing.assert_array_equal(together[2], apart[2])
    assert (together[1] != apart[1]).any()


@pytest.mark.parametrize("name", METHODS)
def test_nothing_is_allocated_after_the_first_update(name):
    """Every array an update needs is kept from the first."""
    declared = {
        "ip": DeclaredParams({"weight": ParamDecl((300, 400), Gaussian(), L2Regu())}, {}),
    }
    store = ParamStore(open_backend("numpy", 1), np.dtype("float32"), declared, 0)
    updater = Updater(store, METHODS[name](), 0.01, clip_gradients=0.5, iter_size=2)

    def update(t):
        for k in range(2):
            store.diff.fill(0.1)
            updater.accumulate(k)
        updater.update(t, 0.1, 0.9)

    update(1)
    tracemalloc.start()
    update(2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024


def test_history_is_named_and_flat():
    """A snapshot finds the method's memory under its names."""
    updater = Updater(make_store(), METHODS["Adam"]())
    assert {name: array.shape for name, array in updater.history.items()} == {
        "first_moment": (4,),
        "second_moment": (4,),
    }


@pytest.mark.parametrize(
    "size", [0, 1, SCRATCH_ELEMENTS, SCRATCH_ELEMENTS + 1, 3 * SCRATCH_ELEMENTS + 7]
)
def test_norm(size):
    """The norm of arrays of any length, in blocks."""
    array = np.random.default_rng(0).standard_normal(size).astype("float32")
    expected = np.linalg.norm(array.astype("float64"))
    total = open_backend("numpy", 1).square_sum(array)
    assert total**0.5 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_norm_is_finite_only_if_all_elements_are(bad):
    """One bad element anywhere shows."""
    array = np.ones(SCRATCH_ELEMENTS + 5)
    array[-2] = bad
    assert not np.isfinite(open_backend("numpy", 1).square_sum(array))


def test_history_has_names_for_files():
    """Each param's part of each array, whatever the order of the flat buffers."""
    store = fake_store()
    updater = Updater(store, SGD())
    for _, _, param in store.items():
        if param.diff is not None:
            param.diff[...] = param.data
    updater.update(1, 1.0, 0.0)
    found = dict(updater.named_history())
    assert set(found) == {"velocity/ip/weight", "velocity/ip/bias", "velocity/out/scale"}
    for name, velocity in found.items():
        _, key, param = name.split("/")
        local = store.params[key][param].decl.lr
        np.testing.assert_array_equal(velocity, -local * store.params[key][param].diff)
        assert np.shares_memory(velocity, updater.history["velocity"])


def test_quadratic_is_minimised():
    """Enough updates reach the minimum of a convex quadratic."""
    store = make_store()
    updater = Updater(store, SGD())
    curvature = np.abs(CURVATURE)
    for t in range(1, 200):
        store.diff[...] = curvature * store.data
        updater.update(t, 0.3, 0.5)
    np.testing.assert_allclose(store.data, 0.0, atol=1e-9)
