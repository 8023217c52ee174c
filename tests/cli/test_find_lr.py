"""Tests of ``graphnet find-lr``."""

from __future__ import annotations

import csv
import json

import pytest


def test_a_chart_and_a_suggestion(folder, run):
    """And how it is used; nothing is written."""
    before = sorted(folder.iterdir())
    result = run("find-lr net.yaml --steps 60")
    assert result.code == 0
    assert result.lines[0] == "smoothed loss over log10(rate)"
    assert any(line.startswith("tried") and "SGD" in line for line in result.lines)
    assert max(map(len, result.lines)) <= 80
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_the_numbers_in_a_file(folder, run, ending):
    """The same as with --json."""
    assert run(f"find-lr net.yaml --steps 30 -o rates.{ending}").code == 0
    printed = json.loads(run("find-lr net.yaml --steps 30 --json").out)
    text = (folder / f"rates.{ending}").read_text()
    if ending == "json":
        assert json.loads(text) == printed
    else:
        rows = list(csv.DictReader(text.splitlines()))
        assert [float(row["rate"]) for row in rows] == [s["rate"] for s in printed["steps"]]
        assert len(rows) == len(printed["steps"])


def test_settings_are_changed_by_options(run):
    """Those of the solver and of the net."""
    options = "--set method=Adam --set layers.ip1.output_dim=5 --steps 20"
    assert "by Adam" in run(f"find-lr net.yaml {options}").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-o rates.txt", "expected one of: .csv, .json"),
        ("--from 1 --to 0.1", "the lower one first"),
        ("-o net.csv/x.csv", "cannot be written"),
        ("--steps 3", "10"),
    ],
)
def test_mistakes(run, options, said):
    """Each in words."""
    result = run(f"find-lr net.yaml {options}")
    assert result.code in (1, 2)
    assert said in result.err


def test_the_net_is_not_written_over(folder, run):
    """Whatever its name ends in."""
    (folder / "net.json").write_text((folder / "net.yaml").read_text())
    result = run("find-lr net.json -o net.json")
    assert result.code == 1
    assert "ip1" in (folder / "net.json").read_text()
