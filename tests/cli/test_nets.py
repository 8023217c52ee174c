"""Tests of ``graphnet nets``."""

import json
from pathlib import Path

from support.shipped_nets import NETS

from graphnet.cli import main


def test_the_table(capsys):
    """One line each, with its data and figure."""
    assert main(["nets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["net", "what", "it", "is", "data", "reached"]
    assert sorted(line.split()[0] for line in lines[1:-2]) == NETS
    assert max(map(len, lines)) <= 100
    (mnist,) = [line for line in lines if line.startswith("mnist ")]
    assert mnist.endswith("99.05 %")
    assert lines[-1] == "copy one: graphnet new NAME --like NET"


def test_json(capsys):
    """With the files, which are there."""
    assert main(["nets", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sorted(net["name"] for net in found) == NETS
    assert all(Path(net[key]).is_file() for net in found for key in ("net", "solver"))
    reached = {net["name"]: net["reached"] for net in found}
    assert (reached["iris"], reached["cifar10-full"]) == ("100 %", None)
