"""Exporting to Caffe: what is written is read back the same."""

import numpy as np
import pytest
from support.caffe_golden import GOLDEN, cases, index, needs_golden

from graphnet.errors import GraphnetError, SnapshotError
from graphnet.interchange.caffe.exporting import export_caffe
from graphnet.interchange.caffe.importing import import_caffe, load_caffe
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.solver.record.weights import load_weights, save_model

NET = """
name: all
layers:
  - {name: in, type: Input, batch_size: 3, shapes: {x: [4, 9, 9], label: []}, tops: [x, label]}
  - name: conv
    type: Convolution
    n_filter: 6
    kernel: [3, 2]
    stride: [2, 1]
    pad: 1
    n_group: 2
    neuron: ReLU
    filter_init: {type: Gaussian, std: 0.1}
    filter_regu: {type: L2Regu, coef: 3}
    bottoms: [x]
    tops: [conv]
  - {name: norm, type: LRN, scale: 0.1, bottoms: [conv], tops: [norm]}
  - {name: bn, type: BatchNorm, neuron: {type: LReLU, slope: 0.1}, bottoms: [norm], tops: [bn]}
  - {name: pool, type: Pooling, kernel: 3, stride: 2, bottoms: [bn], tops: [pool]}
  - name: mean
    type: Pooling
    pooling: Mean
    kernel: 2
    divisor: padded
    bottoms: [pool]
    tops: [mean]
  - {name: up, type: Deconvolution, n_filter: 2, kernel: 2, stride: 2, bottoms: [mean], tops: [up]}
  - {name: slope, type: PReLU, channel_shared: true, bottoms: [up], tops: [slope]}
  - {name: scale, type: Scale, num_axes: 0, bias: true, bottoms: [slope], tops: [scale]}
  - {name: diff, type: ElementWise, operation: Subtract, bottoms: [scale, up], tops: [diff]}
  - {name: both, type: Concat, bottoms: [diff, up], tops: [both]}
  - {name: one, type: InnerProduct, output_dim: 5, param_key: ip, bottoms: [both], tops: [one]}
  - {name: drop, type: Dropout, ratio: 0.3, bottoms: [one]}
  - {name: two, type: InnerProduct, output_dim: 5, param_key: ip, bottoms: [both], tops: [two]}
  - {name: sum, type: ElementWise, coef: [1, -0.5], bottoms: [one, two], tops: [sum]}
  - {name: loss, type: SoftmaxLoss, loss_weight: 0.5, bottoms: [sum, label]}
  - {name: prob, type: Softmax, phase: test, bottoms: [sum], tops: [prob]}
"""


@pytest.fixture
def files(tmp_path):
    """A net with random params and moved statistics, and its model."""
    (tmp_path / "net.yaml").write_text(NET)
    net = load_net(tmp_path / "net.yaml", "test")
    draw = np.random.default_rng(1)
    for _, _, param in net.store.items():
        param.data[...] = draw.normal(size=param.data.shape)
    net.store.state["bn"]["mean"][...] = draw.normal(size=6)
    net.store.state["bn"]["variance"][...] = draw.uniform(1, 2, size=6)
    save_model(net, tmp_path / "model.h5")
    return tmp_path


def test_there_and_back(files):
    """The same bits in every param, and the same numbers in every blob."""
    export_caffe(files / "net.yaml", files / "c.prototxt", files / "model.h5")
    first = load_net(files / "net.yaml", "test")
    load_weights(first, files / "model.h5", strict=True)
    second = load_caffe(files / "c.prototxt", files / "c.caffemodel")
    for key, name, param in first.store.items():
        key, name = ("bn.scale", name) if key == "bn" else (key, name)  # noqa: PLW2901
        key = "one" if key == "ip" else key  # noqa: PLW2901
        assert np.array_equal(second.store.params[key][name].data, param.data), (key, name)
    for name, state in first.store.state["bn"].items():
        assert np.array_equal(second.store.state["bn"][name], state)
    x = np.random.default_rng(2).normal(size=(3, 4, 9, 9))
    for net in (first, second):
        net.blobs["x"].data = x
        net.forward()
    # a BatchNorm with scale and bias is two layers there, which round by themselves
    for blob in ("conv", "norm", "bn", "pool", "mean", "up", "scale", "diff", "sum", "prob"):
        assert np.allclose(first.blobs[blob].data, second.blobs[blob].data, 1e-5, 1e-5), blob
    assert first.losses() == pytest.approx(second.losses(), rel=1e-5)


def test_text(files):
    """Neurons are layers in place; rates, decay and fillers are kept; phases choose."""
    export_caffe(files / "net.yaml", files / "c.prototxt", phase="train")
    text = (files / "c.prototxt").read_text()
    assert not (files / "c.caffemodel").exists()
    assert 'name: "conv.neuron"\n  type: "ReLU"\n  bottom: "conv"\n  top: "conv"' in text
    assert "lr_mult: 1\n    decay_mult: 3" in text
    assert 'type: "gaussian"' in text
    assert "Softmax" in text
    assert '"prob"' not in text
    import_caffe(files / "c.prototxt", files / "back")
    conv = next(n.spec for n in read_net(files / "back" / "net.yaml").nodes if n.name == "conv")
    assert (conv.filter_regu.coef, conv.bias_lr, conv.n_group) == (3, 2, 2)


def test_what_caffe_does_not_have(files):
    """All of it, at its place; nothing is written."""
    text = NET.replace("type: LRN, scale: 0.1", "type: LRN, kernel: 4")
    (files / "net.yaml").write_text(
        text.replace("{type: LReLU, slope: 0.1}", "{type: ReLU, epsilon: 1}")
    )
    with pytest.raises(GraphnetError, match="with an odd kernel") as error:
        export_caffe(files / "net.yaml", files / "c.prototxt", files / "model.h5")
    assert len(error.value.problems) == 2
    assert not (files / "c.prototxt").exists()


def test_weights_of_another_net(files):
    """What is not there, or in another shape."""
    (files / "net.yaml").write_text(NET.replace("n_filter: 6", "n_filter: 8"))
    with pytest.raises(SnapshotError, match="'conv/filter' is 6×2×3×2 there, expected 8×2×3×2"):
        export_caffe(files / "net.yaml", files / "c.prototxt", files / "model.h5")


@needs_golden
@pytest.mark.parametrize("name", [n for n in cases("nets") if n not in ("tagger", "siamese")])
def test_real_nets(name, tmp_path):
    """Imported, exported, imported: the same bits in every param."""
    entry = index()["nets"][name]
    import_caffe(GOLDEN / entry["prototxt"], tmp_path, GOLDEN / entry["caffemodel"])
    export_caffe(tmp_path / "net.yaml", tmp_path / "c.prototxt", tmp_path / "model.h5")
    first = load_caffe(GOLDEN / entry["prototxt"], GOLDEN / entry["caffemodel"])
    second = load_caffe(tmp_path / "c.prototxt", tmp_path / "c.caffemodel")
    for key, param_name, param in first.store.items():
        assert np.array_equal(second.store.params[key][param_name].data, param.data)
