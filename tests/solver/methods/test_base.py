"""What all methods keep to."""

import threading

import numpy as np
import pytest
from support.quadratic import CURVATURE, descend, make_store

from graphnet.backend import open_backend
from graphnet.solver.methods import METHODS
from graphnet.solver.methods.base import BlockScratch
from graphnet.solver.update import Updater


@pytest.mark.parametrize("name", METHODS)
def test_method_descends_the_quadratic(name):
    """Every method goes downhill where the curvature is positive."""
    path = descend(METHODS[name]())
    convex = [0, 1, 3]
    assert (np.abs(path[-1][convex]) < np.abs(path[0][convex])).all()


@pytest.mark.parametrize("name", METHODS)
def test_method_leaves_the_gradient_as_it_is(name):
    """Breaks may look at the diffs after an update."""
    store = make_store()
    updater = Updater(store, METHODS[name]())
    store.diff[...] = gradient = CURVATURE * store.data
    updater.update(1, 0.1, 0.9)
    np.testing.assert_array_equal(store.diff, gradient)


@pytest.mark.parametrize("name", METHODS)
def test_float32_stays_float32_and_agrees(name):
    """Rates are Python numbers, so the params' precision decides."""
    store, wide = make_store(dtype="float32"), make_store()
    for s in (store, wide):
        updater = Updater(s, METHODS[name]())
        for t in range(1, 4):
            s.diff[...] = CURVATURE * s.data
            updater.update(t, np.float64(0.1), np.float64(0.9))
    assert store.data.dtype == np.float32
    np.testing.assert_allclose(store.data, wide.data, rtol=1e-5, atol=1e-6)


def test_scratch_is_kept_and_apart():
    """The same slot is the same memory, another slot or thread another."""
    scratch, block = BlockScratch(open_backend("numpy")), np.zeros(5)
    first = scratch.like(np, block)
    assert np.shares_memory(first, scratch.like(np, block[:3]))
    assert not np.shares_memory(first, scratch.like(np, block, slot=1))
    elsewhere = []
    thread = threading.Thread(target=lambda: elsewhere.append(scratch.like(np, block)))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, elsewhere[0])
    assert scratch.like(np, np.zeros((2, 3))).shape == (2, 3)
