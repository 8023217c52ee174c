"""How much of the machine's memory this process may still take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from graphnet.control_groups import SYSTEM, FreeMemory, free_memory


def available_memory(system: Path = SYSTEM) -> FreeMemory | None:
    """How much memory this process may still take; None where the system does not say.

    The least of what the machine has free, what the control groups around the process leave it
    (a container's limit), and what its address space may grow by (``ulimit -v``).

    Args:
        system: The root of the file system.
    """
    found = [*_of_machine(system), *free_memory(system), *_of_address_space(system)]
    return min(found, default=None)


def _of_machine(system: Path) -> Iterator[FreeMemory]:
    with suppress(OSError):
        text = (system / "proc/meminfo").read_text("ascii", "replace")
        if free := re.search(r"^MemAvailable: *(\d+) kB$", text, re.MULTILINE):
            yield FreeMemory(int(free[1]) * 1024, "free on this machine")
            return
    with suppress(AttributeError, ValueError, OSError):  # what POSIX has in its place
        n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield FreeMemory(n_bytes, "what this machine has")


def _of_address_space(system: Path) -> Iterator[FreeMemory]:
    """What is left of a limit of its own, which counts all that is mapped."""
    with suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            mapped = int((system / "proc/self/statm").read_text("ascii").split()[0])
            left = limit - mapped * resource.getpagesize()
            yield FreeMemory(max(left, 0), "left of the limit on address space, ulimit -v")
