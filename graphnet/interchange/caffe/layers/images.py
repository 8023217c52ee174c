"""Layers on images: convolutions, pooling and what stands beside them."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from graphnet.blob import Shape, shape_text
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Convert, LayerDict, Made, Reader

_PLANE = 2  # axes of an image
_VOLUME = 3  # and of a volume


def pair(r: Reader, part: Message, name: str, stem: str, default: int | None) -> list[int]:
    """Height and width of a property; only a pad may be 0."""
    return _sides(r, part, name, stem, default, _PLANE)


def _sides(
    r: Reader, part: Message, name: str, stem: str, default: int | None, n_axes: int
) -> list[int]:
    """A property for each axis of what is not an image either; only a pad may be 0."""
    sides = _given_sides(r, part, name, stem, default, n_axes)
    if min(sides) < (stem != "pad"):
        r.refuse(f"'{name}' is {min(sides)}, expected at least 1", part.at(name))
    return sides


def _given_sides(
    r: Reader, part: Message, name: str, stem: str, default: int | None, n_axes: int
) -> list[int]:
    """What is given once, for each axis, or as ``_h`` and ``_w``."""
    high, wide = f"{stem}_h", f"{stem}_w"
    given = part[name] if part.kind.fields[name].repeated else [part[name]] * part.has(name)
    if part.kind.fields.get(high) and (part.has(high) or part.has(wide)):
        at = part.at(high if part.has(high) else wide)
        if given:
            r.refuse(f"has both '{name}' and '{high}' or '{wide}'\n  keep one of the two forms", at)
        if n_axes != _PLANE:
            r.refuse(f"has '{high}' or '{wide}', which are for images alone", at)
        if not (part.has(high) and part.has(wide)) and default is None:
            r.refuse(f"has only one of '{high}' and '{wide}'\n  give both", part.position)
        low = default or 0
        return [part[high] if part.has(high) else low, part[wide] if part.has(wide) else low]
    if not given:
        if default is None:
            r.refuse(f"'{name}' is missing\n  expected it, or '{high}' and '{wide}'", part.position)
        return [default] * n_axes
    if len(given) == 1:
        return [int(given[0])] * n_axes
    if len(given) != n_axes:
        r.refuse(
            f"has '{name}' {len(given)} times\n  expected it once, or once for each axis of the"
            " image",
            part.at(name),
        )
    return [int(n) for n in given]


def _spatial_axes(r: Reader, *, deconvolves: bool) -> int:
    """How many axes the filters are slid over; those of an image where nobody knows."""
    found = _PLANE
    for bottom, shape in zip(r.message["bottom"], r.shapes, strict=True):
        if shape is None:
            continue
        found = len(shape) - 2
        if not 1 <= found <= (_PLANE if deconvolves else _VOLUME):
            also = "" if deconvolves else ", or (N, C, D, H, W)"
            r.refuse(
                f"its bottom '{bottom}' has the shape {shape_text(shape)}\n  graphnet has it for"
                f" (N, C, H, W), (N, C, L){also}",
            )
    return found


def _is_filters(r: Reader, kind: str, *, deconvolves: bool) -> Made:
    part = r.message["convolution_param"]
    axis = r.sample_axis(part)
    if axis != 1:
        return _of_parts(r, kind, axis, deconvolves=deconvolves)
    shape = r.shapes[0]
    if shape is not None and len(shape) == 2 and not deconvolves:  # noqa: PLR2004  # (N, C)
        return _of_channels(r, part, shape[1])
    return _filters(r, kind, deconvolves=deconvolves)


def _of_channels(r: Reader, part: Message, channels: int) -> Made:
    """A convolution over no axis, which is a product with the channels."""
    if part["group"] != 1:
        r.refuse("has groups, but no axis that filters are slid over", part.at("group"))
    n = r.need(part, "num_output", "convolution_param")
    made = r.layer("InnerProduct", output_dim=n, bias=part["bias_term"])
    names = ["weight", "bias"][: 1 + part["bias_term"]]
    fillers = [part["weight_filler"], part["bias_filler"]]
    return r.learned(made, names, fillers, [(n, channels), (n,)])


def _of_parts(r: Reader, kind: str, axis: int, *, deconvolves: bool) -> Made:
    """Filters over channels behind axis 1: what stands before them are samples, too."""
    shape = r.shapes[0]
    if shape is None or axis < 0:
        r.refuse("needs the shape of its bottom, which is not known here")
    bottoms, tops = list(r.bottoms), [f"{top}.parts" for top in r.tops]
    before, after, read = [], [], list(tops)
    for i in range(1, axis):
        parts = [f"{r.name}.{bottom}.{i}" for bottom in r.bottoms]
        before.append(r.layer("PartSamples", f"parts{i}", bottoms=bottoms, tops=parts))
        last = i == axis - 1
        joined = list(r.tops) if last else [f"{top}.{i}" for top in r.tops]
        size = shape[axis - i]
        after.append(r.layer("JoinSamples", f"joined{i}", bottoms=read, tops=joined, size=size))
        bottoms, read = parts, joined
    shapes = [(prod(s[:axis]), *s[axis:]) if s is not None else None for s in r.shapes]
    inner = replace(r, bottoms=tuple(bottoms), tops=tuple(tops), shapes=tuple(shapes))
    made = _filters(inner, kind, deconvolves=deconvolves)
    made.before, made.after = before, after
    return made


def _filters(r: Reader, kind: str, *, deconvolves: bool) -> Made:
    part = r.message["convolution_param"]
    n_axes = _spatial_axes(r, deconvolves=deconvolves)
    n_filter, group = r.need(part, "num_output", "convolution_param"), part["group"]
    kernel = _sides(r, part, "kernel_size", "kernel", None, n_axes)
    channels = r.shapes[0][1] if r.shapes[0] is not None else -1
    if not n_filter or not group or n_filter % group or (channels > 0 and channels % group):
        of = f"{channels} channels and " if channels > 0 else ""
        r.refuse(
            f"{of}num_output {n_filter} cannot be cut into {group} groups", part.at("num_output")
        )
    sides = {
        "kernel": kernel,
        "stride": _sides(r, part, "stride", "stride", 1, n_axes),
        "pad": _sides(r, part, "pad", "pad", 0, n_axes),
        "dilation": _sides(r, part, "dilation", "dilation", 1, n_axes),
    }
    keys: dict[str, Any] = dict(sides)
    if n_axes == 1 and not deconvolves:
        kind, keys = "Convolution1D", {name: side[0] for name, side in sides.items()}
    elif n_axes == _VOLUME:
        kind = "Convolution3D"
    made = r.layer(kind, n_filter=n_filter, **keys, n_group=group, bias=part["bias_term"])
    inner = channels // group if channels > 0 else -1
    outer: Shape = (channels, n_filter // group) if deconvolves else (n_filter, inner)
    names = ["filter", "bias"][: 1 + part["bias_term"]]
    fillers = [part["weight_filler"], part["bias_filler"]]
    found = r.learned(made, names, fillers, [(*outer, *kernel), (n_filter,)])
    return _as_rows(r, found) if n_axes == 1 and deconvolves else found


def _as_rows(r: Reader, found: Made) -> Made:
    """A layer of sequences as one of images of one row."""
    shape = r.shapes[0]
    if shape is None or len(r.bottoms) > 1:
        r.refuse("has several bottoms of one spatial axis\n  write a layer for each of them")
    if any(param["name"] for param in r.message["param"]):
        r.refuse("of one spatial axis shares params", r.message.at("param"))
    (made,) = found.layers
    for name, default in (("kernel", 1), ("stride", 1), ("pad", 0), ("dilation", 1)):
        made[name] = [default, *made[name]]
    row, rows = f"{r.tops[0]}.row", f"{r.tops[0]}.rows"
    made |= {"bottoms": [row], "tops": [rows]}
    before = r.layer("Reshape", "row", tops=[row], shape=[shape[1], 1, shape[2]])
    after = r.layer("Reshape", "sequence", bottoms=[rows], shape=[made["n_filter"], -1])

    def with_row(convert: Convert) -> Convert:
        return lambda blobs: (array := convert(blobs)).reshape(*array.shape[:2], 1, -1)

    found.filled = [
        replace(f, convert=with_row(f.convert)) if f.param == "filter" else f for f in found.filled
    ]
    found.layers = [before, made, after]
    return found


def convolution(r: Reader) -> Made:
    """Convolution."""
    return _is_filters(r, "Convolution", deconvolves=False)


def deconvolution(r: Reader) -> Made:
    """Deconvolution."""
    return _is_filters(r, "Deconvolution", deconvolves=True)


def depthwise(r: Reader) -> Made:
    """A convolution of each channel by itself, of several forks; their groups are the channels."""
    shape = r.shapes[0]
    if shape is None or len(shape) != 2 + _PLANE:
        r.refuse("needs the number of channels, which is not known here")
    part = r.message.part("convolution_param")
    if part.has("group") and part["group"] != shape[1]:
        r.refuse(
            f"group {part['group']}, but its bottom has {shape[1]} channels\n  expected one group"
            " for each of them",
            part.at("group"),
        )
    part.put("group", shape[1], part.position)
    return _is_filters(r, "Convolution", deconvolves=False)


def im2col(r: Reader) -> Made:
    """Im2col on images."""
    part, shape = r.message["convolution_param"], r.shapes[0]
    if r.axis(part) != 1 or (shape is not None and len(shape) != 2 + _PLANE):
        r.refuse("is there for (N, C, H, W), its channels on axis 1", part.at("axis"))
    sides = {
        name: _sides(r, part, field, name, default, _PLANE)
        for name, field, default in (
            ("kernel", "kernel_size", None),
            ("stride", "stride", 1),
            ("pad", "pad", 0),
            ("dilation", "dilation", 1),
        )
    }
    return r.only("Im2col", **sides)


def upsample(r: Reader) -> Made:
    """Upsample: each pixel again and again; with a mask, maxima back to where they were."""
    part = r.message["upsample_param"]
    scale = [part[name] if part.has(name) else part["scale"] for name in ("scale_h", "scale_w")]
    if min(scale) < 1:
        r.refuse(f"'scale' is {min(scale)}, expected at least 1", part.at("scale"))
    if len(r.bottoms) > 1:
        return _unpool(r, part, scale)
    for name in ("pad_out_h", "pad_out_w", "upsample_h", "upsample_w"):
        if part.has(name) and part[name]:
            r.refuse(f"'{name}' is for a layer with a mask, its second bottom", part.at(name))
    return r.only("Upsample", scale=scale)


def _unpool(r: Reader, part: Message, scale: list[int]) -> Made:
    """SegNet's Upsample: the size is given, or that of the bottom times the scale."""
    size, shape = [part["upsample_h"], part["upsample_w"]], r.shapes[0]
    if not all(size):
        if shape is None or len(shape) != 2 + _PLANE:
            r.refuse("needs the shape of its bottom, which is not known here")
        less = (part["pad_out_h"], part["pad_out_w"])
        size = [n * s - cut for n, s, cut in zip(shape[2:], scale, less, strict=True)]
    return r.only("Unpool", size=size)


