"""From a Caffe net to layers: names, phases, what runs in place, what is shared."""

import numpy as np
import pytest
from support.caffe_golden import (
    GOLDEN,
    arrays,
    batch_first,
    cases,
    check_param,
    close,
    fill,
    index,
    needs_golden,
    number,
    weights_of,
)
from support.caffe_nets import INPUTS, translated

from graphnet.errors import GraphnetError
from graphnet.interchange.caffe.files.blobs import read_weights
from graphnet.interchange.caffe.importing import translate
from graphnet.interchange.caffe.net.phases import merge_phases
from graphnet.net.load_net import load_net


def blobs(text, phase="TEST"):
    """Bottoms and tops of each layer."""
    found = translated(INPUTS + text, phase)
    assert not found.problems, found.problems
    made = [layer for entry in found.layers[4:] for layer in entry.made.layers]
    return [(layer["bottoms"], layer["tops"]) for layer in made]


def layer(name, kind, bottom, top, rest=""):
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" {rest} }}\n'


IP = "inner_product_param { num_output: 3 }"


def test_in_place():
    """Where graphnet's layer does not run in place, the blob is several; the last has its name."""
    text = (
        layer("ip", "InnerProduct", "s", "y", IP) + layer("bn", "BatchNorm", "y", "y")
        + layer("scale", "Scale", "y", "y") + layer("relu", "ReLU", "y", "y")
        + layer("out", "AbsVal", "y", "z2")
    )  # fmt: skip
    assert blobs(text) == [
        (["s"], ["y.before-bn"]),
        (["y.before-bn"], ["y.before-scale"]),
        (["y.before-scale"], ["y"]),
        (["y"], ["y"]),
        (["y"], ["z2"]),
    ]


def test_in_place_on_an_input():
    """It keeps its name, for whoever feeds it."""
    text = layer("p", "Power", "s", "s") + layer("q", "AbsVal", "s", "y")
    assert blobs(text) == [(["s"], ["s.after-p"]), (["s.after-p"], ["y"])]


def test_splits_that_caffe_puts_in():
    """Are taken out again; one that was written stays."""
    text = (
        'layer { name: "x_split" type: "Split" bottom: "x" top: "x_split_0" top: "x_split_1" }'
        'layer { name: "own" type: "Split" bottom: "x_split_1" top: "a" top: "b" }'
    )
    assert blobs(text) == [(["x"], ["a", "b"])]


def test_a_split_of_nothing():
    """Its bottom is missed, as any other's."""
    text = INPUTS + 'layer { name: "q_split" type: "Split" bottom: "q" top: "q_split_0" }'
    assert "makes its bottom 'q'" in translated(text).problems[0].message


def test_names():
    """None, two of one name, slashes at an end: each gets one that graphnet takes."""
    found = translated(
        INPUTS + layer("", "ReLU", "x", "a") + layer("r", "ReLU", "a", "b")
        + layer("r", "ReLU", "b", "c") + layer("/u//v/", "ReLU", "c", "d")
    )  # fmt: skip
    made = found.layers[4:]
    assert [entry.made.layers[0]["name"] for entry in made] == ["relu", "r", "r-2", "u/v"]
    assert made[3].made.notes == ["Caffe's name of it is '/u//v/'"]


def test_phases():
    """What is the same in both is written once; else each says its phase."""
    text = INPUTS + (
        layer("a", "ReLU", "x", "a", "include { phase: TEST }")
        + layer("b", "Pooling", "x", "b", "pooling_param { kernel_size: 2 }")
    )
    phases = {"train": translated(text, "TRAIN"), "test": translated(text, "TEST")}
    made = [each for _, layers in merge_phases(phases) for each in layers][4:]
    assert [(each["name"], each.get("phase")) for each in made] == [("a", "test"), ("b", None)]


SHARED = 'param { name: "w" } param { name: "b" }'


def test_shared_params():
    """All of a layer's: the second has the key of the first and says nothing more of them."""
    text = INPUTS + layer("a", "InnerProduct", "s", "u", SHARED + IP)
    found = translated(text + layer("b", "InnerProduct", "t", "v", SHARED + IP))
    (second,) = found.layers[-1].made.layers
    assert second["param_key"] == "a"
    assert not any(key.endswith(("_lr", "_init", "_regu")) for key in second)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (layer("b", "InnerProduct", "t", "v", 'param { name: "b" }' + IP), "as another part"),
        (layer("b", "InnerProduct", "x", "v", SHARED + IP), "graphnet shares params of one shape"),
        (layer("b", "InnerProduct", "t", "v", 'param { name: "q" } param { name: "q" }' + IP),
         "two params of the name 'q'"),
    ],
)  # fmt: skip
def test_shared_otherwise(second, said):
    """Refused."""
    text = INPUTS + layer("a", "InnerProduct", "s", "u", SHARED + IP)
    assert said in translated(text + second).problems[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (layer("a", "ReLU", "none", "y"), "no layer above makes its bottom 'none'"),
        (layer("a", "ReLU", "x", "z"), "its top 'z' is already the top of another layer"),
        (layer("a", "Reshape", "x", "x"), "cannot run in place"),
        (layer("a", "Relu", "x", "y"), "which Caffe 1.0 does not know\n  did you mean 'ReLU'?"),
        (layer("a", "ReLU", "x", "y", 'bottom: "z"'), "has 2 bottoms, expected 1"),
        (layer("a", "ReLU", "x", "y", "propagate_down: [true, true]"), "2 times for 1 bottoms"),
        (layer("a", "EuclideanLoss", "s", "n", 'bottom: "t"') + layer("b", "ReLU", "n", "v"),
         "reads 'n', the value of layer 'a'"),
    ],
)  # fmt: skip
def test_what_is_wrong(text, said):
    """At its place."""
    (problem,) = translated(INPUTS + text).problems
    assert said in problem.message
    assert problem.position


