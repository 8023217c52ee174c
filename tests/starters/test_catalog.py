"""The table of shipped nets says what docs/nets.md says."""

from __future__ import annotations

import re

import pytest
from support.shipped_nets import NETS, ROOT

from graphnet.starters.catalog import SHIPPED


def documented():
    """``{name: (data, reached)}`` of all rows of the page."""
    text = (ROOT / "docs" / "nets.md").read_text("utf-8").replace("**", "")
    found = {}
    for line in text.splitlines():
        names, *cells = (
            (cell.strip() for cell in line.strip("|").split("|")) if "`" in line else [""]
        )
        begin = ""
        for name in re.findall(r"`([^`]+)`", names) if line.startswith("|") else ():
            begin = begin if name.startswith("-") else name
            full = begin[:-2] + name if name.startswith("-") else name
            found.setdefault(full, (cells[0], cells[1]))
    return found


def test_every_net_is_listed():
    """Those in the folder, no more and no fewer."""
    assert sorted(SHIPPED) == NETS


@pytest.mark.parametrize("name", NETS)
def test_the_figures_are_those_of_the_page(name):
    """Data and figure are in the net's row of docs/nets.md."""
    data, reached = documented()[name]
    assert SHIPPED[name].data in (data, data.split(",")[0])
    figure = re.search(r"\d[\d.e-]*", SHIPPED[name].reached)
    assert figure is None or figure[0] in reached
    assert (figure is None) == ("not trained here" in reached)
    assert all((ROOT / "nets" / other).is_file() for other in SHIPPED[name].also)
