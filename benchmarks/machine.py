"""What a run was measured on and with; nothing that names the machine or its user."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

#: Variables of the environment that change how fast either side is.
PREFIXES = (
    "OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "BLIS_", "DNNL_", "ONEDNN_", "ATEN_", "TORCH",
    "MALLOC_", "GLIBC_TUNABLES", "NPY_",
)  # fmt: skip
_VECTORS = ("avx2", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")


def describe(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Processor, memory, load, versions, BLAS, and the variables that are set."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "processors_used": _n_processors(),
        "vector_instructions": _vectors(),
        "memory_gib": _memory_gib(),
        "load": _load(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture")}
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ],
        "environment": relevant(environment),
    }


def is_busy(machine: Mapping[str, Any]) -> bool:
    """Whether it had so much else to do that its figures tell little."""
    return (machine["load"] or 0) > machine["processors_used"] / 2


def relevant(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that change how fast either side is."""
    return {k: v for k, v in sorted(environment.items()) if k.startswith(PREFIXES)}


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _vectors() -> list[str]:
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    there = set(found[1].split()) if found else set()
    return [name for name in _VECTORS if name in there]


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load() -> float | None:
    """Processes that wanted to run, the mean of the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _memory_gib() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(n_bytes / 2**30, 1)
