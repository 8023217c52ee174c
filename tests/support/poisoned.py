"""Arrays as the memory plan hands them out, full of NaN where nothing has been written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape


def poisoned(backend: Backend, shape: Shape, dtype, *, blob: bool = False) -> Array:
    """A placed array of NaN (of 0xFF bytes for integers)."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    arena = backend.arena(max(1, n_bytes))
    arena.fill(0xFF)  # all ones is a NaN in every float format
    return backend.place(arena, 0, shape, np.dtype(dtype), blob=blob)


def placed(backend: Backend, host: np.ndarray, *, blob: bool = False) -> Array:
    """A placed copy of a host array."""
    array = poisoned(backend, host.shape, host.dtype, blob=blob)
    backend.upload(host, array)
    return array


def scratch_for(backend: Backend, decls: Mapping[str, ScratchDecl], dtype) -> dict[str, Array]:
    """Scratch as declared, with nothing useful in it."""
    return {
        name: poisoned(backend, decl.shape, decl.dtype or dtype, blob=decl.blob)
        for name, decl in decls.items()
    }


def spoil(scratch: Mapping[str, Array], decls: Mapping[str, ScratchDecl]) -> None:
    """Overwrite what may not be relied on from forward to backward."""
    for name, array in scratch.items():
        if decls[name].lifetime == "call":
            array.fill(np.nan if array.dtype.kind == "f" else 1)
