"""Weights of another format become a model, or fill a net: all of it or nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.weight_files import NET, SHAPES, TORCH_FILES

from graphnet.errors import SnapshotError, SpecError
from graphnet.interchange.npz.reading import read_npz
from graphnet.interchange.torch.reading import read_torch
from graphnet.interchange.weights.importing import (
    fill_loaded,
    fill_net,
    load_filled,
    write_filled,
)
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.snapshot_file import read
from graphnet.solver.record.weights import load_weights

VALUES = dict(np.load(TORCH_FILES / "values.npz"))
SPEC = read_net(NET)
OWN = {path: np.random.default_rng(i).random(shape) for i, (path, shape) in
       enumerate(SHAPES.items())}  # fmt: skip


def npz(tmp_path, arrays):
    np.savez(tmp_path / "m.npz", **arrays)
    return tmp_path / "m.npz"


def test_a_net_of_pytorchs(tmp_path):
    """Its outputs are PyTorch's: convolution, batch norm, inner product."""
    made = fill_net(read_torch, SPEC, TORCH_FILES / "plain.pt", None)
    written = write_filled(made, tmp_path / "out")
    assert [path.name for path in written] == ["net.yaml", "model.h5"]
    net = load_net(tmp_path / "out/net.yaml", "test")
    assert load_weights(net, tmp_path / "out/model.h5", strict=True).is_complete
    found = net.predict({"x": VALUES["plain-x"]})["y"]
    assert np.allclose(found, VALUES["plain-y"], rtol=1e-5, atol=1e-6)
    assert np.array_equal(net.store.state["bn"]["variance"], VALUES["plain/2.running_var"])


RNNS = """
- {name: in, type: Input, batch_size: 2, shapes: {x: [4, 3]}, tops: [x]}
- {name: lstm, type: LSTM, output_dim: 2, bottoms: [x], tops: [a]}
- {name: lstm_l1, type: LSTM, output_dim: 2, bottoms: [a], tops: [lstm]}
- {name: gru, type: GRU, output_dim: 2, bottoms: [x], tops: [gru]}
- {name: rnn, type: RNN, output_dim: 2, bottoms: [x], tops: [rnn]}
"""


def test_recurrent_layers_of_pytorchs():
    """Gates in another order, two biases, a stack of layers: the outputs are PyTorch's."""
    net = load_filled(read_torch, read_net(RNNS), TORCH_FILES / "recurrent.pt", "test", None)
    found = net.predict({"x": VALUES["recurrent-x"]})
    for name in ("lstm", "gru", "rnn"):
        wanted = VALUES[f"recurrent-{name}"]
        assert np.allclose(found[name], wanted, rtol=1e-5, atol=1e-6), name


