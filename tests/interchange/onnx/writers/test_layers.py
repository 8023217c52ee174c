"""Layers for ONNX: each type runs in onnxruntime and gives what graphnet gives."""

import numpy as np
import pytest
from support.exercised import harness_cases
from support.onnx_files import assert_close, both, needs_onnx, needs_runtime, net_of, operators

from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.deploying import deployed
from graphnet.interchange.onnx.exporting import onnx_graph
from graphnet.interchange.onnx.writers.layers import EXPORTS
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Kind
from graphnet.layers.data.input import Input
from graphnet.net.spec import NetSpec, Node


def has_states(spec):
    """Whether a recurrent layer has states as blobs, or resets them in part."""
    is_recurrent = hasattr(spec, "partial_resets")
    more = len(spec.bottoms) > 2 or len(spec.tops) > 1
    return is_recurrent and (more or spec.partial_resets)


#: The cases of tests/layers that a net can have by itself, by type.
CASES = {
    kind: [
        case
        for case in harness_cases()[kind]
        if not case.spec.borrowed_params()
        and dict(case.spec).get("use_global_stats") is not False
        and not case.whole
        and not has_states(case.spec)
    ]
    for kind in sorted(EXPORTS)
}


def alone(case):
    """A net of one layer."""
    shapes = {
        name: np.shape(given)[1:] if isinstance(given, np.ndarray) else given[1:]
        for name, given in zip(case.spec.bottoms, case.bottoms, strict=True)
    }
    feed = Input(name="in it", batch_size=2, shapes=shapes, tops=tuple(shapes))
    return NetSpec("alone", (Node.of(feed), Node.of(case.spec)))


@needs_onnx
@needs_runtime
@pytest.mark.parametrize("kind", [kind for kind in CASES if kind != "TiedInnerProduct"])
def test_every_layer(kind):
    """With the properties and shapes that its own tests have.

    A TiedInnerProduct cannot be alone; it is in test_export_learned.py.
    """
    assert CASES[kind]
    for case in CASES[kind]:
        spec = alone(case)
        draw, low = np.random.default_rng(3), 0 if kind in ("Log", "Power") else -1
        fed = {
            name: given if isinstance(given, np.ndarray) else draw.uniform(low, 1, given)
            for name, given in zip(case.spec.bottoms, case.bottoms, strict=True)
        }
        ours, found = both(spec, fed)
        for name, expected in ours.items():
            assert_close(found[name], expected)


def test_no_layer_is_forgotten():
    """All that compute; the others are no part of a deployed net."""
    computing = {name for name, cls in LAYER_TYPES.items() if cls.kind is Kind.COMPUTE}
    assert EXPORTS.keys() <= computing
    assert "RandomMask" not in EXPORTS  # which a deployed net has not
    assert len(EXPORTS) >= 50


@needs_onnx
@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"type": "Power"}, ["Identity"]),
        ({"type": "Power", "power": 0.5, "scale": 2, "shift": 1}, ["Mul", "Add", "Sqrt"]),
        ({"type": "ReLU", "epsilon": 0.5}, ["Clip"]),
        ({"type": "Flatten"}, ["Flatten"]),
        ({"type": "Flatten", "axis": 2}, ["Reshape"]),
        ({"type": "Reduction", "operation": "AbsSum"}, ["ReduceL1"]),
        ({"type": "Swish"}, ["Sigmoid", "Mul"]),
    ],
)
def test_operators(keys, wanted):
    """No more than are needed; the one that the layer is has its name."""
    made = operators(
        net_of({"x": [4, 6, 6]}, {"name": "l", "bottoms": ["x"], "tops": ["y"]} | keys)
    )
    assert [op for _, op in made] == wanted
    assert "l" in [name for name, _ in made]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"type": "Dropout", "tops": ["y"]}, "by chance in phase train\n  export phase test"),
        ({"type": "Crop", "crop_size": 2, "random_crop": True, "tops": ["y"]}, "random places"),
        ({"type": "StochasticPooling", "kernel": 2, "tops": ["y"]}, "test, where it gives a mean"),
        ({"type": "BatchNorm", "tops": ["y"]}, "by its batch in phase train"),
        (
            {"type": "RNN", "output_dim": 2, "tops": ["y"], "partial_resets": True}
            | {"bottoms": ["x", "cont"]},
            "has states as bottoms, .* or partial_resets",
        ),
        (
            {"type": "RNN", "output_dim": 2, "tops": ["y", "last"], "bottoms": ["x", "cont"]},
            "states as tops beside a second bottom",
        ),
    ],
)
def test_what_is_refused(keys, said):
    """In phase train, what is not a function of the inputs alone."""
    shapes = {"x": [4, 6, 6], "cont": [4]}
    fed = keys.get("bottoms", ["x"])
    spec = net_of({name: shapes[name] for name in fed}, {"name": "l", "bottoms": fed} | keys)
    with pytest.raises(GraphnetError, match=said):
        onnx_graph(deployed(spec, "train"), "train", {"l/scale": np.ones(4)}.get)


def test_a_batch_norm_that_never_uses_its_statistics():
    """Is refused in phase test, too."""
    layer = {"name": "l", "type": "BatchNorm", "use_global_stats": False, "bottoms": ["x"]}
    spec = net_of({"x": [4]}, layer | {"tops": ["y"]})
    with pytest.raises(GraphnetError, match="in phase test\n  set use_global_stats: true"):
        onnx_graph(deployed(spec, "test"), "test", {}.get)


def test_a_second_bottom_that_begins_behind_the_samples():
    """What is the same for all samples has no axis of them, and ONNX's blobs here have."""
    parts = {"name": "p", "type": "Input", "batch_size": 4, "shapes": {"p": []}, "tops": ["p"]}
    layer = {"name": "l", "type": "Scale", "axis": 1, "bottoms": ["x", "p"], "tops": ["y"]}
    spec = net_of({"x": [3, 6, 6]}, parts, layer)
    with pytest.raises(GraphnetError, match="its second bottom begins at axis 1"):
        onnx_graph(deployed(spec, "test"), "test", {}.get)
