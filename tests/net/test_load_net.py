"""load_net: what it takes, what its arguments do, and how it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.errors import BackendError, DataError, GraphnetError, SpecError
from graphnet.net.load_net import load_net
from graphnet.net.sources import FallbackWarning
from graphnet.net.spec import read_net
from graphnet.solver.reporter import SilentReporter

LAYERS = [
    {"name": "in", "type": "Input", "batch_size": 4, "shapes": {"x": [5]}, "tops": ["x"]},
    {"name": "a", "type": "InnerProduct", "output_dim": 6, "bottoms": ["x"], "tops": ["a"]},
    {"name": "b", "type": "Tanh", "phase": "test", "bottoms": ["a"], "tops": ["b"]},
]
YAML = """\
name: small
layers:
- {name: in, type: Input, batch_size: 4, shapes: {x: [5]}, tops: [x]}
- {name: a, type: InnerProduct, output_dim: 6, bottoms: [x], tops: [a]}
- {name: b, type: Tanh, phase: test, bottoms: [a], tops: [b]}
"""


@pytest.fixture
def file(tmp_path):
    """A net's YAML file."""
    path = tmp_path / "small.yaml"
    path.write_text(YAML)
    return path


def test_a_file_a_dict_a_list_and_specs_are_the_same_net(file):
    """All four ways lead to the same layers and the same initial values."""
    specs = [
        gn.layers.Input(name="in", batch_size=4, shapes={"x": [5]}, tops=["x"]),
        gn.layers.InnerProduct(name="a", output_dim=6, bottoms=["x"], tops=["a"]),
        gn.layers.Tanh(name="b", phase="test", bottoms=["a"], tops=["b"]),
    ]
    sources = [file, str(file), {"layers": LAYERS}, LAYERS, specs, iter(LAYERS), read_net(file)]
    nets = [load_net(source) for source in sources]
    assert [n.name for n in nets] == ["small", "small", *["net"] * 4, "small"]
    for net in nets:
        assert [layer.spec for layer in net.graph.layers] == specs[:2]
        np.testing.assert_array_equal(net.store.data, nets[0].store.data)


def test_phase_selects_the_layers(file):
    """``train`` by default."""
    assert [layer.name for layer in load_net(file).graph.layers] == ["in", "a"]
    assert [layer.name for layer in load_net(file, "test").graph.layers] == ["in", "a", "b"]


def test_dtype_is_that_of_blobs_and_params(file):
    """float32 by default, float64 for gradient checks."""
    for dtype in ("float32", "float64"):
        net = load_net(file, dtype=dtype)
        assert {net.blobs["a"].data.dtype, net.params["a"]["weight"].data.dtype} == {
            np.dtype(dtype)
        }
    assert load_net(file).store.data.dtype == np.float32


def test_seed_keys_the_initial_values(file):
    """0 by default; another seed gives another start."""
    default, zero, one = (load_net(file, **o).store.data for o in ({}, {"seed": 0}, {"seed": 1}))
    np.testing.assert_array_equal(default, zero)
    assert (zero != one).any()


def test_share_takes_params_backend_and_precision_of_another_net(file):
    """What is trained in one is there in the other."""
    train = load_net(file, dtype="float64", threads=1)
    test = load_net(file, "test", share=train)
    assert test.store is train.store
    assert test.backend is train.backend
    assert test.blobs["b"].data.dtype == np.float64


def test_frozen_says_which_layers_do_not_learn():
    """Instead of what the net declares: it freezes and unfreezes, all or some."""
    layers = [
        LAYERS[0],
        LAYERS[1] | {"frozen": True},
        {"name": "c", "type": "InnerProduct", "output_dim": 5, "bottoms": ["a"], "tops": ["c"]},
        {"name": "loss", "type": "SquareLoss", "bottoms": ["c", "x"]},
    ]

    def learning(**options):
        net = load_net(layers, **options)
        return [key for key, named in net.params.items() if named["weight"].diff is not None]

    assert learning() == ["c"]
    assert learning(frozen=()) == ["a", "c"]
    assert learning(frozen="c") == ["a"]
    assert learning(frozen={"a", "c"}) == []
    with pytest.raises(SpecError, match=r"frozen: net 'net' has no layer 'aa'\n  did you mean 'a'"):
        load_net(layers, frozen=["aa"])


def test_what_was_frozen_stays_as_it_was():
    """Training leaves those params alone, and the net that a run keeps says which they are."""
    layers = [
        {"name": "in", "type": "MemoryData", "batch_size": 2, "tops": ["x"],
         "data": {"x": [[1, 2], [3, 4]]}},
        {"name": "a", "type": "InnerProduct", "output_dim": 2, "bottoms": ["x"], "tops": ["a"]},
        {"name": "b", "type": "InnerProduct", "output_dim": 2, "bottoms": ["a"], "tops": ["b"]},
        {"name": "loss", "type": "SquareLoss", "bottoms": ["b", "x"]},
    ]  # fmt: skip
    net = load_net(layers, frozen=["a"])
    before = {key: net.params[key]["weight"].data.copy() for key in ("a", "b")}
    gn.solve(gn.Solver(gn.SolverSpec(max_iter=3)), net, reporter=SilentReporter())
    np.testing.assert_array_equal(net.params["a"]["weight"].data, before["a"])
    assert (net.params["b"]["weight"].data != before["b"]).any()
    assert "frozen: true" in net.yaml_text


