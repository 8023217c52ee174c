"""The coffee lounge."""

from support.fake_net import Lines

from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.record.statistics_file import Measured, StatisticsFile, read_statistics


def test_statistics_by_key_and_iteration():
    """What is recorded belongs to the present iteration; later values replace earlier ones."""
    lounge = CoffeeLounge(Lines())
    for iteration, value in ((0, 0.1), (10, 0.2), (10, 0.3)):
        lounge.start_iteration(iteration)
        lounge.update_statistics("accuracy", value)
    assert lounge.get_statistics("accuracy") == {0: 0.1, 10: 0.3}
    assert lounge.get_statistics("loss") == {}


def test_nobody_changes_them_by_accident():
    """What is handed out is a copy."""
    lounge = CoffeeLounge(Lines())
    lounge.update_statistics("loss", 1.0)
    lounge.get_statistics("loss")[0] = 2.0
    assert lounge.get_statistics("loss") == {0: 1.0}


def test_statistics_go_to_the_file(tmp_path):
    """At once, or every so many iterations."""
    path = tmp_path / "s.jsonl"
    lounge = CoffeeLounge(Lines(), every_n_iter=10)
    lounge._file = StatisticsFile(path)
    seen = []
    for iteration in (5, 10, 15):
        lounge.start_iteration(iteration)
        lounge.update_statistics("loss", iteration)
        lounge.save_statistics()
        seen.append(len(list(read_statistics(path))))
    lounge.file.close()
    assert seen == [0, 2, 2]
    assert list(read_statistics(path))[2] == Measured(15, "loss", 15.0)


def test_listeners_hear_what_the_iteration_recorded():
    """Each key's listeners, in the order they came, with their owners."""
    lounge, heard = CoffeeLounge(Lines()), []
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
    reporter = Lines()
    lounge = CoffeeLounge(reporter)
    lounge.update_statistics("accuracy", 0.5)
    lounge.belongs_to("EarlyStopping")
    lounge.listen("acuracy", print)
    lounge.listen("accuracy", print)
    lounge.warn_of_silence()
    (warning,) = reporter.warnings
    assert warning == (
        "EarlyStopping waits for 'acuracy', which nothing has recorded\n"
        "  recorded so far: accuracy\n  did you mean 'accuracy'?"
    )


def test_requests():
    """The best snapshot is a snapshot; one request does not take another back."""
    lounge = CoffeeLounge(Lines())
    lounge.request_snapshot(best=True)
    lounge.request_snapshot()
    lounge.request_restore()
    assert (lounge.wants_snapshot, lounge.wants_best, lounge.wants_restore) == (True, True, True)


def test_the_first_to_ask_is_told_so_in_each_iteration():
    """Those behind it leave to it what they would do again."""
    lounge = CoffeeLounge(Lines())
    for iteration in (0, 100):
        lounge.start_iteration(iteration)
        assert [lounge.is_first(what) for what in ("a", "b", "a")] == [True, True, False]
