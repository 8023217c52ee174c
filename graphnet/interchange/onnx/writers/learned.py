"""Layers with params, for ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from graphnet.interchange.onnx.writers.layer_writer import LayerWriter
from graphnet.layers.shape.axis import axis_of

#: What the scale and the bias of a norm that has none are called.
ONES, ZEROS = "no-scale", "no-bias"
_INT64 = 7  # of ONNX's types
_MATRIX = 2  # axes


def _window(w: LayerWriter) -> dict[str, list[int] | int]:
    """The geometry of a bank of filters, of any number of sides."""
    spec = w.spec
    return {
        "kernel_shape": _sides(spec.kernel),
        "strides": _sides(spec.stride),
        "pads": _sides(spec.pad) * 2,
        "dilations": _sides(spec.dilation),
        "group": spec.n_group,
    }


def _sides(value: int | Sequence[int]) -> list[int]:
    """A number for each side."""
    return [value] if isinstance(value, int) else list(value)


def _filters(w: LayerWriter, op: str) -> None:
    params = [w.param(name) for name in ("filter", "bias")[: 1 + w.spec.bias]]
    w.end(op, w.x, *params, **_window(w))


def convolution(w: LayerWriter) -> None:
    """Convolution."""
    _filters(w, "Conv")


def deconvolution(w: LayerWriter) -> None:
    """Deconvolution."""
    _filters(w, "ConvTranspose")


def inner_product(w: LayerWriter) -> None:
    """InnerProduct: Gemm of rows; where the axes before its axis are positions, MatMul."""
    spec, positions = w.spec, w.top[1:-1]
    if not positions:
        bias = [w.param("bias")] if spec.bias else []
        w.end("Gemm", _rows(w), w.param("weight"), *bias, transB=1)
        return
    size = prod(w.shape[len(positions) + 1 :])
    x = w.x
    if len(w.shape) != len(positions) + 2:
        x = w.reshaped("rows", x, [*positions, size])
    weight = w.stored_array("weight", np.ascontiguousarray(w.read("weight").T))
    if spec.bias:
        w.close("plus", "Add", w.main("product", "MatMul", x, weight), w.param("bias"))
    else:
        w.end("MatMul", x, weight)


def _rows(w: LayerWriter) -> str:
    """The first bottom as rows, one for each sample."""
    if len(w.shape) == _MATRIX:
        return w.x
    if len(w.shape) == 1:
        return w.reshaped("rows", w.x, [1])
    return w.part("rows", "Flatten", w.x, axis=1)


def tied_inner_product(w: LayerWriter) -> None:
    """TiedInnerProduct: the other layer's constant, not turned round."""
    key, name = w.spec.borrowed_params()["weight"]
    weight = w.stored_as(f"{key}/{name}", w.values(f"{key}/{name}"))
    bias = [w.param("bias")] if w.spec.bias else []
    w.end("Gemm", _rows(w), weight, *bias)


def embed(w: LayerWriter) -> None:
    """Embed: Gather."""
    index = w.part("index", "Cast", w.x, to=_INT64)
    if w.spec.bias:
        words = w.main("words", "Gather", w.param("weight"), index)
        w.close("plus", "Add", words, w.param("bias"))
    else:
        w.end("Gather", w.param("weight"), index)


def rbf(w: LayerWriter) -> None:
    """RBF: the sum of the squares of all differences."""
    n, size = w.read("codes").shape
    x = w.reshaped("sample", w.x, [1, size])
    difference = w.part("difference", "Sub", x, w.param("codes", (1, n, size)))
    w.end("ReduceSumSquare", difference, w.integers("axes", [2]), keepdims=0)


def batch_norm(w: LayerWriter) -> None:
    """BatchNorm by its running statistics."""
    spec = w.spec
    if not spec.uses_running(w.phase):
        way = "export phase test" if w.phase == "train" else "set use_global_stats: true"
        w.refuse(f"it normalises by its batch in phase {w.phase}\n  {way}")
    mean, variance = w.param("mean"), w.param("variance")
    if spec.affine:
        scale, bias = w.param("scale"), w.param("bias")
    else:
        scale = w.constant(ONES, np.ones(w.shape[1], np.float32))
        bias = w.constant(ZEROS, np.zeros(w.shape[1], np.float32))
    w.end("BatchNormalization", w.x, scale, bias, mean, variance, epsilon=spec.epsilon)


def layer_norm(w: LayerWriter) -> None:
    """LayerNorm."""
    scale, bias = _affine(w)
    axis = axis_of(w.shape, w.spec.axis)
    w.end("LayerNormalization", w.x, scale, bias, axis=axis, epsilon=w.spec.epsilon)


def group_norm(w: LayerWriter) -> None:
    """GroupNorm; of rows as if each element were a place."""
    keys = {"num_groups": w.spec.n_group, "epsilon": w.spec.epsilon}
    if len(w.shape) > _MATRIX:
        w.end("GroupNormalization", w.x, *_affine(w), **keys)
        return
    places = w.reshaped("places", w.x, [w.shape[1], 1])
    made = w.main("normalised", "GroupNormalization", places, *_affine(w), **keys)
    w.close("rows", "Reshape", made, w.integers("shape", [-1, w.shape[1]]))


def instance_norm(w: LayerWriter) -> None:
    """InstanceNorm."""
    w.end("InstanceNormalization", w.x, *_affine(w), epsilon=w.spec.epsilon)


def _affine(w: LayerWriter) -> tuple[str, str]:
    """Scale and bias of a norm, or such that change nothing."""
    if w.spec.affine:
        return w.param("scale"), w.param("bias")
    shape = w.spec.param_shape(w.shape)
    return (
        w.constant(ONES, np.ones(shape, np.float32)),
        w.constant(ZEROS, np.zeros(shape, np.float32)),
    )


def scale(w: LayerWriter) -> None:
    """Scale, learned or by a second bottom."""
    factors = _spread(w) if len(w.inputs) > 1 else w.param("scale", _beside(w))
    if w.spec.bias:
        scaled = w.main("product", "Mul", w.x, factors)
        w.close("plus", "Add", scaled, w.param("bias", _beside(w)))
    else:
        w.end("Mul", w.x, factors)


def bias(w: LayerWriter) -> None:
    """Bias, learned or from a second bottom."""
    w.end("Add", w.x, _spread(w) if len(w.inputs) > 1 else w.param("bias", _beside(w)))


def _beside(w: LayerWriter) -> list[int]:
    """The shape in which learned values are repeated over the axes they do not span."""
    span = w.spec.span(w.vertex.bottom_shapes)
    return [*w.shape[span.first : span.end], *(1 for _ in range(span.end, span.n_axes))]


def _spread(w: LayerWriter) -> str:
    """The second bottom with an axis of 1 for each that it lacks."""
    n, m, first = (
        len(w.shape),
        len(w.vertex.bottom_shapes[1]),
        w.spec.span(w.vertex.bottom_shapes).first,
    )
    if first:
        w.refuse(f"its second bottom begins at axis {first}, and not with the samples")
    if n == m:
        return w.inputs[1]
    return w.part("beside", "Unsqueeze", w.inputs[1], w.integers("axes", range(m, n)))


def prelu(w: LayerWriter) -> None:
    """PReLU."""
    n = 1 if w.spec.channel_shared else w.shape[1]
    w.end("PRelu", w.x, w.param("slope", [n, *(1 for _ in w.shape[2:])]))
