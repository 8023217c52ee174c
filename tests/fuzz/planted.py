"""``python -m tests.fuzz.planted``: build faults into graphnet, and print what the fuzzer finds.

Each takes the place of compiling a net that is in order.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads cannot fork safely

import numpy as np

from graphnet.cli.output import summary
from graphnet.errors import ShapeError
from tests.campaigns.command import temporary
from tests.fuzz import inputs
from tests.fuzz.campaign import run
from tests.fuzz.cases import Fuzzer
from tests.fuzz.readers import TINY_NET

WHOLE = summary.compile_net
PATIENCE, SHORT_PATIENCE = 60.0, 2.0  # seconds


def _fails(*_: Any, **__: Any) -> None:
    raise KeyError("planted")


def _sleeps(*_: Any, **__: Any) -> None:
    time.sleep(2 * PATIENCE)


def _allocates(*arguments: Any, **keywords: Any) -> Any:
    np.ones(2**26)
    return WHOLE(*arguments, **keywords)


def _allocates_too_much(*_: Any, **__: Any) -> None:
    np.ones(2**40)


def _names_no_place(*_: Any, **__: Any) -> None:
    raise ShapeError("planted: somewhere something is wrong")


def _dies(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _prints_a_traceback(*arguments: Any, **keywords: Any) -> Any:
    sys.stderr.write("Traceback (most recent call last):\n")
    return WHOLE(*arguments, **keywords)


FAULTS: dict[str, Callable[..., Any]] = {
    "fails": _fails,
    "sleeps": _sleeps,
    "allocates": _allocates,
    "allocates too much": _allocates_too_much,
    "names no place": _names_no_place,
    "dies": _dies,
    "prints a traceback": _prints_a_traceback,
}


def main() -> None:
    """One case for each fault, and one without."""
    found = {}
    inputs.yaml_input = lambda *_: TINY_NET.encode()  # type: ignore[assignment]
    with temporary() as folder:
        fuzzer = Fuzzer(Path(folder))
        for name, fault in {**FAULTS, "none": WHOLE}.items():
            summary.compile_net = fault  # type: ignore[assignment]
            patience = SHORT_PATIENCE if fault is _sleeps else PATIENCE
            ((_, result),) = run(["net:1"], fuzzer, 1, patience)
            found[name] = [result.outcome, result.said]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
