"""The command line: the only part of graphnet that prints or exits.

``--help`` answers at once: a command imports what needs NumPy, pydantic or h5py when it runs.
Nothing is imported before :func:`main`, so that Ctrl-C is handled from the start.
"""

from __future__ import annotations

from collections.abc import Sequence

#: New containers between two garbage collections. Python's 700 (2,000 from 3.13) has it look for
#: garbage 260 times while modules are imported, where there is none: a tenth of a start.
_CONTAINERS_A_COLLECTION = 20_000


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: The arguments without the program's name. Default: those of the process.

    Returns:
        0 success, 1 failure, 2 wrong usage, 130 interrupted, 141 nobody reads the output.
    """
    import gc
    import sys

    from graphnet.cli.interrupts import INTERRUPTED, note_signals, quiet_interrupts

    if args is not None:
        return _run(args)
    gc.set_threshold(_CONTAINERS_A_COLLECTION)
    if sys.argv[1:2] == ["solve"]:
        note_signals()
    try:
        with quiet_interrupts():
            return _run(None)
    except KeyboardInterrupt:  # a second one, while the first was being handled
        return INTERRUPTED


def _run(args: Sequence[str] | None) -> int:
    from graphnet.cli import app

    load_commands()
    return app.run(args)


def load_commands() -> None:
    """Import the modules that add commands to ``graphnet.cli.app.app``."""
    from graphnet.cli import serving, showing, starting, tuning, using  # noqa: F401
    from graphnet.cli.data import commands  # noqa: F401
    from graphnet.cli.interchange import commands as interchange  # noqa: F401
    from graphnet.cli.interchange import weight_commands  # noqa: F401
