"""``graphnet test``: run the test phase over its whole data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from graphnet.cli.given_weights import read_given
from graphnet.cli.net_and_solver import read_net_alone
from graphnet.cli.options import NetOptions
from graphnet.cli.run_data import choose_data
from graphnet.cli.summary import fallback_notice
from graphnet.cli.terminal import facts, notice, say, say_json
from graphnet.declare.overrides import Override
from graphnet.errors import TopologyError


def test(
    path: Path, weights: Path, overrides: Sequence[Override], options: NetOptions, *, as_json: bool
) -> None:
    """Evaluate a net with the params of a run, a snapshot or a model.

    Raises:
        GraphnetError: If something in the files or the data is wrong.
    """
    spec = read_net_alone(path, overrides, user_code=options.user_code)
    if not spec.has_phase("test"):
        raise TopologyError(
            f"net '{spec.name}' has no loss and no statistic in phase test,"
            " so testing it tells nothing\n  add a layer such as Accuracy with 'phase: test'",
            spec.position,
        )
    given = read_given(weights)
    recorded = given.recorded_data
    data = choose_data(spec, offline=options.offline, phase="test", recorded=recorded, run=weights)
    notice(fallback_notice(data), stderr=True)
    with options.open_net(data.spec, "test", keep="needed") as net:
        given.fill(net)
        found = net.evaluate()
    if as_json:
        statistics = {k: v if isfinite(v) else None for k, v in found.statistics.items()}
        say_json(json.dumps({"samples": found.samples, "statistics": statistics}, indent=2))
        return
    say(f"{net.name}: {found.samples:,} samples, {given.file}")
    facts([(key, f"{value:.6g}") for key, value in found.statistics.items()])
