"""Where tests that need a GPU run, and why they skip elsewhere."""

from __future__ import annotations

import pytest

from graphnet.backend.cupy import probe as cupy_probe


def _reason() -> str:
    """Why there is none; empty if there is one."""
    if not cupy_probe.is_installed() or cupy_probe.has_driver():
        return cupy_probe.what_is_missing().partition("\n")[0]
    return "there is no NVIDIA driver"  # said without importing CuPy


REASON = _reason()
#: For a whole module: ``pytestmark = gpu.NEEDED``.
NEEDED = [pytest.mark.gpu, pytest.mark.skipif(bool(REASON), reason=f"needs a GPU: {REASON}")]
