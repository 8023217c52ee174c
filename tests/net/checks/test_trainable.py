"""Whether a net can be trained, and what one that shares its params carries from batch to batch."""

from __future__ import annotations

import numpy as np
import pytest
from support.nets import net_of, net_spec

import graphnet as gn
from graphnet.errors import SpecError, TopologyError
from graphnet.solver.reporter import SilentReporter

STATEFUL = """
    - {name: data, type: MemoryData, batch_size: 4, shapes: {x: [3, 2], label: []},
       tops: [x, label]}
    - {name: rnn, type: RNN, output_dim: 3, stateful: true, bottoms: [x], tops: [h]}
    - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [h], tops: [y]}
    - {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
"""
ROWS = np.random.default_rng(3).standard_normal((24, 3, 2))
ARRAYS = {"x": ROWS, "label": np.arange(24) % 3}


def stateful(text=STATEFUL, **keywords):
    """A training net that hands state from batch to batch."""
    return net_of(text, inputs=ARRAYS, **keywords)


def losses(net, n):
    """Of the next batches."""
    found = []
    for _ in range(n):
        net.forward()
        found.append(net.loss())
    return found


def test_there_must_be_a_loss_and_a_param():
    """Each is missed by name."""
    text = STATEFUL.partition("    - {name: loss")[0]
    with pytest.raises(TopologyError, match="net 'net' has no loss in phase train"):
        stateful(text).check_trainable()
    frozen = STATEFUL.replace("output_dim", "frozen: true, output_dim")
    with pytest.raises(TopologyError, match="net 'net' has no params that learn"):
        stateful(frozen).check_trainable()
    stateful().check_trainable()


def test_nets_that_share_params_carry_each_its_own():
    """Passes of one, and evaluations in between, are nothing to the other."""
    alone = losses(stateful(), 4)
    one = stateful()
    other = gn.load_net(net_spec(STATEFUL.replace("batch_size: 4", "batch_size: 6")),
                        share=one, inputs=ARRAYS)  # fmt: skip
    test = gn.load_net(net_spec(STATEFUL), "test", share=one, inputs={
        name: array.copy() for name, array in ARRAYS.items()})  # fmt: skip
    mixed, others = [], []
    for _ in range(4):
        mixed += losses(one, 1)
        for net in (one, other, test):
            net.evaluate()
        others += losses(other, 1)
    assert mixed == alone
    assert others == losses(stateful(STATEFUL.replace("batch_size: 4", "batch_size: 6")), 4)


def test_state_that_no_snapshot_would_hold():
    """A net that is trained must be the one that the params were made for, if it carries state."""
    first = stateful(phase="test")
    net = gn.load_net(net_spec(STATEFUL), share=first, inputs={
        name: array.copy() for name, array in ARRAYS.items()})  # fmt: skip
    solver = gn.load_solver({"max_iter": 1})
    with pytest.raises(SpecError, match=r"net.yaml:4:\d+: layer 'rnn' \(RNN\): a snapshot would"):
        gn.solve(solver, net, reporter=SilentReporter())
    plain = STATEFUL.replace("stateful: true, ", "")
    sharing = gn.load_net(net_spec(plain), share=stateful(plain, phase="test"), inputs={
        name: array.copy() for name, array in ARRAYS.items()})  # fmt: skip
    assert gn.solve(solver, sharing, reporter=SilentReporter()).iter == 1


def test_gradients_are_checked_whoever_owns_the_params():
    """The net's own state is where the check starts."""
    net = gn.load_net(net_spec(STATEFUL.replace("batch_size: 4", "batch_size: 6")),
                      share=stateful(), inputs=ARRAYS)  # fmt: skip
    net.forward()
    assert gn.check_gradients(net).ok
