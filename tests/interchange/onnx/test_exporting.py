"""Exporting nets to ONNX: files, names, weights, and all shipped nets in onnxruntime."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import needs_onnx, needs_runtime, net_of
from support.shipped_nets import NETS, shrunk, write_made_up_data

from graphnet.errors import GraphnetError, SnapshotError, SpecError
from graphnet.interchange.caffe.importing import import_caffe
from graphnet.interchange.onnx import exporting
from graphnet.interchange.onnx.exporting import export_onnx
from graphnet.interchange.onnx.importing import load_onnx
from graphnet.interchange.onnx.parity import compare, run_file
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.params.filling import PART
from graphnet.solver.record.weights import load_weights, save_model

SHARED = Path(__file__).parents[4] / "shared" / "data"
NET = """
name: all
layers:
  - {name: in, type: Input, batch_size: 3, shapes: {x: [4, 9, 9], label: []}, tops: [x, label]}
  - {name: drop0, type: Dropout, bottoms: [x]}
  - {name: conv, type: Convolution, n_filter: 6, kernel: 3, neuron: ReLU, bottoms: [x], tops: [c]}
  - {name: in-place, type: Tanh, bottoms: [c]}
  - {name: pool, type: Pooling, kernel: 2, stride: 2, bottoms: [c], tops: [pool]}
  - {name: bn, type: BatchNorm, neuron: {type: LReLU, slope: 0.1}, bottoms: [pool], tops: [bn]}
  - {name: ip, type: InnerProduct, output_dim: 5, bottoms: [bn], tops: [ip]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
  - {name: accuracy, type: Accuracy, phase: test, bottoms: [ip, label]}
"""


@pytest.fixture
def files(tmp_path):
    """A net, and a model of it with random params and moved statistics."""
    (tmp_path / "net.yaml").write_text(NET)
    net = load_net(tmp_path / "net.yaml", "test")
    draw = np.random.default_rng(1)
    for _, _, param in net.store.items():
        param.data[...] = draw.normal(size=param.data.shape)
    net.store.state["bn"]["mean"][...] = draw.normal(size=6)
    net.store.state["bn"]["variance"][...] = draw.uniform(1, 2, size=6)
    save_model(net, tmp_path / "model.h5")
    return tmp_path


@needs_onnx
def test_names(files):
    """Layers are nodes and blobs are values; versions of a blob have a word behind it."""
    import onnx

    export_onnx(files / "net.yaml", files / "net.onnx", files / "model.h5")
    graph = onnx.load(files / "net.onnx").graph
    assert graph.name == "all"
    assert [(n.name, n.op_type, *n.output) for n in graph.node] == [
        ("drop0", "Dropout", "x.drop0"),
        ("conv", "Conv", "c.before-conv.neuron"),
        ("conv.neuron", "Relu", "c.before-in-place"),
        ("in-place", "Tanh", "c"),
        ("pool", "MaxPool", "pool"),
        ("bn", "BatchNormalization", "bn.before-bn.neuron"),
        ("bn.neuron", "LeakyRelu", "bn"),
        ("ip.rows", "Flatten", "ip.rows"),
        ("ip", "Gemm", "ip"),
        ("loss", "Softmax", "prob"),
    ]
    assert ([i.name for i in graph.input], [o.name for o in graph.output]) == (["x"], ["prob"])
    model = load_net(files / "net.yaml", "test")
    load_weights(model, files / "model.h5", strict=True)
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    for key, name, param in model.store.items():
        assert np.array_equal(stored[f"{key}/{name}"], param.data)


@needs_onnx
def test_what_is_too_large_for_one_file_becomes_two(files, monkeypatch):
    """The same numbers come back; the second file is replaced as unwillingly as the first."""
    wide = NET.replace("output_dim: 5", "output_dim: 50")
    (files / "net.yaml").write_text(wide)
    save_model(load_net(files / "net.yaml", "test"), files / "model.h5")
    whole = export_onnx(files / "net.yaml", files / "one.onnx", files / "model.h5")
    monkeypatch.setattr(exporting, "MOST_BYTES", 10_000)
    made = export_onnx(files / "net.yaml", files / "two.onnx", files / "model.h5")
    sizes = [(files / name).stat().st_size for name in ("two.onnx", "two.onnx.data")]
    assert (whole.beside, made.beside) == (None, files / "two.onnx.data")
    assert sum(sizes) == made.n_bytes
    assert sizes[0] < 5000 < whole.n_bytes == (files / "one.onnx").stat().st_size
    assert made.parity == whole.parity
    x = np.random.default_rng(2).normal(size=(2, 4, 9, 9)).astype(np.float32)
    one, two = (
        load_onnx(files / name).predict({"x": x})["prob"] for name in ("one.onnx", "two.onnx")
    )
    assert np.array_equal(one, two)
    (files / "two.onnx").unlink()
    with pytest.raises(SpecError, match=r"two.onnx.data: there already"):
        export_onnx(files / "net.yaml", files / "two.onnx", files / "model.h5")
    assert not (files / "two.onnx").exists()
    export_onnx(files / "net.yaml", files / "two.onnx", files / "model.h5", force=True)
    assert not list(files.glob("*.unfinished"))


@needs_onnx
@needs_runtime
def test_large_constants_are_handed_to_onnxruntime(files, monkeypatch):
    """Those of the net; what is run is the rest of the file, and gives the same."""
    wide = NET.replace("output_dim: 5", "output_dim: 50")
    (files / "net.yaml").write_text(wide)
    save_model(load_net(files / "net.yaml", "test"), files / "model.h5")
    whole = export_onnx(files / "net.yaml", files / "one.onnx", files / "model.h5")
    given = []

    def comparing(file, net, names, running, outside):
        given.append(
            (file, {n: a is running.params["ip"]["weight"].data for n, a in outside.items()})
        )
        return compare(file, net, names, running, outside)

    monkeypatch.setattr(exporting, "compare", comparing)
    monkeypatch.setattr(exporting, "_MUCH", 1000)
    apart = export_onnx(files / "net.yaml", files / "two.onnx", files / "model.h5")
    assert apart.parity == whole.parity
    ((file, large),) = given
    assert large == {"ip/weight": True}
    assert len(file) < 5000
    assert (files / "two.onnx").read_bytes() == (files / "one.onnx").read_bytes()


@needs_onnx
def test_exporting_takes_little_more_than_the_params(tmp_path, monkeypatch):
    """They are drawn, read and written in parts."""
    monkeypatch.setattr(exporting, "runtime", lambda: None)
    layers = [
        {"name": "in", "type": "Input", "batch_size": 1, "shapes": {"x": [2048]}, "tops": ["x"]},
        {"name": "ip", "type": "InnerProduct", "output_dim": 4096, "bottoms": ["x"], "tops": ["y"]},
    ]
    spec = read_net({"name": "n", "layers": layers})
    net = load_net(spec, "test")
    save_model(net, tmp_path / "m.h5")
    export_onnx(spec, tmp_path / "first.onnx", tmp_path / "m.h5")  # imports what is needed
    n_bytes, n_planned = net.store.data.nbytes, net.store.data.nbytes + net.store.diff.nbytes
    tracemalloc.start()
    try:
        export_onnx(spec, tmp_path / "n.onnx", tmp_path / "m.h5")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # the diffs are planned, and never written to: the system never hands them out
    assert peak - n_planned < 0.3 * n_bytes + 8 * PART
    assert (tmp_path / "n.onnx").read_bytes() == (tmp_path / "first.onnx").read_bytes()


@needs_onnx
@needs_runtime
def test_any_batch(files):
    """The batch axis is open, and the numbers are those of ``predict``."""
    made = export_onnx(files / "net.yaml", files / "net.onnx", files / "model.h5")
    assert made.parity is not None
    assert made.parity.relative < 1e-5
    net = load_net(files / "net.yaml", "test")
    load_weights(net, files / "model.h5", strict=True)
    content = (files / "net.onnx").read_bytes()
    for n in (1, 7):
        x = np.random.default_rng(n).normal(size=(n, 4, 9, 9)).astype(np.float32)
        scores = net.predict({"x": x})["ip"]
        prob = np.exp(scores - scores.max(1, keepdims=True))
        prob /= prob.sum(1, keepdims=True)
        assert np.allclose(run_file(content, {"x": x})["prob"], prob, rtol=0, atol=1e-6)


@needs_onnx
def test_without_weights(files):
    """Params are as they start, and that is said."""
    made = export_onnx(read_net(files / "net.yaml"), files / "net.onnx")
    assert "no weights were given" in made.notes[-1]
    assert made.rows()[1] == ("drop0", "Dropout", "Dropout", "")
    assert made.rows()[2] == ("conv", "Convolution", "Conv", "6×4×3×3, 6")


@needs_onnx
def test_what_cannot_be_said(files):
    """All of it, each at its line; nothing is written, and what is there stays."""
    text = NET.replace("accuracy, type: Accuracy, phase: test", "a, type: Accuracy")
    (files / "net.yaml").write_text(text)
    (files / "net.onnx").write_text("mine")
    with pytest.raises(GraphnetError, match="by chance in phase train") as error:
        export_onnx(files / "net.yaml", files / "net.onnx", phase="train", force=True)
    assert [(p.position.line, p.message.split(":")[0]) for p in error.value.problems] == [
        (5, "layer 'drop0' (Dropout)"),
        (9, "layer 'bn' (BatchNorm)"),
    ]
    assert (files / "net.onnx").read_text() == "mine"


@needs_onnx
def test_a_layer_of_ones_own(files):
    """Is refused at its line."""
    (files / "strange_layer.py").write_text(
        "from typing import Literal\nfrom graphnet import LayerSpec\n\n"
        "class Mine(LayerSpec):\n    type: Literal['Mine'] = 'Mine'\n"
        "    def top_shapes(self, bottoms):\n        return [bottoms[0]]\n"
        "    def build(self, binding):\n        from graphnet import Layer\n"
        "        return Layer(self, binding)\n"
    )
    (files / "net.yaml").write_text(
        NET.replace("type: Tanh", "type: strange_layer.Mine, tops: [d]")
    )
    with pytest.raises(GraphnetError, match="does not know how ONNX would say it") as error:
        export_onnx(files / "net.yaml", files / "net.onnx")
    assert error.value.problems[0].position.line == 7


@pytest.mark.parametrize(
    ("to", "weights", "said"),
    [
        ("net.pb", None, "net.pb: a net of ONNX is a .onnx file"),
        ("there.onnx", None, "there.onnx: there already"),
        ("w.onnx", "w.onnx", "w.onnx: this is the weights, which would be lost"),
    ],
)
def test_an_export_loses_nothing(files, monkeypatch, to, weights, said):
    """Neither what it reads nor what lies there."""
    monkeypatch.chdir(files)
    for name in ("there.onnx", "w.onnx"):
        Path(name).write_text("mine")
    with pytest.raises(SpecError, match=said):
        export_onnx("net.yaml", to, weights)
    assert Path("there.onnx").read_text() == Path("w.onnx").read_text() == "mine"


@needs_onnx
def test_weights_of_another_net(files):
    """Are refused."""
    (files / "net.yaml").write_text(NET.replace("n_filter: 6", "n_filter: 8"))
    with pytest.raises(SnapshotError, match="'conv/filter' is 6×4×3×3 there, 8×4×3×3 here"):
        export_onnx(files / "net.yaml", files / "net.onnx", files / "model.h5")
    assert not (files / "net.onnx").exists()


@needs_onnx
def test_states_have_names_of_their_own(tmp_path):
    """Inputs and outputs behind those of the net."""
    layer = {"name": "r", "type": "LSTM", "output_dim": 4, "stateful": True, "bottoms": ["x"]}
    made = export_onnx(net_of({"x": [5, 2]}, layer | {"tops": ["h"]}), tmp_path / "n.onnx")
    assert list(made.graph.inputs) == ["x", "r.hidden", "r.cell"]
    assert list(made.graph.outputs) == ["h", "r.hidden.next", "r.cell.next"]


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("name", NETS)
def test_shipped_nets(name, tmp_path, monkeypatch):
    """Each gives in onnxruntime what it gives here."""
    write_made_up_data(tmp_path)
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    made = export_onnx(shrunk(name), tmp_path / "net.onnx")
    assert made.parity is not None
    assert made.parity.relative < 1e-5
    assert made.graph.outputs


@needs_onnx
@needs_runtime
@pytest.mark.skipif(not (SHARED / "caffe").is_dir(), reason="the trained LeNet is not here")
def test_a_lenet_that_was_trained_with_caffe(tmp_path):
    """Imported and exported it is wrong on as many of MNIST's 10,000 test images as in Caffe."""
    import_caffe(SHARED / "caffe" / "lenet_iter_10000.caffemodel", tmp_path)
    layers = [node.spec for node in read_net(tmp_path / "net.yaml").nodes[1:]]
    feed = {"name": "in", "type": "Input", "batch_size": 2, "tops": ["data", "label"]}
    net = read_net([feed | {"shapes": {"data": [1, 28, 28], "label": []}}, *layers])
    made = export_onnx(net, tmp_path / "lenet.onnx", tmp_path / "model.h5")
    assert made.parity is not None
    assert made.parity.relative < 1e-5
    images = _idx(SHARED / "mnist" / "t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    labels = _idx(SHARED / "mnist" / "t10k-labels-idx1-ubyte.gz", 8)
    fed = {"data": images * np.float32(0.00390625)}
    prob = run_file((tmp_path / "lenet.onnx").read_bytes(), fed)["prob"]
    assert np.count_nonzero(prob.argmax(1) != labels) == 86


def _idx(path, head):
    """The bytes of an IDX file behind its head."""
    return np.frombuffer(gzip.decompress(path.read_bytes())[head:], np.uint8)
