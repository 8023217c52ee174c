"""The numbers of bottoms and tops."""

from __future__ import annotations

import re

import pytest
from support.nets import net_spec

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError
from graphnet.layers import LAYER_TYPES
from graphnet.net.spec import read_net


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("type: InnerProduct, output_dim: 2, tops: [y]", "needs at least one bottom, found none"),
        ("type: InnerProduct, output_dim: 2, bottoms: [x]", "needs 1 top, found none"),
        (
            "type: InnerProduct, output_dim: 2, bottoms: [x, y], tops: [a]",
            "needs one top for each of its bottoms, found 1: a",
        ),
        ("type: ReLU, bottoms: [x, y], tops: [a, b, c]", "needs one top for each of its bottoms"),
        ("type: Split, bottoms: [x, y], tops: [a]", "needs 1 bottom, found 2: x, y"),
        (
            "type: Input, batch_size: 1, shapes: {x: [1]}, bottoms: [x], tops: [x]",
            "needs no bottoms, found 1: x",
        ),
        ("type: Input, batch_size: 1, shapes: {}", "needs 1 or more tops, found none"),
    ],
)
def test_arity(layer, message):
    """The numbers of bottoms and tops, from YAML and from Python alike."""
    with pytest.raises(SpecError, match=r"^net\.yaml:") as caught:
        net_spec(f"- {{name: a, {layer}}}")
    assert message in str(caught.value)
    values = parse_yaml(f"{{name: a, {layer}}}", "-").value
    spec = LAYER_TYPES[values["type"]].model_validate(values)
    with pytest.raises(
        SpecError, match=f"^layer 'a' \\({values['type']}\\): .*{re.escape(message)}"
    ):
        read_net([spec])
