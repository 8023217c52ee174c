"""Sliding windows the slow, obvious way: one window after another, in float64, no cleverness.

What the backends compute is compared with this.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, floor, prod

import numpy as np

from graphnet.backend.window import Window


@dataclass
class ConvResult:
    """What a convolution computes; all float64."""

    y: np.ndarray
    dx: np.ndarray
    dfilter: np.ndarray
    dbias: np.ndarray


def convolve(window: Window, n_group: int, x, filter_, bias, dy) -> ConvResult:
    """Cross-correlation and its gradients for the top diff ``dy``."""
    x, filter_, bias, dy = (np.asarray(a, np.float64) for a in (x, filter_, bias, dy))
    (ph, pw), (sh, sw), (dh, dw) = window.pad, window.stride, window.dilation
    n_filter, depth, kh, kw = filter_.shape
    n, own = len(x), n_filter // n_group
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dpadded, dfilter = np.zeros_like(padded), np.zeros_like(filter_)
    y = np.empty_like(dy)
    for group, p, q in product(range(n_group), range(dy.shape[2]), range(dy.shape[3])):
        filters = slice(group * own, (group + 1) * own)
        part = np.s_[
            :,
            group * depth : (group + 1) * depth,
            p * sh : p * sh + dh * (kh - 1) + 1 : dh,
            q * sw : q * sw + dw * (kw - 1) + 1 : dw,
        ]
        seen = padded[part].reshape(n, -1)
        weights = filter_[filters].reshape(own, -1)
        sent = dy[:, filters, p, q]
        y[:, filters, p, q] = seen @ weights.T + bias[filters]
        dpadded[part] += (sent @ weights).reshape(n, depth, kh, kw)
        dfilter[filters] += (sent.T @ seen).reshape(own, depth, kh, kw)
    inside = np.s_[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]]
    return ConvResult(y, dpadded[inside], dfilter, dy.sum((0, 2, 3)))


def pool(kind: str, window: Window, divisor: str, x, dy):
    """Pooling, and the gradient of its bottom for the top diff ``dy``: ``(y, dx)``."""
    x, dy = np.asarray(x, np.float64), np.asarray(dy, np.float64)
    n_sample, n_channel, height, width = x.shape
    (kh, kw), (sh, sw), (ph, pw) = window.kernel, window.stride, window.pad
    y, dx = np.empty_like(dy), np.zeros_like(x)
    for p, q in product(range(dy.shape[2]), range(dy.shape[3])):
        top, left = p * sh - ph, q * sw - pw
        rows = range(max(top, 0), min(top + kh, height))
        columns = range(max(left, 0), min(left + kw, width))
        in_padded = (min(top + kh, height + ph) - top) * (min(left + kw, width + pw) - left)
        area = {"kernel": kh * kw, "padded": in_padded, "valid": len(rows) * len(columns)}[divisor]
        for n, c in product(range(n_sample), range(n_channel)):
            values = [(x[n, c, i, j], i, j) for i in rows for j in columns]
            if kind == "Mean":
                y[n, c, p, q] = sum(v for v, _, _ in values) / area
                for _, i, j in values:
                    dx[n, c, i, j] += dy[n, c, p, q] / area
            elif any(np.isnan(v) for v, _, _ in values):
                y[n, c, p, q] = np.nan  # who takes the gradient is left open
            else:
                best = values[0]
                for candidate in values[1:]:
                    if candidate[0] > best[0]:  # strictly: the first of equals stays
                        best = candidate
                y[n, c, p, q] = best[0]
                dx[n, c, best[1], best[2]] += dy[n, c, p, q]
    return y, dx


def pool_any(layer):
    """What a layer that pools over any number of sides computes: a reference for the harness."""

    def reference(bottoms, _):
        (x,) = bottoms
        n_sides, sizes = x.ndim - 2, x.shape[2:]
        kernel, stride, pad = (
            [given] * n_sides if isinstance(given, int) else list(given or sizes)
            for given in (layer.kernel, layer.stride, layer.pad)
        )
        sides = list(zip(sizes, kernel, stride, pad, strict=True))
        rounded = floor if layer.round_mode == "floor" else ceil
        out = [rounded((n + 2 * p - k) / s) + 1 for n, k, s, p in sides]
        if any(pad):
            out = [o - ((o - 1) * s >= n + p) for o, (n, _, s, p) in zip(out, sides, strict=True)]
        y = np.zeros((*x.shape[:2], *out))
        for place in product(*map(range, out)):
            start = [i * s - p for i, (_, _, s, p) in zip(place, sides, strict=True)]
            ends = [a + k for a, k in zip(start, kernel, strict=True)]
            inside = [
                slice(max(a, 0), min(b, n)) for a, b, n in zip(start, ends, sizes, strict=True)
            ]
            seen = x[(slice(None), slice(None), *inside)].reshape(*x.shape[:2], -1)
            padded = [min(b, n + p) - a for a, b, n, p in zip(start, ends, sizes, pad, strict=True)]
            area = {"kernel": prod(kernel), "padded": prod(padded), "valid": seen.shape[2]}
            is_max = layer.pooling == "Max"
            y[(slice(None), slice(None), *place)] = (
                seen.max(2) if is_max else seen.sum(2) / area[layer.divisor]
            )
        return [y]

    return reference
