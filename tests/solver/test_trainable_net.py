"""What the solver knows of a net."""

import inspect

import pytest
from support.fake_net import FakeNet

from graphnet.net.net import Net
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.parallel.shared_evaluation import SharedEvaluation
from graphnet.solver.trainable_net import EvaluatedNet, SharedNet, TrainableNet

CASES = [
    (net, protocol, name)
    for protocol, nets in {
        EvaluatedNet: (Net, SharedEvaluation, FakeNet),
        TrainableNet: (Net, ShardedNet, FakeNet),
        SharedNet: (ShardedNet,),
    }.items()
    for name in vars(protocol)
    if not name.startswith("_")
    for net in nets
]


@pytest.mark.parametrize(("net", "protocol", "name"), CASES)
def test_nets_have_it(net, protocol, name):
    """The nets there are, and the one these tests use instead, follow the protocols."""
    declared = inspect.getattr_static(protocol, name)
    missing = object()
    found = inspect.getattr_static(net, name, missing)
    if isinstance(declared, property):
        assert found is not missing
        assert not callable(found)
    else:
        wanted, given = (list(inspect.signature(f).parameters) for f in (declared, found))
        assert given[: len(wanted)] == wanted


def test_shards():
    """A plain net is not cut; a net in shards says itself here."""
    assert Net.in_shards is None
    assert ShardedNet.in_shards.fget(found := object()) is found
