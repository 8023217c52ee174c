"""Layers with params, for Caffe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.writers.exported_layer import Part, ToCaffe, Writer


def filters(kind: str) -> ToCaffe:
    """A convolution or deconvolution."""

    def write(w: Writer) -> list[Part]:
        spec = w.spec
        message = w.layer(
            kind,
            "convolution_param",
            num_output=spec.n_filter,
            bias_term=None if spec.bias else False,
            pad=_sides(spec.pad, 0),
            kernel_size=_sides(spec.kernel, None),
            group=None if spec.n_group == 1 else spec.n_group,
            stride=_sides(spec.stride, 1),
            dilation=_sides(spec.dilation, 1),
            weight_filler=w.filler("filter"),
            bias_filler=w.filler("bias") if spec.bias else None,
        )
        return [w.learned(message, ["filter", "bias"][: 1 + spec.bias])]

    return write


def im2col(w: Writer) -> list[Part]:
    """The windows of a convolution, side by side."""
    spec = w.spec
    return w.one(
        "Im2col",
        "convolution_param",
        pad=_sides(spec.pad, 0),
        kernel_size=_sides(spec.kernel, None),
        stride=_sides(spec.stride, 1),
        dilation=_sides(spec.dilation, 1),
    )


def parameter(w: Writer) -> list[Part]:
    """Parameter; it begins with 0 in Caffe, where no model fills it."""
    shape = Message.of("BlobShape", dim=list(w.spec.shape))
    return [w.learned(w.layer("Parameter", "parameter_param", shape=shape), ["value"])]


def _sides(sides: int | tuple[int, ...], default: int | None) -> list[int] | None:
    """Once if all sides are alike; not at all if that is the default."""
    several = (sides,) if isinstance(sides, int) else sides
    if len(set(several)) > 1:
        return list(several)
    return None if several[0] == default else [several[0]]


def inner_product(w: Writer) -> list[Part]:
    """InnerProduct."""
    spec = w.spec
    message = w.layer(
        "InnerProduct",
        "inner_product_param",
        num_output=spec.output_dim,
        bias_term=None if spec.bias else False,
        weight_filler=w.filler("weight"),
        bias_filler=w.filler("bias") if spec.bias else None,
        axis=None if spec.axis == 1 else spec.axis,
    )
    return [w.learned(message, ["weight", "bias"][: 1 + spec.bias])]


def embed(w: Writer) -> list[Part]:
    """Embed."""
    spec = w.spec
    message = w.layer(
        "Embed",
        "embed_param",
        num_output=spec.output_dim,
        input_dim=spec.input_dim,
        bias_term=None if spec.bias else False,
        weight_filler=w.filler("weight"),
        bias_filler=w.filler("bias") if spec.bias else None,
    )
    return [w.learned(message, ["weight", "bias"][: 1 + spec.bias])]


def batch_norm(w: Writer) -> list[Part]:
    """BatchNorm, with the statistics as sums of one batch; scale and bias are a layer behind it."""
    spec = w.spec
    message = w.layer(
        "BatchNorm",
        "batch_norm_param",
        use_global_stats=spec.use_global_stats,
        moving_average_fraction=spec.moving_average_fraction,
        eps=spec.epsilon,
    )
    for _ in range(3):
        message.add("param", Message.of("ParamSpec", lr_mult=0.0, decay_mult=0.0))
    parts = [Part(message, ["mean", "variance"], [np.ones(1, np.float32)])]
    if spec.affine:
        top = message["top"][0]
        affine = Message.of("LayerParameter", name=f"{w.name}.scale", type="Scale", bottom=[top])
        affine.put("top", [top])
        affine.part("scale_param").put("bias_term", True)
        parts.append(w.learned(affine, ["scale", "bias"]))
    return parts


def scale(w: Writer) -> list[Part]:
    """Scale, learned or by a second bottom."""
    spec = w.spec
    if len(w.vertex.bottoms) > 1:
        if spec.bias:
            w.refuse("bias: true with factors from a bottom")
        return w.one("Scale", "scale_param", axis=spec.span(w.vertex.bottom_shapes).first)
    message = w.layer(
        "Scale",
        "scale_param",
        axis=spec.axis,
        num_axes=spec.num_axes,
        filler=w.filler("scale"),
        bias_term=spec.bias or None,
        bias_filler=w.filler("bias") if spec.bias else None,
    )
    part = w.learned(message, ["scale", "bias"][: 1 + spec.bias])
    return [replace(part, is_scalar=spec.num_axes == 0)]


def bias(w: Writer) -> list[Part]:
    """Bias, learned or from a second bottom."""
    spec = w.spec
    if len(w.vertex.bottoms) > 1:
        return w.one("Bias", "bias_param", axis=spec.span(w.vertex.bottom_shapes).first)
    message = w.layer(
        "Bias", "bias_param", axis=spec.axis, num_axes=spec.num_axes, filler=w.filler("bias")
    )
    return [replace(w.learned(message, ["bias"]), is_scalar=spec.num_axes == 0)]


def prelu(w: Writer) -> list[Part]:
    """PReLU."""
    shared = w.spec.channel_shared or None
    message = w.layer("PReLU", "prelu_param", filler=w.filler("slope"), channel_shared=shared)
    return [replace(w.learned(message, ["slope"]), is_scalar=w.spec.channel_shared)]


def normalize(w: Writer) -> list[Part]:
    """Normalize, as SSD's fork of Caffe has it."""
    spec = w.spec
    if not spec.scale:
        w.refuse("scale: false\n  Caffe's Normalize always learns one")
    message = w.layer(
        "Normalize",
        "norm_param",
        across_spatial=spec.across_places,
        scale_filler=w.filler("scale"),
        channel_shared=spec.channel_shared,
        eps=spec.epsilon,
    )
    return [replace(w.learned(message, ["scale"]), is_scalar=spec.channel_shared)]
