"""Completion by the shell: commands, those of groups, options; what is to be put in its files."""

from __future__ import annotations

import pytest

from graphnet.cli import main


@pytest.fixture
def completed(monkeypatch, capsys):
    """What bash, zsh or fish offer for the last word of a line."""

    def complete(line, shell="bash"):
        words = line.split(" ")
        monkeypatch.setenv("_GRAPHNET_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("COLUMNS", "80")
        main([])
        monkeypatch.undo()
        return capsys.readouterr().out

    return complete


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("graphnet so", ["solve"]),
        ("graphnet snap", ["snapshot"]),
        ("graphnet snapshot ", ["info", "model"]),
        ("graphnet data p", ["pack"]),
        ("graphnet data pack --stand", ["--standardize"]),
        ("graphnet data pack --fit ", ["stretch", "letter-box", "crop"]),
        ("graphnet solve --over", ["--override"]),
        ("graphnet xyz", []),
    ],
)
def test_bash(completed, line, expected):
    """One candidate a line."""
    assert completed(line).split() == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_others(completed, shell):
    """With the help beside it, on the same line."""
    lines = [line for line in completed("graphnet solve --over", shell).splitlines() if line]
    assert len(lines) == 1
    assert "--override" in lines[0]
    assert "run.json" in lines[0]


def test_the_script(monkeypatch, capsys):
    """Printed for a shell that is found by its name in the environment or its process."""
    pytest.importorskip("shellingham", reason="Typer finds the shell by it")
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: ("bash", "/bin/bash"))
    assert main(["--show-completion"]) == 0
    assert "complete -o default -F _graphnet_completion graphnet" in capsys.readouterr().out
