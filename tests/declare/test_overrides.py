"""``--set``: parsing, finding the place, and positions afterwards."""

from __future__ import annotations

import pytest

from graphnet.declare.overrides import override, parse_override
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError

SOLVER = """\
max_iter: 100
lr_policy: {type: Fixed, base_lr: 0.01}
coffee_breaks:
  - {type: TrainingSummary, every_n_iter: 10}
  - {type: my_hooks.Espresso, every_n_iter: 20}
"""
LAYERS = """\
- {name: conv1, type: Convolution, n_filter: 20, kernel: [5, 5]}
- {name: a.b, type: ReLU}
- {name: a, type: ReLU, b: {c: 1}}
"""


def changed(text, *options):
    """The document after some overrides."""
    return override(parse_yaml(text, "f.yaml"), map(parse_override, options))


@pytest.mark.parametrize(
    ("option", "path", "value"),
    [
        ("max_iter=200", ("max_iter",), 200),
        ("lr=1e-3", ("lr",), 0.001),
        ("a.b.c=text", ("a", "b", "c"), "text"),
        ("a={type: X, n: [1, 2]}", ("a",), {"type": "X", "n": [1, 2]}),
        ("a==b", ("a",), "=b"),
        ("a=", ("a",), None),
        ("a=~", ("a",), None),
        (" a.b =1", ("a", "b"), 1),
    ],
)
def test_an_override_is_a_path_and_a_yaml_value(option, path, value):
    """What stands before the first ``=`` is the path, the rest is YAML."""
    one = parse_override(option)
    assert (one.path, one.value) == (path, value)
    assert str(one.position) == f"--set {option}"


@pytest.mark.parametrize("option", ["max_iter", "=3", "a..b=3", ".a=3", ""])
def test_other_forms_are_refused(option):
    """No ``=``, or a path with nothing in it."""
    with pytest.raises(ValueError, match=r"^expected KEY\.PATH=VALUE, found '"):
        parse_override(option)


def test_a_value_that_is_no_yaml_is_refused():
    """The value is parsed at once, so that the option is named."""
    with pytest.raises(ValueError, match=r"^'a=\[1': not valid YAML"):
        parse_override("a=[1")


@pytest.mark.parametrize(
    ("option", "for_net"),
    [("layers.0.name=x", True), ("name=x", True), ("solver=x", True), ("max_iter=1", False)],
)
def test_the_first_key_says_whether_net_or_solver_is_meant(option, for_net):
    """A net has three keys; all others are the solver's."""
    assert parse_override(option).for_net is for_net


@pytest.mark.parametrize(
    ("option", "path", "value"),
    [
        ("max_iter=200", ("max_iter",), 200),
        ("regu_coef=0", ("regu_coef",), 0),
        ("lr_policy.base_lr=1", ("lr_policy", "base_lr"), 1),
        ("lr_policy={type: Inv}", ("lr_policy",), {"type": "Inv"}),
        ("mom_policy.type=Fixed", ("mom_policy", "type"), "Fixed"),
        (
            "coffee_breaks.TrainingSummary.every_n_iter=5",
            ("coffee_breaks", 0, "every_n_iter"),
            5,
        ),
        ("coffee_breaks.1.every_n_iter=5", ("coffee_breaks", 1, "every_n_iter"), 5),
        (
            "coffee_breaks.my_hooks.Espresso.every_n_iter=5",
            ("coffee_breaks", 1, "every_n_iter"),
            5,
        ),
        ("coffee_breaks=[]", ("coffee_breaks",), []),
    ],
)
def test_a_value_is_put_where_the_path_leads(option, path, value):
    """Through keys, and through lists by type or index; a key may be new."""
    document = changed(SOLVER, option)
    inner = document.value
    for step in path:
        inner = inner[step]
    assert inner == value
    assert str(document.at(path)) == f"--set {option}"
    assert str(document.key_at(path)) == f"--set {option}"


def test_the_rest_stays_where_it_was():
    """Other values keep their positions, and the document given is not changed."""
    before = parse_yaml(SOLVER, "f.yaml")
    after = override(before, [parse_override("lr_policy.base_lr=1")])
    assert before.value["lr_policy"]["base_lr"] == 0.01
    assert after.at(("max_iter",)) == before.at(("max_iter",))
    assert after.at(("lr_policy", "type")) == before.at(("lr_policy", "type"))


def test_positions_inside_a_replaced_value_are_forgotten():
    """What stands in the new value is at the option, not where the old one stood."""
    document = changed(SOLVER, "lr_policy={type: Fixed, base_lr: 3}")
    assert str(document.at(("lr_policy", "base_lr"))).startswith("--set lr_policy=")


@pytest.mark.parametrize(
    ("option", "index", "key"),
    [
        ("layers.conv1.n_filter=8", 0, "n_filter"),
        ("layers.Convolution.n_filter=8", 0, "n_filter"),
        ("layers.0.n_filter=8", 0, "n_filter"),
        ("layers.a.b.n_filter=8", 1, "n_filter"),
        ("layers.a.n_filter=8", 2, "n_filter"),
    ],
)
@pytest.mark.parametrize("is_bare", [True, False])
def test_layers_go_by_name_type_or_index(option, index, key, is_bare):
    """In a bare list as in a mapping with ``layers``; a name may itself hold dots."""
    text = LAYERS if is_bare else "layers:\n" + LAYERS
    assert changed(text, option).value["layers"][index][key] == 8


def test_a_list_inside_a_value_goes_by_index():
    """Such as the second side of a kernel."""
    assert changed(LAYERS, "layers.conv1.kernel.1=7").value["layers"][0]["kernel"] == [5, 7]


def test_later_overrides_see_earlier_ones():
    """They are applied one after the other."""
    document = changed(SOLVER, "lr_policy={type: Step}", "lr_policy.gamma=0.5")
    assert document.value["lr_policy"] == {"type": "Step", "gamma": 0.5}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("layers.conv.n_filter=8", r"'layers' has no item 'conv'\n  did you mean 'conv1'\?$"),
        ("layers.zzz.x=8", r"'layers' has no item 'zzz'\n  there is: conv1, Convolution, a\.b, "),
        ("layers.7.x=8", r"'layers' has 3 items, so its last index is 2$"),
        (
            "layers.ReLU.x=8",
            r"'layers' has 2 items of the type 'ReLU'\n  use an index: layers\.1 or layers\.2$",
        ),
        (
            "layers.conv1.n_filter.x=8",
            (
                r"'layers\.conv1\.n_filter' is 20, which has no keys\n  give the whole value: "
                r"--set 'layers\.conv1\.n_filter=\{…\}'$"
            ),
        ),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(option, message):
    """With what there is, or what was probably meant."""
    with pytest.raises(SpecError, match=r"^--set .*: " + message):
        changed(LAYERS, option)


def test_what_is_no_net_at_all_is_left_to_the_reader():
    """An override does not hide a worse mistake."""
    assert changed("LeNet", "name=x").value == "LeNet"
