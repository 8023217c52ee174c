"""What the solver knows of a net."""

import inspect

import pytest
from support.fake_net import FakeNet

from graphnet.net.net import Net
from graphnet.solver.trainable_net import EvaluatedNet, TrainableNet

METHODS = [
    name
    for name in {**vars(EvaluatedNet), **vars(TrainableNet)}
    if not name.startswith("_") and name != "close"
]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("net", [Net, FakeNet])
def test_nets_have_it(net, name):
    """The real net, and the one these tests use instead, follow the protocol."""
    declared = inspect.getattr_static(TrainableNet, name)
    found = inspect.getattr_static(net, name, None)
    if isinstance(declared, property):
        assert isinstance(found, property) or name in vars(FakeNet())
    else:
        wanted, given = (list(inspect.signature(f).parameters) for f in (declared, found))
        assert given[: len(wanted)] == wanted
