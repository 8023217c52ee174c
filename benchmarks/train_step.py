"""A training step of graphnet beside PyTorch's: same batch, same threads, turn by turn.

    python -m benchmarks.train_step [CASE ...] --torch-python PATH/TO/python [--threads 2]

PyTorch runs in the Python that is named (it is no dependency of graphnet). Every round asks each
worker in turn for a few steps; the figures are medians over the rounds, and the ratios are medians
of the rounds' own ratios, so that a noisy machine disturbs both sides alike. A ratio above 1 means
that graphnet is faster.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import CASES, Case

HERE = Path(__file__).parent
LAYOUTS = ("default", "channels_last")


class Worker:
    """A process that runs steps when asked."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
        self.about = self._line()

    def _line(self) -> Any:
        assert self.process.stdout is not None  # noqa: S101  # a pipe was asked for
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended: {' '.join(map(str, self.process.args))}")
        return json.loads(line)

    def ask(self, what: str, count: int = 0) -> Any:
        """One request, one answer."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return self._line()

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Row:
    """What was measured of one case, in milliseconds a step."""

    case: str
    batch: int
    graphnet_ms: float
    floor_ratio: float
    peer_ms: dict[str, float] = field(default_factory=dict)
    ratio: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, float] = field(default_factory=dict)


def measure(case: Case, torch_python: str | None, threads: int, rounds: int) -> Row:
    """Run the workers of one case turn by turn."""
    arguments = [case.name, str(case.batch)]
    command = [sys.executable, "-m", "benchmarks.graphnet_worker", *arguments, str(threads)]
    workers = {"graphnet": Worker(command)}
    script, shape = str(HERE / "torch_worker.py"), json.dumps(case.data_shape)
    layouts = LAYOUTS if len(case.data_shape) > 1 else LAYOUTS[:1]
    for layout in layouts if torch_python else ():
        workers[layout] = Worker(
            [torch_python, script, *arguments, layout, str(threads), shape, str(case.n_class)]
        )
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    floors = []
    for turn in range(rounds + 2):
        for name, worker in workers.items():
            taken = worker.ask("train", case.steps)
            if turn > 1:  # the first two warm up
                seconds[name].append(taken / case.steps)
        floors.append(workers["graphnet"].ask("floor") if case.name != "iris" else 0.0)
    own = seconds["graphnet"]
    row = Row(case.name, case.batch, median(own) * 1e3, median(own) / max(min(floors), 1e-12))
    for name, worker in workers.items():
        row.peak_mb[name] = worker.ask("peak") / 1e6
        worker.close()
        if name != "graphnet":
            row.peer_ms[name] = median(seconds[name]) * 1e3
            row.ratio[name] = median(t / g for t, g in zip(seconds[name], own, strict=True))
    return row


def main() -> None:
    """Measure the cases named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--torch-python", help="a Python that has PyTorch; without: not compared")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, help="instead of the case's own")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    if not options.torch_python:
        print("PyTorch: not measured (no --torch-python)")
    print(f"{'net (batch)':26}{'graphnet':>11}{'of floor':>10}", end="")
    print("".join(f"{layout:>16}{'ratio':>7}" for layout in LAYOUTS))
    rows = []
    for name in options.cases:
        case = CASES[name]
        if options.batch:
            case = Case(**{**case.__dict__, "batch": options.batch})
        row = measure(case, options.torch_python, options.threads, options.rounds)
        rows.append(row)
        peers = "".join(f"{row.peer_ms[k]:13.2f} ms{row.ratio[k]:7.2f}" for k in row.ratio)
        label = f"{row.case} ({row.batch})"
        print(f"{label:26}{row.graphnet_ms:8.2f} ms{row.floor_ratio:9.1f}x{peers}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([row.__dict__ for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
