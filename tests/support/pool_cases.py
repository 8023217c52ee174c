"""Cases of pooling for the backends, and one step of it on any of them."""

from __future__ import annotations

import numpy as np
from support.poisoned import placed, scratch_for, spoil

DIVISORS = ("kernel", "padded", "valid")
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def run(backend, kind, window, divisor, x, dy, *, backward=True):
    """Forward and backward once: ``(y, dx)``, dx None where backward is not wanted."""
    data = placed(backend, x, blob=True)
    y = placed(backend, np.full_like(dy, np.nan), blob=True)
    dx = placed(backend, np.full_like(x, np.nan), blob=True) if backward else None
    diff = placed(backend, dy, blob=True) if backward else None
    decls = backend.pool2d_scratch(kind, window, x.shape, dy.shape, backward=backward)
    scratch = scratch_for(backend, decls, x.dtype)
    op = backend.pool2d(kind, window, divisor, data, y, dx, diff, scratch)
    op.forward()
    spoil(scratch, decls)
    if backward:
        op.backward()
    return backend.download(y), None if dx is None else backend.download(dx)


def makes_sense(window, size):
    """Whether no window lies in the padding alone."""
    out = window.ceil_size(size)
    return (
        all(p < k for p, k in zip(window.pad, window.kernel, strict=True))
        and min(out) >= 1
        and all(
            (o - 1) * s - p < n
            for o, s, p, n in zip(out, window.stride, window.pad, size, strict=True)
        )
    )


def case(window, x_shape, dtype, *, levels, seed=0):
    """Values out of a few levels, so that there are ties, and a diff."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-levels, levels + 1, x_shape).astype(dtype)
    y_shape = (*x_shape[:2], *window.ceil_size(x_shape[2:]))
    return x, rng.standard_normal(y_shape).astype(dtype)
