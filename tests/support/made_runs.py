"""Run directories as training leaves them, made without training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

NET = "name: {net}\nlayers:\n- name: ip\n  type: InnerProduct\n  output_dim: {width}\n"
SOLVER = "method:\n  type: SGD\nlr_policy:\n  type: Fixed\n  base_lr: {lr}\nexp_dir: .\n"


def make_run(
    path: Path,
    statistics: Mapping[str, Mapping[int, float]],
    *,
    net: str = "small",
    width: int = 10,
    lr: float = 0.1,
    outcome: str | None = "finished",
    starts: Sequence[tuple[int, int, float]] = ((0, 100, 2.5),),
) -> Path:
    """A directory with record, declarations and statistics."""
    path.mkdir(parents=True)
    (path / "net.yaml").write_text(NET.format(net=net, width=width))
    (path / "solver.yaml").write_text(SOLVER.format(lr=lr))
    lines = (
        json.dumps({"iter": i, "key": key, "value": value})
        for key, values in statistics.items()
        for i, value in values.items()
    )
    (path / "statistics.jsonl").write_text("".join(f"{line}\n" for line in lines))
    started = [
        {"time": "2026-01-02T03:04:05+00:00", "from_iter": a, "to_iter": b, "seconds": s,
         "outcome": outcome}
        for a, b, s in starts
    ]  # fmt: skip
    if outcome is None:  # as while it is going on
        started[-1] = {"time": "2026-01-02T03:04:05+00:00", "from_iter": starts[-1][0]}
    record = {"net": net, "data": {"a": "dataset:x/train", "b": "x.h5"}, "starts": started}
    (path / "run.json").write_text(json.dumps(record))
    return path
