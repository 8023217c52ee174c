"""Options: what several commands have in common."""

from __future__ import annotations

import pytest
import typer

from graphnet.cli.options import parse_overrides


def test_overrides():
    """Each text is a path and a value; none are none."""
    (one,) = parse_overrides(["layers.conv1.n_filter=8"])
    assert (one.path, one.value) == (("layers", "conv1", "n_filter"), 8)
    assert parse_overrides(None) == []


def test_what_is_no_override():
    """Wrong usage of the option, which the message names."""
    with pytest.raises(typer.BadParameter, match="max_iter") as caught:
        parse_overrides(["max_iter"])
    assert caught.value.param_hint == "--set"
