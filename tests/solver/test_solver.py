# ruff: noqa: D102  # breaks take what the contract hands them
"""Solver: making one, its breaks, its lounge."""

import numpy as np
import pytest
from support.fake_net import FakeNet
from support.lines import Lines
from support.nets import net_of

from graphnet.errors import Position, SpecError, TopologyError
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.coffee.divergence_guard import DivergenceGuard
from graphnet.solver.coffee.guarded import guarded
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.coffee.training_summary import TrainingSummary
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

TEST_NET = """
    - {name: in, type: MemoryData, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}
    - {name: p, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [p]}
    - {name: loss, type: SoftmaxLoss, bottoms: [p, label]}
"""


class Espresso(CoffeeBreak):
    """A user's own, with keywords."""

    made = []  # noqa: RUF012  # what the test looks at

    def __init__(self, sugar: int, milk: list[str] = ()) -> None:
        Espresso.made.append((sugar, milk))

    def enjoy(self, net, state, lounge):
        lounge.update_statistics("cups", state.iter)


def spec(*breaks, **keys):
    return SolverSpec(**{"max_iter": 4, "coffee_breaks": breaks} | keys)


def test_order_is_that_of_the_list():
    """The YAML's breaks first, then those added, in order."""
    log = []

    class Probe(CoffeeBreak):
        def __init__(self, name):
            self.name = name

        def enjoy(self, net, state, lounge):
            log.append(self.name)

    solver = Solver(spec({"type": "ValidationPerformance", "every_n_iter": 1}, max_iter=0))
    for name in "ab":
        solver.add_coffee_break(Probe(name), every_n_iter=1)
    solve(solver, FakeNet(), reporter=Lines())
    assert log == ["a", "b"]


def test_custom_breaks_by_type():
    """Their keywords come from the item, lists as lists; their class from the table."""
    Espresso.made.clear()
    item = {"type": "my_hooks.Espresso", "every_n_iter": 2, "sugar": 2, "milk": ["oat"]}
    solver = Solver(spec(item), {**COFFEE_BREAKS, "my_hooks.Espresso": Espresso})
    assert Espresso.made == [(2, ["oat"])]
    state = solve(solver, FakeNet(), reporter=Lines())
    assert state.iter == 4


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"sugar": 1, "suger": 2}, r"coffee_breaks\[0\] \(h.Espresso\): unknown key 'suger'"),
        ({"sugar": "two"}, r"key 'sugar': expected a whole number, found the text 'two'"),
        ({}, r"missing key 'sugar'"),
        ({"sugar": 1, "every_n_iter": 0}, r"it is never due\n  give every_n_iter or every_n_epoch"),
    ],
)
def test_mistakes_in_custom_breaks(item, message):
    """Checked as those of built-in breaks are."""
    item = {"type": "h.Espresso", "every_n_iter": 1, **item}
    with pytest.raises(SpecError, match=message):
        Solver(spec(item), {**COFFEE_BREAKS, "h.Espresso": Espresso})


def test_mistakes_are_located():
    """Whoever has read the YAML says where each item stands."""
    places = [Position("s.yaml", 7, 5), Position("s.yaml", 8, 5)]
    items = [{"type": "TrainingSummary", "every_n_iter": 1}, {"type": "TrainingSummary"}]
    with pytest.raises(
        SpecError, match=r"s.yaml:8:5: coffee_breaks\[1\] \(TrainingSummary\): it is never due"
    ):
        Solver(spec(*items), locate=lambda path: places[path[-1]])


def test_mistakes_a_constructor_finds():
    """A break that cannot tell which way its key gets better says so at once."""
    item = {"type": "EarlyStopping", "key": "score", "patience": 3}
    with pytest.raises(SpecError, match=r"coffee_breaks\[0\] \(EarlyStopping\): cannot tell"):
        Solver(spec(item))

    class Fussy(CoffeeBreak):
        def __init__(self):
            raise ValueError("no cups")

    with pytest.raises(SpecError, match="it cannot be made: no cups"):
        Solver(spec({"type": "h.Fussy", "every_n_iter": 1}), {**COFFEE_BREAKS, "h.Fussy": Fussy})


def test_class_that_was_not_imported():
    """A solver made in Python needs the class handed to it."""
    with pytest.raises(SpecError, match=r"the class 'h.Espresso' has not been imported\n  load"):
        Solver(spec({"type": "h.Espresso", "every_n_iter": 1}))


@pytest.mark.parametrize(
    ("break_", "keys", "message"),
    [
        (TrainingSummary(), {}, r"'TrainingSummary': it is never due\n  give every_n_iter"),
        (
            TrainingSummary(),
            {"every_n_iter": -1},
            "every_n_iter: expected a whole number of at least 0, found -1",
        ),
        (
            TrainingSummary,
            {"every_n_iter": 1},
            r"found the class TrainingSummary\n  make one: TrainingSummary",
        ),
    ],
)
def test_mistakes_in_adding(break_, keys, message):
    """From Python as from YAML."""
    with pytest.raises(SpecError, match=message):
        Solver(spec()).add_coffee_break(break_, **keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"file_exists": "append"},
            "file_exists: expected 'merge' or 'overwrite' or 'panic', found",
        ),
        ({"every_n_iter": 0}, "every_n_iter: expected a whole number of at least 1, found 0"),
    ],
)
def test_mistakes_in_the_lounge(keys, message):
    """Named with what may stand there."""
    with pytest.raises(SpecError, match=message):
        Solver(spec()).setup_coffee_lounge(**keys)


