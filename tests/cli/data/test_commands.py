"""``graphnet data`` as a group of commands, one of which need not be named."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("options", ["", " --offline"])
def test_get_may_be_left_out(run, options):
    """``graphnet data`` and ``graphnet data NAME`` as ever."""
    assert run(f"data{options}").out == run(f"data get{options}").out
    assert run(f"data --to made{options} iris").code == 0


def test_help_lists_the_commands(run):
    """Each with a line that is not cut off."""
    lines = run("data --help").lines
    for name in ("get", "info", "pack"):
        (line,) = [line for line in lines if line.startswith(f"  {name} ")]
        assert line.endswith(".")
        assert not line.endswith("...")


def test_a_name_that_is_no_set(run):
    """It is taken for a set, with the names there are."""
    found = run("data mnits")
    assert found.code == 1
    assert found.err.startswith("there is no data set 'mnits'\n  did you mean 'mnist'?\n")
