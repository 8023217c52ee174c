"""The coffee lounge."""

import tracemalloc

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


@pytest.mark.parametrize("has_file", [True, False])
def test_what_was_recorded_since(tmp_path, has_file):
    """With a file or without: the same is found, and nothing twice."""
    lounge = CoffeeLounge(every_n_iter=1000)
    file = StatisticsFile(tmp_path / "s.jsonl")
    if has_file:
        lounge.record_into(file)
    seen, position = [], 0
    for iteration in range(1, 8):
        lounge.start_iteration(iteration)
        lounge.update_statistics("loss", 1 / iteration)
        if iteration % 3 == 0:
            lounge.update_statistics("accuracy", iteration)
            found, position = lounge.recorded_since(position)
            seen.append({key: column.by_iter() for key, column in found.items()})
    expected = {
        "loss": {i: 1 / i for i in range(1, 8)},
        "accuracy": {3: 3.0, 6: 6.0},
    }
    assert seen == [
        {"loss": {1: 1.0, 2: 1 / 2, 3: 1 / 3}, "accuracy": {3: 3.0}},
        {"loss": {4: 1 / 4, 5: 1 / 5, 6: 1 / 6}, "accuracy": {6: 6.0}},
    ]
    assert {key: lounge.get_statistics(key) for key in expected} == expected
    lounge.start_iteration(9)
    lounge.update_statistics("loss", 0.0)
    assert lounge.get_statistics("loss") == expected["loss"] | {9: 0.0}
    assert (lounge.latest("loss"), lounge.latest("accuracy"), lounge.latest("x")) == (
        0.0,
        6.0,
        None,
    )
    lounge.record_into(None)
    file.close()
    assert lounge.history()["loss"].iters.tolist() == [1, 2, 3, 4, 5, 6, 7, 9]
    assert lounge.get_statistics("accuracy") == expected["accuracy"]
    lounge.start_over()
    assert (list(lounge.history()), lounge.latest("loss")) == ([], None)


def test_what_is_in_the_file_is_not_kept_in_memory(tmp_path):
    """However long the run is."""
    lounge, file = CoffeeLounge(), StatisticsFile(tmp_path / "s.jsonl")
    lounge.record_into(file)

    def record(n):
        for iteration in range(n):
            lounge.start_iteration(iteration)
            lounge.update_statistics("loss", iteration / 7)
            lounge.flush()

    record(100)
    tracemalloc.start()
    record(2000)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    file.close()
    assert grown < 4000
