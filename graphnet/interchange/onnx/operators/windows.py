"""Operators that slide windows over images: convolutions and pooling.

A value ``(N, C, L)`` is seen as an image of one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.dilated import Gapped, pooled_with_gaps
from graphnet.interchange.onnx.operators.parts import cut, padded, rename_top

#: Properties of a Pooling with one window over all of an image.
WHOLE: Mapping[str, Any] = MappingProxyType({"global": True})
#: Layers by the number of a blob's axes.
_CONVOLUTIONS = {3: "Convolution1D", 4: "Convolution", 5: "Convolution3D"}
_POOLINGS = {3: "Pooling1D", 4: "Pooling", 5: "Pooling3D"}
_IMAGES, _ROWS = 4, 3  # axes of (N, C, H, W), and of (N, C, L)


def as_image(r: NodeReader, x: Value) -> Value:
    """A value as images.

    Raises:
        SpecError: If it has more sides than two.
    """
    if len(x.shape) == _ROWS:
        return r.reshaped(x, [x.shape[1], 1, x.shape[2]], word="image")
    if len(x.shape) != _IMAGES:
        r.refuse(f"works on a value of shape {list(x.shape)}; graphnet's images have two sides")
    return x


def give_image(r: NodeReader, y: Value, rank: int) -> None:
    """The output, in as many axes as the input had; the last layer made it."""
    if rank == _ROWS:
        r.reshaped(y, [y.shape[1], y.shape[3]], word="row", out=0)
    else:
        rename_top(r, y)


def sides(r: NodeReader, name: str, n: int, default: int, width: int = 0) -> list[int]:
    """A number for each side; with a width, those that are missing at the front are the default."""
    found = r.attributes.wholes(name) or [default] * n
    if len(found) != n or any(k < 1 for k in found):
        r.refuse(f"has {name}: {found} for {n} sides")
    return [default] * (width - n) + found


def by_sides(values: Sequence[int]) -> Any:
    """Numbers of sides as graphnet writes them: of one side it is a number."""
    return values[0] if len(values) == 1 else list(values)


def pads_of(
    r: NodeReader, image: Sequence[int], kernel: Sequence[int], stride: Sequence[int], rank: int
) -> tuple[list[int], list[int]]:
    """What is added before and behind, from ``pads`` or ``auto_pad``; kernels with dilation.

    Of an image that ONNX has with fewer sides, the first ones get nothing.
    """
    n, how = rank - 2, r.attributes.text("auto_pad", "NOTSET")
    given = r.attributes.wholes("pads") or [0] * (2 * n)
    if how in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max((-(-size // s) - 1) * s + k - size, 0)
            for size, k, s in zip(image, kernel, stride, strict=True)
        ]
        small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
        return (small, large) if how == "SAME_UPPER" else (large, small)
    if how == "VALID":
        return [0] * len(kernel), [0] * len(kernel)
    if len(given) != 2 * n or any(p < 0 for p in given):
        r.refuse(f"has pads: {given}")
    if how != "NOTSET":
        r.refuse(f"has auto_pad: {how}")
    missing = [0] * (len(kernel) - n)
    return missing + given[:n], missing + given[n:]


def _filters(r: NodeReader) -> tuple[Value, np.ndarray, dict[str, Any]]:
    """The images, the filters and the geometry of a ConvTranspose."""
    x, filters = r.value(0), r.numbers(1, "filter")
    rank = len(x.shape)
    if filters.ndim != rank:
        r.refuse(f"has a filter of shape {list(filters.shape)} for a value of {rank} axes")
    image = as_image(r, x)
    if rank == _ROWS:
        filters = filters[:, :, None]
    kernel = r.attributes.wholes("kernel_shape")
    if kernel is not None and tuple(kernel) != filters.shape[-len(kernel) :]:
        r.refuse(f"has kernel_shape: {kernel} and a filter of shape {list(filters.shape)}")
    keys: dict[str, Any] = {
        "kernel": list(filters.shape[2:]),
        "stride": sides(r, "strides", rank - 2, 1, width=2),
        "dilation": sides(r, "dilations", rank - 2, 1, width=2),
        "n_group": r.attributes.whole("group", 1),
    }
    if keys["n_group"] < 1 or 0 in filters.shape:
        r.refuse(f"has group: {keys['n_group']} and a filter of shape {list(filters.shape)}")
    return image, filters, keys


def _bias(r: NodeReader, n: int) -> np.ndarray | None:
    if not r.has(2):
        return None
    bias = r.numbers(2, "bias")
    if bias.shape != (n,):
        r.refuse(f"has a bias of shape {list(bias.shape)}, expected [{n}]")
    return bias


def _bank(r: NodeReader, kind: str, x: Value, filters: np.ndarray, n: int, **keys: Any) -> Value:
    """The layer, and its params."""
    bias = _bias(r, n)
    y = r.layer(kind, x, n_filter=n, bias=bias is not None, **keys)
    name = r.own[-1]
    r.made.params[f"{name}/filter"] = filters
    if bias is not None:
        r.made.params[f"{name}/bias"] = bias
    return y


def _conv(r: NodeReader) -> None:
    x, filters, group = r.value(0), r.numbers(1, "filter"), r.attributes.whole("group", 1)
    rank, shape = len(x.shape), list(filters.shape)
    if rank not in _CONVOLUTIONS:
        r.refuse(f"works on a value of shape {list(x.shape)}; graphnet has one side to three")
    if len(shape) != rank or group < 1 or x.shape[1] != shape[1] * group or 0 in shape:
        r.refuse(f"has a filter of shape {shape} for {x.shape[1]} channels in {group} groups")
    if r.attributes.wholes("kernel_shape") not in (None, shape[2:]):
        r.refuse(f"has kernel_shape other than its filters': {shape[2:]}")
    stride, dilation = (sides(r, name, rank - 2, 1) for name in ("strides", "dilations"))
    seen = [d * (k - 1) + 1 for d, k in zip(dilation, shape[2:], strict=True)]
    before, behind = pads_of(r, x.shape[2:], seen, stride, rank)
    if before != behind:
        both = enumerate(zip(before, behind, strict=True), 2)
        x, before = padded(r, x, dict(both)), [0] * (rank - 2)
    named = {"kernel": shape[2:], "stride": stride, "dilation": dilation, "pad": before}
    keys = {name: by_sides(values) for name, values in named.items()}
    rename_top(r, _bank(r, _CONVOLUTIONS[rank], x, filters, shape[0], n_group=group, **keys))


def _conv_transpose(r: NodeReader) -> None:
    rank, (x, filters, keys) = len(r.value(0).shape), _filters(r)
    n = filters.shape[1] * keys["n_group"]
    stride, n_sides = keys["stride"], rank - 2
    more = r.attributes.wholes("output_padding") or [0] * n_sides
    if len(more) != n_sides or any(m < 0 for m in more):
        r.refuse(f"has output_padding: {more}")
    more = [0] * (2 - n_sides) + more
    full = [
        s * (size - 1) + d * (k - 1) + 1
        for size, k, s, d in zip(x.shape[2:], keys["kernel"], stride, keys["dilation"], strict=True)
    ]
    wanted = r.attributes.wholes("output_shape")
    how = r.attributes.text("auto_pad", "NOTSET")
    if wanted is None and how in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [size * s for size, s in zip(x.shape[2:], stride, strict=True)][2 - n_sides :]
    if wanted is not None:
        wanted = [1] * (2 - n_sides) + wanted[-n_sides:]
        totals = [f + m - w for f, m, w in zip(full, more, wanted, strict=True)]
        half = [t // 2 for t in totals]
        rest = [t - h for t, h in zip(totals, half, strict=True)]
        before, behind = (half, rest) if how == "SAME_UPPER" else (rest, half)
    else:
        before, behind = pads_of(r, x.shape[2:], keys["kernel"], stride, rank)
    ends = [b - m for b, m in zip(behind, more, strict=True)]
    if min(before) < 0 or max(before[i] + ends[i] - full[i] for i in (0, 1)) >= 0:
        r.refuse(f"cuts {before} before and {ends} behind off what is {full} wide")
    if min(ends) < 0:
        _beyond(r, x, filters, keys, (before, ends), rank)
        return
    if before == ends:
        give_image(r, _bank(r, "Deconvolution", x, filters, n, pad=before, **keys), rank)
        return
    whole = _bank(r, "Deconvolution", x, filters, n, **keys)
    parts = {axis: (before[axis - 2], full[axis - 2] - ends[axis - 2]) for axis in (2, 3)}
    give_image(r, cut(r, whole, parts), rank)


def _beyond(
    r: NodeReader,
    x: Value,
    filters: np.ndarray,
    keys: dict[str, Any],
    edges: tuple[list[int], list[int]],
    rank: int,
) -> None:
    """Where the output is larger than the filters reach: there it is the bias alone."""
    n = filters.shape[1] * keys["n_group"]
    bias = _bias(r, n)
    y = r.layer("Deconvolution", x, word="reached", n_filter=n, bias=False, **keys)
    r.fill("filter", filters)
    before, ends = edges
    kept = {i: (before[i - 2], y.shape[i] - max(ends[i - 2], 0)) for i in (2, 3)}
    y = padded(r, cut(r, y, kept), {i: (0, max(-ends[i - 2], 0)) for i in (2, 3)})
    if bias is not None:
        y = r.layer("Bias", y, word="bias")
        r.fill("bias", bias)
    give_image(r, y, rank)


# --- pooling ----------------------------------------------------------------------------


def _pool(kind: str) -> FromOnnx:
    def translate(r: NodeReader) -> None:
        if len(r.outputs) > 1 and r.outputs[1]:
            r.refuse("gives the places of its maxima, which graphnet's Pooling does not")
        x = r.value(0)
        rank = len(x.shape)
        if rank not in _POOLINGS:
            r.refuse(f"works on a value of shape {list(x.shape)}; graphnet has one side to three")
        if any(d != 1 for d in r.attributes.wholes("dilations") or ()):
            image = as_image(r, x) if rank == _ROWS else x
            give_image(r, _gapped(r, kind, image, rank), rank)
            return
        kernel, stride = (sides(r, name, rank - 2, 1) for name in ("kernel_shape", "strides"))
        before, behind = pads_of(r, x.shape[2:], kernel, stride, rank)
        rename_top(r, _pooled(r, kind, x, (kernel, stride, before, behind)))

    return translate


def _gapped(r: NodeReader, kind: str, x: Value, rank: int) -> Value:
    """Pool by windows with gaps."""
    kernel, stride, dilation = (
        sides(r, name, rank - 2, 1, width=len(x.shape) - 2)
        for name in ("kernel_shape", "strides", "dilations")
    )
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    before, behind = pads_of(r, x.shape[2:], reach, stride, rank)
    sizes = _n_windows(r, x.shape[2:], (reach, stride, before, behind))
    windows = Gapped(kernel, dilation, stride, before, behind, sizes)
    return pooled_with_gaps(r, kind, x, windows)


def _n_windows(
    r: NodeReader,
    image: Sequence[int],
    geometry: tuple[list[int], list[int], list[int], list[int]],
) -> list[int]:
    """How many windows there are along each side."""
    sizes = []
    for n, k, s, b, e in zip(image, *geometry, strict=True):
        span = n + b + e - k
        out = (-(-span // s) if r.attributes.whole("ceil_mode", 0) else span // s) + 1
        out -= bool(r.attributes.whole("ceil_mode", 0) and (out - 1) * s >= n + b)
        if out < 1:
            r.refuse(f"has windows of {k} for {n + b + e} places")
        sizes.append(out)
    return sizes


def _pooled(
    r: NodeReader, kind: str, x: Value, geometry: tuple[list[int], list[int], list[int], list[int]]
) -> Value:
    """Pool with pads that may differ: windows that are not wanted are cut off again."""
    kernel, stride, before, behind = geometry
    sizes = _n_windows(r, x.shape[2:], geometry)
    sums = zip(x.shape[2:], sizes, *geometry, strict=True)
    inside = all((out - 1) * s + k <= n + b + e for n, out, k, s, b, e in sums)
    keys: dict[str, Any] = {"pooling": kind, "kernel": by_sides(kernel), "stride": by_sides(stride)}
    if kind == "Mean":
        counts = r.attributes.whole("count_include_pad", 0)
        padded = bool(counts) and not inside
        if padded and before != behind:
            r.refuse("divides by windows that hang over an image padded unevenly")
        keys["divisor"] = "padded" if padded else "kernel" if counts else "valid"
    # with the pad as it is; else with whole strides more, unless a mean would count them
    ways = [(mode, more) for more in (0, max(kernel)) for mode in ("floor", "ceil")]
    for mode, more in ways[: 2 if keys.get("divisor") == "padded" else 4]:
        found = [
            _covering(n, k, s, b, out, mode, more)
            for n, k, s, b, out in zip(x.shape[2:], kernel, stride, before, sizes, strict=True)
        ]
        if all(found):
            pads, first = zip(*(f for f in found if f), strict=True)
            made = _POOLINGS[len(x.shape)]
            whole = r.layer(made, x, round_mode=mode, pad=by_sides(pads), **keys)
            parts = {
                2 + i: (f, f + out) for i, (f, out) in enumerate(zip(first, sizes, strict=True))
            }
            return cut(r, whole, parts)
    return r.refuse(
        f"has pads {before} and {behind}, with which a window would lie in the padding alone"
    )


def _covering(
    n: int, k: int, s: int, b: int, out: int, mode: str, more: int
) -> tuple[int, int] | None:
    """A pad on both sides with which all windows come up, and which of them is the first."""
    for pad in range(b, min(b + more + 1, k), s):
        span, first = n + 2 * pad - k, (pad - b) // s
        places = (-(-span // s) if mode == "ceil" else span // s) + 1
        if mode == "ceil" and (places - 1) * s >= n + pad:
            places -= 1
            if not pad:  # graphnet would have that window, and refuses it
                continue
        if places >= first + out:
            return pad, first
    return None


def _global_pool(kind: str) -> FromOnnx:
    def translate(r: NodeReader) -> None:
        x = r.value(0)
        if len(x.shape) < _ROWS:
            r.refuse(f"pools a value of shape {list(x.shape)}")
        if len(x.shape) in _POOLINGS:
            r.layer(_POOLINGS[len(x.shape)], x, out=0, pooling=kind, **WHOLE)
            return
        image = r.reshaped(x, [x.shape[1], 1, prod(x.shape[2:])], word="image")
        pooled = r.layer("Pooling", image, pooling=kind, **WHOLE)
        r.reshaped(pooled, [x.shape[1], *(1 for _ in x.shape[2:])], out=0)

    return translate


#: What translates each operator.
WINDOWS: Mapping[str, FromOnnx] = MappingProxyType(
    {
        "AveragePool": _pool("Mean"),
        "Conv": _conv,
        "ConvTranspose": _conv_transpose,
        "GlobalAveragePool": _global_pool("Mean"),
        "GlobalMaxPool": _global_pool("Max"),
        "MaxPool": _pool("Max"),
    }
)
