"""Where a run stands."""

from math import isnan

from support.fake_net import FakeNet

from graphnet.solver.state import SolverState


def test_loss_is_fetched_when_asked_for_and_once():
    """Between breaks nobody reads the loss back from the device."""
    net, state, calls = FakeNet(), SolverState(), []
    net.forward()
    net.loss = lambda: calls.append(1) or 2.5
    state.advance(net)
    assert calls == []
    assert (state.obj_val, state.obj_val) == (2.5, 2.5)
    assert calls == [1]


def test_before_the_first_update_there_is_no_loss():
    """NaN, not a number that looks like one."""
    assert isnan(SolverState().obj_val)
    assert SolverState().losses == {}


def test_mean_loss_of_several_batches():
    """With iter_size the loop has added the losses up."""
    net, state = FakeNet(), SolverState()
    net.forward()
    state.advance(net, 7.0)
    assert state.obj_val == 7.0
    assert state.losses == {"loss": net.loss()}


def test_comes_back_from_its_dict():
    """What a snapshot holds is all there is."""
    net, state, again = FakeNet(), SolverState(), SolverState()
    net.forward()
    state._lr, state._momentum, state.lr_scale = 0.1, 0.9, 0.25
    state.advance(net)
    again.load_state_dict(state.state_dict())
    assert again.state_dict() == state.state_dict()


def test_first_reason_to_stop_stands():
    """A later one does not replace it."""
    state = SolverState()
    state.stop("enough")
    state.stop("too much")
    assert state.stop_reason == "enough"


def test_it_says_where_the_run_stands():
    """And why it stops, if it does."""
    state = SolverState()
    assert repr(state) == "<SolverState: iteration 0, epoch 0, loss nan, lr 0>"
    state.begin_update(0.5, None)
    state.stop("enough")
    assert repr(state).endswith("lr 0.5, stops: enough>")


def test_a_state_of_no_run_has_no_history():
    """Nothing was recorded."""
    assert len(SolverState().history) == 0
