"""A short day of a run, with all that befalls a long one."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_short_day(tmp_path):
    """Whatever befalls it, it has the bytes of the run left alone, and nothing grows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.endurance", "--hours", "0.5", "--folder", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "WRONG" not in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((tmp_path / "day.json").read_text("utf-8"))
    assert found["samples"][-1]["iteration"] == 18_000
    assert found["samples"][-1]["life"] >= 1  # it was killed
    assert len(found["events"]) >= 19
    assert "prefers-color-scheme" in (tmp_path / "endurance.svg").read_text("utf-8")


def test_the_clock(monkeypatch):
    """It goes as it is told; only the one on the wall is ever set."""
    clocks = pytest.importorskip("tests.endurance.clock")
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, getattr(time, name))
        monkeypatch.setattr(time, f"{name}_ns", getattr(time, f"{name}_ns"))
    monkeypatch.setattr(time, "sleep", time.sleep)
    clock = clocks.Clock(10.0, 1000.0)
    clock.install()
    time.sleep(5)
    clock.set(-100.0)
    names = ("monotonic", "perf_counter", "perf_counter_ns", "time")
    found = [getattr(time, name)() for name in names]
    monkeypatch.undo()
    assert found == [15.0, 15.0, 15 * 10**9, 905.0]
