"""Importing from ONNX: the files, round trips, whole architectures, and damaged files."""

import random
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import assert_close, filled, needs_onnx, needs_runtime, net_of
from support.onnx_models import model_of, types_of
from support.shipped_nets import NETS, shrunk, write_made_up_data

from graphnet.errors import GraphnetError, SpecError
from graphnet.interchange.onnx import translation
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import export_onnx, onnx_graph, values_of
from graphnet.interchange.onnx.files.reading import read_onnx
from graphnet.interchange.onnx.importing import import_onnx, load_onnx
from graphnet.interchange.onnx.parity import inputs_for
from graphnet.interchange.onnx.translation import translate_graph
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.weights import load_weights

#: Nets that an export says in nodes of which graphnet has no layers: of LeNet-5 the radial basis
#: functions, of a reader of sequences its decoder. Of a transformer the positions come back as a
#: Bias (test_import_attention.py).
ONE_WAY = ("ctc-digits", "lenet5", "tiny-gpt")


def write(path, nodes, constants=None, **more):
    """A small model."""
    model = model_of(nodes, {"x": [2, 3]}, constants, **more)
    path.write_bytes(model.SerializeToString())


@needs_onnx
def test_files(tmp_path):
    """A net and a model that go with each other, and with the file."""
    weight = np.arange(12, dtype=np.float32).reshape(4, 3)
    nodes = [("Gemm", "x,w", "h", {"transB": 1, "name": "fc"}), ("Relu", "h", "y", {"name": "act"})]
    write(tmp_path / "m.onnx", nodes, {"w": weight})
    made = import_onnx(tmp_path / "m.onnx", tmp_path / "out")
    assert made.rows() == [("fc", "Gemm", "InnerProduct", "4×3"),
                           ("act", "Relu", "neuron of fc", "")]  # fmt: skip
    text = (tmp_path / "out" / "net.yaml").read_text()
    assert text.startswith("# From m.onnx, a net of ONNX.\nname: made\n")
    net = load_net(tmp_path / "out" / "net.yaml", "test")
    load_weights(net, tmp_path / "out" / "model.h5", strict=True)
    assert np.array_equal(net.store.params["fc"]["weight"].data, weight)
    x = np.array([[1.0, -2.0, 0.5]])
    assert np.array_equal(net.predict({"x": x})["y"], np.maximum(x @ weight.T, 0))
    again = load_onnx(tmp_path / "m.onnx")
    assert np.array_equal(again.predict({"x": x})["y"], net.predict({"x": x})["y"])


