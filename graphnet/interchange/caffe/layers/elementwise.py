"""Layers that work element by element, and those with one number for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Convert, Filled, Made, Reader


def relu(r: Reader) -> Made:
    """ReLU, leaky or not; a slope beyond 0 to 1 is a PReLU that does not learn."""
    slope = r.message["relu_param"]["negative_slope"]
    if slope == 0:
        return r.only("ReLU")
    if 0 < slope <= 1:
        return r.only("LReLU", slope=slope)
    made = r.layer(
        "PReLU",
        channel_shared=True,
        frozen=True,
        slope_init={"type": "Constant", "value": slope},
    )
    value = np.full((1,), slope)
    return Made([made], [Filled(made["name"], "slope", lambda _: value)])


def relu_in_place(layer: Message) -> bool:
    """Whether it may run in place in graphnet, too."""
    return bool(0 <= layer["relu_param"]["negative_slope"] <= 1)


def elu(r: Reader) -> Made:
    """ELU."""
    return r.only("ELU", alpha=r.message["elu_param"]["alpha"])


def swish(r: Reader) -> Made:
    """Swish."""
    return r.only("Swish", beta=r.message["swish_param"]["beta"])


def clip(r: Reader) -> Made:
    """Clip."""
    part = r.message["clip_param"]
    low, high = (r.need(part, name, "clip_param") for name in ("min", "max"))
    return r.only("Clip", min=low, max=high)


def threshold(r: Reader) -> Made:
    """Threshold."""
    return r.only("Threshold", threshold=r.message["threshold_param"]["threshold"])


def power(r: Reader) -> Made:
    """Power."""
    part = r.message["power_param"]
    return r.only("Power", **{name: part[name] for name in ("power", "scale", "shift")})


def exp(r: Reader) -> Made:
    """Exp; base −1 stands for e."""
    return r.only("Exp", **_based(r, "exp_param"))


def log(r: Reader) -> Made:
    """Log; base −1 stands for e."""
    return r.only("Log", **_based(r, "log_param"))


def _based(r: Reader, name: str) -> dict[str, float]:
    part = r.message[name]
    base = part["base"]
    if base <= 0 and base != -1:
        r.refuse(f"base {base:g}, expected a positive number, or -1 for e", part.at("base"))
    keys = {"scale": part["scale"], "shift": part["shift"]}
    return keys if base == -1 else {"base": base, **keys}


def dropout(r: Reader) -> Made:
    """Dropout: what is kept is scaled in training, in both."""
    return r.only("Dropout", ratio=r.message["dropout_param"]["dropout_ratio"])


def prelu(r: Reader) -> Made:
    """PReLU; its filler is the constant 0.25 unless another is given."""
    part = r.message["prelu_param"]
    filler = part["filler"]
    if not filler.values:
        filler = _constant(0.25)
    shared = part["channel_shared"]
    made = r.layer("PReLU", channel_shared=shared)
    shape = () if shared else _of_axes(r.shapes[0], 1, 1)
    found = r.learned(made, ["slope"], [filler], [shape])
    return _as_vectors(found) if shared else found


def _constant(value: float) -> Message:
    return Message.of("FillerParameter", type="constant", value=value)


def eltwise(r: Reader) -> Made:
    """Eltwise: SUM with coefficients, PROD and MAX."""
    part = r.message["eltwise_param"]
    coeff = part["coeff"]
    if coeff and len(coeff) != len(r.bottoms):
        r.refuse(
            f"has {len(coeff)} coefficients for {len(r.bottoms)} bottoms\n  expected one for each",
            part.at("coeff"),
        )
    if coeff and part["operation"] != "SUM":
        r.refuse("has coefficients, which only SUM takes", part.at("coeff"))
    operation = {"SUM": "Add", "PROD": "Multiply", "MAX": "Max"}[part["operation"]]
    made = r.only("ElementWise", operation=operation, **({"coef": coeff} if coeff else {}))
    if operation == "Max":
        made.notes.append(
            "of equal maxima the first bottom takes the gradient here, in Caffe the second"
        )
    return made


def batch_norm(r: Reader) -> Made:
    """BatchNorm without an affine part; the stored sums are divided by their count."""
    part = r.message["batch_norm_param"]
    for i, param in enumerate(r.message["param"]):
        if param["lr_mult"]:
            r.refuse(
                "its statistics are no params that learn\n  write param { lr_mult: 0 }",
                r.message.at("param", i),
            )
    keys = {"use_global_stats": part["use_global_stats"]} if part.has("use_global_stats") else {}
    made = r.layer(
        "BatchNorm",
        affine=False,
        epsilon=part["eps"],
        moving_average_fraction=part["moving_average_fraction"],
        **keys,
    )
    if r.stored is not None and len(r.stored) not in (0, 3):
        r.refuse(
            f"its model has {len(r.stored)} arrays, expected 3: sums of means and of variances, and"
            " their count\n  a fork of Caffe has scale and bias in it, too"
        )

    def mean(index: int) -> Filled:
        def convert(blobs: Sequence[np.ndarray]) -> np.ndarray:
            count = float(blobs[2].reshape(-1)[0])
            factor = np.float32(0.0 if count == 0 else 1 / count)
            return np.asarray(blobs[index] * factor)

        name = ("mean", "variance")[index]
        return Filled(made["name"], name, convert, is_state=True, blobs=(index, 2))

    return Made([made], [mean(0), mean(1)])


def scale(r: Reader) -> Made:
    """Scale, with or without bias; the factors learned or those of a second bottom."""
    part = r.message["scale_param"]
    bias = part["bias_term"]
    if len(r.bottoms) > 1:
        return _with_bias(r, part) if bias else _second_bottom(r, part, "Scale")
    axis, span = _span(r, part)
    filler = part["filler"]
    fillers = [filler if filler.values else _constant(1.0), part["bias_filler"]]
    made = r.layer("Scale", axis=axis, num_axes=part["num_axes"], bias=bias)
    found = r.learned(made, ["scale", "bias"][: 1 + bias], fillers, [span, span])
    return _as_vectors(found) if part["num_axes"] == 0 else found


def bias(r: Reader) -> Made:
    """Bias, learned or from a second bottom."""
    part = r.message["bias_param"]
    if len(r.bottoms) > 1:
        return _second_bottom(r, part, "Bias")
    axis, span = _span(r, part)
    made = r.layer("Bias", axis=axis, num_axes=part["num_axes"])
    found = r.learned(made, ["bias"], [part["filler"]], [span])
    return _as_vectors(found) if part["num_axes"] == 0 else found


def _as_vectors(made: Made) -> Made:
    """The same, its single numbers as arrays of one: Caffe's have no axis."""

    def vector(convert: Convert) -> Convert:
        return lambda blobs: convert(blobs).reshape(1)

    made.filled = [replace(f, convert=vector(f.convert)) for f in made.filled]
    return made


