"""Cutting: what is said of nets that cannot be cut into shards, and the net of one shard."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support.nets import net_spec

from graphnet.backend import open_backend
from graphnet.errors import SpecError
from graphnet.net.compiled import compile_net
from graphnet.parallel.cutting import batch_size_of, check_can_be_cut, spec_of_shard

NET = """
    - {name: in, type: MemoryData, batch_size: 8, shapes: {x: [5], label: []}, tops: [x, label]}
    - {name: p, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [p]}
    - {name: loss, type: SoftmaxLoss, bottoms: [p, label]}
"""


def compiled(text):
    backend = open_backend("numpy", threads=1)
    return compile_net(net_spec(text), "train", backend, np.dtype("float32"))


def test_a_net_that_can_be_cut():
    """Its shards deliver fewer rows and are otherwise the same."""
    whole = compiled(NET)
    check_can_be_cut(whole)
    assert batch_size_of(whole) == 8
    data, *others = spec_of_shard(whole, 2).nodes
    assert data.spec.batch_size == 2
    assert [node.spec for node in others] == [node.spec for node in whole.spec.nodes[1:]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            NET.replace("SoftmaxLoss,", "SoftmaxLoss, divisor: none,"),
            "net.yaml:4:3: layer 'loss' (SoftmaxLoss): a loss with divisor: none is a sum",
        ),
        (
            NET + "    - {name: out, type: MemoryOutput, bottoms: [p]}",
            "net.yaml:5:3: layer 'out' (MemoryOutput): an output would get the shards of this rank",
        ),
    ],
)
def test_what_would_mean_something_else_in_shards(changed, message):
    """A sum over the batch, and an output, are refused at their layer."""
    with pytest.raises(SpecError, match=f"^{re.escape(message)}"):
        check_can_be_cut(compiled(changed))


def test_data_layers_of_different_batches():
    """Both are named."""
    other = "    - {name: more, type: MemoryData, batch_size: 4, shapes: {y: [5]}, tops: [y]}\n"
    with pytest.raises(SpecError, match="batches of one size, found 'in' 8, 'more' 4"):
        batch_size_of(compiled(NET + other))
