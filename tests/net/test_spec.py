"""NetSpec: nets read from YAML, dicts and specs, and what is said of those that are wrong."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from support.nets import INPUT, net_spec

import graphnet as gn
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import DataError, Position, SpecError, about, listed
from graphnet.layers import LAYER_TYPES
from graphnet.net.spec import NetSpec, layer_dict, parse_net, read_net

IP = "{name: ip, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [ip]}"


def refusal(text: str) -> str:
    """The whole message about a net that is wrong."""
    with pytest.raises(SpecError, match=r"^net\.yaml:") as caught:
        net_spec(text)
    return str(caught.value)


def cases(text: str):
    """A mark for cases written as a net, an arrow, and what is said of it; a blank line between."""
    pairs = [dedent(case).strip().split("\n=>\n") for case in dedent(text).split("\n\n")]
    return pytest.mark.parametrize(("text", "message"), pairs, ids=[m for _, m in pairs])


# --- what is read -----------------------------------------------------------------------


def test_a_mapping_has_a_name_a_solver_and_layers(tmp_path):
    """The solver is relative to the net's file."""
    nets = tmp_path / "nets"
    nets.mkdir()
    (nets / "a.yaml").write_text(f"name: lenet\nsolver: ../solvers/a.yaml\nlayers:\n- {INPUT}\n")
    spec = read_net(nets / "a.yaml")
    assert spec.name == "lenet"
    assert spec.solver == tmp_path / "solvers" / "a.yaml"
    assert spec.file == str(nets / "a.yaml")
    assert spec.folder == nets


def test_a_bare_list_is_a_net_named_after_its_file(tmp_path):
    """It names no solver."""
    path = tmp_path / "tiny.yaml"
    path.write_text(f"- {INPUT}\n")
    spec = read_net(str(path))
    assert (spec.name, spec.solver, [n.name for n in spec.nodes]) == ("tiny", None, ["in"])


def test_layers_stand_in_the_order_written_with_their_positions():
    """Of every phase, each knowing its line."""
    spec = net_spec(
        f"""
        layers:
          - {INPUT}
          - name: ip
            type: InnerProduct
            output_dim: 2
            bottoms: [x]
            tops: [ip]
          - {{name: loss, type: SoftmaxLoss, phase: train, bottoms: [ip, label]}}
        """
    )
    found = [(n.name, n.bottoms, n.tops, n.position) for n in spec.nodes]
    assert found == [
        ("in", (), ("x", "label"), Position("net.yaml", 3, 5)),
        ("ip", ("x",), ("ip",), Position("net.yaml", 4, 5)),
        ("loss", ("ip", "label"), (), Position("net.yaml", 9, 5)),
    ]
    assert spec.nodes[1].subject == "layer 'ip' (InnerProduct): "


def test_an_in_place_layer_without_tops_writes_its_bottoms():
    """The node says so; the spec stays as the user wrote it."""
    (node,) = net_spec("- {name: r, type: ReLU, bottoms: [x, y]}").nodes
    assert (node.bottoms, node.tops, node.spec.tops) == (("x", "y"), ("x", "y"), ())


def test_dicts_and_specs_may_be_mixed():
    """A net built in Python needs no positions."""
    spec = read_net([gn.layers.Tanh(name="t", bottoms=["x"]), {"name": "r", "type": "ReLU", **X}])
    assert [(type(n.spec).__name__, n.position) for n in spec.nodes] == [
        ("Tanh", None),
        ("ReLU", None),
    ]


X = {"bottoms": ["x"]}


def test_phases_with_something_to_measure():
    """A phase without loss or statistic tells nothing when it is run."""
    spec = net_spec(
        f"[{INPUT}, {IP}, {{name: l, type: SoftmaxLoss, phase: train, bottoms: [ip, label]}}]"
    )
    assert (spec.has_phase("train"), spec.has_phase("test")) == (True, False)
    assert [n.name for n in spec.data_nodes()] == ["in"]


# --- the whole net is wrong -------------------------------------------------------------


@cases("""
    mnist
    =>
    net.yaml:1:1: a net is a list of layers, or a mapping with 'layers', found the text 'mnist'

    name: a
    =>
    net.yaml:1:1: missing key 'layers'

    layers: []
    =>
    net.yaml:1:9: the net has no layers

    []
    =>
    net.yaml:1:1: the net has no layers

    layers: 5
    =>
    net.yaml:1:9: 'layers' must be a list, found 5

    solvr: a.yaml
    layers: [{name: a, type: ReLU, bottoms: [x]}]
    =>
    net.yaml:1:1: unknown key 'solvr'
      did you mean 'solver'?

    name: 5
    layers: [{name: a, type: ReLU, bottoms: [x]}]
    solver: [a]
    =>
    net.yaml:1:7: key 'name': expected a text, found 5
    net.yaml:3:9: key 'solver': expected a text, found a list of 1: [a]
""")
def test_what_is_no_net(text, message):
    """The message says what a net is."""
    assert refusal(text) == message


