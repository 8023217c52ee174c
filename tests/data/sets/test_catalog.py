"""The table of named sets: complete, and one way to get each."""

import pytest

from graphnet.data.sets.catalog import SETS

EVERY_SET = pytest.mark.parametrize("found", SETS.values(), ids=SETS)


@EVERY_SET
def test_one_way_to_get_it(found):
    """Published, part of the package, or made from another set that is neither made nor unknown."""
    ways = [found.published, found.embedded, found.made_from]
    assert sum(way is not None for way in ways) == 1
    if found.made_from is not None:
        base = SETS[found.made_from.name]
        assert base.made_from is None
        assert base.rows.keys() == found.rows.keys()


@EVERY_SET
def test_what_is_said_of_it(found):
    """A title, a licence, a home, both splits; a mean only of images."""
    assert SETS[found.name] is found
    assert found.title
    assert found.licence
    assert found.home
    assert list(found.rows) == ["train", "test"]
    assert not found.has_mean or len(found.shapes["data"]) == 3


def test_a_name_is_no_command():
    """``graphnet data NAME`` gets the set, so that no set may be called as a command is."""
    from graphnet.cli.data.commands import data

    names = {command.name for command in data.registered_commands}
    assert names == {"get", "info", "list", "pack", "statistics", "tokenizer"}
    assert names.isdisjoint(SETS)
