"""The parts of a run, put together."""

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.errors import SpecError, TopologyError
from graphnet.net.load_net import load_net
from graphnet.solver.coffee.base import Every
from graphnet.solver.coffee.schedule import Entry
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.run import Run
from graphnet.solver.spec import SolverSpec


def make_run(net=None, breaks=(), **keys):
    entries = [Entry(type(b).__name__, b, (Every(1, "iter"),)) for b in breaks]
    reporter = Lines()
    return Run(SolverSpec(**keys), net or FakeNet(), entries, CoffeeLounge(), reporter)


@pytest.mark.parametrize(
    ("keys", "last"),
    [
        ({"max_iter": 7}, 7),
        ({"max_epoch": 2}, 5),  # 20 samples in batches of 4
        ({"max_epoch": 3}, 8),  # 30 samples: the eighth batch ends the third epoch
        ({"max_epoch": 3, "iter_size": 2}, 4),
        ({"max_epoch": 3, "max_iter": 6}, 6),
        ({"max_epoch": 3, "max_iter": 60}, 8),
    ],
)
def test_last_iteration(keys, last):
    """Where the run will end, and that it is finished there and not before."""
    run = make_run(**keys)
    assert run.last_iter == last
    for iteration in (last - 1, last):
        run.state._iter = iteration
        run.state._epoch = iteration * run.samples_per_iter // 10
        assert run.is_finished == (iteration == last)


def test_a_reason_to_stop_finishes():
    """As EarlyStopping gives one."""
    run = make_run(max_iter=7)
    run.state.stop("enough")
    assert run.is_finished


def test_net_must_be_trainable():
    """The net itself says what is wrong."""
    layers = "layers: [{name: x, type: MemoryData, batch_size: 2, shapes: {x: [2]}, tops: [x]}]"
    net = load_net(f"name: a\n{layers}", inputs={"x": np.ones((4, 2))})
    with pytest.raises(TopologyError, match="has no loss"):
        make_run(net, max_iter=1)


def test_endless_data_has_no_epochs():
    """max_epoch would never be reached."""
    net = FakeNet()
    net.n_samples = None
    with pytest.raises(SpecError, match=r"max_epoch: the data of net 'fake' never ends"):
        make_run(net, max_epoch=1)
    assert make_run(net, max_iter=3).last_iter == 3


def test_seed_must_be_the_nets():
    """A seed that is stated and not used would be a lie; one not stated is the net's."""
    with pytest.raises(SpecError, match=r"the solver says 3, but the net was made with 5\n  load"):
        make_run(FakeNet(seed=5), max_iter=1, seed=3)
    make_run(FakeNet(seed=5), max_iter=1)
    make_run(FakeNet(seed=3), max_iter=1, seed=3)


def test_the_snapshot_break():
    """It says what is kept."""
    snapshot = Snapshot(keep_last=4, keep_best="loss")
    assert make_run(breaks=[snapshot], max_iter=1).snapshot_break is snapshot
    assert make_run(max_iter=1).snapshot_break is None
