"""Cutting: what is said of nets that cannot be cut into shards, and the net of one shard."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import numpy as np
import pytest
from support.nets import net_spec

from graphnet.backend import open_backend
from graphnet.errors import SpecError
from graphnet.layers.base import Arity, Kind, LayerSpec, LossLayer, exactly
from graphnet.layers.outputs.silence import Silence
from graphnet.net.compiled import compile_net
from graphnet.net.load_net import load_net
from graphnet.net.spec import read_net
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.cutting import batch_size_of, check_can_be_cut, spec_of_shard
from graphnet.parallel.load_sharded_net import cut

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
            "net.yaml:4:3: layer 'loss' (SoftmaxLoss): its loss is a sum over the samples",
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


class Total(LayerSpec):
    """The sum of the first numbers of the samples: a loss of one's own."""

    kind: ClassVar[Kind] = Kind.LOSS
    n_tops: ClassVar[Arity] = exactly(0)
    type: Literal["Total"] = "Total"

    def top_shapes(self, bottoms):
        """No tops."""
        return []

    def differentiable(self, n_bottoms):
        """The bottom."""
        return (0,)

    def build(self, binding):
        """What runs it."""
        return TotalLayer(self, binding)


class SaysItIsASum(Total):
    """Likewise, and says so."""

    @property
    def loss_reduction(self):
        """A sum."""
        return "sum"


class SaysItIsAMean(Total):
    """A mean, by its own account."""

    @property
    def loss_reduction(self):
        """A mean."""
        return "mean"


class TotalLayer(LossLayer):
    """Runs any of them."""

    def forward(self):
        """Add up."""
        x = self.bottoms[0].data[: self.context.n_valid, 0]
        self.loss = float(x.mean() if self.spec.loss_reduction == "mean" else x.sum())
        self.add(self.context.n_valid, self.loss)

    def backward(self):
        """Assign the slopes."""
        n = self.context.n_valid
        self.bottoms[0].diff[...] = 0
        self.bottoms[0].diff[:n, 0] = 1 / n if self.spec.loss_reduction == "mean" else 1


def with_loss(loss):
    """The net with another loss."""
    data, product, _ = net_spec(NET).nodes
    label = Silence(name="rest", bottoms=("label",))
    return read_net([data.spec, product.spec, label, loss(name="loss", bottoms=("p",))])


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Total, "(Total): its class does not say whether its loss is a mean over the samples"),
        (SaysItIsASum, "(SaysItIsASum): its loss is a sum over the samples"),
    ],
)
def test_a_loss_of_ones_own_that_is_no_mean(loss, message):
    """It is refused: the mean of its shards' losses would be another number."""
    inputs = {"x": np.ones((8, 5)), "label": np.zeros(8)}
    with pytest.raises(SpecError, match=re.escape(message)):
        cut(load_net(with_loss(loss), inputs=inputs), 4, LocalCommunicator())


def test_a_loss_of_ones_own_that_is_a_mean():
    """In shards it has the gradient of the whole batch."""
    x = np.random.default_rng(1).normal(size=(8, 5))
    inputs = {"x": x, "label": np.zeros(8)}
    whole = load_net(with_loss(SaysItIsAMean), dtype="float64", inputs=inputs)
    shards = cut(
        load_net(with_loss(SaysItIsAMean), dtype="float64", inputs=inputs), 4, LocalCommunicator()
    )
    for net in (whole, shards):
        net.forward_backward()
    np.testing.assert_allclose(shards.store.diff, whole.store.diff, rtol=1e-12)
    assert np.abs(whole.store.diff).max() > 0


def test_data_layers_of_different_batches():
    """Both are named."""
    other = "    - {name: more, type: MemoryData, batch_size: 4, shapes: {y: [5]}, tops: [y]}\n"
    with pytest.raises(SpecError, match="batches of one size, found 'in' 8, 'more' 4"):
        batch_size_of(compiled(NET + other))