KERAS = """
- {name: in, type: Input, batch_size: 2, shapes: {x: [4, 3]}, tops: [x]}
- {name: lstm, type: LSTM, output_dim: 2, bottoms: [x], tops: [h]}
- {name: ip, type: InnerProduct, output_dim: 2, axis: 2, bottoms: [h], tops: [y]}
"""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_keras_names_and_layouts(tmp_path):
    """Kernels with their outputs last, gates i, f, c, o: the outputs are those of its formulas."""
    rng = np.random.default_rng(0)
    arrays = {"lstm/kernel": (3, 8), "lstm/recurrent_kernel": (2, 8), "lstm/bias": (8,),
              "ip/kernel": (2, 2), "ip/bias": (2,)}  # fmt: skip
    arrays = {name: rng.standard_normal(shape).astype("f4") for name, shape in arrays.items()}
    x = rng.standard_normal((2, 4, 3)).astype("f4")
    h = c = np.zeros((2, 2))
    wanted = []
    for t in range(4):
        z = x[:, t] @ arrays["lstm/kernel"] + h @ arrays["lstm/recurrent_kernel"]
        i, f, g, o = np.split(z + arrays["lstm/bias"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        wanted.append(h @ arrays["ip/kernel"] + arrays["ip/bias"])
    net = load_filled(read_npz, read_net(KERAS), npz(tmp_path, arrays), "test", None)
    assert np.allclose(net.predict({"x": x})["y"], np.stack(wanted, 1), rtol=1e-4, atol=1e-5)


def test_gaps_are_listed_and_nothing_is_written(tmp_path):
    """What is not filled and what is not used, all at once."""
    arrays = {**OWN, "ip/weight": np.ones((3, 9)), "more": np.ones(2)}
    del arrays["bn/mean"]
    made = fill_net(read_npz, SPEC, npz(tmp_path, arrays), None)
    with pytest.raises(SnapshotError, match="fills 6 of the 8 params of net 'n'") as found:
        write_filled(made, tmp_path / "out")
    there = ", ".join(f"bn/{name} (2 float64)" for name in ("scale", "bias", "variance"))
    assert str(found.value).splitlines()[1:] == [
        f"  not filled: bn/mean (2): of its layer there is {there}",
        "  not filled: ip/weight (3×8): of its layer there is ip/weight (3×9 float64)",
        "  not used: ip/weight (3×9 float64)",
        "  not used: more (2 float64)",
        "  say in a map what fills what: see --print-map and --map of graphnet import",
    ]
    assert not (tmp_path / "out").exists()
    net = load_net(SPEC, "test")
    before = {name: p.data.copy() for name, p in net.params["ip"].items()}
    with pytest.raises(SnapshotError, match="fills 6 of the 8"):
        fill_loaded(net, read_npz(tmp_path / "m.npz"))
    assert all(np.array_equal(p.data, before[name]) for name, p in net.params["ip"].items())


def test_a_map(tmp_path):
    """What it says is done; null is what a fresh run starts with."""
    arrays = {"w": OWN["ip/weight"].T, "b": OWN["ip/bias"]}
    arrays |= {k: v for k, v in OWN.items() if not k.startswith(("ip", "bn"))}
    file = tmp_path / "map.yaml"
    file.write_text(
        "ip/weight: w\nip/bias: b\nbn/scale: null\nbn/bias: null\nbn/mean: null\nbn/variance: null"
    )
    made = fill_net(read_npz, SPEC, npz(tmp_path, arrays), file)
    write_filled(made, tmp_path / "out")
    found = read(tmp_path / "out/model.h5")
    assert np.array_equal(found.params["ip/weight"], OWN["ip/weight"].astype("f4"))
    fresh = load_net(SPEC, "test")
    assert np.array_equal(found.params["bn/scale"], fresh.params["bn"]["scale"].data)
    assert np.array_equal(found.state["bn/variance"], np.ones(2))
    how = {path: made.how(fill) for path, fill in made.match.fills.items()}
    assert how["ip/weight"] == "the map, transposed, float64 to float32"
    assert how["bn/mean"] == "its initializer, by the map"


def test_an_initial_value_is_that_of_a_fresh_run(tmp_path):
    """A random one is the one that seed 0 gives."""
    arrays = {k: v for k, v in OWN.items() if k != "conv/filter"}
    (tmp_path / "map.yaml").write_text("conv/filter: null")
    made = fill_net(read_npz, SPEC, npz(tmp_path, arrays), tmp_path / "map.yaml")
    found = {each.path: array for each, array in made.arrays()}
    wanted = load_net(SPEC, "test").params["conv"]["filter"].data
    assert np.array_equal(found["conv/filter"], wanted)


def test_precision(tmp_path):
    """A net in float64 gets every bit of its file."""
    net = load_filled(read_npz, SPEC, npz(tmp_path, OWN), "train", None, dtype="float64")
    for path, values in OWN.items():
        layer, name = path.split("/")
        state = net.store.state.get(layer, {}) if name in ("mean", "variance") else None
        found = state[name] if state is not None else net.params[layer][name].data
        assert np.array_equal(found, values)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(tmp_path, bad):
    """No model has them, and nothing is left of this one."""
    arrays = {**OWN, "ip/bias": np.full(3, bad)}
    made = fill_net(read_npz, SPEC, npz(tmp_path, arrays), None)
    with pytest.raises(SnapshotError, match="'params/ip/bias' has a value that is not finite"):
        write_filled(made, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_nothing_is_lost(tmp_path):
    """Neither what is read nor what is there."""
    (tmp_path / "out").mkdir()
    file = npz(tmp_path, OWN).rename(tmp_path / "out/model.h5")
    made = fill_net(read_npz, SPEC, file, None)
    with pytest.raises(SpecError, match="this is the weights, which would be lost"):
        write_filled(made, tmp_path / "out", force=True)
    made = fill_net(read_npz, SPEC, npz(tmp_path, OWN), None)
    with pytest.raises(SpecError, match="is a file, expected a folder"):
        write_filled(made, tmp_path / "m.npz", force=True)
    with pytest.raises(SpecError, match=re.escape("model.h5: there already")):
        write_filled(made, tmp_path / "out")
    write_filled(made, tmp_path / "out", force=True)
    assert read(tmp_path / "out/model.h5").params.keys() == OWN.keys() - {"bn/mean", "bn/variance"}
