"""Wrong usage: an unknown command or option leads to the one that is meant."""

import pytest

from graphnet.cli.usage import COMMAND_WORDS, OPTION_WORDS, _in_our_words


@pytest.mark.parametrize(
    ("command", "like"),
    [
        ("help", "--help"),
        ("-h", "--help"),
        ("help solve", "solve --help"),
        ("help data", "data --help"),
        ("help data pack", "data pack --help"),
        ("data help pack", "data pack --help"),
        ("snapshot help", "snapshot --help"),
        ("version", "--version"),
        ("data list", "data"),
    ],
)
def test_what_is_plain_is_done(run, command, like):
    """Other programs have these words as commands."""
    found, expected = run(command), run(like)
    assert found == expected
    assert found.code == 0
    assert found.out


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("train net.yaml", "did you mean 'solve'?"),
        ("slove net.yaml", "did you mean 'solve'?"),
        ("evaluate net.yaml", "did you mean 'test'?"),
        ("check_grad net.yaml", "did you mean 'check-grad'?"),
        ("pack x.csv", "did you mean 'data pack'?"),
        ("help sovle", "did you mean 'solve'?"),
        ("snapshot inf", "did you mean 'info'?"),
        ("qqq", "there are: solve, check, time, "),
        ("check net.yaml --phas test", "did you mean '--phase'?"),
        ("solve net.yaml --lr 0.1", "did you mean '--set lr_policy.base_lr=…'?"),
        ("solve net.yaml --epochs 3", "did you mean '--set max_epoch=…'?"),
        ("solve net.yaml --output-dir x", "did you mean '--exp-dir'?"),
        ("test net.yaml --checkpoint x", "did you mean '--weights'?"),
        ("predict net.yaml --out x", "did you mean '--output'?"),
        ("snapshot info run --xyz", "there are: --json, --help"),
        ("solve net.yaml --set max_iter 20", "write --set max_iter=20"),
        ("solve solver.yaml net.yaml", "one net is trained; its solver goes with --solver FILE"),
    ],
)
def test_what_was_meant(run, command, meant):
    """In a line below the error, and the exit code of wrong usage."""
    found = run(command)
    assert (found.code, found.out) == (2, "")
    *_, error, hint = found.err.splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith(f"  {meant}")


def test_words_lead_to_what_there_is(run):
    """Every command and option that is suggested exists."""
    for word in {w.split()[0] for w in COMMAND_WORDS.values()}:
        assert run(f"{word} --help").code == 0
    helps = "".join(run(f"{c} --help").out for c in ("solve", "test", "predict", "data pack"))
    for word in OPTION_WORDS.values():
        assert word.split()[0] in helps


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("solve n.yaml --threads 0", "threads"),
        ("solve n.yaml --threads x", "threads"),
        ("time n.yaml --steps 1.5", "steps"),
        ("plot runs --watch often", "watch"),
    ],
)
def test_values_that_do_not_fit(run, command, option):
    """The option is named, and nothing is said in pydantic's words."""
    found = run(command)
    assert found.code == 2
    last = found.err.splitlines()[-1]
    assert last.startswith(f"Error: Invalid value for '--{option}': ")
    assert "Input should" not in last


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("x: Input should be greater than or equal to 0.1", "x: expected at least 0.1"),
        ("x: Input should be less than or equal to 3", "x: expected at most 3"),
        ("x: Input should be a valid integer, unable to parse", "x: expected a whole number"),
        ("x: Input should be a valid number, unable to parse", "x: expected a number"),
        ("x: Value error, no such size", "x: no such size"),
    ],
)
def test_words_for_values(theirs, ours):
    """Typer's newer versions speak as pydantic does."""
    assert _in_our_words(theirs) == ours
