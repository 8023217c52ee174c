"""The run that lasts a day, as a process: ``graphnet solve`` with another clock and a slow disk.

After every so many iterations it tells its parent where it stands and waits for what it is told.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from tests.endurance.clock import Clock

#: Simulated seconds of an iteration.
STEP_S = 0.1
#: Of an fsync; of every so many a long one, as on a file server that others use, too.
FSYNC_S, SLOW_FSYNC_S, SLOW_EVERY = 0.02, 8.0, 37

NET = """\
name: long
solver: solver.yaml
layers:
  - name: train-data
    type: HDF5Data
    phase: train
    source: train.h5
    batch_size: 16
    shuffle: true
  - {name: test-data, type: HDF5Data, phase: test, source: test.h5, batch_size: 30}
  - {name: ip1, type: InnerProduct, output_dim: 10, neuron: ReLU, bottoms: [data], tops: [ip1]}
  - {name: ip2, type: InnerProduct, output_dim: 10, neuron: ReLU, bottoms: [ip1], tops: [ip2]}
  - {name: ip3, type: InnerProduct, output_dim: 3, bottoms: [ip2], tops: [ip3]}
  - {name: loss, type: SoftmaxLoss, bottoms: [ip3, label]}
  - {name: accuracy, type: Accuracy, phase: test, bottoms: [ip3, label]}
"""
SOLVER = """\
method: SGD
max_iter: {iterations}
exp_dir: run
lr_policy: {{type: Inv, base_lr: 0.01, gamma: 0.0001, power: 0.75}}
mom_policy: {{type: Fixed, momentum: 0.9}}
coffee_breaks:
  - {{type: TrainingSummary, every_n_iter: 10}}
  - {{type: ValidationPerformance, every_n_iter: {minute}}}
  - {{type: Plateau, key: loss, patience: 500, gamma: 0.5}}
  - {{type: CSVLog, every_n_iter: {minute}}}
  - {{type: TensorBoard, every_n_iter: {minute}}}
  - {{type: Snapshot, every_n_iter: {pause}, keep_last: 4, keep_best: accuracy}}
"""


def write_run(folder: Path, iterations: int) -> None:
    """Write net, solver and data: flowers of three kinds, as wide as Fisher's.

    There is a validation a minute and a snapshot every five of a whole day, more in a shorter one.
    """
    import h5py
    import numpy as np

    rng = np.random.Generator(np.random.Philox(7))
    for name, n in (("train", 120), ("test", 30)):
        label = np.arange(n) % 3
        data = rng.normal(size=(n, 4)) + np.eye(3, 4)[label] * 2
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["data"], file["label"] = data.astype("float32"), label.astype("uint8")
    (folder / "net.yaml").write_text(NET, "utf-8")
    minute = max(iterations // 1440, 60)
    solver = SOLVER.format(iterations=iterations, minute=minute, pause=5 * minute)
    (folder / "solver.yaml").write_text(solver, "utf-8")


def cpu_seconds() -> float:
    """What this process has used of the processor."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Link:
    """What a run and its parent tell each other, a line of JSON each.

    Args:
        read: The descriptor that is read from.
        write: The one that is written to.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0)

    def tell(self, what: dict[str, Any]) -> None:
        """Say something."""
        self._write.write(json.dumps(what).encode() + b"\n")

    def hear(self) -> dict[str, Any] | None:
        """What the other one says; None if that has gone."""
        line = self._read.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """Close both ends."""
        self._read.close()
        self._write.close()


def simulate(clock: Clock, link: Link, every: int) -> None:
    """Build the clock, the slow disk and the reports into this process.

    Args:
        clock: Installed already.
        link: To the parent.
        every: Iterations between two reports.
    """
    from graphnet.cli.output.progress import PlainLines
    from graphnet.solver.record import run_record

    class Today(datetime):
        """The date by the simulated clock."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            """As the clock on the wall has it."""
            return datetime.fromtimestamp(clock.wall, tz)

    run_record.datetime = Today
    fsync, step = os.fsync, PlainLines.step
    syncs = 0
    away_s = 0.0

    def slow_fsync(descriptor: int) -> None:
        nonlocal syncs, away_s
        syncs += 1
        clock.advance(away_s + (SLOW_FSYNC_S if syncs % SLOW_EVERY == 0 else FSYNC_S))
        away_s = 0.0
        fsync(descriptor)

    def timed_step(self: PlainLines) -> None:
        nonlocal away_s
        clock.advance(STEP_S)
        step(self)
        iteration = self._progress.state.iter
        if iteration % every == 0:
            link.tell({"iter": iteration, "now": clock.monotonic, "cpu": cpu_seconds()})
            if (heard := link.hear()) is None:
                sys.exit("the parent has gone")
            clock.set(heard.get("set", 0.0))
            clock.monotonic += heard.get("passed", 0.0)
            away_s = heard.get("away", 0.0)

    os.fsync, PlainLines.step = slow_fsync, timed_step


def main() -> int:
    """Run it: ``python -m tests.endurance.run READ WRITE EVERY MONOTONIC WALL``."""
    read, write, every = map(int, sys.argv[1:4])
    clock = Clock(*map(float, sys.argv[4:6]))
    clock.install()
    simulate(clock, Link(read, write), every)
    from graphnet.cli import main as graphnet

    return graphnet(["solve", "net.yaml", "--threads", "1"])


if __name__ == "__main__":
    sys.exit(main())
