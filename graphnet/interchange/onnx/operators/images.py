"""Operators that normalise images, pad them and give them another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.graph.constants import counted
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.parts import along, padded, rename_top, taken
from graphnet.interchange.onnx.operators.resizing import Resizing
from graphnet.interchange.onnx.writers.learned import ONES, ZEROS

_IMAGES = 4  # axes of (N, C, H, W)


def _batch_norm(r: NodeReader) -> None:
    if r.attributes.whole("training_mode", 0):
        r.refuse("normalises by its batch: training_mode is 1")
    r.expect("spatial", 1)
    if r.opset < 7 and not r.attributes.whole("is_test", 0):  # noqa: PLR2004  # it has gone since
        r.refuse("normalises by its batch: is_test is 0")
    if any(r.outputs[1:]):
        r.refuse("gives statistics, which graphnet's BatchNorm keeps to itself")
    names = ("scale", "bias", "mean", "variance")
    arrays = [r.numbers(i, name) for i, name in enumerate(names, 1)]
    x = r.value(0)
    n = x.shape[1] if len(x.shape) > 1 else 0
    if any(array.shape != (n,) for array in arrays):
        r.refuse(f"has arrays of other shapes than [{n}]")
    if (arrays[3] < 0).any():
        r.refuse("has a variance below 0")
    kept = r.attributes.number("momentum", 0.9)
    keys: dict[str, Any] = {"moving_average_fraction": kept} if 0 <= kept < 1 else {}
    if r.names[1:3] and r.names[1].endswith(ONES) and r.names[2].endswith(ZEROS):
        keys["affine"] = False  # as graphnet has written it
    epsilon = r.attributes.number("epsilon", 1e-5)
    r.layer("BatchNorm", x, out=0, epsilon=max(epsilon, 1e-38), **keys)
    for i, name in enumerate(names):
        if i > 1 or keys.get("affine", True):
            r.fill(name, arrays[i], state=i > 1)


def _instance_norm(r: NodeReader) -> None:
    x = r.value(0)
    scale, bias = r.numbers(1, "scale"), r.numbers(2, "bias")
    n = x.shape[1] if len(x.shape) > 2 else 0  # noqa: PLR2004  # (N, C, …)
    if scale.shape != (n,) or bias.shape != (n,):
        r.refuse(f"has arrays of other shapes than [{n}]")
    r.layer("InstanceNorm", x, out=0, epsilon=r.attributes.number("epsilon", 1e-5))
    r.fill("scale", scale)
    r.fill("bias", bias)


def _layer_norm(r: NodeReader) -> None:
    if any(r.outputs[1:]):
        r.refuse("gives statistics, which graphnet's LayerNorm keeps to itself")
    x = r.value(0)
    axis = r.not_batch(counted(r.attributes.whole("axis", -1), len(x.shape)))
    shape = x.shape[axis:]
    scale = r.numbers(1, "scale")
    bias = r.numbers(2, "bias") if r.has(2) else np.zeros(())
    r.layer("LayerNorm", x, out=0, axis=axis, epsilon=r.attributes.number("epsilon", 1e-5))
    for name, array in (("scale", scale), ("bias", bias)):
        r.fill(name, _spread(r, name, array, shape))


def _spread(r: NodeReader, name: str, array: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """An array repeated to the shape of a param."""
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        r.refuse(f"has a {name} of shape {list(array.shape)}, which does not fit {list(shape)}")


def _group_norm(r: NodeReader) -> None:
    x, n_group = r.value(0), r.attributes.whole("num_groups", 1)
    scale, bias = r.numbers(1, "scale"), r.numbers(2, "bias")
    n = x.shape[1] if len(x.shape) > 1 else 0
    if r.opset < 21 and scale.shape == bias.shape == (n_group,):  # noqa: PLR2004  # of each group
        scale, bias = (np.repeat(a, n // n_group) for a in (scale, bias))
    if scale.shape != (n,) or bias.shape != (n,):
        r.refuse(f"has arrays of other shapes than [{n}]")
    epsilon = r.attributes.number("epsilon", 1e-5)
    r.layer("GroupNorm", x, out=0, n_group=n_group, epsilon=epsilon)
    r.fill("scale", scale)
    r.fill("bias", bias)


def _lrn(r: NodeReader) -> None:
    keys: dict[str, Any] = {
        "kernel": r.attributes.whole("size", 1),
        "scale": r.attributes.number("alpha", 1e-4),
        "power": r.attributes.number("beta", 0.75),
        "shift": r.attributes.number("bias", 1.0),
    }
    r.layer("LRN", r.value(0), out=0, **keys)


# --- sizes ------------------------------------------------------------------------------


def _pad(r: NodeReader) -> None:
    x, mode = r.value(0), r.attributes.text("mode", "constant")
    if r.opset < 11:  # noqa: PLR2004  # since then they are inputs
        pads, value = r.attributes.wholes("pads") or [], r.attributes.number("value", 0.0)
    else:
        pads = r.wholes(1, "pads")
        value = r.number(2, "value") if r.has(2) and r.inputs[2] is not None else 0.0
    rank = len(x.shape)
    axes = r.wholes(3, "axes") if r.has(3) else list(range(rank))
    if mode not in ("constant", "edge", "reflect", "wrap"):
        r.refuse(f"pads with mode: {mode}, which is unknown")
    if len(pads) != 2 * len(axes) or any(p < 0 for p in pads):
        r.refuse(f"has pads: {pads}")
    both = {a % rank: pads[i :: len(axes)] for i, a in enumerate(axes) if -rank <= a < rank}
    if any(both.pop(0, ())):
        r.not_batch(0)
    if mode in ("constant", "edge") and not value:
        y = padded(r, x, both, {"constant": "zero", "edge": "edge"}[mode])
    else:
        y = _bordered(r, x, both, mode, value)
    if y is x:
        r.give(x)
    else:
        rename_top(r, y)


def _bordered(
    r: NodeReader, x: Value, pads: Mapping[int, Sequence[int]], mode: str, value: float
) -> Value:
    """A border of another number, or of what lies within, axis by axis."""
    for axis, (before, behind) in pads.items():
        n = x.shape[axis]
        if mode == "reflect" and max(before, behind) >= n and before + behind:
            r.refuse(f"reflects {max(before, behind)} places of {n}")
        if not before + behind:
            continue
        if mode == "constant":
            inside = np.pad(np.eye(n), [(before, behind), (0, 0)])
            border = np.where(inside.any(1), 0.0, value)
            x = along(r, x, axis, inside, border)
        else:
            np_mode: Any = mode
            x = taken(r, x, axis, np.pad(np.arange(n), (before, behind), np_mode))
    return x


def _resize(r: NodeReader) -> None:
    x, old = r.value(0), r.opset < 11 or r.op == "Upsample"  # noqa: PLR2004
    mode = r.attributes.text("mode", "nearest")
    how = Resizing(
        "linear" if mode == "bilinear" else mode,
        r.attributes.text("coordinate_transformation_mode", "asymmetric" if old else "half_pixel"),
        r.attributes.text("nearest_mode", "floor" if old else "round_prefer_floor"),
        r.attributes.number("cubic_coeff_a", -0.75),
        bool(r.attributes.whole("exclude_outside", 0)),
        bool(r.attributes.whole("antialias", 0)),
    )
    size, scales = _new_size(r, x, 1 if old else 2)
    layer = _layer_for(how, x, size, scales)
    if layer is not None:
        kind, keys = layer
        r.layer(kind, x, out=0, **keys)
        return
    parts, y = _parts(r, len(x.shape)), x
    outside = r.attributes.number("extrapolation_value", 0.0)
    for axis, (n, m, scale) in enumerate(zip(x.shape, size, scales, strict=True)):
        if axis and ((m, scale) != (n, 1) or (how.how[:2] == "tf" and parts[axis] != (0, 1))):
            matrix, is_outside = how.matrix(n, m, scale, parts[axis])
            matrix[is_outside] = 0
            y = along(r, y, axis, matrix, np.where(is_outside, outside, 0.0))
    if y is x:
        r.give(x)
    else:
        rename_top(r, y)


def _layer_for(
    how: Resizing, x: Value, size: Sequence[int], scales: Sequence[float]
) -> tuple[str, dict[str, Any]] | None:
    """The layer of graphnet's that does it; None if a matrix has to."""
    pairs = list(zip(x.shape, size, scales, strict=True))
    is_plain = len(pairs) == _IMAGES and pairs[1][0] == pairs[1][1]
    if not is_plain or how.smooths or how.excludes or any(n * s != m for n, m, s in pairs):
        return None
    halves = how.how in ("half_pixel", "pytorch_half_pixel")
    if how.mode == "nearest":
        if not all(_copies_as_ours(how, *pair) for pair in pairs[2:]):
            return None
        if all(m % n == 0 for n, m, _ in pairs):
            return "Upsample", {"scale": [m // n for n, m, _ in pairs[2:]]}
        return "Upsample", {"size": list(size[2:])}
    if how.mode != "linear" or (how.how[:2] == "py" and 1 in size[2:]):
        return None
    if halves or how.how == "align_corners":
        return "Interp", {"size": list(size[2:]), "align_corners": not halves}
    return None


def _copies_as_ours(how: Resizing, n: int, m: int, scale: float) -> bool:
    """Whether each place of the output is the one that Upsample copies."""
    made, is_outside = how.matrix(n, m, scale)
    ours = np.zeros((m, n))
    ours[np.arange(m), np.arange(m) * n // m] = 1
    return not is_outside.any() and np.array_equal(made, ours)


def _parts(r: NodeReader, rank: int) -> list[tuple[float, float]]:
    """The part of each axis that tf_crop_and_resize looks at."""
    found = [(0.0, 1.0)] * rank
    if r.attributes.text("coordinate_transformation_mode", "") != "tf_crop_and_resize":
        return found
    axes, given = _axes(r, rank), r.numbers(1, "roi").reshape(-1).tolist()
    if len(given) != 2 * len(axes):
        r.refuse(f"has a roi of {len(given)} numbers for {len(axes)} axes")
    for i, axis in enumerate(axes):
        found[axis] = (given[i], given[len(axes) + i])
    return found


def _axes(r: NodeReader, rank: int) -> list[int]:
    return [counted(a, rank) for a in r.attributes.wholes("axes") or range(rank)]


def _new_size(r: NodeReader, x: Value, scales: int) -> tuple[list[int], list[float]]:
    """The size that is asked for, and the scale along each axis."""
    rank = len(x.shape)
    axes, size, factors = _axes(r, rank), list(x.shape), [1.0] * rank
    if r.has(scales + 1):
        wanted = r.wholes(scales + 1, "sizes")
        given = [m / x.shape[a] for a, m in zip(axes, wanted, strict=False)]
        policy = r.attributes.text("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch" and given:
            one = {"not_larger": min, "not_smaller": max}[policy](given)
            given = [one] * len(given)
            wanted = [int(one * x.shape[a] + 0.5) for a in axes]
    else:
        listed = r.attributes.numbers("scales")
        given = (
            listed
            if listed is not None
            else [float(s) for s in r.numbers(scales, "scales").reshape(-1)]
        )
        wanted = [int(x.shape[a] * s) for a, s in zip(axes, given, strict=False)]
    if len(wanted) != len(axes) or len(given) != len(axes):
        r.refuse(f"has {len(wanted)} sizes for {len(axes)} axes")
    for axis, m, factor in zip(axes, wanted, given, strict=True):
        size[axis], factors[axis] = m, factor
    if size[0] != x.shape[0] or factors[0] != 1:
        r.not_batch(0)
    if any(not 0 < m <= 2**16 for m in size[1:]):
        r.refuse(f"makes a value of shape {size}")
    return size, factors


# --- blocks -----------------------------------------------------------------------------


def _depth_to_space(r: NodeReader) -> None:
    x, b = r.value(0), r.attributes.whole("blocksize", 1)
    if len(x.shape) != _IMAGES or b < 1 or x.shape[1] % (b * b):
        r.refuse(f"cannot spread the channels of {list(x.shape)} over blocks of {b}")
    r.layer("PixelShuffle", x, out=0, scale=b, **_order(r))


def _space_to_depth(r: NodeReader) -> None:
    x, b = r.value(0), r.attributes.whole("blocksize", 1)
    if len(x.shape) != _IMAGES or b < 1 or x.shape[2] % b or x.shape[3] % b:
        r.refuse(f"cannot cut images of {list(x.shape)} into blocks of {b}")
    r.layer("PixelUnshuffle", x, out=0, scale=b, **_order(r))


def _order(r: NodeReader) -> dict[str, Any]:
    mode = r.attributes.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        r.refuse(f"has mode: {mode}, which is unknown")
    return {"order": "place"} if mode == "DCR" else {}


#: What translates each operator.
IMAGES: Mapping[str, FromOnnx] = MappingProxyType(
    {
        "BatchNormalization": _batch_norm,
        "DepthToSpace": _depth_to_space,
        "GroupNormalization": _group_norm,
        "InstanceNormalization": _instance_norm,
        "LayerNormalization": _layer_norm,
        "LRN": _lrn,
        "Pad": _pad,
        "Resize": _resize,
        "SpaceToDepth": _space_to_depth,
        "Upsample": _resize,
    }
)
