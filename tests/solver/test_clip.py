"""The clip of each layer's gradient, against norms by NumPy."""

import numpy as np
import pytest
from support.fake_store import fake_store
from support.layer_device import device_backend

from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore
from graphnet.params.regularizers import L2Regu, NoRegu
from graphnet.solver.clip import LayerClip
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.update import Updater

GRADIENTS = {"ip/weight": [[3.0, 0.0, 0.0], [0.0, 0.0, 4.0]], "ip/bias": [12.0, 0.0]}


def filled(store, **gradients):
    for key, name, param in store.items():
        if param.diff is not None:
            param.diff[...] = {**GRADIENTS, **gradients}.get(f"{key}/{name}", 0.3)
    return {f"{k}/{n}": p for k, n, p in store.items() if p.diff is not None}


def test_each_layer_by_itself():
    """All params of a layer together; a layer whose gradient is short keeps each bit of it."""
    store = fake_store()
    params = filled(store)
    LayerClip(store, store.trainable(), 1.0).apply(1.0)
    np.testing.assert_allclose(params["ip/weight"].diff, np.array(GRADIENTS["ip/weight"]) / 13)
    np.testing.assert_allclose(params["ip/bias"].diff, np.array([12.0, 0.0]) / 13)
    np.testing.assert_array_equal(params["out/scale"].diff, [0.3, 0.3])


@pytest.mark.parametrize("iter_size", [1, 4])
def test_in_an_update(iter_size):
    """It looks at the mean over batches, comes before the global clip and the regularizers."""
    store = fake_store(regu=L2Regu())
    params = filled(store)
    before = {name: p.data.copy() for name, p in params.items()}
    settings = {"iter_size": iter_size, "clip_layers": 2.0, "clip_gradients": 1.0}
    updater = Updater(store, SGD(), 0.25, **settings)
    for k in range(iter_size):
        filled(store)
        updater.accumulate(k)
    updater.update(1, 1.0, 0.0)
    ip = [np.array(GRADIENTS[name]) * 2 / 13 for name in ("ip/weight", "ip/bias")]
    norm = np.sqrt(2.0**2 + 2 * 0.3**2)
    expected = {
        "ip/weight": ip[0] / norm + 0.5 * before["ip/weight"],
        "ip/bias": ip[1] / norm,
        "out/scale": np.array([0.3, 0.3]) / norm + 0.5 * before["out/scale"],
    }
    for name, param in params.items():
        np.testing.assert_allclose(param.diff, expected[name], rtol=1e-12)


def test_what_does_not_move_takes_no_part():
    """The bias has a rate of 0: the weights' norm is that of the layer."""
    declared = DeclaredParams(
        {"weight": ParamDecl((1, 2), regu=NoRegu()), "bias": ParamDecl((1,), lr=0.0)}, {}
    )
    from graphnet.backend import open_backend

    store = ParamStore(open_backend("numpy", 1), np.dtype("float64"), {"ip": declared}, 0)
    store.diff[...] = [3.0, 4.0, 100.0]
    Updater(store, SGD(), clip_layers=1.0).update(1, 1.0, 0.0)
    np.testing.assert_allclose(store.data, [-0.6, -0.8, 0.0], rtol=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_so(bad):
    """Of that layer, and no other."""
    store = fake_store()
    params = filled(store, **{"ip/bias": [bad, 1.0]})
    LayerClip(store, store.trainable(), 1.0).apply(1.0)
    np.testing.assert_array_equal(params["ip/bias"].diff, [bad, 1.0])
    np.testing.assert_array_equal(params["ip/weight"].diff, GRADIENTS["ip/weight"])


def test_on_a_device():
    """The same there, and nothing is fetched."""
    backend = device_backend()
    declared = DeclaredParams({"weight": ParamDecl((2, 2)), "bias": ParamDecl((2,))}, {})
    store = ParamStore(backend, np.dtype("float64"), {"a": declared, "b": declared}, 0)
    host = np.arange(12.0)
    backend.upload(host, store.diff)
    clip = LayerClip(store, store.trainable(), 7.0)
    backend.xp.ledger.reset()
    clip.apply(0.5)
    assert backend.xp.ledger.downloads == backend.xp.ledger.syncs == 0
    found = {(k, n): backend.download(p.diff).reshape(-1) for k, n, p in store.items()}
    backend.upload(host, store.diff)
    for key in "ab":
        was = {n: backend.download(p.diff).reshape(-1) for k, n, p in store.items() if k == key}
        norm = 0.5 * np.sqrt(sum((v**2).sum() for v in was.values()))
        for name, values in was.items():
            expected = values * min(1, 7.0 / norm)
            np.testing.assert_allclose(found[key, name], expected, rtol=1e-12)
