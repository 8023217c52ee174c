"""ValidationPerformance."""

import re

import pytest
from support.fake_net import FakeNet, table

from graphnet.errors import TopologyError
from graphnet.solver.coffee.validation_performance import ValidationPerformance


def enjoyed(break_, net=None, times=1):
    net, state, lounge, lines = table(net)
    break_.open(net, state, lounge)
    for _ in range(times):
        lounge.start_iteration(state.iter)
        break_.enjoy(net, state, lounge)
        state._iter += 1000
    return net, state, lounge, lines


def test_records_each_number_under_its_key():
    """Those of the test phase of the net being trained."""
    net, _, lounge, _ = enjoyed(ValidationPerformance())
    _, expected = net.sibling("test").evaluate()
    assert {key: lounge.get_statistics(key)[0] for key in expected} == expected


def test_a_run_that_ends_elsewhere_is_measured_at_its_end():
    """Once: not where the break was due just then, nor where a snapshot says it was."""
    break_ = ValidationPerformance()
    net, state, lounge, lines = enjoyed(break_)  # at 0; the state then stands at 1000
    lounge.start_iteration(state.iter)
    break_.finish(net, state, lounge)
    assert list(lounge.get_statistics("accuracy")) == [0, 1000]
    break_.finish(net, state, lounge)
    again = ValidationPerformance()
    again.load_state_dict(break_.state_dict())
    again.open(net, state, lounge)
    again.finish(net, state, lounge)
    assert len(lines.lines) == 2


def test_two_that_are_due_together_measure_once():
    """As where one is in the solver's file and another is added; of two nets, each."""
    breaks = [ValidationPerformance(), ValidationPerformance(), ValidationPerformance(FakeNet())]
    net, state, lounge, lines = table()
    for break_ in breaks:
        break_.open(net, state, lounge)
    lounge.start_iteration(0)
    for break_ in breaks:
        break_.enjoy(net, state, lounge)
        break_.finish(net, state, lounge)
    assert len(lines.lines) == 2


def test_report():
    """How many samples, each number, and how it has changed."""
    *_, lines = enjoyed(ValidationPerformance(), times=2)
    first, second = lines.lines
    assert re.fullmatch(
        r"validation after iteration 0: 7 samples in \d+\.\d s\n"
        r"  accuracy   0\.\d{4}\n  test-loss  \d\.\d{4}",
        first,
    )
    assert re.fullmatch(
        r"validation after iteration 1,000: 7 samples in \d+\.\d s\n"
        r"  accuracy   0\.\d{4}    \+0\.0000\n  test-loss  \d\.\d{4}    \+0\.0000",
        second,
    )


def test_a_net_of_ones_own():
    """It is evaluated, told the iteration, and not closed: it belongs to somebody else."""
    own = FakeNet("test", n_samples=5)
    break_ = ValidationPerformance(own)
    net, state, lounge, lines = enjoyed(break_, times=2)
    assert "5 samples" in lines.lines[0]
    assert own.context.iteration == 1000
    break_.close(net, state, lounge)
    assert not own.is_closed


def test_the_net_it_compiled_is_closed():
    """Files and threads are released."""
    net, siblings = FakeNet(), []
    sibling = net.sibling
    net.sibling = lambda phase: siblings.append(sibling(phase)) or siblings[-1]
    break_ = ValidationPerformance()
    break_.close(*enjoyed(break_, net)[:3])
    assert [s.is_closed for s in siblings] == [True]


def test_nothing_to_validate():
    """A test phase that measures nothing is an error at the start, not at iteration 1000."""
    net = FakeNet()
    net.has_test = False
    with pytest.raises(TopologyError, match=r"no loss and no statistic in its test phase.*\n  add"):
        enjoyed(ValidationPerformance(), net)


def test_the_net_being_trained():
    """It would lose its place in the data."""
    net = FakeNet()
    with pytest.raises(TopologyError, match="the net being trained cannot validate itself"):
        enjoyed(ValidationPerformance(net), net)