def interp(r: Reader) -> Made:
    """Interp: the size given, or that of the bottom made smaller and larger by whole factors."""
    part = r.message["interp_param"]
    for name in ("pad_beg", "pad_end"):
        if part[name]:
            r.refuse(f"'{name}: {part[name]}'\n  graphnet's Interp sees the whole image",
                     part.at(name))  # fmt: skip
    if part.has("height") and part.has("width"):
        return r.only("Interp", size=[part["height"], part["width"]])
    shape, shrink, zoom = r.shapes[0], part["shrink_factor"], part["zoom_factor"]
    for name, factor in (("shrink_factor", shrink), ("zoom_factor", zoom)):
        if factor < 1:
            r.refuse(f"'{name}' is {factor}, expected at least 1", part.at(name))
    if not part.has("shrink_factor") and not part.has("zoom_factor"):
        r.refuse("has neither 'height' and 'width' nor a factor", part.position)
    if shape is None or len(shape) != 2 + _PLANE:
        r.refuse("needs the shape of its bottom, which is not known here")
    shrunk = [(n - 1) // shrink + 1 for n in shape[2:]]
    return r.only("Interp", size=[n + (n - 1) * (zoom - 1) for n in shrunk])


def lrn(r: Reader) -> Made:
    """LRN: the sum over the window is divided by its size, k counts across channels alone."""
    part = r.message["lrn_param"]
    if part["local_size"] % 2 == 0:
        r.refuse(f"local_size {part['local_size']} is even, expected an odd one",
                 part.at("local_size"))  # fmt: skip
    keys = {"kernel": part["local_size"], "scale": part["alpha"], "power": part["beta"]}
    if part["norm_region"] == "WITHIN_CHANNEL":
        made = r.only("LRN", mode="WithinChannel", shift=1.0, **keys)
        if part.has("k") and part["k"] != 1:
            made.notes.append("k is left out: Caffe takes 1 in place of it within channels")
        return made
    return r.only("LRN", shift=part["k"], **keys)


def crop(r: Reader) -> Made:
    """Crop: slices along each axis whose size differs from that of the second bottom."""
    part = r.message["crop_param"]
    image, model = r.shapes
    if image is None or model is None:
        r.refuse("needs the shapes of its bottoms, which are not known here")
    axis, offsets = r.axis(part), part["offset"]
    n_axes = len(image) - axis
    if len(model) != len(image):
        r.refuse(f"its bottoms {shape_text(image)} and {shape_text(model)} have not as many axes")
    if len(offsets) not in (0, 1, n_axes):
        r.refuse(
            f"has {len(offsets)} offsets, expected one, or one for each of the {n_axes} axes",
            part.at("offset"),
        )
    offsets = (offsets or [0]) * (1 if len(offsets) == n_axes else n_axes)
    layers: list[LayerDict] = []
    current = r.bottoms[0]
    cuts = [
        (axis + i, offset)
        for i, offset in enumerate(offsets)
        if image[axis + i] != model[axis + i] or offset
    ]
    for i, (where, offset) in enumerate(cuts):
        stop = offset + model[where]
        if stop > image[where]:
            r.refuse(
                f"offset {offset} and size {model[where]} go beyond axis {where} of its bottom"
                f" {shape_text(image)}",
                part.at("offset"),
            )
        if where == 0:
            r.along_batch(part.at("axis"))
        last = i == len(cuts) - 1
        kept = r.tops[0] if last else f"{r.tops[0]}.axis{where}"
        points = [p for p in (offset, stop) if 0 < p < image[where]]
        before = [f"{kept}.before"] if offset else []
        after = [f"{kept}.after"] if stop < image[where] else []
        tops = [*before, kept, *after]
        suffix = "" if last else f"axis{where}"
        keys = {"axis": where, "slice_points": points}
        layers.append(r.layer("Slice", suffix, bottoms=[current], tops=tops, **keys))
        unused = [*before, *after]
        layers.append(r.layer("Silence", f"cut{where}", bottoms=unused, tops=[]))
        current = kept
    if not cuts:
        layers.append(r.layer("Identity", bottoms=r.bottoms[:1]))
    return Made(layers)
