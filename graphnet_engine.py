"""Starts the command ``graphnet``, from outside the package of that name.

Another project's package ``graphnet`` may hide ours (see graphnet/installation.py). Then nothing
of ours can be imported by its name, and what Python says of that tells a user nothing. This file
has a name that is ours alone, so it is what the command runs.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def main() -> int:
    """Run a command, see :func:`graphnet.cli.main`; or say why it cannot be found."""
    try:
        from graphnet.cli import main as run
    except Exception:  # whatever a package raises that is not ours, or is ours in part
        message = _installation().in_the_way()
        if not message:
            raise
        raise SystemExit(message) from None
    return run()


def _installation() -> ModuleType:
    """The module of that name, from its file."""
    file = Path(__file__).parent / "graphnet" / "installation.py"
    spec = importlib.util.spec_from_file_location("graphnet_installation", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
