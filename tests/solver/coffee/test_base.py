"""CoffeeBreak and when it is due."""

import pytest
from support.fake_net import FakeNet
from support.lines import Lines

from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState


@pytest.mark.parametrize(
    ("n", "due"), [(1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (6, [0, 6]), (7, [0])]
)
def test_every_n_iterations(n, due):
    """At multiples of n, 0 among them."""
    assert [i for i in range(7) if Every(n, "iter").is_due(i, 9, 8)] == due


@pytest.mark.parametrize(
    ("n", "epochs", "due"),
    [
        (1, [0, 0, 0, 1, 1, 2, 2], [3, 5]),
        (2, [0, 0, 1, 2, 2, 3, 4], [3, 6]),
        (3, [0, 1, 2, 3, 3, 4, 5], [3]),
        (2, [0, 3, 3, 4, 9, 9, 10], [1, 3, 4, 6]),  # a step over several epochs at once
    ],
)
def test_every_n_epochs(n, epochs, due):
    """When a multiple of n is reached or passed, and not at the beginning."""
    every, last, found = Every(n, "epoch"), 0, []
    for iteration, epoch in enumerate(epochs):
        if every.is_due(iteration, epoch, last):
            found.append(iteration)
        last = epoch
    assert found == due


def test_all_methods_are_optional():
    """A break that does nothing is a break."""
    break_, lounge = CoffeeBreak(), CoffeeLounge(Lines())
    for method in (break_.open, break_.enjoy, break_.close):
        method(FakeNet(), SolverState(), lounge)
    assert break_.state_dict() == {}
    assert break_.needs_schedule
