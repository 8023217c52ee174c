"""The entry point of the command ``graphnet``, outside the package of that name.

Another project's package ``graphnet`` may hide ours (see graphnet/installation.py), and Python's
message about that would help nobody. This file has a name that is ours alone.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def main() -> int:
    """Run a command, see :func:`graphnet.cli.main`, or explain why it cannot be imported."""
    try:
        from graphnet.cli import main as run
    except Exception:  # another package of our name, or a mixture of both, may raise anything
        message = _installation().in_the_way()
        if not message:
            raise
        raise SystemExit(message) from None
    return run()


def _installation() -> ModuleType:
    """The module ``graphnet.installation``, loaded from its file."""
    file = Path(__file__).parent / "graphnet" / "installation.py"
    spec = importlib.util.spec_from_file_location("graphnet_installation", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