@cases("""
    - 5
    =>
    net.yaml:1:3: a layer is a mapping with 'name' and 'type', found 5

    - {type: Softmax, bottoms: [x], tops: [y]}
    =>
    net.yaml:1:3: layer 1 (Softmax): missing key 'name'

    - {type: ReLU, bottoms: [x]}
    =>
    net.yaml:1:3: layer 1 (ReLU): missing key 'name'

    - {name: a, bottoms: [x]}
    =>
    net.yaml:1:3: layer 'a': missing key 'type'

    - {name: a, type: 3}
    =>
    net.yaml:1:19: layer 'a': key 'type': expected a text, found 3

    - {name: a, type: relu, bottoms: [x]}
    =>
    net.yaml:1:19: layer 'a': unknown layer type 'relu'
      did you mean 'ReLU'?

    - {name: a, type: InnerProductLayer, bottoms: [x]}
    =>
    net.yaml:1:19: layer 'a': unknown layer type 'InnerProductLayer'
      did you mean 'InnerProduct'?

    - {name: a, type: ReLU, phase: tets, bottoms: [x]}
    =>
    net.yaml:1:32: layer 'a' (ReLU): key 'phase': expected 'train' or 'test', found the text 'tets'
      did you mean 'test'?

    - name: a
      type: InnerProduct
      output_dim: 2
      neuron: {type: ReLU, phase: test}
      bottoms: [x]
      tops: [a]
    =>
    net.yaml:4:24: layer 'a' (InnerProduct): key 'neuron': a neuron has its layer's 'phase'
      remove 'phase', or write the neuron as a layer
""")
def test_what_is_no_layer(text, message):
    """Place, layer, what was found and what was expected."""
    assert refusal(text) == message


def test_a_spec_without_a_name_is_refused():
    """A neuron has a default name, which is none."""
    with pytest.raises(SpecError, match=r"^layer 1 \(ReLU\): missing key 'name'$"):
        read_net([gn.layers.ReLU(bottoms=["x"])])


def test_all_problems_are_reported_at_once_in_the_order_of_the_file():
    """Ten mistakes, one run."""
    message = refusal(
        f"""
        nam: a
        layers:
          - {INPUT}
          - {{name: a, type: InnerProdct, output_dim: 2, bottoms: [x], tops: [a]}}
          - {{name: b, type: InnerProduct, output_dm: 2, bottoms: [x]}}
          - {{name: c, type: Convolution, n_filter: 0, kernel: big, bottoms: [x], tops: [c]}}
          - {{name: d, type: Split, bottoms: [], tops: [p, q]}}
        """
    )
    places = [line.split(": ")[0] for line in message.splitlines() if line.startswith("net.yaml")]
    assert [tuple(map(int, p.split(":")[1:2])) for p in places] == [
        (2,),
        (5,),
        (6,),
        (7,),
        (7,),
        (8,),
    ]


def test_a_type_that_resembles_none_gets_the_list():
    """What exists, sorted; of very many the first, and the command that prints them all."""
    assert refusal("- {name: a, type: Xyzzy}") == (
        "net.yaml:1:19: layer 'a': unknown layer type 'Xyzzy'\n"
        f"  expected one of: {listed(sorted(LAYER_TYPES))}\n"
        "  all of them: graphnet schema net"
    )


def test_the_table_of_types_is_an_argument():
    """Nothing global has to be changed to know another layer."""
    document = parse_yaml("- {name: a, type: Rectifier, bottoms: [x]}", "net.yaml")
    spec = parse_net(document, "net", {"Rectifier": gn.layers.ReLU})
    assert type(spec.nodes[0].spec) is gn.layers.ReLU


# --- layers of the user's own -----------------------------------------------------------

MODULE = """
    from graphnet.layers.base import Layer, LayerSpec

    class Double(LayerSpec):
        factor: float = 2.0

        def top_shapes(self, bottoms):
            return [bottoms[0]]

        def build(self, binding):
            return DoubleLayer(self, binding)

    class DoubleLayer(Layer):
        def forward(self):
            self.xp.multiply(self.bottoms[0].data, self.spec.factor, out=self.tops[0].data)

    class Half(LayerSpec):
        def top_shapes(self, bottoms):
            return [bottoms[0]]
"""


@pytest.fixture
def beside(tmp_path):
    """Writes a net beside a module of layers, which is forgotten again afterwards."""

    def write(layer: str, module: str = MODULE) -> Path:
        (tmp_path / "my_layers.py").write_text(dedent(module))
        path = tmp_path / "net.yaml"
        path.write_text(f"- {INPUT}\n- {layer}\n")
        return path

    yield write
    sys.modules.pop("my_layers", None)


