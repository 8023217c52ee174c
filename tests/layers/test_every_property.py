"""Every layer type goes through the harness, and every property of it is exercised there.

Both are measured: from the cases that reach ``check_layer``, and for the layers that only bring
samples in or take blobs out, from the keys their tests write.
"""

import pytest
from support.exercised import TESTS, choices, harness_cases, holes, keys_written, values_given

from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import Kind, LayerSpec
from graphnet.layers.neurons.lrelu import LReLU
from graphnet.net.passes import build_graph, expand_bottoms, insert_neurons
from graphnet.net.spec import Node
from graphnet.params.constraints import L2Cons
from graphnet.params.initializers import Gaussian
from graphnet.params.regularizers import L1Regu

LAYERS = TESTS / "layers"
SUPPORT = TESTS / "support"

#: What has no arithmetic for the harness to check, and the files that test it instead.
IN_STEP = LAYERS.parent / "net" / "checks" / "test_in_step.py"
HDF5 = (SUPPORT / "hdf5_conformance.py", IN_STEP)
OUTSIDE = {
    "AsyncHDF5Data": (LAYERS / "data/test_async_hdf5_data.py", *HDF5),
    "HDF5Data": (LAYERS / "data/test_hdf5_data.py", *HDF5),
    "HDF5Output": (LAYERS / "outputs/test_hdf5_output.py",),
    "Input": (LAYERS / "data/test_input.py",),
    "MemoryData": (LAYERS / "data/test_memory_data.py", IN_STEP),
    "MemoryOutput": (LAYERS / "outputs/test_memory_output.py",),
    "Silence": (LAYERS / "outputs/test_silence.py",),
    "TextData": (LAYERS / "data/test_text_data.py", IN_STEP, SUPPORT / "data_layers.py"),
}
#: Layers whose backward is by design not the derivative of what forward gives, and why.
NO_DERIVATIVE = {"WassersteinLoss": "the gradient is that of the entropy-regularised cost"}
#: Layers that draw random numbers in every phase: in float32 they are other ones.
ALWAYS_DRAW = {"RandomMask", "RandomNormal"}
#: Properties that say nothing about arithmetic, and are tested for all layers at once below.
PARAM_PROPERTIES = {
    "init": Gaussian(std=0.5),
    "regu": L1Regu(coef=3.0),
    "cons": L2Cons(threshold=7.0),
    "lr": 0.25,
}
#: Properties no case can vary: they name another layer or a file, or say how a param starts.
ELSEWHERE = {
    ("TiedInnerProduct", "tied_param_key"): "dense/test_tied_inner_product",
    ("InfogainLoss", "H_file"): "losses/test_infogain_loss",
    ("LSTM", "forget_bias"): "recurrent/test_lstm",
    # what it drops is drawn, so its gradient is held against a reference of its own
    ("MultiHeadAttention", "dropout"): "attention/test_multi_head_attention",
}

INSIDE = sorted(LAYER_TYPES.keys() - OUTSIDE.keys())


def own_properties(name):
    """The properties a type adds to those of all layers."""
    fields = LAYER_TYPES[name].model_fields
    return [f for f in fields if f not in LayerSpec.model_fields]


def param_property(field):
    """``("weight_x", "init")`` of ``weight_x_init``; None of a property of another kind."""
    param, _, kind = field.rpartition("_")
    return (param, kind) if param and kind in PARAM_PROPERTIES else None


WITH_PARAMS = [(n, f) for n in INSIDE for f in own_properties(n) if param_property(f)]


@pytest.mark.parametrize("name", INSIDE)
def test_goes_through_the_harness(name):
    """Each check of the harness has a case of each type that it is about."""
    spec, cases = LAYER_TYPES[name], harness_cases()[name]
    assert cases, f"no case of {name} reaches check_layer"
    learns = any(case.spec.differentiable(len(case.bottoms)) or case.params for case in cases)
    if learns and name not in NO_DERIVATIVE:
        assert any(case.gradient for case in cases), "no case has its gradient checked"
    assert all(not case.gradient for case in cases) == (name in NO_DERIVATIVE)
    assert all(case.draws for case in cases) == (name in ALWAYS_DRAW), (
        "no case compares float32 with float64"
    )
    if spec.kind in (Kind.LOSS, Kind.STATISTIC):
        rows = {case.values()[0].shape[0] > 1 for case in cases if case.adds_up}
        assert True in rows, "no case has rows that do not count, and batches that add up"


