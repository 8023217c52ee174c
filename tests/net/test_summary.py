"""A net as a table."""

from __future__ import annotations

from support.shipped_nets import ROOT

import graphnet as gn
from graphnet.cli import main
from graphnet.net.summary import layer_table


def test_the_summary_is_what_check_shows(capsys):
    """The same cells, as a text that a prompt shows as it is."""
    file = ROOT / "nets/iris.yaml"
    net = gn.load_net(file)
    lines = net.summary().splitlines()
    assert repr(net.summary()) == net.summary()
    assert lines[0] == "net 'iris', phase train"
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[: len(lines) - 2] == lines[1:-1]
    assert lines[-1].startswith("193 params, 2,720 multiply-adds, ")


def test_connections_count_biases():
    """As ``check --connections`` has them."""
    net = gn.load_net(ROOT / "nets/iris.yaml")
    found = layer_table(net.compiled, connections=True)
    rows = found.rows
    assert found.columns[5] == ">connections"
    ip1 = next(row for row in rows if row[0] == "ip1")
    assert ip1[5] == "50"  # (4 + 1) × 10
