"""Where a value that a layer refuses comes from: its file, its row."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_device import device_backend
from support.nets import net_spec

from graphnet.backend import open_backend
from graphnet.errors import BatchError
from graphnet.net.load_net import load_net

BACKENDS = [
    "numpy",
    pytest.param("cupy", marks=pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)),
]
NET = """
- {{name: data, type: {type}, source: {source}, batch_size: 4, shuffle: true, tops: [x, label]}}
- {{name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}}
- {{name: loss, type: SoftmaxLoss, bottoms: [ip, label]}}
- {{name: accuracy, type: Accuracy, bottoms: [ip, label]}}
"""
N, BAD = 24, 13


@pytest.fixture
def source(tmp_path):
    """A file of which one label is no class."""
    path = tmp_path / "train.h5"
    label = np.arange(N) % 3
    label[BAD] = 3
    with h5py.File(path, "w") as file:
        file["x"], file["label"] = np.zeros((N, 2), np.float32), label
    return path


def load(text, backend, **keywords):
    """The net on a backend; CuPy's on the stand-in."""
    opened = device_backend() if backend == "cupy" else open_backend("numpy", 1)
    return load_net(net_spec(text), backend=opened, **keywords)


def run(net, n_passes, *, settles_each):
    """Passes, and what has been found of bad data asked for after each, or at the end."""
    for _ in range(n_passes):
        net.forward()
        if settles_each:
            net.settle()
    net.settle()


@pytest.mark.parametrize("settles_each", [True, False])
@pytest.mark.parametrize("type_", ["HDF5Data", "AsyncHDF5Data"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_file_and_row(backend, type_, settles_each, source):
    """Also where batches are shuffled and read ahead, and the device tells of it much later."""
    net = load(NET.format(type=type_, source=source), backend)
    message = (
        rf"(?s)layer '(loss|accuracy)' .*the label 3 in row \d of .*'label' in {source}, row {BAD}$"
    )
    for _ in range(2):  # and again in the next epoch: the data layers go on where they stood
        with pytest.raises(BatchError, match=message):
            run(net, N // 2, settles_each=settles_each)
    net.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_evaluation(backend, source):
    """Of a whole data set."""
    net = load(NET.format(type="HDF5Data", source=source).replace("shuffle: true, ", ""), backend)
    with pytest.raises(BatchError, match=rf"'label' in {source}, row {BAD}$"):
        net.evaluate()


SEVERAL = """
- {name: data, type: MemoryData, batch_size: 2, shapes: {x: [2], label: []}, tops: [x, label]}
"""
LAYERS = {
    "views": (
        (
            "- {name: same, type: Identity, bottoms: [label], tops: [class]}\n"
            "- {name: loss, type: SoftmaxLoss, bottoms: [x, class]}"
        ),
        "row 3$",
    ),
    "computed": (
        (
            "- {name: more, type: Power, shift: 1, bottoms: [label], tops: [class]}\n"
            "- {name: loss, type: SoftmaxLoss, bottoms: [x, class]}"
        ),
        "from 0 to 1: classes count from 0$",
    ),
    "indices": (
        "- {name: words, type: Embed, input_dim: 2, output_dim: 2, bottoms: [label], tops: [y]}",
        "indices count from 0\n  it is 'label' in the given arrays, row 3$",
    ),
    "one hot": (
        "- {name: hot, type: Index2Onehot, n_class: 2, bottoms: [label], tops: [y]}",
        "classes count from 0\n  it is 'label' in the given arrays, row 3$",
    ),
    "pairs": (
        "- {name: loss, type: ContrastiveLoss, bottoms: [x, x, label]}",
        "0 for pairs of two\n  it is 'label' in the given arrays, row 3$",
    ),
    "accuracy": (
        "- {name: accuracy, type: Accuracy, top_k: 2, bottoms: [x, label]}",
        "classes count from 0\n  it is 'label' in the given arrays, row 3$",
    ),
}


@pytest.mark.parametrize("value", [7, -1, np.nan])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_layer(backend, layers, value):
    """Whatever reads labels or indices; where they have been computed with, nothing is said."""
    text, message = LAYERS[layers]
    inputs = {"x": np.zeros((6, 2)), "label": np.array([0, 1, 0, value, 0, 0.0])}
    data = SEVERAL.replace("batch_size", "check_finite: false, batch_size")
    net = load(data + text, backend, inputs=inputs)
    with pytest.raises(BatchError, match=message):
        run(net, 3, settles_each=False)


RESHAPED = {
    "reshaped": "- {name: v, type: Reshape, shape: [3, 2], bottoms: [y], tops: [v]}",
    "flattened": "- {name: v, type: Flatten, bottoms: [y], tops: [v]}",
    "in turn": (
        "- {name: a, type: Reshape, shape: [6], bottoms: [y], tops: [a]}\n"
        "- {name: b, type: Identity, bottoms: [a], tops: [b]}\n"
        "- {name: v, type: Reshape, shape: [3, 1, 2], bottoms: [b], tops: [v]}"
    ),
}


@pytest.mark.parametrize("value", [7, np.nan])
@pytest.mark.parametrize("layers", RESHAPED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_through_views_of_another_shape(backend, layers, value, tmp_path):
    """The place in the reshaped blob is led back to the one in the file."""
    source = tmp_path / "pixels.h5"
    label = np.zeros((8, 2, 3))
    label[5, 1, 1] = value
    with h5py.File(source, "w") as file:
        file["y"] = label
    net = load(
        f"- {{name: data, type: HDF5Data, source: {source}, batch_size: 4, check_finite: false,"
        f" tops: [y]}}\n{RESHAPED[layers]}\n"
        "- {name: words, type: Embed, input_dim: 2, output_dim: 2, bottoms: [v], tops: [e]}",
        backend,
    )
    with pytest.raises(BatchError, match=rf"it is 'y' in {source}, row 5$"):
        run(net, 2, settles_each=False)


def test_a_label_of_shape_n_by_1_that_was_flattened(source):
    """As it is often stored."""
    with h5py.File(source, "a") as file:
        label = file["label"][:]
        del file["label"]
        file["label"] = label[:, None]
    flat = (
        "- {{name: flat, type: Reshape, shape: [], bottoms: [label], tops: [class]}}\n- {{name: ip"
    )
    text = NET.replace("- {{name: ip", flat).replace("[ip, label]", "[ip, class]")
    with pytest.raises(BatchError, match=rf"it is 'label' in {source}, row {BAD}$"):
        load(text.format(type="HDF5Data", source=source), "numpy").evaluate()