def _span(r: Reader, part: Message) -> tuple[int, Shape | None]:
    """The first axis that the learned numbers span, and their shape."""
    axis, n_axes, shape = r.axis(part), part["num_axes"], r.shapes[0]
    if n_axes == 0:
        return max(axis, 1), ()
    if axis == 0:
        r.along_batch(part.at("axis"))
    if shape is not None and n_axes > 0 and axis + n_axes > len(shape):
        r.refuse(
            f"axis {axis} and num_axes {n_axes} go beyond its bottom {shape_text(shape)}",
            part.at("num_axes" if part.has("num_axes") else "axis"),
        )
    return axis, _of_axes(shape, axis, n_axes)


def _of_axes(shape: Shape | None, axis: int, n_axes: int) -> Shape | None:
    if shape is None:
        return None
    return shape[axis:] if n_axes < 0 else shape[axis : axis + n_axes]


def _second_bottom(r: Reader, part: Message, kind: str) -> Made:
    """The numbers of a second bottom, which begin at the axis of the first that is named."""
    axis = r.axis(part)
    return r.only(kind, **({"axis": axis} if axis else {}))


def _with_bias(r: Reader, part: Message) -> Made:
    """Factors from a bottom, and a bias of their shape that is learned."""
    shape, axis = r.shapes[1], r.sample_axis(part)
    if r.joined or shape is None:
        r.refuse("learns a bias of the shape of all the batch", part.at("bias_term"))
    scaled = f"{r.tops[0]}.scaled"
    made = r.layer("Bias", bottoms=[scaled], axis=axis if shape else 1, num_axes=len(shape))
    found = r.learned(made, ["bias"], [part["bias_filler"]], [shape])
    if not shape:
        found = _as_vectors(found)
    keys = {"axis": axis} if shape else {}
    found.layers.insert(0, r.layer("Scale", "factors", tops=[scaled], **keys))
    return found


def normalize(r: Reader) -> Made:
    """Normalize of SSD; its filler is the constant 1 unless another is given."""
    part = r.message["norm_param"]
    filler = part["scale_filler"]
    shared = part["channel_shared"]
    made = r.layer(
        "Normalize",
        across_places=part["across_spatial"],
        channel_shared=shared,
        epsilon=part["eps"],
    )
    shape = () if shared else _of_axes(r.shapes[0], 1, 1)
    fillers = [filler if filler.values else _constant(1.0)]
    found = r.learned(made, ["scale"], fillers, [shape])
    return _as_vectors(found) if shared else found


def mvn(r: Reader) -> Made:
    """MVN; its top always has four axes."""
    part = r.message["mvn_param"]
    keys = {name: part[name] for name in ("normalize_variance", "across_channels")}
    keys["epsilon"] = part["eps"]
    shape = r.shapes[0]
    if shape is None or len(shape) == 4:  # noqa: PLR2004  # (N, C, H, W)
        return r.only("MVN", **keys)
    sizes = [*shape[1:], 1, 1, 1][:3]
    image = f"{r.tops[0]}.image"
    return Made(
        [
            r.layer("Reshape", "image", tops=[image], shape=sizes),
            r.layer("MVN", bottoms=[image], **keys),
        ]
    )
