"""``graphnet find-lr``: a range test of learning rates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from math import log10
from pathlib import Path
from typing import Any

from graphnet.cli.given.net_and_solver import read_net_and_solver
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.options import NetOptions
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import console, facts, notice, say, say_json
from graphnet.declare.overrides import Override
from graphnet.draw.chart import number
from graphnet.errors import GraphnetError, SpecError, one_of
from graphnet.files.paths import refuse_to_write_over, shown
from graphnet.files.writing import Advice, write_durably
from graphnet.runs.text_chart import text_chart
from graphnet.solver.spec import SolverSpec
from graphnet.tuning.rate_range import RateRange, find_rate, table_text

#: What the numbers can be written as.
_ENDINGS = (".csv", ".json")
_WIDEST, _LINES = 100, 12
#: Of the highest losses this part is left out of the chart, or the rest would be a flat line.
_CUT = 2.0


def find_lr(
    path: Path,
    solver_file: Path | None,
    overrides: Sequence[Override],
    options: NetOptions,
    rates: tuple[float, float, int],
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Train a net with rising rates and say which one suits it.

    Args:
        path: The net's file.
        solver_file: The solver's; None for the one that the net names, or the defaults.
        overrides: For either.
        options: Where it runs.
        rates: The first, the last, and how many.
        output: A file for the numbers, ``.csv`` or ``.json``.
        as_json: Print them as JSON.

    Raises:
        GraphnetError: If something in the files or the data is wrong, or the file cannot be
            written.
    """
    if output is not None and output.suffix not in _ENDINGS:
        raise SpecError(f"{output}: the name says no kind of table{one_of(_ENDINGS)}")
    if output is not None:
        refuse_to_write_over(output, {"the net": path, "the solver": solver_file or path})
    declared = read_net_and_solver(
        path, overrides, solver_file=solver_file, user_code=options.user_code
    )
    spec = declared.solver.spec if declared.solver else SolverSpec(max_iter=1)
    data = choose_data(declared.net, offline=options.offline, phase="train")
    notice(fallback_notice(data), stderr=True)
    low, high, n_steps = rates
    more = {"seed": spec.seed, "precision": spec.precision}
    with options.open_net(data.spec, "train", keep="needed", **more) as net:
        found = find_rate(net, spec, low, high, n_steps)
    if output is not None:
        text = table_text(found) if output.suffix == ".csv" else _json(found)
        write_durably(output, text.encode(), Advice(GraphnetError))
    if as_json:
        say_json(_json(found).rstrip())
        return
    _print(found, type(spec.method).__name__)
    if output is not None:
        say(f"numbers written: {shown(output.absolute())}")


def _print(found: RateRange, method: str) -> None:
    """A chart, and what follows from it."""
    steps = found.steps
    first, best = steps[0].smoothed, min(step.smoothed for step in steps)
    most = max(first, best) + _CUT * max(first - best, 0.1 * abs(first))
    points = [(log10(s.rate), s.smoothed) for s in steps if s.smoothed <= most]
    say("smoothed loss over log10(rate)")
    for line in text_chart(points, min(_WIDEST, console().width), _LINES):
        say(line)
    say()
    lines = [
        ("tried", f"{len(steps)} rates, {steps[0].rate:.2g} to {steps[-1].rate:.2g}, by {method}"),
        ("ended", found.ended),
    ]
    if found.suggestion is None or found.lowest is None:
        lines.append(("suggestion", "none: the loss did not fall; try other rates: --from, --to"))
    else:
        lines += [
            ("lowest", f"loss {number(best)} at a rate of {found.lowest:.2g}"),
            ("suggestion", f"{found.suggestion:.2g}, where the loss falls fastest"),
            ("use it", f"--set 'lr_policy={{type: Fixed, base_lr: {found.suggestion:.2g}}}'"),
        ]
    facts(lines)


def _json(found: RateRange) -> str:
    steps: list[dict[str, Any]] = [asdict(step) for step in found.steps]
    about = {"suggestion": found.suggestion, "lowest": found.lowest, "ended": found.ended}
    return json.dumps({**about, "steps": steps}, indent=1) + "\n"
