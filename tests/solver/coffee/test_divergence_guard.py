"""DivergenceGuard."""

from pathlib import Path

import numpy as np
import pytest
from support import fake_net

from graphnet.errors import DivergedError
from graphnet.solver.coffee.divergence_guard import DivergenceGuard
from graphnet.solver.state import SolverState


@pytest.fixture
def table():
    """A net that has done one forward, at iteration 1."""
    net, state, lounge, _ = fake_net.table()
    net.forward()
    state.advance(net)
    return net, state, lounge


def test_finite_numbers_pass(table):
    """Nothing is said, nothing is changed."""
    before = table[0].store.data.copy()
    DivergenceGuard().enjoy(*table)
    np.testing.assert_array_equal(table[0].store.data, before)


def test_before_the_first_update_there_is_no_loss(table):
    """Its being NaN then means nothing."""
    DivergenceGuard().enjoy(table[0], SolverState(), table[2])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number(table, bad):
    """With the iteration, the loss, and where to look."""
    net, state, _ = table
    net.loss = lambda: bad
    state.advance(net)
    state.update_run(last_snapshot=Path("run/s.h5"))
    with pytest.raises(DivergedError) as error:  # noqa: PT011  # the whole text is compared
        DivergenceGuard().enjoy(*table)
    assert str(error.value) == (
        f"the run diverged: at iteration 2 the loss is {bad}\n"
        "  last good snapshot: run/s.h5\n"
        "  try a lower base_lr, or clip_gradients; see that the data has no NaN"
    )


def test_it_says_when_all_was_still_well(table):
    """The first NaN came between that iteration and this one: more it cannot know."""
    net, state, _ = table
    guard = DivergenceGuard()
    guard.enjoy(*table)
    assert state.finite_at == 1
    for _ in range(9):
        state.advance(net)
    net.store.params["ip"]["bias"].data[0] = np.nan
    with pytest.raises(
        DivergedError,
        match=r"at iteration 10 a param is not finite\n"
        r"  all was finite at iteration 1, the last looked at\n  first layer",
    ):
        guard.enjoy(*table)
    assert state.finite_at == 1


@pytest.mark.parametrize("layer", ["ip", "stem", "out"])
def test_a_param_that_is_no_number(table, layer):
    """Named by its layer, even while the loss is still good; frozen ones as well."""
    param = next(iter(table[0].store.params[layer].values()))
    param.data.reshape(-1)[-1] = np.inf
    with pytest.raises(
        DivergedError,
        match=rf"iteration 1 a param is not finite\n  first layer with .* not finite: '{layer}'\n",
    ):
        DivergenceGuard().enjoy(*table)
