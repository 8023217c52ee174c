"""Pooling layers: windows on images, and those that Caffe lays outside of them."""

from __future__ import annotations

from typing import Any

from graphnet.blob import Shape, shape_text
from graphnet.interchange.caffe.layers.images import pair
from graphnet.interchange.caffe.layers.reading import Made, Reader

_PLANE = 2  # axes of an image
_STOCHASTIC = "StochasticPooling"
_KINDS = {"MAX": "Max", "AVE": "Mean", "STOCHASTIC": _STOCHASTIC}
_LOWEST = -3.4028234663852886e38  # float32's


def pooling(r: Reader) -> Made:
    """Pooling; a mean divides by the part of its window in the padded image."""
    part = r.message["pooling_param"]
    shape = r.shapes[0]
    if shape is not None and len(shape) != 2 + _PLANE:
        r.refuse(f"its bottom has the shape {shape_text(shape)}, expected (N, C, H, W)")
    kind = _KINDS[part["pool"]]
    mean = {"divisor": "padded"} if kind == "Mean" else {}
    if part["global_pooling"]:
        for name in ("kernel_size", "kernel_h", "kernel_w"):
            if part.has(name):
                r.refuse(f"has both 'global_pooling' and '{name}'\n  keep one", part.at(name))
        return _pooled(r, kind, {"global": True}, mean)
    kernel = pair(r, part, "kernel_size", "kernel", None)
    stride = pair(r, part, "stride", "stride", 1)
    pad = pair(r, part, "pad", "pad", 0)
    down = {"round_mode": "floor"} if part["round_mode"] == "FLOOR" else {}
    windows = {"kernel": kernel, "stride": stride, "pad": pad, **down}
    if kind == _STOCHASTIC and any(pad):
        r.refuse("pads a stochastic pooling, which Caffe refuses, too", part.at("pad"))
    outside = [] if shape is None or down or any(pad) else _outside(shape, kernel, stride)
    if kind == _STOCHASTIC and any(outside):
        r.refuse(
            "has windows outside of the image, of which nothing can be drawn"
            "\n  choose a stride no larger than the kernel",
            part.position,
        )
    if shape is None or not any(outside):
        return _pooled(r, kind, windows, mean)
    return _with_outside(
        r, _pooled(r, kind, windows | {"round_mode": "floor"}, mean), shape, outside
    )


def _outside(shape: Shape, kernel: list[int], stride: list[int]) -> list[bool]:
    """For each side whether its last window begins behind the image."""
    return [
        n >= k and -(-(n - k) // s) * s >= n
        for n, k, s in zip(shape[2:], kernel, stride, strict=True)
    ]


def _with_outside(r: Reader, made: Made, shape: Shape, outside: list[bool]) -> Made:
    """Rows and columns of windows that lie wholly outside, as Caffe has them without padding."""
    windows = made.layers[0]
    for i, far in enumerate(outside):
        over = (shape[2 + i] - windows["kernel"][i]) % windows["stride"][i]
        if len(r.tops) > 1 or (not far and over):
            r.refuse(
                "has windows outside of one side of the image, and others over the edge, or a mask"
                "\n  choose a stride no larger than the kernel",
                r.message.at("pooling_param"),
            )
    is_max, (top,) = windows["pooling"] == "Max", windows["tops"]
    seen = windows["tops"][0] = f"{top}.inside"
    pad = [0, int(outside[0]), 0, int(outside[1])]
    value = {"value": _LOWEST} if is_max else {}
    made.layers.append(r.layer("Pad", "outside", bottoms=[seen], tops=[top], pad=pad, **value))
    made.notes.append("the last windows lie outside of the image, as Caffe has them")
    return made


def _pooled(r: Reader, kind: str, windows: dict[str, Any], mean: dict[str, Any]) -> Made:
    """A pooling; where the maxima are is a second layer's top."""
    if kind == _STOCHASTIC and len(r.tops) == 1:
        made = r.only(_STOCHASTIC, **windows)
        made.notes.append("what is drawn are other random numbers than Caffe's")
        return made
    if len(r.tops) == 1:
        return r.only("Pooling", pooling=kind, **windows, **mean)
    if kind != "Max":
        r.refuse("has a second top, which only MAX has", r.message.at("top", 1))
    top, mask = r.tops
    return Made(
        [
            r.layer("Pooling", tops=[top], pooling=kind, **windows),
            r.layer("PoolingMask", "mask", tops=[mask], **windows),
        ]
    )


def spp(r: Reader) -> Made:
    """SPP; of one level the top keeps four axes."""
    part = r.message["spp_param"]
    if part["pool"] == "STOCHASTIC":
        r.refuse("is stochastic, and graphnet's SPP gives maxima or means", part.at("pool"))
    height = r.need(part, "pyramid_height", "spp_param")
    keys = {"pyramid_height": height, "pooling": {"MAX": "Max", "AVE": "Mean"}[part["pool"]]}
    shape = r.shapes[0]
    if shape is not None and len(shape) == 2 + _PLANE:
        for level in range(height):
            bins = 2**level
            for n in shape[2:]:
                kernel = -(-n // bins)
                if (kernel * bins - n + 1) // 2 >= kernel:
                    r.refuse(
                        f"level {level} cuts {n} pixels into {bins} parts, which Caffe refuses:"
                        " its padding would be as large as a window",
                        part.at("pyramid_height"),
                    )
    if height != 1:
        return r.only("SPP", **keys)
    flat = f"{r.tops[0]}.flat"
    if shape is None:
        r.refuse("of one level needs the number of channels, which is not known here")
    return Made(
        [
            r.layer("SPP", "pool", tops=[flat], **keys),
            r.layer("Reshape", bottoms=[flat], shape=[shape[1], 1, 1]),
        ]
    )
