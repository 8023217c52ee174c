"""The formats by name, their public verbs, and round trips through each."""

import numpy as np
import pytest
from support.weight_files import NET

import graphnet as gn
from graphnet.interchange.weights.formats import FORMATS
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.weights import save_model

SPEC = read_net(NET)
PLAIN = read_net({"name": "p", "layers": [NET["layers"][0], NET["layers"][1],
                                          NET["layers"][3] | {"bottoms": ["c"]}]})  # fmt: skip


def test_public_verbs():
    """In gn.interchange, one for each thing that a format can do."""
    for name, each in FORMATS.items():
        verbs = ["load", "import", *(("export", "save") if each.write else ())]
        for verb in verbs:
            assert getattr(gn.interchange, f"{verb}_{name}").__self__ is each
            assert f"{verb}_{name}" in gn.interchange.__all__
    assert not hasattr(gn.interchange, "save_torch")


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.write])
def test_there_and_back(name, tmp_path):
    """A model comes back byte for byte."""
    spec = PLAIN if name == "mocha" else SPEC
    net = load_net(spec, "train", seed=7)
    rng = np.random.default_rng(0)
    for named in net.store.state.values():
        for array in named.values():
            array[...] = rng.random(array.shape)
    save_model(net, tmp_path / "model.h5")
    each = FORMATS[name]
    file = tmp_path / f"m{each.ending}"
    each.export(spec, file, tmp_path / "model.h5")
    made = each.import_(spec, file, tmp_path / "out")
    assert {fill.by for fill in made.match.fills.values()} == {"name"}
    assert made.match.unused == []
    back = load_net(spec, "train")
    gn.load_weights(back, tmp_path / "out/model.h5", strict=True)
    assert back.store.data.tobytes() == net.store.data.tobytes()
    for key, named in net.store.state.items():
        assert all(np.array_equal(back.store.state[key][n], a) for n, a in named.items())


def test_a_snapshot_of_mochas(tmp_path):
    """Its params have places and no names; they go to the layer's in their order."""
    from interchange.mocha.test_reading import write_jld

    net = load_net(PLAIN, "train", seed=7)
    layers = {
        "conv": [net.params["conv"]["filter"].data, net.params["conv"]["bias"].data],
        "ip": [net.params["ip"]["weight"].data, net.params["ip"]["bias"].data[None]],
    }
    write_jld(tmp_path / "s.jld", layers)
    back = gn.interchange.load_mocha(PLAIN, tmp_path / "s.jld", "train")
    assert back.store.data.tobytes() == net.store.data.tobytes()
