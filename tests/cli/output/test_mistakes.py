"""How mistakes are reported, those in the user's own code with its line."""

from __future__ import annotations

import pytest

from graphnet.cli.output.mistakes import raised_at, report
from graphnet.errors import BreakError, Position, Problem, SpecError
from graphnet.files.paths import shown


def failing_break(folder, body):
    """An exception that code in a file raised, as a coffee break's."""
    file = folder / "own.py"
    file.write_text(f"def enjoy():\n    {body}\n\n\ndef helper():\n    return 1 / 0\n")
    scope: dict = {}
    exec(compile(file.read_text(), str(file), "exec"), scope)  # noqa: S102
    try:
        scope["enjoy"]()
    except Exception as cause:  # noqa: BLE001
        error = BreakError("coffee break 'own' failed")
        trace = cause.__traceback__
        error.__cause__ = cause.with_traceback(trace and trace.tb_next)  # without this file
        return error
    raise AssertionError


def test_every_problem_is_a_line_with_its_place(capsys):
    """On stderr, in the order of the file."""
    report(
        SpecError.of(
            [Problem("b\n  fix", Position("f.yaml", 2, 1)), Problem("a", Position("f.yaml", 1, 5))]
        )
    )
    assert capsys.readouterr() == ("", "f.yaml:1:5: a\nf.yaml:2:1: b\n  fix\n")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("{}['x']", "own.py:2:5"),
        ("helper()", "own.py:6:12"),
        ("import json; json.loads('')", "own.py:2:18"),
    ],
)
def test_a_break_of_the_users_own_is_reported_with_its_line(tmp_path, monkeypatch, body, place):
    """The last one in the user's file, not in what it calls."""
    monkeypatch.chdir(tmp_path)
    error = failing_break(tmp_path, body)
    assert str(raised_at(error.__cause__)) == place


def test_the_report_begins_with_that_line(tmp_path, monkeypatch, capsys):
    """As with a mistake in a YAML."""
    monkeypatch.chdir(tmp_path)
    report(failing_break(tmp_path, "helper()"))
    assert capsys.readouterr().err == "own.py:6:12: coffee break 'own' failed\n"


def test_what_graphnet_raised_has_no_such_line():
    """A break may well raise an error of graphnet's."""
    assert raised_at(None) is None
    assert raised_at(SpecError("x")) is None
    with pytest.raises(AttributeError, match="is_relative_to") as caught:
        shown(None)  # type: ignore[arg-type]
    trace = caught.value.__traceback__
    assert raised_at(caught.value.with_traceback(trace and trace.tb_next)) is None
