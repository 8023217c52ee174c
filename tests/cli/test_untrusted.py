"""The option --untrusted: which commands have it, and what it lets them do."""

import inspect
from pathlib import Path

import pytest

from graphnet.cli import load_commands
from graphnet.cli.app import app
from graphnet.cli.untrusted import bounds_of
from graphnet.errors import SpecError
from graphnet.files.bounds import check_read, check_write, current


def commands(group):
    """All commands of a group, and of those in it."""
    yield from group.registered_commands
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance)


def test_commands_that_read_nets_have_it():
    """Those with --no-user-code, and no other."""
    load_commands()
    takes = [set(inspect.signature(one.callback).parameters) for one in commands(app)]
    assert sum("untrusted" in names for names in takes) >= 9
    assert all(("untrusted" in names) == ("no_user_code" in names) for names in takes)


def test_without_it_there_are_no_bounds():
    """The option is taken out of the arguments."""
    for given in ({"untrusted": False, "net": Path("n.yaml")}, {"net": Path("n.yaml")}):
        with bounds_of(given) as bounds:
            assert bounds is current() is None
        assert "untrusted" not in given


def test_what_the_command_line_names(tmp_path):
    """May be used: folders around files of YAML, files themselves, and what is to be written."""
    (tmp_path / "run").mkdir()
    given = {
        "untrusted": True,
        "net": tmp_path / "nets" / "n.yaml",
        "weights": tmp_path / "run",
        "given": ["data=" + str(tmp_path / "rows.npy"), "-"],
        "output": tmp_path / "out.csv",
        "steps": 3,
        "solver": None,
    }
    with bounds_of(given):
        for path in ("nets/x.h5", "run/a", "rows.npy", "out.csv"):
            check_read(tmp_path / path)
        check_write(tmp_path / "out.csv")
        for path in ("rows.h5", "other/x"):
            with pytest.raises(SpecError, match="is not read"):
                check_read(tmp_path / path)
        for path in ("nets/x.h5", "run/a", "rows.npy"):
            with pytest.raises(SpecError, match="is not written"):
                check_write(tmp_path / path)
