"""Params that are updated otherwise than their layers say: which, how, and what is no param."""

import numpy as np
import pytest
from support.fake_store import fake_store

import graphnet as gn
from graphnet.params.param import DeclaredParams, ParamDecl
from graphnet.params.regularizers import L1Regu, L2Regu, NoRegu
from graphnet.solver.methods.adamw import AdamW
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.param_groups import ParamGroup, is_meant, treated, without_params
from graphnet.solver.update import Updater


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("bias", {"ip/bias"}),
        ("scale", {"stem/scale", "out/scale"}),
        ("out/scale", {"out/scale"}),
        ("ip/*", {"ip/weight", "ip/bias"}),
        ("*s*", {"ip/bias", "stem/scale", "out/scale"}),
        ("vectors", {"ip/bias", "stem/scale", "out/scale"}),
        ("Bias", set()),
    ],
)
def test_which_are_meant(pattern, meant):
    """A name in all layers, a layer and a name, wildcards in both, or all of one axis."""
    found = {
        f"{key}/{name}"
        for key, name, param in fake_store().items()
        if is_meant((pattern,), key, name, param.decl.shape)
    }
    assert found == meant


def test_how_they_are_treated():
    """Each key by itself, the last group that states it; otherwise as declared."""
    store = fake_store(regu=L1Regu())
    groups = [
        ParamGroup(params="*", decay=0.5),
        ParamGroup(params=["bias", "out/scale"], decay=0),
        ParamGroup(params="ip/*", lr=3),
    ]
    found = treated(store, groups)
    of = {f"{key}/{name}": found(param) for key, name, param in store.items()}
    assert of["ip/weight"] == (3.0, L2Regu(coef=0.5))
    assert of["ip/bias"] == (3.0, NoRegu())
    assert of["out/scale"] == (1.0, NoRegu())
    declared = treated(store, ())
    of = {f"{key}/{name}": declared(param) for key, name, param in store.items()}
    assert (of["ip/weight"], of["ip/bias"]) == ((1.0, L1Regu()), (2.0, NoRegu()))


@pytest.mark.parametrize("method", [SGD(), AdamW()])
def test_the_update_is_that_of_params_declared_so(method):
    """In the same bits: rates and decay by groups, or by the layers themselves."""
    results = []
    for groups in ((), (ParamGroup(params="vectors", decay=0.25, lr=0.5),)):
        regu, lr = (NoRegu(), 1.0) if groups else (L2Regu(coef=0.25), 0.5)
        rng = np.random.default_rng(4)
        declared = {
            "a": DeclaredParams({"w": ParamDecl((3, 4), regu=L2Regu())}, {}),
            "b": DeclaredParams({"v": ParamDecl((5,), regu=regu, lr=lr)}, {}),
            "c": DeclaredParams({"w": ParamDecl((2, 2), regu=L2Regu())}, {}),
        }
        store = gn_store(declared)
        updater = Updater(store, method, 0.1, groups=groups)
        for _, _, param in store.items():
            param.data[...] = rng.standard_normal(param.data.shape)
        for t in (1, 2, 3):
            for _, _, param in store.items():
                param.diff[...] = rng.standard_normal(param.data.shape)
            updater.update(t, 0.1, 0.9)
        results.append({f"{k}/{n}": p.data.tobytes() for k, n, p in store.items()})
    assert results[0] == results[1]


def gn_store(declared):
    from graphnet.backend import open_backend
    from graphnet.params.param import ParamStore

    return ParamStore(open_backend("numpy", 1), np.dtype("float64"), declared, 0)


def test_a_rate_of_zero_keeps_params_where_they_are():
    """And out of the norm that a clip looks at."""
    store = fake_store(regu=NoRegu())
    groups = [ParamGroup(params=["ip/bias", "out/scale"], lr=0)]
    updater = Updater(store, SGD(), clip_gradients=1.0, groups=groups)
    before = {f"{k}/{n}": p.data.copy() for k, n, p in store.items()}
    store.diff[...] = 1.0
    updater.update(1, 1.0, 0.0)
    after = {f"{k}/{n}": p.data for k, n, p in store.items()}
    for name in ("ip/bias", "out/scale"):
        np.testing.assert_array_equal(after[name], before[name])
    moved = before["ip/weight"] - after["ip/weight"]
    np.testing.assert_allclose(moved, np.full((2, 3), 6**-0.5), rtol=1e-12)


def test_what_fits_no_param_is_told():
    """With its key, and what is like it."""
    chosen = [
        (("param_groups", 1, "params"), ("bais", "ip/*", "op/weight", "zzz")),
        (("method", "adamw"), ("vectors",)),
    ]
    found = [str(p) for p in without_params(chosen, fake_store().declared, lambda _: None)]
    assert len(found) == 3
    assert found[0].startswith("param_groups[1].params: no param of the net fits 'bais'")
    assert "did you mean 'bias'" in found[0]
    assert "did you mean 'ip/weight'" in found[1]
    assert "there are: weight, bias, scale, vectors" in found[2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"params": "bias"}, "says nothing of its params\n  give 'decay' or 'lr'"),
        ({"params": [], "decay": 0}, "params: names none"),
        ({"decay": 0}, "missing key 'params'"),
        ({"params": "bias", "decay": -1}, "at least 0, found -1"),
        ({"params": "bias", "weight_decay": 0}, "unknown key 'weight_decay'"),
    ],
)
def test_mistakes(given, message):
    """Each with its key."""
    with pytest.raises(gn.SpecError, match=message):
        ParamGroup(**given)


def test_in_a_solver(tmp_path):
    """In one line; it is kept with the run, and a name that is none stops it at its place."""
    file = tmp_path / "solver.yaml"
    file.write_text("max_iter: 3\nparam_groups: [{params: vectors, decay: 0}]\n", "utf-8")
    solver = gn.load_solver(file)
    assert solver.spec.to_dict()["param_groups"] == [{"params": ["vectors"], "decay": 0.0}]
    assert "param_groups" not in gn.load_solver({"max_iter": 3}).spec.to_dict()
    file.write_text("max_iter: 3\nparam_groups:\n- {params: [bias, beta], decay: 0}\n", "utf-8")
    net = gn.load_net([
        {"name": "d", "type": "HDF5Data", "source": "dataset:iris/train", "batch_size": 10},
        {"name": "ip", "type": "InnerProduct", "output_dim": 3, "bottoms": ["data"],
         "tops": ["ip"]},
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["ip", "label"]},
    ])  # fmt: skip
    with pytest.raises(
        gn.SpecError, match=r"solver.yaml:3:\d+: param_groups\[0\].params: no param"
    ):
        gn.solve(gn.load_solver(file), net)
