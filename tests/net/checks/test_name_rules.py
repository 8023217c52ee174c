"""The rules of names: what is wrong is told with its place and the cure."""

from __future__ import annotations

import re

import pytest
from support.nets import net_spec

from graphnet.errors import TopologyError
from graphnet.net.checks.name_rules import check_names

INPUT = "- {name: in, type: Input, batch_size: 4, shapes: {x: [5], z: [5]}, tops: [x, z]}\n"


def nodes_of(text: str):
    return net_spec(text).nodes


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            "- {name: a, type: ReLU, bottoms: [y], tops: [b]}",
            "net.yaml:2:35: layer 'a' (ReLU): no layer makes its bottom 'y'\n  there is: x, z, b",
        ),
        (
            (
                "- {name: conv, type: ReLU, bottoms: [x], tops: [conv1]}\n"
                "- {name: b, type: ReLU, bottoms: [cnv1], tops: [c]}"
            ),
            (
                "net.yaml:3:35: layer 'b' (ReLU): no layer makes its bottom 'cnv1'\n"
                "  did you mean 'conv1'?"
            ),
        ),
        (
            "- {name: a, type: ReLU, bottoms: [x], tops: [z]}",
            (
                "net.yaml:2:46: layer 'a' (ReLU): the top 'z' is already a top of layer 'in'\n"
                "  first in line 1"
            ),
        ),
        (
            "- {name: in, type: ReLU, bottoms: [x], tops: [a]}",
            (
                "net.yaml:2:3: layer 'in' (ReLU): the layer name 'in' is used twice in this phase\n"
                "  first in line 1"
            ),
        ),
        (
            "- {name: a, type: InnerProduct, output_dim: 2, bottoms: [x], tops: [x]}",
            (
                "net.yaml:2:58: layer 'a' (InnerProduct): "
                "cannot write its top over its bottom 'x'\n  give the top a name of its own"
            ),
        ),
    ],
)
def test_check_names_reports_each_rule_with_its_place(layers, message):
    """Duplicate names and tops, missing bottoms and forbidden names say where and what to do."""
    with pytest.raises(TopologyError, match=re.escape(message)) as caught:
        check_names(nodes_of(INPUT + layers))
    assert str(caught.value) == message


def test_check_names_reports_all_problems_at_once():
    """Two misspelt bottoms are two problems of one error, in the order of the file."""
    nodes = nodes_of(
        INPUT
        + "- {name: a, type: ReLU, bottoms: [p], tops: [a]}\n"
        + "- {name: b, type: ReLU, bottoms: [q], tops: [b]}\n"
    )
    with pytest.raises(TopologyError, match="bottom 'p'") as caught:
        check_names(nodes)
    assert [p.position.line for p in caught.value.problems] == [2, 3]
