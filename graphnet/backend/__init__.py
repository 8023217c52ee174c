"""Backends: where arrays live and how the heavy operations run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphnet.backend.precision import PRECISIONS
from graphnet.errors import BackendError, did_you_mean, one_of

if TYPE_CHECKING:
    from graphnet.backend.base import Backend

NAMES = ("auto", "cupy", "numpy")

_OTHER_NAMES = {"cpu": "numpy", "cuda": "cupy", "gpu": "cupy"}


def open_backend(
    name: str = "auto", threads: int | None = None, precision: str = "float32"
) -> Backend:
    """The backend of that name, ready to use.

    Args:
        name: ``numpy``, ``cupy``, or ``auto``: CuPy where there is a GPU that it can compute on,
            else NumPy.
        threads: How many threads the NumPy backend computes in, at least 1; None for one per
            processor this process may use. It changes the speed and nothing else: results are
            bit-identical for every number.
        precision: To what the operands of products are rounded: ``float32`` (not at all),
            ``float16`` or ``bfloat16``.

    Raises:
        BackendError: If there is no such backend or precision, or it is not available here.
    """
    if precision not in PRECISIONS:
        raise BackendError(
            f"there is no precision {precision!r}"
            f"{did_you_mean(str(precision), PRECISIONS)}{one_of(PRECISIONS)}"
        )
    if name not in NAMES:
        meant = _OTHER_NAMES.get(str(name).lower())
        hint = f"\n  did you mean '{meant}'?" if meant else did_you_mean(str(name), NAMES)
        raise BackendError(f"there is no backend {name!r}{hint}{one_of(NAMES)}")
    if threads is not None and threads < 1:
        raise BackendError(
            f"cannot compute in {threads} threads"
            "\n  expected: at least 1, or none for one per processor"
        )
    if name != "numpy":
        from graphnet.backend.cupy import probe as cupy_probe

        missing = cupy_probe.what_is_missing() if name == "cupy" else ""
        if missing:
            raise BackendError(f"the cupy backend is not available: {missing}\n  or use numpy")
        if name == "cupy" or cupy_probe.can_be_had():
            from graphnet.backend.cupy.backend import CupyBackend

            return CupyBackend(precision=precision)
    if precision != "float32":
        from graphnet.backend.numpy.rounded import RoundedNumpyBackend

        return RoundedNumpyBackend(precision, threads)
    from graphnet.backend.numpy.backend import NumpyBackend

    return NumpyBackend(threads)