def test_gradients_that_are_stopped():
    """Where one would go through; a loss of what a layer makes stands behind it."""
    text = layer("a", "InnerProduct", "s", "u", IP + " propagate_down: false") + layer(
        "b", "Eltwise", "u", "v", 'bottom: "u" propagate_down: [false, true] loss_weight: -0.5'
    )
    found = translated(INPUTS + text)
    assert not found.problems
    first, second = found.layers[-2:]
    assert first.made.all_layers() == first.made.layers
    stop, add, loss = second.made.all_layers()
    assert (stop["type"], stop["bottoms"], add["bottoms"]) == (
        *("StopGradient", ["u"], ["b.stop0", "u"]),
    )
    assert (loss["type"], loss["bottoms"], loss["loss_weight"]) == ("SumLoss", ["v"], -1.0)


def test_the_loss_of_a_blob_that_changes_later():
    """It is that of what the blob was then."""
    text = layer("a", "InnerProduct", "s", "u", IP + " loss_weight: 1") + layer(
        "b", "ReLU", "u", "u"
    )
    first, second = translated(INPUTS + text).layers[-2:]
    assert first.made.after[0]["bottoms"] == first.made.layers[0]["tops"] == ["u.before-b"]
    assert second.made.layers[0]["tops"] == ["u"]


@needs_golden
@pytest.mark.parametrize("name", cases("broken"))
def test_what_caffe_refuses(name):
    """Refused here, too, at a line and column, or harmless here."""
    harmless = ("cudnn_engine", "embed_forced")  # of this build of Caffe; force_backward
    path = GOLDEN / index()["broken"][name]["prototxt"]
    if name in harmless:
        translate(path)
        return
    with pytest.raises(GraphnetError, match="prototxt") as error:
        translate(path)
    assert all(problem.position for problem in error.value.problems)


def net_cases():
    """Each state of each whole net, with each form of its weights."""
    for name in cases("nets"):
        entry = index()["nets"][name]
        for state in entry["states"]:
            for form in filter(None, (entry["caffemodel"], entry.get("hdf5"))):
                yield pytest.param(name, state, form, id=f"{name}-{state}-{form[-4:]}")


@needs_golden
@pytest.mark.parametrize(("name", "state", "form"), list(net_cases()))
def test_nets(name, state, form):
    """Values, losses and gradients of trained nets, in every state."""
    entry, found = index()["nets"][name], arrays("nets", name)
    level = int(state.partition("@")[2] or 0)
    phase, _, stage = state.partition("@")[0].partition("+")
    keys = {"phases": (phase.lower(),), "level": level, "stages": [stage] * bool(stage)}
    weights = read_weights(GOLDEN / form)
    made = translate(GOLDEN / entry["prototxt"], weights, **keys)
    compare(made, phase.lower(), found, f"{state}/1/")


def compare(made, phase, found, step):
    """Feed a net what Caffe was fed, and compare all that is there."""
    found = batch_first(found, made)
    net = load_net({"name": "n", "layers": made.layers()}, phase, dtype="float64")
    fill(net, made)
    for key, value in found.items():
        if key.startswith(f"{step}input/"):
            net.blobs[key.removeprefix(f"{step}input/")].data = value
    net.forward()
    n = 0
    for key, wanted in found.items():
        blob = key.removeprefix(f"{step}blob/")
        if not key.startswith(f"{step}blob/"):
            continue
        value = net.blobs[blob].data if blob in net.blobs else number(made, net, blob)
        if value is not None:
            n += 1
            close(value, wanted, key)
    assert n
    if any(key.startswith(f"{step}param_diff") for key in found):
        net.backward()
        for key, wanted in found.items():
            if key.startswith(f"{step}param_diff/"):
                check_param(made, net, key.removeprefix(f"{step}param_diff/"), wanted)


@needs_golden
@pytest.mark.parametrize("form", ["prototxt", "upgraded"])
@pytest.mark.parametrize("name", [n for n in cases("legacy") if "npz" in index()["legacy"][n]])
def test_legacy_nets(name, form):
    """Old nets with old models compute what they did."""
    entry, found = index()["legacy"][name], arrays("legacy", name)
    path = GOLDEN / entry[form]
    models = [entry[key] for key in ("caffemodel", "upgraded_caffemodel") if key in entry]
    for weights in [read_weights(GOLDEN / m) for m in models] or [weights_of(found)]:
        compare(translate(path, weights, phases=("test",)), "test", found, "")


def test_fan_in_of_nothing_known():
    """Without shapes what does not need them is still translated."""
    text = (
        'layer { name: "d" type: "HDF5Data" top: "d"'
        ' hdf5_data_param { source: "none" batch_size: 2 } }'
        + layer("a", "InnerProduct", "d", "u", IP) + layer("b", "ReLU", "u", "v")
        + layer("c", "Flatten", "v", "w")
    )  # fmt: skip
    found = translated(text)
    assert not found.problems
    assert found.layers[1].params == {}
    assert np.size(found.layers[3].made.layers) == 1
