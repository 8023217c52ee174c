"""No public attribute is assigned in silence: it is refused, or does what is documented."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from enum import Enum
from types import MethodType
from typing import Any

import networkx as nx
import numpy as np
import pytest
from pydantic import BaseModel
from support.lines import Lines
from support.nets import net_of

import graphnet as gn
from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.blob import Blob
from graphnet.errors import DataError, GraphnetError, ShapeError, SpecError
from graphnet.layers.base import Layer, LayerSpec
from graphnet.net.graph import NetGraph, Vertex
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.load_sharded_net import cut
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.parallel.shared_evaluation import SharedEvaluation
from graphnet.params.param import Param
from graphnet.sealed import AllBut, Sealed, read_only
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.lr_policy import Step
from graphnet.solver.methods import METHODS
from graphnet.solver.state import SolverState
from graphnet.solver.update import Updater

TEXT = """
    - {name: data, type: MemoryData, batch_size: 4, shuffle: true, tops: [x, label],
       data: {x: [[1, 0], [0, 1], [1, 1], [2, 0], [0, 3]], label: [0, 1, 0, 1, 1]}}
    - {name: noise, type: RandomNormal, shape: [2], batch_sizes: [4], tops: [noise]}
    - {name: in, type: Input, batch_size: 4, shapes: {more: [2]}, tops: [more]}
    - {name: sum, type: ElementWise, bottoms: [x, noise, more], tops: [sum]}
    - {name: bn, type: BatchNorm, bottoms: [sum], tops: [bn]}
    - {name: ip, type: InnerProduct, output_dim: 6, neuron: ReLU, bottoms: [bn], tops: [ip]}
    - {name: drop, type: Dropout, ratio: 0.5, bottoms: [ip]}
    - {name: kept, type: MemoryOutput, phase: test, bottoms: [ip]}
    - {name: out, type: InnerProduct, output_dim: 2, bottoms: [ip], tops: [out]}
    - {name: loss, type: SoftmaxLoss, bottoms: [out, label]}
    - {name: accuracy, type: Accuracy, bottoms: [out, label]}
"""

SHARDED = (
    TEXT.partition("    - {name: noise")[0]
    + """
    - {name: out, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [out]}
    - {name: loss, type: SoftmaxLoss, bottoms: [out, label]}