@needs_onnx
def test_an_import_loses_nothing(tmp_path):
    """What lies there stays unless it may be replaced; the source is never replaced."""
    write(tmp_path / "m.onnx", [("Relu", "x", "y")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "net.yaml").write_text("mine")
    with pytest.raises(SpecError, match="there already"):
        import_onnx(tmp_path / "m.onnx", tmp_path / "out")
    assert (tmp_path / "out" / "net.yaml").read_text() == "mine"
    import_onnx(tmp_path / "m.onnx", tmp_path / "out", force=True)
    source = (tmp_path / "m.onnx").rename(tmp_path / "out" / "model.h5")
    with pytest.raises(SpecError, match="this is the net, which would be lost"):
        import_onnx(source, tmp_path / "out", force=True)


@needs_onnx
def test_all_that_is_unsupported(tmp_path):
    """At once, each with its node; what depends on it is not said again; nothing is written."""
    nodes = [
        ("Erf", "x", "a", {"name": "first"}),
        ("Relu", "a", "b"),
        ("Softmax", "x", "c", {"axis": 0, "name": "second"}),
        ("Det", "b", "d"),
        ("Sum", "b,c,d", "y"),
    ]
    write(tmp_path / "m.onnx", nodes)
    with pytest.raises(SpecError, match="node 'first'") as error:
        import_onnx(tmp_path / "m.onnx", tmp_path / "out")
    said = [p.message.split(": ", 1)[1].split("\n")[0] for p in error.value.problems]
    assert said == [
        "node 'first' (Erf): graphnet has no layer like it",
        "node 'second' (Softmax): works along the batch axis, which no layer of graphnet does",
        "node 'd' (Det): graphnet has no layer like it",
    ]
    assert not (tmp_path / "out").exists()


@needs_onnx
@pytest.mark.parametrize("name", [name for name in NETS if name not in ONE_WAY])
def test_there_and_back(name, tmp_path, monkeypatch):
    """A shipped net: the same bits in every param under the same name, the same numbers."""
    write_made_up_data(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    net = deployed(shrunk(name), "test")
    first = filled(net)
    content = onnx_graph(net, "test", values_of(first)).model_bytes("1")
    (tmp_path / "m.onnx").write_bytes(content)
    second = load_onnx(tmp_path / "m.onnx", dtype=str(first.store.dtype))
    assert {(k, n) for k, n, _ in first.store.items()} == {
        (k, n) for k, n, _ in second.store.items()
    }
    for key, param, values in first.store.items():
        assert np.array_equal(second.store.params[key][param].data, values.data), (key, param)
    fed = inputs_for(net, np.random.default_rng(2))
    ours, theirs = first.predict(dict(fed)), second.predict(dict(fed))
    for blob in net.outputs:
        assert_close(theirs[blob], ours[blob], 1e-6)
    first.close()
    second.close()


@needs_onnx
@pytest.mark.parametrize("affine", [True, False])
def test_a_batch_norm_comes_back_as_it_was(affine, tmp_path):
    """With a scale and a bias or without."""
    layer = {"name": "bn", "type": "BatchNorm", "affine": affine, "bottoms": ["x"], "tops": ["y"]}
    export_onnx(net_of({"x": [3]}, layer), tmp_path / "m.onnx")
    made = import_onnx(tmp_path / "m.onnx", tmp_path / "out")
    assert made.layers()[1].get("affine", True) == affine
    assert len(made.made.params) == 2 * affine


@needs_onnx
@needs_runtime
def test_there_and_back_again(tmp_path):
    """What was imported is exported, and compared."""
    weight = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    write(tmp_path / "m.onnx", [("Gemm", "x,w", "h", {"transB": 1}), ("Tanh", "h", "y")],
          {"w": weight})  # fmt: skip
    import_onnx(tmp_path / "m.onnx", tmp_path / "out")
    made = export_onnx(
        tmp_path / "out" / "net.yaml", tmp_path / "again.onnx", tmp_path / "out" / "model.h5"
    )
    assert made.parity is not None
    assert list(made.graph.outputs) == ["y"]


@needs_onnx
@pytest.mark.parametrize(
    ("name", "n_params"),
    [("squeezenet", 1_235_496), ("inception_v1", 6_998_552), ("resnet50", 25_557_032)],
)
def test_whole_architectures(name, n_params):
    """Those that come with onnx, their weights made up: the outputs that lie beside them."""
    import onnx

    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    source = folder / f"light_{name}.onnx"
    if not source.is_file():
        pytest.skip("this version of onnx comes without it")
    net = load_onnx(source, keep="all" if name == "squeezenet" else "needed")
    assert sum(param.data.size for _, _, param in net.store.items()) == n_params
    ((blob, shape),) = [(t.name, t.shape) for layer in net.data_layers for t in layer.tops]
    n = np.prod(shape)
    net.fed(blob)[...] = (np.arange(n).reshape(shape) / n).astype(np.float32)
    net.forward()
    expected = onnx.numpy_helper.to_array(onnx.load_tensor(folder / f"light_{name}_output_0.pb"))
    (top,) = [b for b in net.graph.blobs.values() if not b.readers]
    if name == "squeezenet":
        # a softmax of a thousand scores of 1e10, which are equal except for rounding: it would show
        # nothing else
        scores = net.blobs[top.producer.bottoms[0].name].data
        assert_close(scores, np.full_like(scores, scores.mean()))
        assert np.ptp(expected) < 1e-9
    else:
        assert_close(net.blobs[top.name].data.reshape(expected.shape), expected)
    net.close()


# --- what is damaged --------------------------------------------------------------------


@pytest.fixture(scope="module")
def good():
    """A file with layers of all kinds."""
    spec = read_net(
        [
            {"name": "in", "type": "Input", "batch_size": 2, "shapes": {"x": [2, 8, 8]},
             "tops": ["x"]},
            {"name": "conv", "type": "Convolution", "n_filter": 3, "kernel": 3, "bottoms": ["x"],
             "tops": ["c"]},
            {"name": "bn", "type": "BatchNorm", "neuron": "ReLU", "bottoms": ["c"], "tops": ["b"]},
            {"name": "pool", "type": "Pooling", "kernel": 2, "stride": 2, "bottoms": ["b"],
             "tops": ["p"]},
            {"name": "rows", "type": "Reshape", "shape": [3, 9], "bottoms": ["p"], "tops": ["r"]},
            {"name": "lstm", "type": "LSTM", "output_dim": 3, "bottoms": ["r"], "tops": ["h"]},
            {"name": "cut", "type": "Slice", "axis": 2, "slice_points": [1], "bottoms": ["h"],
             "tops": ["h1", "h2"]},
            {"name": "ip", "type": "InnerProduct", "output_dim": 4, "bottoms": ["h2"],
             "tops": ["y"]},
        ]
    )  # fmt: skip
    net = deployed(spec, "test")
    running = filled(net)
    return onnx_graph(net, "test", values_of(running)).model_bytes("1")


def read(path):
    """Import without writing; an error must be one of graphnet's."""
    try:
        made = translate_graph(read_onnx(path), str(path))
        assert types_of(made)
        list(made.arrays())
        made.text("m.onnx")
        made.rows()
    except GraphnetError:
        return 1
    return 0


@needs_onnx
@pytest.mark.parametrize("seed", range(4))
def test_mutated_files(good, tmp_path, seed):
    """Bytes changed, added and taken away: an import, or an error that says what is wrong."""
    chance, wrong = random.Random(seed), 0  # noqa: S311  # nobody guesses it
    path = tmp_path / "m.onnx"
    for _ in range(150):
        content = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(content))
            match chance.choice(("set", "flip", "cut", "add", "copy")):
                case "set":
                    content[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
                case "flip":
                    content[at] ^= 1 << chance.randrange(8)
                case "cut":
                    del content[at : at + chance.randrange(1, 9)]
                case "add":
                    content[at:at] = bytes(chance.choices(range(256), k=chance.randrange(1, 9)))
                case _:
                    other = chance.randrange(len(content))
                    content[at : at + 8] = content[other : other + 8]
        path.write_bytes(content)
        wrong += read(path)
    assert wrong > 30


@needs_onnx
def test_truncated_files(good, tmp_path):
    """At every few bytes."""
    path = tmp_path / "m.onnx"
    for stop in range(0, len(good), max(1, len(good) // 120)):
        path.write_bytes(good[:stop])
        assert read(path), stop


@needs_onnx
@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([("ConstantOfShape", "big", "c"), ("Add", "x,c", "y")], r"'c' .*: would make a constant"),
        ([("Expand", "x,big", "y")], r"'y' .*: expands a value of shape \[2, 3\] to \[1048576"),
        ([("Tile", "x,big", "y")], r"'y' .*: works along the batch axis"),
        ([("Reshape", "x,big", "y")], r"'y' .*: cannot see the shape \[2, 3\] as \[1048576"),
    ],
)
def test_bombs(nodes, said, tmp_path):
    """A small file that asks for much is refused."""
    write(tmp_path / "m.onnx", nodes, {"big": np.array([2**20, 2**20], np.int64)})
    with pytest.raises(SpecError, match=said):
        translate_graph(read_onnx(tmp_path / "m.onnx"), "m")


@needs_onnx
def test_bombs_of_many_parts(tmp_path, monkeypatch):
    """Each constant may be made, all together may not; the first beyond the limit is named."""
    assert translation.MOST_IN_ALL * 4 <= 2**30  # bytes
    monkeypatch.setattr(translation, "MOST_IN_ALL", 2**20)
    parts = [f"c{i}" for i in range(9)]
    nodes = [("Expand", "one,large", part) for part in parts]
    constants = {"large": np.array([2**9, 2**9], np.int64), "one": np.float32(1)}
    write(tmp_path / "m.onnx", [*nodes, ("Sum", ",".join(["x", *parts]), "y")], constants)
    with pytest.raises(SpecError, match=r"'c4' .*: with it, computed constants have more than 1,0"):
        translate_graph(read_onnx(tmp_path / "m.onnx"), "m")
