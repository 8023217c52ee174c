"""Layers that arrange: concatenate, slice, reshape, repeat, reduce, and look up."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from graphnet.blob import shape_text
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Made, Reader


def inner_product(r: Reader) -> Made:
    """InnerProduct; a transposed weight is turned round."""
    part = r.message["inner_product_param"]
    n = r.need(part, "num_output", "inner_product_param")
    axis = r.sample_axis(part)
    shape = r.shapes[0]
    width = prod(shape[axis:]) if shape is not None else -1
    made = r.layer("InnerProduct", output_dim=n, axis=axis, bias=part["bias_term"])
    names = ["weight", "bias"][: 1 + part["bias_term"]]
    fillers = [part["weight_filler"], part["bias_filler"]]
    transposed = part["transpose"]
    weight = (width, n) if transposed else (n, width)
    found = r.learned(made, names, fillers, [weight, (n,)], transposed=transposed)
    if transposed:
        found.notes.append("transpose: the weight is stored the other way round here")
    return found


def embed(r: Reader) -> Made:
    """Embed."""
    part = r.message["embed_param"]
    n, rows = (r.need(part, name, "embed_param") for name in ("num_output", "input_dim"))
    made = r.layer("Embed", input_dim=rows, output_dim=n, bias=part["bias_term"])
    names = ["weight", "bias"][: 1 + part["bias_term"]]
    fillers = [part["weight_filler"], part["bias_filler"]]
    return r.learned(made, names, fillers, [(rows, n), (n,)])


def _old_axis(r: Reader, part: Message, old: str) -> int:
    """An axis that may have its name of old."""
    if part.has(old) and part.has("axis"):
        r.refuse(f"has both 'axis' and the old '{old}'\n  keep one of them", part.at(old))
    return r.sample_axis(part, old if part.has(old) else "axis")


def concat(r: Reader) -> Made:
    """Concat."""
    axis = _old_axis(r, r.message["concat_param"], "concat_dim")
    if len(r.bottoms) == 1:
        return r.only("Identity")
    return r.only("Concat", axis=axis)


def slices(r: Reader) -> Made:
    """Slice."""
    part = r.message["slice_param"]
    axis, points = _old_axis(r, part, "slice_dim"), part["slice_point"]
    if points and len(points) != len(r.tops) - 1:
        r.refuse(
            f"has {len(points)} slice points and {len(r.tops)} tops\n  expected one less than tops",
            part.at("slice_point"),
        )
    if len(r.tops) == 1:
        return r.only("Identity")
    return r.only("Slice", axis=axis, **({"slice_points": points} if points else {}))


def split(r: Reader) -> Made:
    """Split."""
    return r.only("Split")


def flatten(r: Reader) -> Made:
    """Flatten."""
    part = r.message["flatten_param"]
    return r.only("Flatten", axis=r.sample_axis(part), end_axis=r.axis(part, "end_axis"))


def reshape(r: Reader) -> Made:
    """Reshape: the shape of a sample, worked out from that of the bottom where it is needed."""
    part = r.message["reshape_param"]
    dims, shape = list(part["shape"]["dim"]), r.shapes[0]
    first, count = part["axis"], part["num_axes"]
    if shape is None:
        if first or count != -1 or 0 in dims[1:] or dims[:1] != [0]:
            r.refuse("needs the shape of its bottom, which is not known here")
        return r.only("Reshape", shape=dims[1:])
    shape = shape[int(r.joined) :]
    n = len(shape)
    start = first if first >= 0 else first + n + 1
    stop = n if count == -1 else start + count
    if not 0 <= start <= stop <= n:
        r.refuse(
            f"axis {first} and num_axes {count} do not fit a bottom of shape {shape_text(shape)}",
            part.at("axis"),
        )
    for i, dim in enumerate(dims):
        if dim == 0:
            if start + i >= n:
                r.refuse(f"dim {i} copies a size that its bottom {shape_text(shape)} lacks",
                         part.at("shape"))  # fmt: skip
            dims[i] = shape[start + i]
    sizes = [*shape[:start], *dims, *shape[stop:]]
    rest = prod(d for d in sizes if d != -1)
    fits = prod(shape) == rest if -1 not in sizes else rest > 0 and prod(shape) % rest == 0
    if not fits or sizes.count(-1) > 1 or min(sizes, default=0) < -1:
        r.refuse(
            f"{shape_text(tuple(sizes))} has not as many elements as {shape_text(shape)}",
            part.at("shape"),
        )
    sizes = [prod(shape) // rest if d == -1 else d for d in sizes]
    if r.joined:
        return r.only("Reshape", shape=sizes)
    if sizes[:1] != [shape[0]]:
        r.along_batch(part.at("shape"))
    return r.only("Reshape", shape=sizes[1:])


def tile(r: Reader) -> Made:
    """Tile."""
    part = r.message["tile_param"]
    tiles = r.need(part, "tiles", "tile_param")
    return r.only("Tile", axis=r.sample_axis(part), tiles=tiles)


def reduction(r: Reader) -> Made:
    """Reduction over the axes of a sample; over the batch too where it is a loss."""
    part, shape = r.message["reduction_param"], r.shapes[0]
    names = {"SUM": "Sum", "ASUM": "AbsSum", "SUMSQ": "SquareSum", "MEAN": "Mean"}
    operation, weight = names[part["operation"]], next(iter(r.message["loss_weight"]), 0.0)
    if weight and shape is None and part["axis"] == 0:
        r.refuse("needs the shape of its bottom, which is not known here")
    if not weight or not shape or r.axis(part) != 0:
        axis = r.sample_axis(part)
        return r.only("Reduction", operation=operation, axis=axis, coef=part["coeff"])
    factor = float(weight) * (1 if operation == "Mean" else shape[0])  # SumLoss is a mean
    layers, sums = [], f"{r.name}.sums"
    if len(shape) == 1 and operation != "Sum":
        column = f"{r.name}.column"
        layers.append(r.layer("Reshape", "column", tops=[column], shape=[1]))
    else:
        column = r.bottoms[0]
    if len(shape) > 1 or layers:
        keys = {"operation": operation, "coef": part["coeff"]}
        layers.append(r.layer("Reduction", "sums", bottoms=[column], tops=[sums], **keys))
    else:
        sums, factor = column, factor * part["coeff"]
    return Made([*layers, r.layer("SumLoss", bottoms=[sums], tops=(), loss_weight=factor)])


def argmax(r: Reader) -> Made:
    """ArgMax along an axis, or over a whole sample: indices, values, or both."""
    part = r.message["argmax_param"]
    top_k, has_values = part["top_k"], part["out_max_val"]
    if top_k < 1:
        r.refuse("'top_k' is 0, expected at least 1", part.at("top_k"))
    keys = {"top_k": top_k} if top_k > 1 else {}
    note = "of equal maxima this takes the first, Caffe the last"
    if part.has("axis"):
        axis = r.sample_axis(part)
        values = {"values": True} if has_values else {}
        return Made([r.layer("Argmax", axis=axis, **keys, **values)], notes=[note])
    shape = r.shapes[0]
    if shape is None:
        r.refuse("without an axis needs the shape of its bottom, which is not known here")
    top = r.tops[0]
    flat, best, largest = (f"{top}.{what}" for what in ("flat", "best", "values"))
    ones = [1] * (max(len(shape), 3) - 3)
    layers = [
        r.layer("Flatten", "flat", tops=[flat]),
        r.layer("Argmax", "best", bottoms=[flat], tops=[best], **keys),
    ]
    found = best
    if has_values:
        found = f"{top}.both"
        layers += [
            r.layer("Argmax", "values", bottoms=[flat], tops=[largest], **keys, values=True),
            r.layer("Concat", "both", bottoms=[best, largest], tops=[found]),
        ]
    sizes = [1 + has_values, top_k, *ones]
    return Made([*layers, r.layer("Reshape", bottoms=[found], shape=sizes)], notes=[note])


def batch_reindex(r: Reader) -> Made:
    """BatchReindex: samples by their numbers, which have one axis here."""
    shape = r.shapes[1]
    if shape is None:
        r.refuse("needs the shape of its second bottom, which is not known here")
    if len(shape) == 1:
        return r.only("TakeSamples")
    if prod(shape) != shape[0]:
        r.refuse(
            f"its second bottom has the shape {shape_text(shape)}\n  expected one number for each"
            " sample",
            r.message.at("bottom", 1),
        )
    numbers = f"{r.name}.numbers"
    flat = r.layer("Reshape", "numbers", bottoms=[r.bottoms[1]], tops=[numbers], shape=[])
    return Made([flat, r.layer("TakeSamples", bottoms=[r.bottoms[0], numbers])])


def parameter(r: Reader) -> Made:
    """Parameter; without a shape it is one number."""
    shape = list(r.message["parameter_param"]["shape"]["dim"])
    if shape and min(shape) < 1:
        r.refuse("its shape has a size of 0, expected at least 1", r.message.at("parameter_param"))
    made = r.layer("Parameter", shape=shape or [1])
    found = r.learned(made, ["value"], [Message.of("FillerParameter")], [tuple(shape or [1])])
    if not shape:
        (filled,) = found.filled
        found.filled = [replace(filled, convert=lambda blobs: blobs[0].reshape(1))]
    return found


def permute(r: Reader) -> Made:
    """Permute of SSD: axes that are not named follow in their order."""
    part, shape = r.message["permute_param"], r.shapes[0]
    order = list(part["order"])
    if shape is None:
        r.refuse("needs the shape of its bottom, which is not known here")
    n = len(shape) - r.joined
    if len(set(order)) < len(order) or any(axis >= n for axis in order):
        r.refuse(
            f"order {order} does not fit a bottom of shape {shape_text(shape[-n:])}"
            "\n  expected each axis once",
            part.at("order"),
        )
    order += [axis for axis in range(n) if axis not in order]
    if r.joined:
        return r.only("Permute", axes=[axis + 1 for axis in order])
    if order[:1] != [0]:
        r.along_batch(part.at("order"))
    return r.only("Permute", axes=order[1:])


def shuffle_channel(r: Reader) -> Made:
    """ShuffleChannel of ShuffleNet: channel i of group g goes to place g of the i-th group."""
    part, shape = r.message["shuffle_channel_param"], r.shapes[0]
    n = part["group"]
    if shape is None or len(shape) < 2:  # noqa: PLR2004  # (N, C)
        r.refuse("needs the number of channels, which is not known here")
    if n < 1 or shape[1] % n:
        r.refuse(f"the {shape[1]} channels cannot be cut into {n} groups", part.at("group"))
    groups, turned = (f"{r.tops[0]}.{what}" for what in ("groups", "turned"))
    behind = range(3, len(shape) + 1)
    return Made(
        [
            r.layer("Reshape", "groups", tops=[groups], shape=[n, shape[1] // n, *shape[2:]]),
            r.layer("Permute", "turned", bottoms=[groups], tops=[turned], axes=[2, 1, *behind]),
            r.layer("Reshape", bottoms=[turned], shape=list(shape[1:])),
        ]
    )


def softmax(r: Reader) -> Made:
    """Softmax."""
    return r.only("Softmax", axis=r.sample_axis(r.message["softmax_param"]))


def silence(r: Reader) -> Made:
    """Silence."""
    return r.only("Silence") if r.bottoms else Made()