"""
)

#: What may be assigned, by class: its effect is documented there and tested below.
MAY_BE_ASSIGNED = {
    "Blob": {"data", "diff"},
    "Param": {"data", "diff"},
    "SeenBlob": {"data", "diff"},
    "PassContext": {
        *("iteration", "first_sample", "loss_scale", "n_rows", "n_valid", "replaceable")
    },
    "ShardedNet": {"measures_shards"},
    "SolverState": {"lr_scale"},
    # what a forward of any loss, the user's own included, has come to
    "SoftmaxLossLayer": {"loss"},
}


def public_objects() -> dict[str, list[Any]]:
    """What a user of graphnet holds in hand or reaches by public attributes, by class name."""
    net = net_of(TEXT)
    net.forward()
    net.backward()
    test = net.sibling("test")
    seen: list[Any] = []
    solver = gn.Solver(gn.SolverSpec(max_iter=2, coffee_breaks=[{"type": "TrainingSummary",
                                                                "every_n_iter": 1}]))  # fmt: skip

    class Look(gn.CoffeeBreak):
        def finish(self, net, state, lounge):
            seen.extend((net, state, lounge))

    solver.add_coffee_break(Look())
    solver.solve(net, reporter=Lines())
    breaks = [COFFEE_BREAKS[name] for name in ("DivergenceGuard", "TrainingSummary")]
    roots = [
        *(
            cut(net_of(SHARDED), 2, LocalCommunicator()),
            SharedEvaluation(test, LocalCommunicator()),
        ),
        *(net, test, net.context, net.store, net.backend, *net.layers, *test.layers, solver),
        *(solver.spec, Step(base_lr=0.1, gamma=0.5, stepsize=3), *seen),
        *(net.blobs["ip"], net.params["ip"]["weight"], net.store.params["ip"]["bias"]),
        *(net.layers[0].tops[0], net.evaluate(), *(node.spec for node in net.compiled.spec.nodes)),
        *(method() for method in METHODS.values()),
        *(make() for make in breaks),
        *(gn.EarlyStopping("loss", 3), gn.Plateau("loss"), gn.Snapshot(keep_best="loss")),
        *(gn.DecayOnValidation("accuracy", 0.5), gn.ValidationPerformance()),
        *(gn.check_gradients(net), gn.time_net(net, 1), net.compiled, net.blobs, net.params),
        *(net.graph, *net.graph, Updater(net.store, METHODS["Adam"]())),
    ]
    found: dict[str, list[Any]] = {}
    known: set[int] = set()
    while roots:
        item = roots.pop()
        foreign = not type(item).__module__.startswith("graphnet.")
        if id(item) in known or foreign or isinstance(item, Enum):  # a word, like a number
            continue
        known.add(id(item))
        found.setdefault(type(item).__name__, []).append(item)
        if isinstance(item, PUBLIC):
            roots += [getattr(item, name) for name in stored(item)]
    return found


#: What is raised by an object, by a model of pydantic's, by a declaration of graphnet's.
REFUSED = (AttributeError, TypeError, ValueError, GraphnetError)
PUBLIC = (
    gn.Net,
    ShardedNet,
    SharedEvaluation,
    Layer,
    gn.Solver,
    SolverState,
    CoffeeLounge,
    gn.CoffeeBreak,
    Blob,
    Backend,
    NetGraph,
    Vertex,
    Updater,
)


def stored(item: Any) -> Iterator[str]:
    """The public attributes of an object that hold something."""
    names = {*getattr(item, "__dict__", ()), *getattr(type(item), "model_fields", ())}
    if not isinstance(item, BaseModel):  # pydantic's own attributes are its affair
        names.update(n for n in dir(type(item)) if not callable(getattr(type(item), n, None)))
    for name in sorted(names):
        if name[0] != "_":
            try:
                value = getattr(item, name)
            except (AttributeError, GraphnetError):
                continue
            if not isinstance(value, MethodType):
                yield name


OBJECTS = public_objects()


def test_the_walk_meets_what_is_public():
    """Nets, layers, blobs, params, the solver and all it hands to breaks."""
    met = {
        *("Net", "SeenBlob", "Blob", "Param", "Solver", "SolverSpec", "SolverState"),
        *("CoffeeLounge", "NumpyBackend", "MemoryDataLayer", "InputLayer", "RandomNormalLayer"),
        *("PassContext", "ParamStore", "CompiledNet", "BlobTable", "Adam", "SGD", "Snapshot"),
        *(
            "ShardedNet",
            "SharedEvaluation",
            "StepRate",
            "RunInfo",
            "MemoryOutputLayer",
            "InnerProduct",
            "Evaluation",
            "GradientReport",
            "NetGraph",
            "LayerVertex",
            "BlobVertex",
            "Updater",
        ),
    }
    assert met <= OBJECTS.keys()


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_no_attribute_is_assigned_without_effect(kind):
    """Each refuses, those apart whose effect is documented; so do names that are not there."""
    for item in OBJECTS[kind]:
        for name in (*stored(item), "learning_rate", "training"):
            if name in MAY_BE_ASSIGNED.get(kind, ()):
                continue
            with pytest.raises(REFUSED):
                setattr(item, name, object())
            with pytest.raises(REFUSED):
                delattr(item, name)


@pytest.mark.parametrize("kind", sorted(OBJECTS))
def test_no_table_is_changed_without_effect(kind):
    """What an object holds by name or number can be read, and nothing put in its place."""
    for item in OBJECTS[kind]:
        if not isinstance(item, PUBLIC) or isinstance(item, Layer):
            continue
        for name in stored(item):
            value = getattr(item, name)
            if isinstance(value, np.ndarray | str | int | float | BaseModel):
                continue
            if hasattr(value, "__getitem__") and len(value):
                key = next(iter(value)) if hasattr(value, "keys") else 0
                with pytest.raises(TypeError, match=r"assign|exchange"):
                    value[key] = object()


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph.nodes[graph.layer("ip")].update(weight=1),
        lambda graph: graph.nodes[graph.layer("ip")].pop("name"),
        lambda graph: graph.edges[graph.blob("x"), graph.layer("ip"), 0].setdefault("weight", 1),
        lambda graph: graph.graph.clear(),
        lambda graph: nx.set_node_attributes(graph, 1, "weight"),
        lambda graph: nx.set_edge_attributes(graph, 1, "weight"),
        lambda graph: graph.adj[graph.blob("x")][graph.layer("ip")][0].__setitem__("weight", 1),
        lambda graph: graph.graph.__ior__({"name": "x"}),
    ],
)
def test_nothing_is_noted_in_the_graph_of_a_compiled_net(net, change):
    """What networkx keeps in dicts of its own is as fixed as the graph, and says what to do."""
    before = dict(net.graph.nodes(data=True)), list(net.graph.edges(keys=True, data=True))
    with pytest.raises(TypeError, match=r"cannot be assigned(.|\n)*MultiDiGraph\(net.graph\)"):
        change(net.graph)
    assert (dict(net.graph.nodes(data=True)), list(net.graph.edges(keys=True, data=True))) == before


@pytest.mark.parametrize(
    "copied", [NetGraph.copy, NetGraph.reverse, copy.deepcopy, nx.MultiDiGraph, nx.DiGraph]
)
def test_a_copy_of_the_graph_is_the_users_own(net, copied):
    """Its notes can be written, and the net's own stay."""
    graph = copied(net.graph)
    vertex = next(v for v in graph if v.name == "ip")
    if copied is not copy.deepcopy:  # whose vertices are as frozen as their graph
        graph.add_node("mine")
    graph.nodes[vertex]["weight"] = 3
    graph.graph["title"] = "mine"
    assert "weight" not in net.graph.nodes[net.graph.layer("ip")]
    assert not net.graph.graph


