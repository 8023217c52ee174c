"""The schedule: who is called, in what order, and what happens when one fails."""

# ruff: noqa: D102  # breaks do what the contract says
import pytest
from support.fake_net import table

from graphnet.errors import BreakError, DataError, SpecError
from graphnet.solver.coffee.base import CoffeeBreak, Every
from graphnet.solver.coffee.schedule import Entry, Schedule
from graphnet.solver.request import Request


class Probe(CoffeeBreak):
    """Writes down what is done to it, and fails where it is told to."""

    def __init__(self, log, name, *fails, key=None):
        self.log, self.name, self.fails, self.key = log, name, fails, key

    def _do(self, what):
        self.log.append(f"{self.name}.{what}")
        if what in self.fails:
            raise ValueError(what)

    def open(self, net, state, lounge):
        self._do("open")
        if self.key:
            lounge.listen(self.key, lambda value: self._do(f"hears {value}"))

    def enjoy(self, net, state, lounge):
        self._do("enjoy")
        lounge.update_statistics(self.name, state.iter)

    def finish(self, net, state, lounge):
        self._do("finish")
        lounge.update_statistics(self.name, state.iter)

    def close(self, net, state, lounge):
        self._do("close")


def make(*probes, on_error="stop", when=Every(1, "iter")):  # noqa: B008  # frozen
    schedule = Schedule([Entry(p.name, p, (when,)) for p in probes], on_error)
    *given, lines = table()
    return schedule, given, lines


def test_order_of_the_list():
    """Opened and enjoyed in order, closed the other way round; listeners come last."""
    log = []
    schedule, given, _ = make(Probe(log, "a", key="b"), Probe(log, "b"))
    schedule.open(*given)
    list(schedule.take(*given))
    schedule.close(*given)
    assert log == ["a.open", "b.open", "a.enjoy", "b.enjoy", "a.hears 0.0", "b.close", "a.close"]


def test_all_finish_and_nobody_listens():
    """Due or not; what is recorded then is not heard, so that it changes no break's state."""
    log = []
    schedule, given, _ = make(Probe(log, "a", key="b"), Probe(log, "b"), when=Every(2, "iter"))
    schedule.open(*given)
    given[1]._iter = 3
    schedule.finish(*given)
    assert log == ["a.open", "b.open", "a.finish", "b.finish"]
    assert given[2].get_statistics("b") == {3: 3.0}


def test_a_break_that_fails_to_finish_is_named():
    """Or skipped, if that is what was asked for."""
    schedule, given, _ = make(Probe([], "a", "finish"))
    with pytest.raises(BreakError, match="coffee break 'a' failed at iteration 0: ValueError"):
        schedule.finish(*given)
    schedule, given, lines = make(Probe([], "a", "finish"), on_error="continue")
    schedule.finish(*given)
    assert "it is skipped (on_error: continue)" in lines.warnings[0]


def test_nothing_is_called_when_nothing_is_due():
    """And what was recorded before is not heard again."""
    log = []
    schedule, given, _ = make(Probe(log, "a", key="a"), when=Every(2, "iter"))
    schedule.open(*given)
    for given[1]._iter in (0, 1, 2):
        list(schedule.take(*given))
    assert log == ["a.open", "a.enjoy", "a.hears 0.0", "a.enjoy", "a.hears 2.0"]


def test_what_is_passed_over_is_not_due_again():
    """An epoch that was complete when it was looked at."""
    schedule, (_, state, _), _ = make(Probe([], "a"), when=Every(1, "epoch"))
    state._epoch = 1
    assert [entry.name for entry in schedule.due(state)] == ["a"]
    schedule.pass_over(state)
    assert schedule.due(state) == []


def test_either_schedule_will_do():
    """A break with two is called once where both are due."""
    log = []
    probe = Probe(log, "a")
    schedule = Schedule([Entry("a", probe, (Every(3, "iter"), Every(1, "epoch")))], "stop")
    *given, _ = table()
    for given[1]._iter, given[1]._epoch in ((1, 0), (2, 1), (3, 1), (6, 2)):
        list(schedule.take(*given))
    assert len(log) == 3


def test_failing_listener_is_named():
    """By the break that listens, not by the one that recorded."""
    schedule, given, _ = make(Probe([], "a"), Probe([], "b", "hears 0.0", key="a"))
    schedule.open(*given)
    with pytest.raises(BreakError, match="coffee break 'b' failed at iteration 0: ValueError"):
        list(schedule.take(*given))


