"""What is built into a process that is killed."""

from __future__ import annotations

import os
import threading

import pytest

from tests.faults.board import Board
from tests.faults.instruments import POWER_CUT, Instruments, Plan

PATIENCE = 30  # seconds; it only ends a test that hangs


def test_the_power_is_not_cut_within_another_threads_step(tmp_path, monkeypatch):
    """A reader that cuts it waits for the step of the loop, and then the loop does no other."""
    done: list[str] = []
    begun, may_end, killed = threading.Event(), threading.Event(), threading.Event()
    instruments = Instruments(
        Board(tmp_path / "board"), tmp_path, Plan("read data (1)", POWER_CUT, half=False)
    )

    def step(name: str) -> None:
        begun.set()
        may_end.wait(PATIENCE)
        done.append(name)

    def loop() -> None:
        instruments._alone(step, "first")
        instruments._alone(step, "second")

    def die(*_: object) -> None:
        done.append("killed")
        killed.set()

    monkeypatch.setattr(os, "kill", die)
    looping = threading.Thread(target=loop, daemon=True)
    looping.start()
    assert begun.wait(PATIENCE)
    reading = threading.Thread(target=instruments.event, args=("read", "data"), daemon=True)
    reading.start()
    assert not killed.wait(0.2)
    may_end.set()
    assert killed.wait(PATIENCE)
    looping.join(0.2)
    assert done[-1] == "killed"
    assert "first" in done


@pytest.mark.parametrize("n", [1, 3])
def test_what_was_not_synced_is_lost(tmp_path, n):
    """However many bytes were written since."""
    path = tmp_path / "statistics.jsonl"
    path.write_bytes(b"safe")
    instruments = Instruments(Board(tmp_path / "board"), tmp_path)
    instruments._on_disk[path] = 4
    with path.open("ab") as file:
        file.write(b"x" * n)
    instruments._cut_power()
    assert path.read_bytes() == b"safe"