def test_networkx_makes_its_views_of_the_graph(net):
    """A part of a frozen graph can be looked at, turned around and drawn like any other."""
    graph = net.graph
    behind = nx.descendants(graph, graph.layer("ip"))
    part = graph.subgraph(behind)
    assert set(part) == behind
    assert [layer.name for layer in part.layers] == ["loss"]
    turned = nx.reverse_view(graph)
    assert nx.descendants(turned, graph.layer("ip")) == nx.ancestors(graph, graph.layer("ip"))
    assert len(graph.copy(as_view=True)) == len(graph)
    assert len(nx.subgraph_view(graph, filter_node=lambda v: v.name == "ip")) == 1


# --- what may be assigned ----------------------------------------------------------------


@pytest.fixture
def net():
    """A net whose blobs can be predicted."""
    return net_of("""
        - {name: in, type: Input, batch_size: 2, shapes: {x: [3], label: []}, tops: [x, label]}
        - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [y]}
        - {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
    """)


def test_what_is_assigned_to_a_param_is_computed_with(net):
    """The values are copied to where the layers look for them, and snapshots too."""
    weight = net.params["ip"]["weight"]
    memory = weight.data
    weight.data = [[1, 2, 3], [4, 5, 6]]
    net.params["ip"]["bias"].data = np.array([10.0, 20.0])
    net.blobs["x"].data = np.ones((2, 3), np.float16)
    net.forward()
    np.testing.assert_array_equal(net.blobs["y"].data, [[16, 35]] * 2)
    assert weight.data is memory
    np.testing.assert_array_equal(net.store.params["ip"]["weight"].data, memory)


def test_in_place_arithmetic_on_attributes(net):
    """``param.data *= 2`` is an assignment to Python, of the same array."""
    before = net.params["ip"]["weight"].data.copy()
    net.params["ip"]["weight"].data *= 2
    np.testing.assert_array_equal(net.store.params["ip"]["weight"].data, 2 * before)
    net.params["ip"]["weight"].diff = before
    net.params["ip"]["weight"].diff += before
    np.testing.assert_array_equal(net.params["ip"]["weight"].diff, 2 * before)
    net.forward()
    net.backward()
    net.blobs["y"].diff = np.zeros((2, 2))
    assert not net.blobs["y"].diff.any()


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        (np.zeros((3, 2)), ShapeError, "the data of the param 'weight' has the shape 2×3, the"),
        (np.zeros((2, 3), complex), DataError, "holds complex128 values, not real numbers"),
        (0.0, ShapeError, "has the shape 2×3, the values have scalar"),
        (np.full((2, 3), 1e300), DataError, r"1e\+300 at \[0, 0\] is too large for float32"),
        ([[1, 2], [3]], DataError, "the rows have different shapes"),
        (None, DataError, "holds object values"),
    ],
)
def test_what_does_not_fit_is_refused(net, values, error, match):
    """And nothing has changed."""
    before = net.params["ip"]["weight"].data.copy()
    with pytest.raises(error, match=match):
        net.params["ip"]["weight"].data = values
    np.testing.assert_array_equal(net.params["ip"]["weight"].data, before)


def test_a_diff_that_is_not_there_cannot_be_set(net):
    """Of data, and of frozen params."""
    with pytest.raises(ShapeError, match="the diff of the blob 'x' cannot be set: no gradient"):
        net.blobs["x"].diff = np.zeros((2, 3))
    with pytest.raises(ShapeError, match="the diff of the param 'w' cannot be set: it is frozen"):
        Param("w", np.zeros(2)).diff = np.zeros(2)


