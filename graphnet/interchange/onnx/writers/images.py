"""Layers that cut images, put them together and give them another size, as operators of ONNX."""

from __future__ import annotations

import numpy as np

from graphnet.interchange.onnx.writers.layer_writer import LayerWriter


def crop(w: LayerWriter) -> None:
    """Crop: the middle."""
    if w.phase == "train" and (w.spec.random_crop or w.spec.random_mirror):
        w.refuse("a window at random places\n  export phase test, where it is the middle")
    starts = [(n - size) // 2 for n, size in zip(w.shape[2:], w.spec.crop_size, strict=True)]
    ends = [start + size for start, size in zip(starts, w.spec.crop_size, strict=True)]
    w.end(
        "Slice",
        w.x,
        w.integers("starts", starts),
        w.integers("ends", ends),
        w.integers("axes", [2, 3]),
    )


def interp(w: LayerWriter) -> None:
    """Interp: linear."""
    mode = "align_corners" if w.spec.align_corners else "half_pixel"
    w.end(
        "Resize",
        *(w.x, "", "", w.integers("size", w.top[2:])),
        axes=[2, 3],
        mode="linear",
        coordinate_transformation_mode=mode,
    )


def pad(w: LayerWriter) -> None:
    """Pad: zeros, the edge or a number."""
    top, bottom, left, right = w.spec.pad
    pads = w.integers("pads", [0, 0, top, left, 0, 0, bottom, right])
    mode = {"zero": "constant", "edge": "edge"}[w.spec.mode]
    value = [w.number("value", w.spec.value)] if w.spec.value else []
    w.end("Pad", w.x, pads, *value, mode=mode)


def upsample(w: LayerWriter) -> None:
    """Upsample: nearest."""
    blocks = w.spec.blocks(w.shape)
    if blocks is None:  # by their numbers: places that a runtime would compute are rounded
        rows, columns = (
            w.integers(what, [j * n // m for j in range(m)])
            for what, n, m in zip(("rows", "columns"), w.shape[2:], w.top[2:], strict=True)
        )
        w.end("Gather", w.part("tall", "Gather", w.x, rows, axis=2), columns, axis=3)
        return
    scales = w.constant("scales", np.array([1, 1, *blocks], np.float32))
    w.end(
        "Resize",
        *(w.x, "", scales),
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )


def pixel_shuffle(w: LayerWriter) -> None:
    """PixelShuffle: DepthToSpace, which knows square blocks alone."""
    tall, wide = w.spec.scale
    by_channel = w.spec.order == "channel"
    if tall == wide:
        w.end("DepthToSpace", w.x, blocksize=tall, mode="CRD" if by_channel else "DCR")
        return
    channels, (height, width) = w.top[1], w.shape[2:]
    if by_channel:
        split, order = [channels, tall, wide, height, width], [0, 1, 4, 2, 5, 3]
    else:
        split, order = [tall, wide, channels, height, width], [0, 3, 4, 1, 5, 2]
    turned = w.main("turned", "Transpose", w.reshaped("blocks", w.x, split), perm=order)
    w.close("shaped", "Reshape", turned, w.integers("shape", [-1, *w.top[1:]]))


def pixel_unshuffle(w: LayerWriter) -> None:
    """PixelUnshuffle: SpaceToDepth, which knows square blocks and one order alone."""
    tall, wide = w.spec.scale
    by_channel = w.spec.order == "channel"
    if tall == wide and not by_channel:
        w.end("SpaceToDepth", w.x, blocksize=tall)
        return
    channels, (height, width) = w.shape[1], w.top[2:]
    split = [channels, height, tall, width, wide]
    order = [0, 1, 3, 5, 2, 4] if by_channel else [0, 3, 5, 1, 2, 4]
    turned = w.main("turned", "Transpose", w.reshaped("blocks", w.x, split), perm=order)
    w.close("shaped", "Reshape", turned, w.integers("shape", [-1, *w.top[1:]]))


def adaptive_pooling(w: LayerWriter) -> None:
    """AdaptivePooling: a pooling where all windows are alike.

    Elsewhere the windows are laid side by side (Max), or means are products with matrices.
    """
    spec, kernel = w.spec, w.spec.kernel(w.shape)
    is_even = not spec.spread(w.shape)
    if is_even or spec.pooling == "Max":
        op = "MaxPool" if spec.pooling == "Max" else "AveragePool"
        x = w.x if is_even else _side_by_side(w)
        w.end(op, x, kernel_shape=list(kernel), strides=list(kernel))
        return
    down, across = (
        np.array([_share(window, n) for window in windows], np.float32)
        for windows, n in zip(spec.windows(w.shape), w.shape[2:], strict=True)
    )
    narrow = w.part("narrow", "MatMul", w.x, w.constant("across", np.ascontiguousarray(across.T)))
    w.end("MatMul", w.constant("down", down), narrow)


def _share(window: slice, n: int) -> np.ndarray:
    """What each of n pixels counts for the mean of a window."""
    share = np.zeros(n)
    share[window] = 1 / (window.stop - window.start)
    return share


def _side_by_side(w: LayerWriter) -> str:
    """The bottom with room for each window of its own; a shorter one has its last pixel again."""
    x, kernel = w.x, w.spec.kernel(w.shape)
    for axis, windows, k in zip((2, 3), w.spec.windows(w.shape), kernel, strict=True):
        places = [min(window.start + i, window.stop - 1) for window in windows for i in range(k)]
        if len(places) != w.shape[axis]:
            index = w.integers(f"places{axis}", places)
            x = w.part(f"spread{axis}", "Gather", x, index, axis=axis)
    return x
