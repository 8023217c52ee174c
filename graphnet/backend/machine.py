"""What this machine computes with: its processor, the BLAS that NumPy calls, and GPUs."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from graphnet.backend.cupy.probe import what_is_missing
from graphnet.backend.numpy.limits import blas_libraries


@dataclass(frozen=True)
class BlasLibrary:
    """A library that multiplies matrices.

    Attributes:
        name: Such as ``openblas``.
        version: Its own.
        kernel: The processor that its kernels are for; empty where it does not say.
        path: Of its file.
    """

    name: str
    version: str
    kernel: str
    path: str


@dataclass(frozen=True)
class Processor:
    """What the last digits of a run depend on: which instructions and kernels compute them.

    Attributes:
        model: As the system calls it; says which machine it is, and decides nothing.
        architecture: Such as ``x86_64``.
        blas: Each library with its version and the processor its kernels are for.
        vectors: The instructions that NumPy has found and uses, beside those it always does.
    """

    model: str
    architecture: str
    blas: tuple[str, ...]
    vectors: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As it is recorded."""
        return {
            "model": self.model,
            "architecture": self.architecture,
            "blas": list(self.blas),
            "vectors": list(self.vectors),
        }


@cache
def processor() -> Processor:
    """That of this machine."""
    import numpy as np

    found = np.show_config(mode="dicts") or {}
    vectors = found.get("SIMD Extensions", {}).get("found", [])
    # by the list that was made when there was no thread yet: making another may stand still
    libraries = (f"{one.name} for {one.architecture or 'any'}" for one in blas_libraries())
    named = tuple(dict.fromkeys(libraries))
    return Processor(_model(), platform.machine(), named, tuple(map(str, vectors)))


def _model(system: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name; what Python knows of it where the system has no such file."""
    try:
        text = system.read_text("utf-8", "replace")
    except OSError:
        return platform.processor()
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor()


def blas() -> list[BlasLibrary]:
    """Those that this process has loaded; none where NumPy's is unknown, as Apple's is."""
    import numpy as np  # noqa: F401  # loads it

    return [
        BlasLibrary(
            str(found.get("internal_api", "")),
            str(found.get("version") or ""),
            str(found.get("architecture") or ""),
            str(found.get("filepath", "")),
        )
        for found in threadpool_info()
        if found.get("user_api") == "blas"
    ]


def gpus() -> tuple[list[str], str]:
    """The names of the GPUs that can be computed with; and if there is none, what is missing."""
    missing = what_is_missing()
    if missing:
        return [], missing
    import cupy

    runtime = cupy.cuda.runtime
    names = (runtime.getDeviceProperties(i)["name"] for i in range(runtime.getDeviceCount()))
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names], ""