def test_the_messages_say_what_to_do_instead(net):
    """In the words of what was tried."""
    with pytest.raises(AttributeError, match=r"'phase' of a Net cannot be set(.|\n)*share=net"):
        net.phase = "test"
    with pytest.raises(AttributeError, match="a Net has no attribute 'phse' to be set\n  did you"):
        net.phse = "test"
    with pytest.raises(TypeError, match=r"net.params\[layer\]\[name\].data = values"):
        net.params["ip"]["weight"] = np.zeros((2, 3))
    with pytest.raises(AttributeError, match="a Param has no attribute 'lr' to be set"):
        net.params["ip"]["weight"].lr = 0.0
    with pytest.raises(AttributeError, match=r"'iter' of a SolverState"):
        SolverState().iter = 3
    with pytest.raises(AttributeError, match=r"'lr' of a SolverState .*\n  assign lr_scale"):
        SolverState().lr = 0.1


def test_the_scale_of_the_rate_must_be_a_number():
    """It is what breaks may assign."""
    state = SolverState()
    state.lr_scale *= 0.5
    assert state.lr_scale == 0.5
    for wrong in ("x", float("nan"), -1.0):
        with pytest.raises(SpecError, match="lr_scale: expected a number of at least 0"):
            state.lr_scale = wrong


def test_the_iteration_and_the_place_in_the_batch_decide_what_is_drawn():
    """Which is what assigning them is for."""
    net = net_of("""
        - {name: noise, type: RandomNormal, shape: [3], batch_sizes: [2], tops: [x]}
    """)
    drawn = []
    for iteration, first in ((0, 0), (1, 0), (0, 5), (0, 0)):
        net.context.iteration, net.context.first_sample = iteration, first
        net.forward()
        drawn.append(net.blobs["x"].data.copy())
    assert np.array_equal(drawn[0], drawn[3])
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


# --- the class itself --------------------------------------------------------------------


def test_a_class_of_the_users_own_keeps_its_own_attributes():
    """A break and a layer may count what they like, whenever they like."""

    class Counting(gn.CoffeeBreak):
        def enjoy(self, net, state, lounge):
            self.count = getattr(self, "count", 0) + 1

    mine = Counting()
    mine.enjoy(None, None, None)
    mine.count += 1
    assert mine.count == 2

    class Doubling(LayerSpec):
        type: str = "Doubling"

        def top_shapes(self, bottoms):
            return list(bottoms)

        def build(self, binding):
            return DoublingLayer(self, binding)

    class DoublingLayer(Layer):
        def forward(self):
            self.passes = getattr(self, "passes", 0) + 1
            np.multiply(self.bottoms[0].data, 2, out=self.tops[0].data)

    net = gn.load_net([
        gn.layers.Input(name="in", batch_size=1, shapes={"x": [1]}, tops=["x"]),
        Doubling(name="d", bottoms=["x"], tops=["y"]),
    ])  # fmt: skip
    net.forward()
    net.forward()
    assert net.layers[1].passes == 2
    with pytest.raises(AttributeError, match="'spec' of a DoublingLayer"):
        net.layers[1].spec = None
    with pytest.raises(AttributeError, match="'forward' of a DoublingLayer"):
        net.layers[1].forward = print


def test_sealed():
    """Sealed when the outermost constructor is done; open names and properties stay."""

    class Thing(Sealed):
        _open = frozenset(("weight",))
        size: int = read_only("_size", "make a larger one")

        def __init__(self):
            self._size, self.name = 3, "thing"

    class Special(Thing):
        def __init__(self):
            super().__init__()
            self.name = "special"

    thing = Special()
    thing.weight = 5
    assert (thing.name, thing.size, thing.weight) == ("special", 3, 5)
    with pytest.raises(AttributeError, match=r"'size' of a Special cannot(.|\n)*a larger one"):
        thing.size = 4
    with pytest.raises(AttributeError, match="'name' of a Special cannot be set"):
        del thing.name
    assert "name" in AllBut(["other"])
    assert "other" not in AllBut(["other"])


def test_a_run_is_not_changed_by_its_solver_afterwards():
    """A solver's spec is what its breaks were made of."""
    solver = gn.Solver(gn.SolverSpec(max_iter=1))
    with pytest.raises(AttributeError, match=r"make another: Solver\(spec.model_copy"):
        solver.spec = gn.SolverSpec(max_iter=9)
    with pytest.raises(AttributeError, match="a Solver has no attribute 'max_iter'"):
        solver.max_iter = 9
    assert open_backend("numpy", 1).threads == 1
