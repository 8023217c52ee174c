"""What this machine computes with: the BLAS that NumPy calls, and GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from threadpoolctl import threadpool_info

from graphnet.backend.cupy.probe import what_is_missing


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
