"""``graphnet check-grad``: compare a net's gradients with difference quotients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphnet.cli.declared import read_net_with
from graphnet.cli.run_data import choose_data
from graphnet.cli.summary import fallback_notice
from graphnet.cli.terminal import notice, say, table
from graphnet.cli.test import Options
from graphnet.declare.overrides import Override
from graphnet.gradcheck import ParamCheck, check_gradients
from graphnet.net.load_net import load_net


def check_grad(path: Path, overrides: Sequence[Override], seed: int, options: Options) -> int:
    """Check the training phase of a net.

    Returns:
        The exit code: 1 if a gradient is wrong.

    Raises:
        GraphnetError: If the net cannot be trained, or its data cannot be read.
    """
    spec = read_net_with(path, overrides, user_code=options.user_code)
    data = choose_data(spec, offline=options.offline, phase="train")
    notice(fallback_notice(data), stderr=True)
    net = load_net(
        data.spec,
        "train",
        options.backend,
        seed=seed,
        threads=options.threads,
        memory_limit=options.memory_limit,
    )
    try:
        report = check_gradients(net)
    finally:
        net.close()
    table(
        [
            ("param", "left"),
            ("", "left"),
            ("worst error", "right"),
            ("checked", "right"),
            ("at kinks", "right"),
            ("where it is wrong", "left"),
        ],
        [_row(check) for check in report.checks],
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
