"""How fast a run goes, and what is said of it."""

from __future__ import annotations

from graphnet.solver.pace import Speed, progress_texts
from graphnet.solver.reporter import RunProgress
from graphnet.solver.state import SolverState


def state_at(iteration):
    """A solver's state."""
    state = SolverState()
    state._iter, state._lr, state._obj_val = iteration, 0.01, 0.12345
    return state


def test_what_a_progress_line_says():
    """Iteration, loss, rate, samples a second, time left."""
    found = progress_texts(RunProgress(state_at(1200), 0, 10000, 64), speed=50.0)
    assert found == {
        "iter": "iter 1,200/10,000",
        "loss": "loss 0.1235",
        "lr": "lr 0.01",
        "speed": "3,200 samples/s",
        "left": "2 min 56 s left",
    }


def test_what_cannot_be_known_is_left_out():
    """A run without a last iteration has no time left."""
    found = progress_texts(RunProgress(state_at(5), 0, None, 64), speed=50.0)
    assert (found["iter"], found["left"]) == ("iter 5", "")


def test_speed_is_that_of_the_last_seconds():
    """A slow start is forgotten."""
    speed = Speed()
    assert speed.at(0.0, 0) == 0.0
    assert speed.at(10.0, 10) == 1.0
    assert speed.at(20.0, 110) == 10.0
    assert speed.at(30.0, 210) == 10.0
