"""Printing: plain and exact off a terminal, framed and coloured on one."""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnet.cli.output import terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        """It is."""
        return True


@pytest.fixture
def shown(monkeypatch):
    """What a terminal of 60 columns shows of what a function prints."""
    for name, value in (("COLUMNS", "60"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def of(function, *args, **keywords):
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen := Screen())
            function(*args, **keywords)
        return screen.getvalue()

    return of


def bare(text):
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


COLUMNS = ["name", "what it is", ">n"]
PLAIN = [
    "name  what it is      n",
    "a     one, two        1",
    "bcd   [bold]x     1,234",
]
ROWS = [["a", "one, two", "1"], ["bcd", "[bold]x", "1,234"]]


def test_a_plain_table_is_aligned(capsys):
    """Two spaces between columns, none at the end of a line."""
    terminal.table(COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines() == PLAIN


def test_a_table_on_a_terminal_is_the_same_in_bold(shown):
    """Text is taken literally; the heading is bold."""
    text = shown(terminal.table, COLUMNS, ROWS)
    lines = [line.rstrip() for line in bare(text).splitlines()]
    assert lines == PLAIN
    assert "\x1b[1m" in text


def test_a_table_too_wide_for_a_terminal_breaks_lists_alone(shown):
    """Names stay whole."""
    name = "a_name_of_thirty_characters_xx"
    row = [name, ", ".join(["blob"] * 12)]
    lines = bare(shown(terminal.table, ["name", "of"], [row])).splitlines()
    assert lines[1].startswith(name)
    assert len(lines) > 2
    assert all(len(line) <= 60 for line in lines)


def test_a_table_too_wide_for_a_terminal_may_have_a_narrow_form(shown, capsys):
    """It is shown where the wide one does not fit, and only on a terminal."""
    narrow = (["n"], [["short"]])
    for width, expected in ((60, "wide"), (61, "short")):
        rows = [["wide", "x" * (width - 6)]]
        columns = ["a", "b"]
        lines = bare(shown(terminal.table, columns, rows, narrow=narrow)).splitlines()
        assert lines[1].split()[0] == expected
        terminal.table(columns, rows, narrow=narrow)
        assert capsys.readouterr().out.splitlines()[1].startswith("wide  xx")


def test_facts_are_aligned(capsys):
    """Names in a column, texts in the next."""
    terminal.facts([("net", "small"), ("", "more"), ("params", "12")])
    assert capsys.readouterr().out == "net     small\n        more\nparams  12\n"


@pytest.mark.parametrize("stderr", [False, True])
def test_a_notice_off_a_terminal_is_marked(capsys, stderr):
    """Every line of it, on the stream asked for."""
    terminal.notice(["one", "two"], stderr=stderr)
    captured = capsys.readouterr()
    assert captured.err if stderr else captured.out == "! one\n! two\n"


def test_a_notice_on_a_terminal_is_framed(shown):
    """It must not be overlooked."""
    assert "│ [one] │" in bare(shown(terminal.notice, ["[one]"]))


def test_no_notice_is_no_frame(shown):
    """Nothing to say, nothing printed."""
    assert shown(terminal.notice, []) == ""


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("0", 0),
        ("1000", 1000),
        ("2K", 2048),
        ("1.5 MiB", 3 << 19),
        ("4gb", 4 << 30),
        ("1T", 1 << 40),
    ],
)
def test_sizes(text, n):
    """With or without a unit, all of 1024."""
    assert terminal.parse_bytes(text) == n


@pytest.mark.parametrize("text", ["", "x", "-1", "4 GG", "1e9", "4Gibi"])
def test_what_is_no_size(text):
    """The message says what one looks like."""
    with pytest.raises(typer.BadParameter, match="expected a size such as 4GiB"):
        terminal.parse_bytes(text)


@pytest.mark.parametrize("width", [10, 20, 40, 60])
def test_nothing_is_cut_off_on_a_narrow_terminal(shown, monkeypatch, width):
    """A number without its last digit is another number; the terminal breaks the line instead."""
    monkeypatch.setenv("COLUMNS", str(width))
    columns = ["name", ">params", "flow"]
    rows = [["a-long-name", "1,234,567", "x, y → z"], ["b", "89", "z"]]
    for narrow in (None, (columns[:2], [row[:2] for row in rows])):
        text = bare(shown(terminal.table, columns, rows, narrow=narrow))
        for word in ("a-long-name", "1,234,567", "89", "b"):
            assert word in text.split()


