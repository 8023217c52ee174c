"""StepMark: what a pass changes is taken back; see also tests/solver/test_error_in_step.py."""

import numpy as np
from support.nets import net_of

from graphnet.net.step_mark import is_worth_a_mark

TEXT = """
- {name: d, type: MemoryData, batch_size: 4, tops: [x, label],
   data: {x: [[1, 2], [3, 5], [4, 4], [0, 1], [9, 2]], label: [0, 1, 0, 1, 1]}}
- {name: bn, type: BatchNorm, bottoms: [x], tops: [bn]}
- {name: ip, type: InnerProduct, output_dim: N_OUT, bottoms: [bn], tops: [ip]}
- {name: loss, type: SoftmaxLoss, bottoms: [ip, label]}
"""


def test_a_step_is_taken_back():
    """The place in the data, running statistics, sums and losses."""
    net = net_of(TEXT.replace("N_OUT", "150000"))
    mark = net.step_mark()
    net.forward_backward()
    mark.set()
    before, loss = net.state_dict(), net.loss()
    state = {n: a.copy() for named in net.store.state.values() for n, a in named.items()}
    net.forward_backward()
    assert net.state_dict()["cursors"] != before["cursors"]
    mark.restore()
    after = net.state_dict()
    assert (after["cursors"], net.loss()) == (before["cursors"], loss)
    for name, sums in before["statistics"].items():
        np.testing.assert_array_equal(after["statistics"][name], sums)
    for named in net.store.state.values():
        for name, array in named.items():
            np.testing.assert_array_equal(array, state[name])


def test_small_nets_are_spared():
    """A step that takes less than the mark would make noticeable."""
    assert net_of(TEXT.replace("N_OUT", "2")).step_mark() is None
    net = net_of(TEXT.replace("N_OUT", "2"))
    assert not is_worth_a_mark(net.compiled.layers)
