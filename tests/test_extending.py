"""docs/extending.md: its files run together, resume bit for bit, and refuse what is wrong."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import graphnet as gn

TEXT = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:python|yaml)\n# ([\w.]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """The page's files; a block of a file that was begun before goes on with it."""
    texts: dict[str, str] = {}
    for name, text in BLOCK.findall(TEXT):
        texts[name] = texts.get(name, "") + text
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    yield tmp_path
    for name in texts:
        sys.modules.pop(name.removesuffix(".py"), None)


def solved(folder, run, **changes):
    """Train; returns all arrays of the last snapshot, and the statistics."""
    solver = gn.load_solver(folder / "solver.yaml")
    spec = solver.spec.model_copy(update={"exp_dir": str(folder / run), **changes})
    (folder / "changed.yaml").write_text(spec.to_yaml(), "utf-8")
    net = gn.load_net(folder / "net.yaml")
    state = gn.solve(gn.load_solver(folder / "changed.yaml"), net)
    last = folder / run / "snapshots" / f"snapshot-{state.iter:06d}.h5"
    arrays = {}
    with h5py.File(last) as file:
        file.visititems(
            lambda name, found: (
                arrays.update({name: found[()]}) if isinstance(found, h5py.Dataset) else None
            )
        )
    return arrays, (folder / run / "statistics.jsonl").read_text("utf-8")


def test_a_run_that_is_resumed_is_the_same_bits(folder):
    """Params, the method's history and what the breaks have recorded."""
    whole, statistics = solved(folder, "a")
    solved(folder, "b", max_iter=30)
    resumed, again = solved(folder, "b", max_iter=60)
    assert statistics == again
    names = [name for name in whole if name.startswith(("params", "history"))]
    assert any("m/ip/weight" in name for name in names)
    for name in names:
        assert whole[name].tobytes() == resumed[name].tobytes(), name
        assert np.any(whole[name]), name
    assert "ip.largest" in statistics


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads(folder, threads):
    """Gives the same bits."""
    net = gn.load_net(folder / "net.yaml", threads=threads)
    solver = gn.load_solver(folder / "solver.yaml")
    gn.solve(gn.Solver(solver.spec.model_copy(update={"exp_dir": None, "coffee_breaks": ()})), net)
    other = gn.load_net(folder / "net.yaml")
    gn.solve(
        gn.Solver(solver.spec.model_copy(update={"exp_dir": None, "coffee_breaks": ()})), other
    )
    weight = net.params["ip"]["weight"].data
    assert weight.tobytes() == other.params["ip"]["weight"].data.tobytes()
    assert np.abs(weight).max() <= 2


def test_what_is_recorded(folder):
    """The dotted path and every key, of the net and of the solver; both can be loaded again."""
    spec = gn.load_solver(folder / "solver.yaml").spec
    written = spec.to_dict()
    assert written["method"] == {"type": "my_solver.Lion", "beta1": 0.95, "beta2": 0.99}
    assert written["lr_policy"]["type"] == "my_solver.Triangle"
    (folder / "again.yaml").write_text(spec.to_yaml(), "utf-8")
    again = gn.load_solver(folder / "again.yaml").spec
    assert again.model_copy(update={"exp_dir": spec.exp_dir}) == spec
    solved(folder, "a", max_iter=2)
    recorded = (folder / "a" / "net.yaml").read_text("utf-8")
    for name in ("my_transformers.Noise", "my_params.Sparse", "my_params.SmoothL1"):
        assert f"type: {name}" in recorded


def test_in_python(folder, monkeypatch):
    """Objects of the user's classes stand where graphnet's own do."""
    monkeypatch.syspath_prepend(folder)
    import my_breaks
    import my_solver

    spec = gn.SolverSpec(
        method=my_solver.Lion(beta1=0.8),
        lr_policy=gn.lr_policy.Warmup(
            length=5, policy=my_solver.Triangle(low=0.1, high=0.2, period=4)
        ),
        max_iter=10,
    )
    solver = gn.Solver(spec)
    seen = []
    solver.add_coffee_break(lambda _net, state, _lounge: seen.append(state.iter), every_n_iter=5)

    def stop(net, state, lounge):
        lounge.update_statistics("two", 2.0)
        return my_breaks.enough(net, state, lounge, "two", 1.5) if state.iter else None

    solver.add_coffee_break(stop, every_n_iter=5)
    state = gn.solve(solver, gn.load_net(folder / "net.yaml"))
    assert (seen, state.iter, state.stop_reason) == ([0, 5], 5, "two has reached 1.5")
    assert spec.to_dict()["lr_policy"]["policy"]["type"] == "my_solver.Triangle"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "solver",
            "beta1",
            "beta3",
            r"unknown key 'beta3' in 'method' \(my_solver.Lion\)\n .*beta2",
        ),
        ("solver", "period: 20", "period: 2.5", "key 'lr_policy.period': expected a whole number"),
        ("solver", ", period: 20", "", "missing key 'period' in 'lr_policy'"),
        ("solver", "my_solver.Lion", "my_solver.Lin", "'method': module .* no 'Lin'\n .*'Lion'"),
        ("solver", "my_solver.Lion", "my_solver.Triangle", "'my_solver.Triangle' is not a Method"),
        ("solver", "my_solver.Lion", "my_other.Lion", "there is no module 'my_other'"),
        (
            "solver",
            "my_solver.Lion",
            "graphnet.Method",
            "Method.* does not define step\n  every Method",
        ),
        ("solver", "layer: ip}", "layr: ip}", "unknown key 'layr'\n .*'layer'"),
        ("solver", "least: 100", "least: x", "key 'least': expected a number"),
        (
            "solver",
            "my_breaks.enough",
            "my_breaks.gn",
            "not a CoffeeBreak\n .* or write a function",
        ),
        ("net", "std: 0.05", "sdt: 0.05", r"unknown key 'sdt' in 'transformers.data\[0\]'"),
        ("net", "my_params.SmoothL1", "my_params.Box", "'my_params.Box' is not a Regularizer"),
        ("net", "most: 2", "most: two", "key 'weight_cons.most': expected a number"),
    ],
)
def test_what_is_wrong_is_said(folder, file, old, new, message):
    """With its place, as of graphnet's own."""
    path = folder / f"{file}.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(gn.SpecError, match=rf"{file}.yaml:\d+:\d+: .*{message}"):
        gn.load_net(path) if file == "net" else gn.load_solver(path)


def test_user_code_can_be_refused(folder):
    """Of every kind."""
    with pytest.raises(gn.SpecError, match="no-user-code") as refused:
        gn.load_net(folder / "net.yaml", user_code=False)
    assert str(refused.value).count("is user code") == 4
    with pytest.raises(gn.SpecError, match="no-user-code") as refused:
        gn.load_solver(folder / "solver.yaml", user_code=False)
    assert str(refused.value).count("is user code") == 4