DOUBLE = "{name: d, type: my_layers.Double, factor: 3, bottoms: [x], tops: [d]}"


def test_a_layer_beside_the_yaml_is_named_by_its_dotted_path(beside):
    """It runs, and its properties are checked, like any other."""
    net = gn.load_net(beside(DOUBLE))
    net.blobs["x"].data[...] = 2
    net.forward()
    assert (net.blobs["d"].data == 6).all()
    assert sys.path.count(str(net.compiled.spec.folder)) == 0


def test_a_layer_of_the_users_own_is_written_back_by_its_dotted_path(beside):
    """The YAML in a snapshot makes the same layer again, from Python's specs as well."""
    spec = read_net(beside(DOUBLE))
    again = parse_net(parse_yaml(spec.to_yaml(), "again", spec.folder), "net")
    assert [n.spec for n in again.nodes] == [n.spec for n in spec.nodes]
    double = type(spec.nodes[1].spec)
    assert layer_dict(double(name="e", type="whatever"))["type"] == "my_layers.Double"


@cases("""
    {name: d, type: my_layers.Double, facter: 3, bottoms: [x], tops: [d]}
    =>
    2:37: layer 'd' (my_layers.Double): unknown key 'facter'
      did you mean 'factor'?

    {name: d, type: my_layers.Dubble, bottoms: [x], tops: [d]}
    =>
    2:19: layer 'd': module 'my_layers' has no 'Dubble'
      did you mean 'Double'?

    {name: d, type: my_layers.Layer, bottoms: [x], tops: [d]}
    =>
    2:19: layer 'd': 'my_layers.Layer' is not a LayerSpec
      derive the class from it

    {name: d, type: my_layers.Half, bottoms: [x], tops: [d]}
    =>
    2:19: layer 'd': 'my_layers.Half' does not define build
      derive the class that runs it from Layer[Half], in the same file

    {name: d, type: my_lairs.Double, bottoms: [x], tops: [d]}
    =>
    2:19: layer 'd': cannot import 'my_lairs.Double': there is no module 'my_lairs'
      looked in FOLDER and in Python's path
""")
def test_a_layer_of_the_users_own_that_cannot_be_had(beside, text, message):
    """Why not, at the place in the YAML that names it."""
    path = beside(text)
    with pytest.raises(SpecError, match="layer 'd'") as caught:
        read_net(path)
    assert str(caught.value) == f"{path}:{message.replace('FOLDER', str(path.parent))}"


def test_a_module_that_fails_says_how(beside):
    """Its own exception is part of the message."""
    path = beside(DOUBLE, "1 / 0")
    with pytest.raises(SpecError, match=r"'my_layers.Double': ZeroDivisionError: division"):
        read_net(path)


def test_code_of_the_users_own_can_be_refused(beside):
    """A net from a stranger is then only data."""
    with pytest.raises(SpecError, match="which --no-user-code refuses"):
        read_net(beside(DOUBLE), user_code=False)


# --- writing ----------------------------------------------------------------------------


def test_yaml_leaves_out_defaults_and_keeps_the_rest():
    """Name and type first; nested models keep their type."""
    spec = net_spec(
        """
        - name: c
          type: Convolution
          n_filter: 4
          kernel: 3
          stride: 1
          neuron: ReLU
          filter_init: {type: Gaussian, std: 0.01}
          bias_init: Constant
          filter_regu: {type: L2Regu, coef: 1.0}
          bottoms: [x]
          tops: [c]
        """
    )
    assert layer_dict(spec.nodes[0].spec) == {
        "name": "c",
        "type": "Convolution",
        "bottoms": ["x"],
        "tops": ["c"],
        "n_filter": 4,
        "kernel": [3, 3],
        "neuron": {"type": "ReLU"},
        "filter_init": {"type": "Gaussian", "std": 0.01},
    }


def test_a_net_is_a_value():
    """Two readings of one text are equal; another list of nodes makes another net."""
    first, second = net_spec(f"[{INPUT}, {IP}]"), net_spec(f"[{INPUT}, {IP}]")
    assert first == second
    assert first.with_nodes(first.nodes[:1]) != first
    assert isinstance(first, NetSpec)


def test_an_error_is_placed_at_the_key_it_is_about():
    """Or at the entry of it; else where the layer begins."""
    text = "- name: d\n  type: HDF5Data\n  batch_size: 1\n  source: [a.h5,\n    b.h5]\n"
    (node,) = parse_net(parse_yaml(text, "net.yaml"), "net").nodes
    for key, place in (((), "1:3"), (("source",), "4:11"), (("source", 1), "5:5"), (("x",), "1:3")):
        with pytest.raises(DataError, match=r"^net\.yaml:" + place), node.located(), about(*key):
            raise DataError("gone")
    with (
        pytest.raises(DataError, match=r"^layer 'd'"),
        replace(node, origin=None, position=None).located(),
    ):
        raise DataError("gone")
