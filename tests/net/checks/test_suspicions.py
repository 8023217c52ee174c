"""What is legal but hardly meant: told with its place and its cure, and nothing else is."""

from __future__ import annotations

import warnings
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

import graphnet as gn
from graphnet.errors import GraphnetWarning

IMAGES = "- {name: d, type: Input, batch_size: 4, shapes: {x: [SHAPE], y: []}, tops: [x, y]}\n"
ROWS = IMAGES.replace("SHAPE", "5")
IP = "- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [ip]}\n"
LOSS = "- {name: loss, type: SoftmaxLoss, bottoms: [ip, y]}\n"
CONV = "- {name: c, type: Convolution, n_filter: 2, kernel: 3, bottoms: [x], tops: [c]}\n"


def said(text, **keywords):
    """What is said of a net."""
    return [str(problem) for problem in gn.load_net(text, **keywords).suspicions()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ROWS
            + IP
            + "- {name: p, type: Softmax, bottoms: [ip], tops: [p]}\n"
            + LOSS.replace("ip,", "p,"),
            ("the text:4:3: layer 'loss' (SoftmaxLoss): its scores come from layer 'p' (Softmax), "
            "and SoftmaxLoss applies Softmax itself\n  give it the bottom of that Softmax"),
        ),
        (
            ROWS
            + IP
            + "- {name: s, type: Sigmoid, bottoms: [ip], tops: [s]}\n"
            + "- {name: f, type: Flatten, bottoms: [s], tops: [f]}\n"
            + "- {name: loss, type: SigmoidCrossEntropyLoss, bottoms: [f, ip]}\n",
            "layer 'loss' (SigmoidCrossEntropyLoss): its scores come from layer 's' (Sigmoid)",
        ),
        (
            ROWS
            + IP.replace("3,", "3, neuron: Sigmoid,")
            + "- {name: loss, type: SigmoidCrossEntropyLoss, bottoms: [ip, x2]}\n"
            + "- {name: e, type: Input, batch_size: 4, shapes: {x2: [3]}, tops: [x2]}\n",
            "its scores come from the Sigmoid of layer 'ip', and",
        ),
        (
            ROWS + IP.replace("3,", "3, neuron: ReLU,") + LOSS,
            "the ReLU of layer 'ip', which cuts off all below 0\n  leave out the ReLU of the last",
        ),
        (
            ROWS + IP + "- {name: loss, type: MultinomialLogisticLoss, bottoms: [ip, y]}\n",
            ("it takes probabilities, and layer 'ip' (InnerProduct) gives scores of any size\n"
            "  put a Softmax between them, or use SoftmaxLoss"),
        ),
        (
            ROWS + IP.replace("3,", "1,") + LOSS,
            "its scores of shape 4×1 are of one class, so it is always certain\n  give the last",
        ),
        (
            IMAGES.replace("SHAPE", "28, 30, 3") + CONV,
            ("the text:2:3: layer 'c' (Convolution): its bottom of shape 4×28×30×3 looks like"
            " pictures with their channels last\n  the channels come first here, as in 4×3×28×30"),
        ),
        (
            IMAGES.replace("SHAPE", "3, 8, 8")
            + "- {name: o, type: HDF5Output, filename: nofolder/o.h5, bottoms: [x]}\n",
            "nofolder for its file\n  make the folder first",
        ),
    ],
)  # fmt: skip
def test_what_is_hardly_meant(text, message, monkeypatch):
    """One thing at a time."""
    monkeypatch.setattr("graphnet.layers.outputs.hdf5_output.HDF5Writer", lambda *_, **__: Mock())
    (found,) = said(text)
    assert message in found


def test_a_batch_of_more_samples_than_there_are():
    """Counted where the arrays are; in training alone, since a test fills up its last batch."""
    text = (
        ROWS.replace("Input", "MemoryData").replace("batch_size: 4", "batch_size: 40") + IP + LOSS
    )
    inputs = {"x": np.zeros((10, 5)), "y": np.zeros(10)}
    (found,) = said(text, inputs=inputs)
    assert "its batch_size of 40 is more than the 10 samples there are" in found
    assert not said(text, inputs=inputs, phase="test")


@pytest.mark.parametrize(
    "text",
    [
        ROWS + IP + LOSS,
        IMAGES.replace("SHAPE", "3, 28, 28") + CONV,
        IMAGES.replace("SHAPE", "3, 5, 3") + CONV,
        IMAGES.replace("SHAPE", "1, 28, 1") + CONV.replace("kernel: 3", "kernel: 1"),
        ROWS
        + IP
        + "- {name: p, type: Softmax, bottoms: [ip], tops: [p]}\n"
        + "- {name: loss, type: MultinomialLogisticLoss, bottoms: [p, y]}\n",
    ],
)
def test_what_is_meant(text):
    """Nothing is said of it."""
    assert not said(text)


def test_the_shipped_nets_are_meant():
    """No warning in any of them, in either phase."""
    for path in sorted((Path(__file__).parents[3] / "nets").glob("*.yaml")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                nets = [gn.load_net(path, phase) for phase in ("train", "test")]
            except gn.GraphnetError:  # its data are not here
                continue
        for net in nets:
            assert not net.suspicions(), path
            net.close()


def test_they_are_told_once_in_python():
    """By ``solve``, as warnings; a reporter is told instead where one is given."""
    text = ROWS.replace("Input", "MemoryData") + IP.replace("3,", "3, neuron: ReLU,") + LOSS
    inputs = {"x": np.ones((8, 5)), "y": np.zeros(8)}
    solver = gn.load_solver({"max_iter": 2, "lr_policy": {"type": "Fixed", "base_lr": 1e9}})
    with pytest.warns(GraphnetWarning) as caught:
        gn.solve(solver, gn.load_net(text, inputs=inputs))
    assert [str(w.message).partition(":")[0] for w in caught] == ["the text", "lr_policy"]
    assert all(w.filename == __file__ for w in caught)