def test_a_dumb_terminal_gets_plain_lines(shown, monkeypatch):
    """As a log does."""
    monkeypatch.setenv("TERM", "dumb")
    assert shown(terminal.table, COLUMNS, ROWS).splitlines() == PLAIN


def test_columns_are_aligned_in_any_encoding(monkeypatch):
    """What takes the place of a character is longer than it."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    terminal.table(["flow", ">n"], [["a → b", "1"], ["x", "22"]])
    lines = stream.buffer.getvalue().decode("ascii").splitlines()
    assert lines == ["flow     n", "a -> b   1", "x       22"]


def test_a_stream_that_is_not_there_is_no_terminal():
    """Nor is one that is closed."""
    closed = io.StringIO()
    closed.close()
    assert not any(map(terminal.is_terminal, (None, closed)))


@pytest.mark.parametrize(("width", "columns"), [(30, "a b c d"), (25, "a c d"), (15, "a d")])
def test_a_narrow_terminal_does_without_columns(shown, monkeypatch, capsys, width, columns):
    """In the order given; a log has them all."""
    rows = [["aaaaa", "bbbbbb", "ccccc", "ddddd"]]
    monkeypatch.setenv("COLUMNS", str(width))
    table = partial(terminal.table, ["a", "b", ">c", "d"], rows, leave_out=["b", "c"])
    lines = bare(shown(table)).splitlines()
    assert lines[0].split() == columns.split()
    assert all(len(line) <= width for line in lines)
    table()
    assert capsys.readouterr().out.splitlines()[0].split() == ["a", "b", "c", "d"]


words = st.text("abcdefgh-_.", min_size=1, max_size=14)
cells = st.lists(words, min_size=0, max_size=5).map(" ".join)


@given(
    st.integers(20, 100),
    st.lists(st.tuples(cells, cells, words, words, cells), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_a_table_fits_any_terminal_without_cutting_a_word(width, rows):
    """What is printed are words of the cells, in lines that fit; only what must stay may not."""
    columns = ["one", "two", ">three", "four", "five"]
    screen = Screen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")
        patch.setattr("sys.stdout", screen)
        terminal.table(columns, rows, leave_out=["five", "two", "three", "four"])
    lines = bare(screen.getvalue()).splitlines()
    known = {word for row in [columns, *rows] for cell in row for word in cell.split()} | {"three"}
    assert {word for line in lines for word in line.split()} <= known
    longest = max(len(word) for row in rows for word in row[0].split() or [""])
    assert all(len(line.rstrip()) <= max(width, longest) for line in lines)


def test_facts_too_long_for_a_terminal_go_on_below(shown, capsys):
    """Between two words, beside their name; off a terminal a text is one line."""
    text = "some words that are more than would fit in one line of sixty columns"
    pairs = [("name", text), ("path", "x" * 70)]
    lines = shown(terminal.facts, pairs).splitlines()
    assert lines[0].startswith("name  some words")
    assert lines[1].startswith("        ")
    assert lines[2] == "path  " + "x" * 70
    assert " ".join(" ".join(lines[:2]).split()) == f"name {text}"
    terminal.facts(pairs)
    assert capsys.readouterr().out.splitlines()[0] == f"name  {text}"


def test_commands_are_quoted_for_the_shell(monkeypatch):
    """Of this system; a file's name that begins with a minus is no option."""
    net = terminal.file_word(Path("-my net.yaml"))
    assert net == "./-my net.yaml"
    assert terminal.command_text("graphnet", "plot", net) == "graphnet plot './-my net.yaml'"
    monkeypatch.setattr("os.name", "nt")
    assert terminal.command_text("graphnet", "plot", "a b") == 'graphnet plot "a b"'


@pytest.mark.parametrize("name", ["PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"])
def test_a_launchers_terminal_is_none(monkeypatch, name):
    """What comes to it may end in a file."""
    for one in ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.is_terminal(Screen())
    monkeypatch.setenv(name, "0")
    assert not terminal.is_terminal(Screen())