def test_names_in_snapshots_are_unique():
    """Two of a type are told apart by number, so each finds its own state again."""
    solver = Solver(spec())
    for n in (1, 2, 3):
        solver.add_coffee_break(TrainingSummary(), every_n_iter=n)
    assert [e.name for e in solver._entries] == [
        "TrainingSummary",
        "TrainingSummary#2",
        "TrainingSummary#3",
    ]


def test_every_run_is_guarded_once():
    """A guard of one's own replaces the one that comes by itself."""
    assert [e.name for e in guarded(Solver(spec())._entries)] == ["DivergenceGuard"]
    solver = Solver(spec({"type": "DivergenceGuard", "every_n_iter": 3}))
    (entry,) = guarded(solver._entries)
    assert isinstance(entry.coffee_break, DivergenceGuard)
    assert entry.whens[0].n == 3


def test_break_that_cannot_open_is_named():
    """What it needs is in the message, in the words of its own error."""
    solver = Solver(spec({"type": "ValidationPerformance", "every_n_iter": 1}))
    net = FakeNet()
    net.has_test = False
    with pytest.raises(TopologyError, match=r"coffee break 'ValidationPerformance': net 'fake'"):
        solve(solver, net, reporter=Lines())


def test_state_dict_of_the_wrong_kind(tmp_path):
    """A break that wants to keep an array is told before a snapshot is spoilt."""

    class Hoarder(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            """Only hoards."""

        def state_dict(self):
            return {"beans": object()}

    solver = Solver(spec(exp_dir=str(tmp_path)))
    solver.add_coffee_break(Hoarder(), every_n_iter=1)
    with pytest.raises(Exception, match=r"'Hoarder': its state_dict\(\) is not of the right kind"):
        solve(solver, FakeNet(), reporter=Lines())


def test_state_dict_must_work_at_once():
    """What a break is like before any run is what each new run begins with."""

    class Late(CoffeeBreak):
        def state_dict(self):
            return {"n": self.n}

    with pytest.raises(
        SpecError, match=r"'Late': its state_dict\(\) failed: AttributeError.*\n  it"
    ):
        Solver(spec()).add_coffee_break(Late(), every_n_iter=1)


@pytest.mark.parametrize("shards", [None, 2])
def test_a_net_of_phase_test_is_not_trained(shards, tmp_path):
    """It is refused before its params or any file are touched."""
    net = net_of(TEST_NET, phase="test")
    before = net.store.data.copy()
    solver = Solver(spec(max_iter=3, exp_dir=str(tmp_path / "run"), shards=shards))
    message = r"is of phase test, in which there are no gradients\n  load it with phase=\"train\""
    with pytest.raises(SpecError, match=message):
        solve(solver, net, reporter=Lines())
    np.testing.assert_array_equal(net.store.data, before)
    assert not (tmp_path / "run").exists()


class Idle(CoffeeBreak):
    """Whose author has misspelt the one method."""

    def enjoi(self, net, state, lounge):
        raise AssertionError


class OnlyOpens(CoffeeBreak):
    """Which has nothing to do while training pauses."""

    def open(self, net, state, lounge):
        self.is_open = True


def test_a_break_that_does_nothing_is_refused():
    """With the method that was meant, and where the class is."""
    solver = Solver(spec())
    with pytest.raises(
        SpecError, match=r"class Idle in .*test_solver.py has none of .*\n"
    ) as caught:
        solver.add_coffee_break(Idle(), every_n_iter=1)
    assert "did you mean 'enjoy'?" in str(caught.value)
    with pytest.raises(SpecError, match=r"class OnlyOpens in .* has no enjoy\(\)"):
        solver.add_coffee_break(OnlyOpens(), every_n_iter=1)
    solver.add_coffee_break(OnlyOpens())  # at the beginning of the run alone


def test_one_snapshot_break():
    """Two would disagree on what is kept."""
    solver = Solver(spec())
    solver.add_coffee_break(Snapshot(), every_n_iter=1)
    with pytest.raises(
        SpecError, match=r"'Snapshot': there is a Snapshot before.*\n  one is enough"
    ):
        solver.add_coffee_break(Snapshot(keep_last=1), every_n_iter=2)


def test_a_solver_says_what_it_does():
    """Method, rate, end, breaks."""
    spec = SolverSpec(
        max_iter=1000,
        lr_policy={"type": "Fixed", "base_lr": 0.1},
        exp_dir="runs/x",
        coffee_breaks=[{"type": "TrainingSummary", "every_n_iter": 10}],
    )
    said = "<Solver: SGD, lr Fixed, max_iter 1,000; TrainingSummary, runs in runs/x>"
    assert repr(Solver(spec)) == said
    bare = SolverSpec(max_epoch=2, lr_policy={"type": "Fixed", "base_lr": 0.1})
    assert repr(Solver(bare)) == "<Solver: SGD, lr Fixed, max_epoch 2; no coffee breaks>"
