"""``graphnet test``: run the test phase over its whole data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from graphnet.cli.declared import read_net_with
from graphnet.cli.run_data import choose_data
from graphnet.cli.summary import fallback_notice
from graphnet.cli.terminal import facts, notice, say, say_json
from graphnet.declare.overrides import Override
from graphnet.errors import TopologyError
from graphnet.net.load_net import load_net
from graphnet.params.param import ParamStore
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.weights import check_fits, read_weights, upload


@dataclass(frozen=True)
class Options:
    """Where and how to run.

    Attributes:
        threads: None for one per processor.
        backend: Its name.
        offline: Do not download data.
        user_code: Whether classes may be named by a dotted path.
        memory_limit: The most bytes a net may need; None for what the machine has free.
    """

    threads: int | None
    backend: str
    offline: bool
    user_code: bool
    memory_limit: int | None = None


def test(
    path: Path, weights: Path, overrides: Sequence[Override], options: Options, *, as_json: bool
) -> None:
    """Evaluate a net with the params of a run, a snapshot or a model.

    Raises:
        GraphnetError: If something in the files or the data is wrong.
    """
    spec = read_net_with(path, overrides, user_code=options.user_code)
    if not spec.has_phase("test"):
        raise TopologyError(
            f"net '{spec.name}' has no loss and no statistic in phase test,"
            " so testing it tells nothing\n  add a layer such as Accuracy with 'phase: test'",
            spec.position,
        )
    file, contents = read_weights(weights)
    recorded = contents.meta.data if isinstance(contents.meta.data, dict) else {}
    data = choose_data(spec, offline=options.offline, phase="test", recorded=recorded, run=weights)
    notice(fallback_notice(data), stderr=True)
    net = load_net(
        data.spec,
        "test",
        options.backend,
        keep="needed",
        threads=options.threads,
        memory_limit=options.memory_limit,
    )
    try:
        load_all(net.store, file, contents)
        found = net.evaluate()
    finally:
        net.close()
    if as_json:
        statistics = {k: v if isfinite(v) else None for k, v in found.statistics.items()}
        say_json(json.dumps({"samples": found.samples, "statistics": statistics}, indent=2))
        return
    say(f"{net.name}: {found.samples:,} samples, {file}")
    facts([(key, f"{value:.6g}") for key, value in found.statistics.items()])


def load_all(store: ParamStore, file: Path, contents: Contents) -> None:
    """Put the params of a file into a net that has all of them.

    Raises:
        SnapshotError: Listing what is missing or has another shape.
    """
    check_fits(store, contents, file)
    upload(store, contents.params, contents.state, file=file)
