"""The process of one trial of a sweep: ``python -m graphnet.cli.trial``.

It reads a line of JSON that says what is trained, and answers with one when that is done. When its
standard input ends, the sweep wants it to stop, or is no more: it saves its run and ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from graphnet.errors import GraphnetError

STOPPED = 3
_STDIN = 0


def main() -> int:
    """Train the trial.

    Returns:
        0 if there is an answer, 3 if it was stopped before its end.
    """
    message = json.loads(_first_line())
    threading.Thread(target=_stop_with_the_sweep, daemon=True).start()
    answer, sys.stdout = sys.stdout, sys.stderr  # what is printed goes to the log
    said = {"error": "", "kind": ""}
    try:
        _solve(message)
    except KeyboardInterrupt:
        return STOPPED
    except (GraphnetError, MemoryError, OSError) as error:
        kind = "OSError" if isinstance(error, OSError) else type(error).__name__
        said = {"error": str(error), "kind": kind}
    answer.write(json.dumps(said) + "\n")
    answer.flush()
    return 0


def _solve(message: dict[str, Any]) -> None:
    from graphnet.cli.solve import SolveOptions, solve
    from graphnet.cli.untrusted import bounds_of
    from graphnet.declare.overrides import Override, parse_override
    from graphnet.tuning.space import overrides_of

    warnings.simplefilter("ignore")  # the sweep has told
    overrides = [
        *map(parse_override, message["set"]),
        *overrides_of(message["settings"]),
        Override(("exp_dir",), message["exp_dir"], "-o"),
    ]
    options = SolveOptions(
        message["threads"],
        message["backend"],
        message["offline"],
        message["user_code"],
        message["memory_limit"],
        quiet=True,
    )
    net, solver = Path(message["net"]), Path(message["solver"]) if message["solver"] else None
    given = {"net": net, "solver": solver, "exp_dir": Path(message["exp_dir"])}
    with bounds_of({**given, "untrusted": message.get("untrusted", False)}):
        solve(net, solver, overrides, options)


def _first_line() -> bytes:
    # by the descriptor: a thread that waits in a buffered file is in the way when Python ends
    line = b""
    while not line.endswith(b"\n") and (part := os.read(_STDIN, 1)):
        line += part
    return line


def _stop_with_the_sweep() -> None:
    while os.read(_STDIN, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
