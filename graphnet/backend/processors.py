"""How many processors this process may use, and so how many threads it computes in."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

from graphnet.control_groups import SYSTEM, cpu_quota


def n_processors(system: Path = SYSTEM) -> int:
    """Those the process may run on, but no more than the quota of its control group, rounded up.

    Args:
        system: The root of the file system.
    """
    if hasattr(os, "sched_getaffinity"):  # Linux
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = cpu_quota(system)
    return allowed if quota is None else max(1, min(allowed, ceil(quota)))