def test_backend_by_name_or_ready_made(file):
    """A backend may be opened once and used by several nets."""
    backend = open_backend("numpy", threads=1)
    assert load_net(file, backend=backend).backend is backend
    assert load_net(file, backend="auto").backend.name == "numpy"


def test_keep_decides_what_can_be_read_after_a_pass():
    """Everything, what the pass needs, or the blobs named; the message says how to get more."""
    layers = [
        *LAYERS[:2],
        {"name": "c", "type": "InnerProduct", "output_dim": 6, "bottoms": ["a"], "tops": ["c"]},
        {"name": "d", "type": "InnerProduct", "output_dim": 6, "bottoms": ["c"], "tops": ["d"]},
        {"name": "e", "type": "InnerProduct", "output_dim": 6, "bottoms": ["d"], "tops": ["e"]},
    ]

    def readable(keep):
        net = load_net(layers, keep=keep)
        found = set()
        for name in net.blobs:
            try:
                found.add(net.blobs[name].name)
            except GraphnetError as error:
                assert f'keep=["{name}"]' in str(error)  # noqa: PT017  # each blob is tried
        return found

    assert readable("all") == set("xacde")
    assert readable("needed") < set("xacde")
    assert set("ac") <= readable(["a", "c"]) < set("xacde")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phase": "tset"}, r"^phase: expected 'train' or 'test', found the text 'tset'\n"),
        (
            {"dtype": "float16"},
            r"^dtype: expected 'float32' or 'float64', found the text 'f",
        ),
        (
            {"keep": "a"},
            r"^keep: expected 'all', 'needed' or a list of blob names, found the text 'a'\n",
        ),
        ({"keep": ["a", "lable"]}, r"^keep: there is no blob 'lable'\n  expected one of: a, x$"),
    ],
)
def test_arguments_that_are_refused(options, message):
    """The message names the argument, what was found and what was expected."""
    with pytest.raises(SpecError, match=message):
        load_net(LAYERS, **options)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "a net is read from a file, a mapping or a list of layers, found nothing"),
        (5, "a net is read from a file, a mapping or a list of layers, found 5"),
        ([], "the net has no layers"),
        ({"layers": []}, "the net has no layers"),
        ("nowhere.yaml", "nowhere.yaml: there is no such file"),
    ],
)
def test_sources_that_are_refused(source, message):
    """Whatever is handed in, the error says what a net is read from."""
    with pytest.raises(SpecError, match=message):
        load_net(source)


def test_a_backend_that_is_not_there():
    """The message lists those that exist."""
    with pytest.raises(BackendError, match=r"there is no backend 'nunpy'\n  did you mean 'numpy'"):
        load_net(LAYERS, backend="nunpy")


MEMORY = [
    {"name": "m", "type": "MemoryData", "batch_size": 2, "shapes": {"data": [3]}, "tops": ["data"]},
    {"name": "a", "type": "InnerProduct", "output_dim": 6, "bottoms": ["data"], "tops": ["a"]},
]


def test_inputs_feed_memory_data():
    """Lists become arrays; arrays are referenced, not copied."""
    x = np.arange(12.0).reshape(4, 3)
    net = load_net(MEMORY, inputs={"data": x})
    assert net.inputs["data"] is x
    net.forward()
    np.testing.assert_array_equal(net.blobs["data"].data, x[:2])
    listed = load_net(MEMORY, inputs={"data": x.tolist()})
    listed.forward()
    np.testing.assert_array_equal(listed.blobs["data"].data, x[:2])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (MEMORY, r"^inputs: no MemoryData layer has the top 'dta'\n  did you mean 'data'\?$"),
        (LAYERS, r"^inputs: no MemoryData layer has the top 'dta'$"),
    ],
)
def test_inputs_for_a_top_that_is_not_there(layers, message):
    """A misspelt name is not passed over."""
    with pytest.raises(DataError, match=message):
        load_net(layers, inputs={"dta": np.ones((4, 3))})


@pytest.mark.filterwarnings("error::graphnet.net.sources.FallbackWarning")
def test_a_fall_back_is_never_taken_silently(monkeypatch, tmp_path):
    """Loading from Python says what is read in place of what."""
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path))
    layer = {
        "name": "d",
        "type": "HDF5Data",
        "source": "dataset:mnist/test",
        "otherwise": "dataset:digits28/test",
        "batch_size": 2,
        "tops": ["data", "label"],
    }
    with pytest.raises(FallbackWarning, match="d reads dataset:digits28/test, not dataset:mnist"):
        load_net([layer], phase="test")
