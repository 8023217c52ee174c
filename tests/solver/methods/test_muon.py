"""Muon against its formula in NumPy, and against PyTorch's."""

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.errors import SpecError
from graphnet.params.initializers import Gaussian
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore
from graphnet.params.regularizers import L2Regu
from graphnet.solver.methods.adamw import AdamW
from graphnet.solver.methods.muon import Muon
from graphnet.solver.update import Updater

SHAPES = {"wide": (3, 8), "tall": (9, 2), "filter": (4, 3, 2, 2), "bias": (5,), "embed": (7, 3)}


def make_store(dtype="float64", seed=3):
    declared = {
        key: DeclaredParams({"w": ParamDecl(shape, Gaussian(), L2Regu(), lr=1.5)}, {})
        for key, shape in SHAPES.items()
    }
    return ParamStore(open_backend("numpy", 2), np.dtype(dtype), declared, seed)


def orthogonal(m, steps):
    """The iteration of the post, by ``@`` alone."""
    x = m / (np.linalg.norm(m) + 1e-7)
    for _ in range(steps):
        if len(m) <= m.shape[1]:
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        else:
            a = x.T @ x
            x = 3.4445 * x + x @ (-4.7750 * a + 2.0315 * a @ a)
    return x


@pytest.mark.parametrize("steps", [1, 5])
def test_matrices_and_the_rest(steps):
    """Matrices by the formula; vectors, and what is named, in the bits of AdamW."""
    stores = make_store(), make_store()
    method = Muon(momentum=0.8, steps=steps, adamw="embed/*", beta1=0.7, beta2=0.9, epsilon=1e-3)
    updaters = (
        Updater(stores[0], method, 0.05),
        Updater(stores[1], AdamW(beta1=0.7, beta2=0.9, epsilon=1e-3), 0.05),
    )
    rng = np.random.default_rng(0)
    at = {key: named["w"].data.copy() for key, named in stores[0].params.items()}
    momentum = {key: np.zeros(shape) for key, shape in SHAPES.items()}
    for t in range(1, 5):
        for key, shape in SHAPES.items():
            g = rng.standard_normal(shape)
            for store in stores:
                store.params[key]["w"].diff[...] = g
            momentum[key] = 0.8 * momentum[key] + g
            flat = (g + 0.8 * momentum[key]).reshape(shape[0], -1)
            o = orthogonal(flat, steps).reshape(shape)
            rate = 0.02 * 1.5
            at[key] = at[key] - rate * 0.1 * at[key] - rate * 0.2 * max(flat.shape) ** 0.5 * o
        for updater in updaters:
            updater.update(t, 0.02, 0.0)
    for key in ("wide", "tall", "filter"):
        np.testing.assert_allclose(stores[0].params[key]["w"].data, at[key], rtol=1e-11)
    for key in ("bias", "embed"):
        mine, adamws = (store.params[key]["w"].data for store in stores)
        assert mine.tobytes() == adamws.tobytes()


@pytest.mark.parametrize("shape", [(6, 6), (4, 40), (30, 5)])
def test_singular_values_are_near_one(shape):
    """Those of a step over its length are between 0.7 and 1.2, however far apart they were."""
    declared = {"a": DeclaredParams({"w": ParamDecl(shape)}, {})}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float64"), declared, 0)
    rng = np.random.default_rng(1)
    n = min(shape)
    u, v = (np.linalg.qr(rng.standard_normal((side, n)))[0] for side in shape)
    store.diff[...] = ((u * np.geomspace(0.1, 5, n)) @ v.T).reshape(-1)
    Updater(store, Muon(momentum=0.0)).update(1, 1.0, 0.0)
    step = -store.data.reshape(shape) / (0.2 * max(shape) ** 0.5)
    values = np.linalg.svd(step, compute_uv=False)
    assert values.min() > 0.65
    assert values.max() < 1.25
    np.testing.assert_allclose(u.T @ step @ v - np.diag(np.diag(u.T @ step @ v)), 0, atol=1e-9)


#: Of torch.optim.Muon of PyTorch 2.13 in float64, without its cast to bfloat16, lr 0.01,
#: weight_decay 0.1, momentum 0.95, adjust_lr_fn "match_rms_adamw", after each of three updates.
TORCH = [
    [
        [0.9967055523632271, -1.997292847891442, 0.501489212895368],
        [2.9948973521327384, 0.2517473437532993, -1.0002611962161307],
    ],
    [
        [0.993349162712592, -1.9958013634323881, 0.5028434781126878],
        [2.9895374701028397, 0.2500384825272276, -1.0008806263545842],
    ],
    [
        [0.9899804239962399, -1.9933290989375128, 0.5041823725215907],
        [2.9841439497015183, 0.2511587052456671, -1.00154043791467],
    ],
]


def test_as_pytorch():
    """Momentum, orthogonalization, factor and decay: numbers of PyTorch's own rule."""
    declared = {"a": DeclaredParams({"w": ParamDecl((2, 3), regu=L2Regu())}, {})}
    store = ParamStore(open_backend("numpy", 1), np.dtype("float64"), declared, 0)
    w = store.params["a"]["w"]
    w.data[...] = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]
    g = np.array([[0.3, 0.1, -0.7], [0.2, -0.4, 0.6]])
    updater = Updater(store, Muon(), 0.05)
    for i, expected in enumerate(TORCH):
        w.diff[...] = g * (i + 1) * np.array([1.0, -1.0, 1.0]) ** i
        updater.update(i + 1, 0.01, 0.0)
        np.testing.assert_allclose(w.data, expected, rtol=0, atol=1e-8)


def test_nothing_comes_of_no_gradient():
    """Zeros stay zeros."""
    store = make_store()
    before = store.data.copy()
    Updater(store, Muon()).update(1, 0.1, 0.0)
    np.testing.assert_array_equal(store.data, before)


def test_threads_change_no_bit():
    """Each param is one thread's."""
    found = []
    for threads in (1, 4):
        declared = {
            f"a{i}": DeclaredParams({"w": ParamDecl((20 + i, 30), Gaussian())}, {})
            for i in range(6)
        }
        store = ParamStore(open_backend("numpy", threads), np.dtype("float32"), declared, 0)
        updater = Updater(store, Muon())
        with store.backend.computing():
            for t in range(1, 4):
                store.diff[...] = np.random.default_rng(t).standard_normal(store.diff.size)
                updater.update(t, 0.1, 0.0)
        found.append(store.data.tobytes())
    assert found[0] == found[1]


def test_names_that_are_none():
    """The solver looks for them in the net."""
    import graphnet as gn

    solver = gn.load_solver({"max_iter": 1, "method": {"type": "Muon", "adamw": ["embd/w"]}})
    (problem,) = solver.without_params(make_store().declared)
    assert str(problem).startswith("method.adamw: no param of the net fits 'embd/w'")
    assert "did you mean 'embed/w'" in str(problem)
    with pytest.raises(SpecError, match="less than 1"):
        Muon(momentum=1.0)
