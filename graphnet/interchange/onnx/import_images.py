"""Operators that normalise images, pad them and give them another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.constants import counted
from graphnet.interchange.onnx.export_learned import ONES, ZEROS
from graphnet.interchange.onnx.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.parts import padded, rename_top
from graphnet.interchange.onnx.values import Value

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
    if mode not in ("constant", "edge") or value:
        r.refuse(f"pads with mode: {mode} and the value {value:g}; graphnet with zeros or the edge")
    if len(pads) != 2 * len(axes) or any(p < 0 for p in pads):
        r.refuse(f"has pads: {pads}")
    both = {a % rank: pads[i :: len(axes)] for i, a in enumerate(axes) if -rank <= a < rank}
    if any(both.pop(0, ())):
        r.not_batch(0)
    y = padded(r, x, both, {"constant": "zero", "edge": "edge"}[mode])
    if y is x:
        r.give(x)
    else:
        rename_top(r, y)


def _resize(r: NodeReader) -> None:
    x, old = r.value(0), r.opset < 11 or r.op == "Upsample"  # noqa: PLR2004
    if len(x.shape) != _IMAGES:
        r.refuse(f"resizes a value of shape {list(x.shape)}; graphnet's images have two sides")
    mode = r.attributes.text("mode", "nearest")
    default = "asymmetric" if old else "half_pixel"
    how = r.attributes.text("coordinate_transformation_mode", default)
    size = _new_size(r, x, 1 if old else 2)
    whole = all(m % n == 0 for n, m in zip(x.shape[2:], size, strict=True))
    if (
        r.attributes.whole("antialias", 0)
        or r.attributes.text("keep_aspect_ratio_policy", "stretch") != "stretch"
    ):
        r.refuse("has antialias or keep_aspect_ratio_policy")
    if mode == "nearest" and whole and _is_whole(r, how, old=old):
        scale = [m // n for n, m in zip(x.shape[2:], size, strict=True)]
        r.layer("Upsample", x, out=0, scale=scale)
    elif mode in ("linear", "bilinear") and how in (
        *("align_corners", "half_pixel", "pytorch_half_pixel"),
    ):
        if how[:2] == "py" and 1 in size:
            r.refuse("makes one pixel as PyTorch does")
        r.layer("Interp", x, out=0, size=size, align_corners=how == "align_corners")
    else:
        r.refuse(
            f"has mode: {mode} with coordinate_transformation_mode: {how}; graphnet repeats pixels"
            " by whole factors (nearest) or interpolates linearly (align_corners, half_pixel)"
        )


def _is_whole(r: NodeReader, how: str, *, old: bool) -> bool:
    """Whether each pixel becomes a block of equal ones."""
    nearest = r.attributes.text("nearest_mode", "floor" if old else "round_prefer_floor")
    return (how == "asymmetric" and nearest == "floor") or (
        how in ("half_pixel", "pytorch_half_pixel") and nearest[:5] == "round"
    )


def _new_size(r: NodeReader, x: Value, scales: int) -> list[int]:
    """The size of the images that are asked for."""
    axes = [a % _IMAGES for a in r.attributes.wholes("axes") or range(_IMAGES)]
    if r.has(scales + 1):
        given: list[float] = [float(n) for n in r.wholes(scales + 1, "sizes")]
        new = dict(zip(axes, given, strict=False))
    else:
        listed = r.attributes.numbers("scales")
        if listed is None:
            listed = [float(n) for n in r.numbers(scales, "scales").reshape(-1)]
        given = listed
        new = {a: x.shape[a] * k for a, k in zip(axes, listed, strict=False)}
        if any(round(n) != n for n in new.values()):
            r.refuse(f"resizes by {listed}, which gives no whole number of pixels")
    size = [int(new.get(a, x.shape[a])) for a in range(_IMAGES)]
    if len(given) != len(axes) or size[:2] != list(x.shape[:2]):
        r.refuse("resizes the batch or the channels")
    if any(not 0 < n <= 2**16 for n in size[2:]):
        r.refuse(f"makes images of {size[2]} × {size[3]}")
    return size[2:]


#: What translates each operator.
IMAGES: Mapping[str, FromOnnx] = MappingProxyType(
    {
        "BatchNormalization": _batch_norm,
        "GroupNormalization": _group_norm,
        "InstanceNormalization": _instance_norm,
        "LayerNormalization": _layer_norm,
        "LRN": _lrn,
        "Pad": _pad,
        "Resize": _resize,
        "Upsample": _resize,
    }
)
