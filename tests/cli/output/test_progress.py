"""Progress: what it says, how often, and where warnings go."""

from __future__ import annotations

import io

import pytest

from graphnet.cli.output import progress
from graphnet.cli.output.progress import (
    DownloadBars,
    Downloads,
    MovingLine,
    PlainLines,
    QuietLines,
    downloads,
    reporter,
)
from graphnet.solver.reporter import RunProgress
from graphnet.solver.state import SolverState


def state_at(iteration):
    """A solver's state."""
    state = SolverState()
    state._iter, state._lr, state._obj_val = iteration, 0.01, 0.12345
    return state


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    now = [0.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: now[0])
    return now


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """It is."""
        return True


def test_plain_lines_break_a_long_silence(clock, capsys):
    """A sign of life when nothing was said for half a minute, and only then."""
    lines, state = PlainLines(), state_at(0)
    lines.start(RunProgress(state, 0, 100, 4))
    for second in range(1, 71):
        clock[0], state._iter = float(second), second
        if second == 20:
            lines.line("something")
        lines.step()
    lines.finish()
    assert capsys.readouterr().out.splitlines() == [
        "something",
        "iter 51/100  loss 0.1235  lr 0.01  4 samples/s  49.0 s left",
    ]


def test_plain_warnings_go_to_stderr(capsys):
    """Where they are seen though the lines go to a file."""
    PlainLines().warning("look")
    assert capsys.readouterr() == ("", "warning: look\n")


def test_quiet_lines_only_warn(clock, capsys):
    """No line, no sign of life."""
    lines = QuietLines()
    lines.start(RunProgress(state_at(0), 0, 100, 4))
    clock[0] = 100.0
    lines.step()
    lines.line("something")
    lines.warning("look")
    assert capsys.readouterr() == ("", "warning: look\n")


def test_the_moving_line_moves_below_the_others(clock, monkeypatch):
    """Lines scroll above it; at the end it is gone and the cursor is back."""
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    for name, value in (("COLUMNS", "100"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    line, state = reporter(quiet=False), state_at(0)
    assert isinstance(line, MovingLine)
    line.start(RunProgress(state, 0, 100, 4))
    state._iter, clock[0] = 50, 1.0
    line.step()
    state._iter, clock[0] = 51, 1.1  # too soon to be drawn
    line.step()
    line.line("[validation]")
    line.warning("look")
    line.finish()
    text = screen.getvalue()
    assert "iter 50/100" in text
    assert "iter 51/100" not in text
    assert "200 samples/s" in text
    assert "1.0 s left" in text
    assert "[validation]\n" in text
    assert "warning: look" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_who_is_looking_decides():
    """Off a terminal, plain lines; quiet beats both."""
    assert type(reporter(quiet=False)) is PlainLines
    assert type(reporter(quiet=True)) is QuietLines
    assert type(downloads()) is Downloads


def test_plain_downloads_are_a_line_a_file(capsys):
    """When it is complete; a file of unknown size says nothing."""
    with downloads() as told:
        told("a.gz", 500, 2048)
        told("a.gz", 2048, 2048)
        told("b.gz", 100, 0)
    assert capsys.readouterr() == ("", "downloaded a.gz (2.0 KiB)\n")


def test_download_bars(monkeypatch):
    """One for each file; nothing is drawn where nothing is downloaded."""
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    for name, value in (("COLUMNS", "100"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    with downloads() as told:
        assert isinstance(told, DownloadBars)
    assert screen.getvalue() == ""
    with downloads() as told:
        told("a.gz", 500, 2048)
        told("a.gz", 2048, 2048)
    assert "a.gz" in screen.getvalue()
    assert "2.0/2.0 KiB" in screen.getvalue()
