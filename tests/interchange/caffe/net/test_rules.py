"""Which layers run: phases, levels and stages."""

import pytest

from graphnet.errors import SpecError
from graphnet.interchange.caffe.files.text_format import parse_text
from graphnet.interchange.caffe.net.rules import State, runs


def layer(rules):
    return parse_text(f'layer {{ name: "a" {rules} }}', "n", "NetParameter")["layer"][0]


@pytest.mark.parametrize(
    ("rules", "state", "wanted"),
    [
        ("", State("TRAIN"), True),
        ("include { phase: TEST }", State("TRAIN"), False),
        ("include { phase: TEST } include { min_level: 2 }", State("TRAIN", 2), True),
        ("exclude { phase: TEST }", State("TEST"), False),
        ("include { max_level: 1 }", State("TEST", 2), False),
        ('include { stage: "a" stage: "b" }', State("TEST", 0, ("a",)), False),
        ('include { stage: "a" not_stage: "b" }', State("TEST", 0, ("a",)), True),
    ],
)
def test_rules(rules, state, wanted):
    """Any include rule lets it run, any exclude rule keeps it out."""
    assert runs(layer(rules), state) is wanted


def test_rules_of_both_kinds():
    """Caffe refuses them."""
    with pytest.raises(SpecError, match="both 'include' and 'exclude'"):
        runs(layer("include { } exclude { }"), State("TEST"))


def test_merged():
    """A net or solver adds to the state."""
    state = parse_text('state { level: 3 stage: "b" }', "n", "NetParameter")["state"]
    assert State("TEST", 0, ("a",)).merged(state) == State("TEST", 3, ("a", "b"))
