"""``graphnet check-grad``: compare a net's gradients with difference quotients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.given.net_and_solver import read_net_alone
from graphnet.cli.given.run_data import choose_data
from graphnet.cli.options import NetOptions
from graphnet.cli.output.summary import fallback_notice
from graphnet.cli.output.terminal import notice, say, table
from graphnet.declare.overrides import Override
from graphnet.gradcheck import ParamCheck, check_gradients


def check_grad(path: Path, overrides: Sequence[Override], seed: int, options: NetOptions) -> int:
    """Check the training phase of a net.

    Returns:
        The exit code: 1 if a gradient is wrong.

    Raises:
        GraphnetError: If the net cannot be trained, or its data cannot be read.
    """
    spec = read_net_alone(path, overrides, user_code=options.user_code)
    data = choose_data(spec, offline=options.offline, phase="train")
    notice(fallback_notice(data), stderr=True)
    with options.open_net(data.spec, "train", seed=seed) as net:
        report = check_gradients(net)
    table(
        ["param", "", ">worst error", ">checked", ">at kinks", "where it is wrong"],
        [_row(check) for check in report.checks],
        leave_out=("at kinks", "checked"),
    )
    verdict = "all gradients agree" if report.ok else "some gradients do not agree"
    say(f"{verdict} (tolerance {report.tolerance:g})")
    return 0 if report.ok else 1


def _row(check: ParamCheck) -> tuple[str, ...]:
    wrong = f"{list(check.index)}: backward {check.analytic:.6g}, difference {check.numeric:.6g}"
    return (
        f"{check.layer}.{check.param}",
        "ok" if check.ok else "FAIL",
        f"{check.worst:.1e}",
        str(check.n_checked),
        str(check.n_kinks),
        "" if check.ok else wrong,
    )
