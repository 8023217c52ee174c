"""How much memory this process has had. Standard library alone: a peer's Python reads it too."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """The most memory this process has had; Linux counts a parent's into ``ru_maxrss``."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    return max_rss_bytes()


def max_rss_bytes() -> int:
    """``ru_maxrss`` in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
