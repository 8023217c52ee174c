"""Params: how they lie in memory, what they start from, and how a net finds its own."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.errors import ShapeError
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Bilinear, Constant, Gaussian, Null
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore, StateDecl, misfits
from graphnet.params.regularizers import L2Regu, NoRegu

BACKEND = open_backend("numpy", threads=1)


def weight(*shape, **options):
    return ParamDecl(shape, Gaussian(), L2Regu(), lr=1.0, **options)


def bias(*shape):
    return ParamDecl(shape, Constant(value=0.5), NoRegu(), lr=2.0)


def store_of(declared, dtype="float32", seed=3):
    return ParamStore(BACKEND, np.dtype(dtype), declared, seed)


TWO = {
    "a": DeclaredParams({"weight": weight(2, 3), "bias": bias(2)}, {}),
    "fixed": DeclaredParams({"filter": weight(2, 1, 2, 2), "bias": bias(2)}, {}, frozen=True),
    "b": DeclaredParams({"weight": weight(4, 2), "bias": bias(4)}, {}),
}


def offset(array, buffer):
    """Where in the flat buffer an array begins, in elements."""
    start, here = (x.__array_interface__["data"][0] for x in (buffer, array))
    return (here - start) // buffer.itemsize


def test_params_that_learn_lie_first_and_fill_the_buffer():
    """Every element of the buffers belongs to exactly one param; frozen ones come last."""
    store = store_of(TWO)
    learning, frozen = 6 + 2 + 8 + 4, 8 + 2
    assert (store.data.shape, store.diff.shape) == ((learning + frozen,), (learning,))
    taken = np.zeros(learning + frozen, int)
    for key, _, param in store.items():
        assert np.shares_memory(param.data, store.data)
        first = offset(param.data, store.data)
        taken[first : first + param.data.size] += 1
        assert (first >= learning) == (key == "fixed")
    np.testing.assert_array_equal(taken, 1)


def test_a_diff_lies_where_its_data_does():
    """So one flat update of data by diff serves all params that learn."""
    store = store_of(TWO)
    for param in store.trainable():
        assert param.diff.shape == param.data.shape
        assert offset(param.diff, store.diff) == offset(param.data, store.data)


def test_params_of_one_rate_and_regularizer_lie_together():
    """All weights, then all biases, each in the order of the net."""
    store = store_of(TWO)
    learning = [store.params[key][name] for name in ("weight", "bias") for key in ("a", "b")]
    assert store.trainable() == learning
    ends = np.cumsum([p.data.size for p in learning])
    assert [offset(p.data, store.data) for p in learning] == [0, *ends[:-1]]


def test_params_are_listed_in_the_order_declared():
    """However they lie in memory."""
    assert [f"{key}/{name}" for key, name, _ in store_of(TWO).items()] == [
        "a/weight",
        "a/bias",
        "fixed/filter",
        "fixed/bias",
        "b/weight",
        "b/bias",
    ]


def test_a_frozen_param_has_no_diff():
    """And is not among those that learn."""
    store = store_of(TWO)
    assert [p.diff for p in store.params["fixed"].values()] == [None, None]
    assert not {id(p) for p in store.params["fixed"].values()} & {id(p) for p in store.trainable()}


def test_initial_values_are_keyed_by_seed_and_name():
    """Company and order do not matter; another seed or another name gives other values."""
    alone = store_of({"b": TWO["b"]}).params["b"]["weight"].data
    np.testing.assert_array_equal(store_of(TWO).params["b"]["weight"].data, alone)
    renamed = store_of({"c": TWO["b"]}).params["c"]["weight"].data
    reseeded = store_of({"b": TWO["b"]}, seed=4).params["b"]["weight"].data
    assert (alone != renamed).all()
    assert (alone != reseeded).all()


def test_initial_values_in_two_precisions_are_the_same_draws():
    """They are drawn in float64 and rounded once."""
    single, double = (store_of(TWO, dtype).data for dtype in ("float32", "float64"))
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_initialize_starts_a_fresh_run():
    """Whatever training made of the params, the first values come back."""
    store = store_of(TWO)
    first = store.data.copy()
    store.data[...] = 7
    store.initialize()
    np.testing.assert_array_equal(store.data, first)


def test_initial_values_that_no_float_holds():
    """They are infinite, without a warning: the solver looks for what is not finite."""
    store = store_of({"a": DeclaredParams({"weight": ParamDecl((2,), Constant(value=1e300))}, {})})
    assert np.isinf(store.data).all()


def test_an_initializer_may_leave_zeros():
    """``Null`` is for params that are loaded."""
    store = store_of({"a": DeclaredParams({"weight": ParamDecl((2, 2), Null())}, {})})
    np.testing.assert_array_equal(store.data, np.zeros(4))


def test_state_is_kept_apart_from_what_learns():
    """It is filled as declared, and no part of the flat buffers."""
    mean, variance = StateDecl((3,)), StateDecl((3,), fill=1.0)
    store = store_of({"bn": DeclaredParams({}, {"mean": mean, "variance": variance})}, "float64")
    np.testing.assert_array_equal(store.state["bn"]["mean"], [0, 0, 0])
    np.testing.assert_array_equal(store.state["bn"]["variance"], [1, 1, 1])
    assert store.state["bn"]["mean"].dtype == np.float64
    assert (store.params, store.data.size) == ({}, 0)


# --- sharing ----------------------------------------------------------------------------


def test_a_net_that_needs_less_may_share():
    """A test net without the last layer uses the params of the others."""
    assert not misfits({"a": TWO["a"], "b": DeclaredParams({"weight": weight(4, 2)}, {})}, TWO)


def test_everything_that_does_not_fit_is_listed():
    """Missing keys, missing params, other shapes and missing state, all at once."""
    needed = {
        "a": DeclaredParams({"weight": weight(2, 4), "scale": bias(2)}, {"mean": StateDecl((2,))}),
        "c": DeclaredParams({"bias": bias(4)}, {}),
    }
    assert misfits(needed, TWO) == [
        ("a", "weight", (2, 4), (2, 3)),
        ("a", "scale", (2,), None),
        ("a", "mean", (2,), None),
        ("c", "bias", (4,), None),
    ]


def test_state_between_batches_is_a_nets_own():
    """A recurrent layer's state depends on the batch size, so nets need not agree on it."""

    def lstm(rows):
        return {
            "lstm": DeclaredParams(
                {"weight": weight(4, 2)}, {"h": StateDecl((rows, 2), per_batch=True)}
            )
        }

    assert not misfits(lstm(100), lstm(64))


