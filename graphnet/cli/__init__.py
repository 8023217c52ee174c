"""The command line. Only here does graphnet print or exit.

``--help`` answers at once: whatever needs NumPy, pydantic or h5py is imported by the command
that uses it, when it runs. Nothing at all is imported before :func:`main`, which sees to it that
Ctrl-C is heard from then on.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: Without the program's name; default: the process's own, which ends afterwards.

    Returns:
        0 success, 1 failure, 2 wrong usage, 130 interrupted, 141 nobody reads what is printed.
    """
    from graphnet.cli.interrupts import INTERRUPTED, quiet_interrupts

    if args is not None:
        return _run(args)
    try:
        with quiet_interrupts():
            return _run(None)
    except KeyboardInterrupt:  # once more, while the first one was being answered
        return INTERRUPTED


def _run(args: Sequence[str] | None) -> int:
    from graphnet.cli import (
        app,
        showing,  # noqa: F401  # which adds its commands
    )
    from graphnet.cli.data import commands  # noqa: F401  # likewise
    from graphnet.cli.interchange import commands as imports  # noqa: F401  # likewise

    return app.run(args)
