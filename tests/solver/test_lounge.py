"""The coffee lounge."""

import pytest

from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.statistics_file import StatisticsFile, values_by_key


def test_statistics_by_key_and_iteration():
    """What is recorded belongs to the present iteration; later values replace earlier ones."""
    lounge = CoffeeLounge()
    for iteration, value in ((0, 0.1), (10, 0.2), (10, 0.3)):
        lounge.start_iteration(iteration)
        lounge.update_statistics("accuracy", value)
    assert lounge.get_statistics("accuracy") == {0: 0.1, 10: 0.3}
    assert lounge.get_statistics("loss") == {}


def test_nobody_changes_them_by_accident():
    """What is handed out is a copy."""
    lounge = CoffeeLounge()
    lounge.update_statistics("loss", 1.0)
    lounge.get_statistics("loss")[0] = 2.0
    assert lounge.get_statistics("loss") == {0: 1.0}


def test_statistics_go_to_the_file(tmp_path):
    """At once, or every so many iterations."""
    path = tmp_path / "s.jsonl"
    lounge = CoffeeLounge(every_n_iter=10)
    file = StatisticsFile(path)
    lounge.record_into(file)
    seen = []
    for iteration in (5, 10, 15):
        lounge.start_iteration(iteration)
        lounge.update_statistics("loss", iteration)
        lounge.flush()
        seen.append(len(values_by_key(path).get("loss", {})))
    file.close()
    assert seen == [0, 2, 2]
    assert values_by_key(path) == {"loss": {5: 5.0, 10: 10.0, 15: 15.0}}


def test_listeners_hear_what_the_iteration_recorded():
    """Each key's listeners, in the order they came, with their owners."""
    lounge, heard = CoffeeLounge(), []
    lounge.belongs_to("Snapshot")
    lounge.listen("accuracy", heard.append)
    lounge.belongs_to("Plateau")
    lounge.listen("loss", heard.append)
    lounge.start_iteration(1)
    lounge.update_statistics("accuracy", 0.5)
    assert [(owner, value) for owner, _, value in lounge.due_listeners()] == [("Snapshot", 0.5)]
    lounge.start_iteration(2)
    assert lounge.due_listeners() == []


def test_a_key_nobody_records_is_named():
    """A typo in a key is told, with what was meant."""
    lounge = CoffeeLounge()
    lounge.update_statistics("accuracy", 0.5)
    lounge.belongs_to("EarlyStopping")
    lounge.listen("acuracy", print)
    lounge.listen("accuracy", print)
    (warning,) = lounge.never_recorded()
    assert warning == (
        "EarlyStopping waits for 'acuracy', which nothing has recorded\n"
        "  recorded so far: accuracy\n  did you mean 'accuracy'?"
    )


def test_what_breaks_of_before_looked_for_here():
    """Each leads to where it is now; hasattr still answers."""
    lounge = CoffeeLounge()
    with pytest.raises(AttributeError, match=r"'request_snapshot'.*\n  return Request\(snapshot"):
        lounge.request_snapshot(best=True)
    with pytest.raises(AttributeError, match=r"'reporter'.*\n  call state.run.say"):
        lounge.reporter.line("x")
    with pytest.raises(AttributeError, match=r"'folder'.*\n  read state.run.folder"):
        lounge.folder  # noqa: B018
    assert not hasattr(lounge, "sugar")


def test_the_first_to_ask_is_told_so_in_each_iteration():
    """Those behind it leave to it what they would do again."""
    lounge = CoffeeLounge()
    for iteration in (0, 100):
        lounge.start_iteration(iteration)
        assert [lounge.is_first(what) for what in ("a", "b", "a")] == [True, True, False]
