"""Where a run's words go."""

import io

from graphnet.solver.reporter import (
    PlainReporter,
    RankReporter,
    RunProgress,
    SilentReporter,
    width_of,
)
from graphnet.solver.state import SolverState


def test_plain_lines(capsys):
    """To standard output as it is at the time, warnings marked."""
    reporter = PlainReporter()
    reporter.line("iter 1")
    reporter.warning("careful")
    assert capsys.readouterr().out == "iter 1\nwarning: careful\n"


def test_to_a_stream():
    """Or wherever one likes."""
    stream = io.StringIO()
    PlainReporter(stream).line("x")
    assert stream.getvalue() == "x\n"


def test_a_reader_that_went_away_ends_nothing():
    """A closed pipe or terminal is no reason to lose a run."""
    stream = io.StringIO()
    reporter = PlainReporter(stream)
    stream.close()
    reporter.line("x")
    reporter.line("y")


def test_silent(capsys):
    """Quiet means quiet."""
    reporter = SilentReporter()
    reporter.line("x")
    reporter.warning("y")
    reporter.start(RunProgress(SolverState(), 0, None, 1))
    reporter.step()
    reporter.finish()
    assert capsys.readouterr().out == ""


def test_another_rank(capsys):
    """Its warnings alone are said, with its number."""
    reporter = RankReporter(2)
    reporter.line("iter 1")
    reporter.warning("careful")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "rank 2: warning: careful\n")
    stream = io.StringIO()
    reporter = RankReporter(2, stream)
    stream.close()
    reporter.warning("nobody hears it")


def test_the_width_of_a_terminal_is_known_where_the_reporter_has_one():
    """One of the user's own need not have it."""

    class Wide(SilentReporter):
        width = 70

    assert width_of(Wide()) == 70
    assert width_of(SilentReporter()) is None