def test_what_is_outside_the_harness_has_no_arithmetic():
    """Only layers that bring samples in or take blobs out are tested otherwise."""
    for name in OUTSIDE:
        assert LAYER_TYPES[name].kind in (Kind.DATA, Kind.OUTPUT)
        assert not harness_cases()[name], f"{name} goes through the harness: it needs no row here"


@pytest.mark.parametrize("name", INSIDE)
def test_every_property_is_exercised(name):
    """In the cases each property has a value that is not its default, and all that it can have."""
    cases, fields, found = harness_cases()[name], LAYER_TYPES[name].model_fields, []
    for field in own_properties(name):
        if param_property(field) or field in ("param_key", "neuron"):
            continue
        if (name, field) in ELSEWHERE:
            continue
        info, given = fields[field], values_given(cases, field)
        missing = [c for c in choices(info.annotation) if c not in given]
        if missing:
            found.append(f"'{field}' is never {' or '.join(map(repr, missing))}")
        elif info.is_required() and len(set(map(repr, given))) == 1:
            found.append(f"'{field}' is always {given[0]!r}")
        elif not info.is_required() and all(
            v == info.get_default(call_default_factory=True) for v in given
        ):
            found.append(f"'{field}' is never given")
    assert not found, f"{name}: {'; '.join(found)}"


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_every_key_is_written(name):
    """The tests of what lies outside the harness write each key."""
    spec = LAYER_TYPES[name]
    fields = {f: spec.model_fields[f] for f in own_properties(name)}
    found = holes(
        spec,
        {i.alias or f: (i.annotation, i.get_default()) for f, i in fields.items()},
        keys_written(OUTSIDE[name]),
    )
    assert not found, "\n".join(found)


def test_what_no_case_can_vary_is_tested_elsewhere():
    """Those properties are written by the test file that is named for them."""
    for (name, field), file in ELSEWHERE.items():
        assert field in own_properties(name)
        assert field in keys_written([LAYERS / f"{file}.py"]), f"{file} does not write '{field}'"


@pytest.mark.parametrize(("name", "field"), WITH_PARAMS, ids=lambda value: value)
def test_param_properties_reach_the_param(name, field):
    """What is said of a param's start, penalty, bound and rate is in its declaration."""
    param, kind = param_property(field)
    for case in harness_cases()[name]:
        shapes = [v.shape for v in case.values()]
        if param in case.spec.param_decls(shapes):
            break
    else:
        pytest.fail(f"no case of {name} has a param '{param}'")
    value = PARAM_PROPERTIES[kind]
    spec = type(case.spec).model_validate(
        {f: getattr(case.spec, f) for f in case.spec.model_fields_set} | {field: value}
    )
    decl = spec.param_decls(shapes)[param]
    found = getattr(decl, kind)
    assert value in (found, getattr(found, "base", None))  # LSTM adds to what fills its bias
    before = case.spec.param_decls(shapes)
    others = spec.param_decls(shapes)
    assert {n: d for n, d in others.items() if n != param} == {
        n: d for n, d in before.items() if n != param
    }


@pytest.mark.parametrize("name", [n for n in INSIDE if "param_key" in own_properties(n)])
def test_param_key_is_the_key_of_its_params(name):
    """Layers with one ``param_key`` have one entry in the store; without it, it is the name."""
    spec = harness_cases()[name][0].spec
    assert spec.store_key == spec.name
    assert spec.model_copy(update={"param_key": "shared"}).store_key == "shared"


@pytest.mark.parametrize("name", [n for n in INSIDE if "neuron" in own_properties(n)])
def test_neuron_becomes_a_layer_on_each_top(name):
    """``neuron`` is computed in place on every top of the layer that has it."""
    spec = harness_cases()[name][0].spec.model_copy(update={"neuron": LReLU(slope=0.3)})
    graph = build_graph(expand_bottoms([Node.of(spec)]))
    insert_neurons(graph)
    layer, *neurons = graph.layers
    assert len(layer.tops) == len(neurons) > 0
    for top, neuron in zip(layer.tops, neurons, strict=True):
        assert (neuron.bottoms, neuron.tops[0].name) == ((top,), top.name)
        assert (neuron.spec.type, neuron.spec.slope) == ("LReLU", 0.3)