def test_a_twin_has_the_same_params_and_diffs_of_its_own():
    """So that two nets can run backward at once."""
    declared = {**TWO, "bn": DeclaredParams({}, {"mean": StateDecl((2,))})}
    store = store_of(declared)
    twin = store.twin()
    assert twin.data is store.data
    twin.diff[...] = np.arange(twin.diff.size)
    twin.state["bn"]["mean"][...] = 5
    assert not store.diff.any()
    assert not store.state["bn"]["mean"].any()
    for (key, name, param), (_, _, own) in zip(store.items(), twin.items(), strict=True):
        assert np.shares_memory(own.data, param.data), (key, name)
        assert (own.diff is None) == (param.diff is None)
        if own.diff is not None:
            assert offset(own.diff, twin.diff) == offset(param.diff, store.diff)
    assert [p.name for p in twin.trainable()] == [p.name for p in store.trainable()]
    assert all(np.shares_memory(p.diff, twin.diff) for p in twin.trainable())


# --- declarations -----------------------------------------------------------------------


def test_a_declaration_without_words_is_a_plain_zero():
    """No initial value but 0, no regularizer, no constraint, the solver's own rate."""
    decl = ParamDecl((2,))
    assert (decl.init, decl.regu, decl.cons.type, decl.lr) == (Constant(), NoRegu(), "NoCons", 1.0)
    assert ParamDecl((2,), cons=L2Cons(threshold=1)) != decl


def test_a_param_without_elements_is_refused():
    """A bottom with an empty axis is found before there is any memory."""
    with pytest.raises(ShapeError, match=r"the shape 3×0, which holds no elements"):
        weight(3, 0)


def test_an_initializer_refuses_a_shape_it_cannot_fill():
    """So ``graphnet check`` says so too, with the layer."""
    with pytest.raises(ShapeError, match="Bilinear fills square filters"):
        ParamDecl((3, 4), Bilinear())
