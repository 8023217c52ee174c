"""Backends: where arrays live and how the heavy operations run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphnet.errors import BackendError, did_you_mean, one_of

if TYPE_CHECKING:
    from graphnet.backend.base import Backend

NAMES = ("auto", "cupy", "numpy")


def open_backend(name: str = "auto", threads: int | None = None) -> Backend:
    """The backend of that name, ready to use.

    Args:
        name: ``numpy``, ``cupy``, or ``auto`` for the best one that can be had.
        threads: How many threads the NumPy backend computes in, at least 1; None for one per
            processor this process may use. It changes the speed and nothing else: results are
            bit-identical for every number.

    Raises:
        BackendError: If there is no such backend, or it cannot be had here.
    """
    if name not in NAMES:
        raise BackendError(
            f"there is no backend {name!r}{did_you_mean(name, NAMES)}{one_of(NAMES)}"
        )
    if name == "cupy":
        raise BackendError(
            "the cupy backend cannot be had: this version of graphnet has none"
            "\n  expected: numpy or auto"
        )
    if threads is not None and threads < 1:
        raise BackendError(
            f"cannot compute in {threads} threads"
            "\n  expected: at least 1, or none for one per processor"
        )
    from graphnet.backend.numpy_backend import NumpyBackend

    return NumpyBackend(threads)
