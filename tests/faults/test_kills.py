"""Some dozens of kills and failures; ``python -m tests.faults`` does as many thousands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need POSIX processes"),
]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """What the short campaign has counted."""
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    command = [sys.executable, "-m", "tests.faults", "--short", "--json", str(path)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert path.exists(), done.stderr
    return json.loads(path.read_text("utf-8"))


def test_nothing_is_lost(figures):
    """Each run ends as the one left alone, byte for byte; each file is whole all the time."""
    assert figures["wrong"] == []
    assert (figures["lost"], figures["damaged"], figures["different"]) == (0, 0, 0)


def test_the_kills_were_real(figures):
    """There were enough, all over a run, and many found a snapshot to go on from."""
    kills = figures["kills"]
    assert kills.keys() == {"outside", "inside", "power cut", "replayed"}
    # how many of each kind there are is a matter of the clock
    counts = [sum(phases.values()) for phases in kills.values()]
    assert min(counts) >= 1
    assert sum(counts) >= 30
    inside = {**kills["inside"], **kills["power cut"]}
    assert len([p for p in inside if p.startswith(("write ", "fsync ", "rename ", "open "))]) >= 3
    assert figures["resumed"] >= 0.4 * (figures["resumed"] + figures["began_anew"])


def test_errors_were_reported(figures):
    """A full disk, a fault and a read-only folder: exit code 1, and a message with a way out."""
    assert sum(figures["failures"].values()) == 12
    assert figures["unmet_events"] == []
