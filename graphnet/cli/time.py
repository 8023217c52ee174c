"""``graphnet time``: where the time of a step goes, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.options import NetOptions
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import facts, notice, say, say_json, table
from graphnet.declare.overrides import Override
from graphnet.layers.base import Phase
from graphnet.timing import LayerTime, StepTime, time_net

#: Said where a layer seems to compute faster than the machine can.
ABOVE_THE_CEILING = (
    "GFLOP/s count plain sums; in convolutions minimal filtering does with fewer multiply-adds"
)


def time(
    path: Path,
    phase: Phase,
    overrides: Sequence[Override],
    options: NetOptions,
    *,
    n_steps: int,
    as_json: bool,
) -> None:
    """Time the layers of one phase and print them.

    Raises:
        GraphnetError: If the net cannot be loaded, or its data cannot be read.
    """
    spec = read_net_alone(path, overrides, user_code=options.user_code)
    data = choose_data(spec, offline=options.offline, phase=phase)
    notice(fallback_notice(data), stderr=True)
    with options.open_net(data.spec, phase, keep="needed") as net:
        times = time_net(net, n_steps)
    if as_json:
        say_json(json.dumps(times.as_dict(), indent=2))
        return
    table(
        ["layer", "type", ">forward ms", ">backward ms", ">share", ">GFLOP/s", ">GB/s", "bound by"],
        [_row(layer) for layer in times.layers],
        leave_out=("GB/s", "type", "GFLOP/s", "bound by", "backward ms"),
    )
    say()
    say(f"{times.step_ms:.3f} ms a step at batch {net.batch_size} (medians of {n_steps})")
    facts([("this machine, now:", _machine(times))])
    if any(layer.gflops > times.matmul_gflops for layer in times.layers):
        say(ABOVE_THE_CEILING)


def _machine(times: StepTime) -> str:
    products = f"{times.matmul_gflops:.0f} GFLOP/s of matrix products"
    return f"{products}, {times.copy_gbytes:.1f} GB/s copied"


def _row(layer: LayerTime) -> tuple[str, ...]:
    return (
        layer.name,
        f"{layer.type} within {layer.within}" if layer.within else layer.type,
        f"{layer.forward_ms:.3f}",
        f"{layer.backward_ms:.3f}" if layer.backward_ms else "",
        f"{layer.share:.1%}",
        f"{layer.gflops:.1f}" if layer.gflops else "",
        f"{layer.gbytes:.1f}" if layer.gbytes else "",
        layer.bound_by,
    )