def test_failing_to_open_closes_those_opened():
    """The one that failed among them; the others were never there."""
    log = []
    schedule, given, _ = make(Probe(log, "a"), Probe(log, "b", "open"), Probe(log, "c"))
    with pytest.raises(BreakError, match="'b' failed at iteration 0: ValueError: open"):
        schedule.open(*given)
    schedule.close(*given)
    assert log == ["a.open", "b.open", "b.close", "a.close"]


def test_all_are_closed_before_an_error_is_told():
    """The first to fail is the one that is told."""
    log = []
    schedule, given, _ = make(Probe(log, "a", "close"), Probe(log, "b", "close"), Probe(log, "c"))
    schedule.open(*given)
    with pytest.raises(BreakError, match="'b' failed"):
        schedule.close(*given)
    assert log[3:] == ["c.close", "b.close", "a.close"]
    schedule.close(*given)
    assert len(log) == 6


def test_failing_to_close_is_skipped_on_request():
    """With a warning."""
    schedule, given, lines = make(Probe([], "a", "close"), on_error="continue")
    schedule.open(*given)
    schedule.close(*given)
    assert lines.warnings == ["coffee break 'a' failed at iteration 0: ValueError: close"]


def test_graphnets_own_errors_keep_their_words():
    """In opening also their kind: a spec that is wrong is a SpecError."""

    class Fails(CoffeeBreak):
        def open(self, net, state, lounge):
            raise SpecError("no place\n  give one")

        def enjoy(self, net, state, lounge):
            raise DataError("file.h5 is empty")

    schedule, given, _ = make(when=Every(1, "iter"))
    schedule = Schedule([Entry("f", Fails(), (Every(1, "iter"),))], "stop")
    with pytest.raises(SpecError, match=r"^coffee break 'f': no place\n  give one$"):
        schedule.open(*given)
    with pytest.raises(BreakError, match=r"^coffee break 'f' failed at iteration 0: file.h5 is"):
        list(schedule.take(*given))


def test_requests():
    """What each hook returns, in order, those of the hooks before a failure included."""

    class Asking(CoffeeBreak):
        def __init__(self, name, **wanted):
            self.name, self.wanted = name, wanted

        def open(self, net, state, lounge):
            lounge.listen("cups", lambda value: Request(stop=f"{self.name} had {value:g}"))
            return Request(**self.wanted)

        def enjoy(self, net, state, lounge):
            lounge.update_statistics("cups", 3)
            return Request(**self.wanted)

    breaks = Asking("a", best=True), Asking("b", restore_best=True), Probe([], "c", "enjoy")
    schedule, given, _ = make(*breaks)
    assert schedule.open(*given) == Request(restore_best=True, best=True)
    taken = schedule.take(*given)
    assert [next(taken), next(taken)] == [Request(best=True), Request(restore_best=True)]
    with pytest.raises(BreakError, match="'c' failed"):
        next(taken)
    schedule, given, _ = make(*breaks[:2])
    schedule.open(*given)
    assert list(schedule.take(*given))[2:] == [Request(stop="a had 3"), Request(stop="b had 3")]


def test_something_else_that_is_returned():
    """It would have no effect, so it is refused."""

    class Counting(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            return 3

    schedule = Schedule([Entry("c", Counting(), (Every(1, "iter"),))], "stop")
    with pytest.raises(BreakError, match="expected a Request or nothing to be returned, found 3"):
        list(schedule.take(*table()[:3]))


def test_state_by_name():
    """Those that keep something, and each gets its own back, or what it began with."""

    class Counter(CoffeeBreak):
        def __init__(self):
            self.n = 0

        def state_dict(self):
            return {"n": self.n}

        def load_state_dict(self, saved):
            self.n = saved["n"]

    one, two = Counter(), Counter()
    schedule = Schedule(
        [
            Entry("c", one, (), {"n": 0}),
            Entry("c#2", two, (), {"n": 0}),
            Entry("x", CoffeeBreak(), ()),
        ],
        "stop",
    )
    one.n, two.n = 5, 7
    assert schedule.state_dict() == {"c": {"n": 5}, "c#2": {"n": 7}}
    schedule.load_state_dict({"c#2": {"n": 8}})
    assert (one.n, two.n) == (0, 8)


def test_state_that_cannot_be_taken_back():
    """Named by its break: somebody has changed the class since the snapshot."""

    class Changed(CoffeeBreak):
        def load_state_dict(self, saved):
            self.n = saved["renamed"]

    schedule = Schedule([Entry("c", Changed(), ())], "stop")
    with pytest.raises(
        BreakError, match=r"'c': its load_state_dict\(\) failed: KeyError: 'renamed'"
    ):
        schedule.load_state_dict({"c": {"n": 1}})
