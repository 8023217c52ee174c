"""Layers of graphnet as operators of ONNX: those without params, and the table of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.writers import (
    attention,
    decoding,
    images,
    learned,
    recurrent,
    windows,
)
from graphnet.interchange.onnx.writers.layer_writer import LayerWriter, ToOnnx
from graphnet.layers.shape.axis import axis_of

_FLOAT, _INT64 = 1, 7  # of ONNX's types


def _plain(op: str, **keys: str) -> ToOnnx:
    """One operator; an attribute is a key of the layer."""

    def write(w: LayerWriter) -> None:
        values = dict(w.spec)
        w.end(op, w.x, **{name: values[key] for name, key in keys.items()})

    return write


def _argmax(w: LayerWriter) -> None:
    spec, axis = w.spec, axis_of(w.shape, w.spec.axis)
    if spec.top_k == 1 and not spec.values:
        index = w.main("index", "ArgMax", w.x, axis=axis, keepdims=1)
        w.close("number", "Cast", index, to=_FLOAT)
        return
    name, k = w.vertex.name, w.integers("k", [spec.top_k])
    index = w.graph.fresh(f"{name}.index")
    values = w.outputs[0] if spec.values else w.graph.fresh(f"{name}.values")
    w.graph.add(name, "TopK", [w.x, k], [values, index], axis=axis)
    if not spec.values:
        w.close("number", "Cast", index, to=_FLOAT)


def _clip(w: LayerWriter) -> None:
    w.end("Clip", w.x, w.number("min", w.spec.min), w.number("max", w.spec.max))


def _along(op: str) -> ToOnnx:
    """One operator along an axis."""

    def write(w: LayerWriter) -> None:
        w.end(op, *w.inputs, axis=axis_of(w.shape, w.spec.axis))

    return write


def _dropout(w: LayerWriter) -> None:
    if w.phase == "train" and w.spec.ratio:
        w.refuse("it acts by chance in phase train\n  export phase test, where it does nothing")
    w.end("Dropout", w.x, w.number("ratio", w.spec.ratio))


def _element_wise(w: LayerWriter) -> None:
    spec, inputs = w.spec, list(w.inputs)
    match spec.operation:
        case "Subtract":
            w.end("Sub", *inputs)
        case "Divide":
            w.end("Div", *inputs)
        case "Max":
            w.end("Max", *inputs)
        case "Multiply":
            w.chain(inputs[0], [(f"times{i}", "Mul", (x,)) for i, x in enumerate(inputs[1:], 1)])
        case _:
            for i, factor in enumerate(spec.coef or ()):
                if factor != 1:
                    number = w.number(f"coef{i}", factor)
                    inputs[i] = w.part(f"term{i}", "Mul", inputs[i], number)
            w.chain(inputs[0], [(f"plus{i}", "Add", (x,)) for i, x in enumerate(inputs[1:], 1)])


def _linear(w: LayerWriter, scale: float, shift: float) -> list[tuple[str, str, Sequence[str]]]:
    """The steps of ``scale · x + shift``."""
    steps: list[tuple[str, str, Sequence[str]]] = []
    if scale != 1:
        steps.append(("scaled", "Mul", (w.number("scale", scale),)))
    if shift != 0:
        steps.append(("shifted", "Add", (w.number("shift", shift),)))
    return steps


def _normalize(w: LayerWriter) -> None:
    spec = w.spec
    square = w.part("square", "Mul", w.x, w.x)
    axes = w.integers("axes", range(1, len(w.shape) if spec.across_places else 2))
    total = w.part("total", "ReduceSum", square, axes, keepdims=1)
    root = w.part("root", "Sqrt", w.part("sum", "Add", total, w.number("epsilon", spec.epsilon)))
    if not spec.scale:
        w.end("Div", w.x, root)
        return
    n = 1 if spec.channel_shared else w.shape[1]
    scale = w.param("scale", [n, *(1 for _ in w.shape[2:])])
    w.end("Mul", w.part("unit", "Div", w.x, root), scale)


def _permute(w: LayerWriter) -> None:
    w.end("Transpose", w.x, perm=[0, *w.spec.axes])


def _power(w: LayerWriter) -> None:
    spec = w.spec
    steps = _linear(w, spec.scale, spec.shift)
    match spec.power:
        case 1:
            pass
        case 0.5:
            steps.append(("root", "Sqrt", ()))
        case -1:
            steps.append(("reciprocal", "Reciprocal", ()))
        case _:
            steps.append(("power", "Pow", (w.number("power", spec.power),)))
    w.chain(w.x, steps)


def _exp(w: LayerWriter) -> None:
    spec = w.spec
    steps = _linear(w, spec.log_base * spec.scale, spec.log_base * spec.shift)
    w.chain(w.x, [*steps, ("exp", "Exp", ())])


def _log(w: LayerWriter) -> None:
    spec = w.spec
    steps = [*_linear(w, spec.scale, spec.shift), ("log", "Log", ())]
    if spec.base is not None:
        steps.append(("based", "Mul", (w.number("base", 1 / spec.log_base),)))
    w.chain(w.x, steps)


def _flatten(w: LayerWriter) -> None:
    first, last = axis_of(w.shape, w.spec.axis), axis_of(w.shape, w.spec.end_axis)
    if (first, last) == (1, len(w.shape) - 1):
        w.end("Flatten", w.x, axis=1)
    else:
        _reshape(w)


def _reshape(w: LayerWriter) -> None:
    w.end("Reshape", w.x, w.integers("shape", [-1, *w.top[1:]]))


def _index_to_onehot(w: LayerWriter) -> None:
    labels = w.part("labels", "Cast", w.x, to=_INT64)
    axis = 1 if len(w.shape) == 1 else axis_of(w.shape, w.spec.axis)
    if len(w.shape) > 1:
        labels = w.part("squeezed", "Squeeze", labels, w.integers("axes", [axis]))
    depth = w.integers("n_class", [w.spec.n_class])
    w.end("OneHot", labels, depth, w.constant("values", np.array([0, 1], np.float32)), axis=axis)


def _mvn(w: LayerWriter) -> None:
    spec = w.spec
    axes = w.integers("axes", range(spec.first_axis, len(w.shape)))
    mean = w.part("mean", "ReduceMean", w.x, axes, keepdims=1)
    if not spec.normalize_variance:
        w.end("Sub", w.x, mean)
        return
    centred = w.part("centred", "Sub", w.x, mean)
    square = w.part("square", "Mul", centred, centred)
    variance = w.part("variance", "ReduceMean", square, axes, keepdims=1)
    deviation = w.part("deviation", "Sqrt", variance)
    divisor = w.part("divisor", "Add", deviation, w.number("epsilon", spec.epsilon))
    w.end("Div", centred, divisor)


def _relu(w: LayerWriter) -> None:
    if w.spec.epsilon:
        w.end("Clip", w.x, w.number("epsilon", w.spec.epsilon))
    else:
        w.end("Relu", w.x)


def _reduction(w: LayerWriter) -> None:
    spec = w.spec
    ops = {"Sum": "Sum", "AbsSum": "L1", "SquareSum": "SumSquare", "Mean": "Mean"}
    op = f"Reduce{ops[spec.operation]}"
    axes = w.integers("axes", range(axis_of(w.shape, spec.axis), len(w.shape)))
    if spec.coef == 1:
        w.end(op, w.x, axes, keepdims=0)
    else:
        total = w.main("total", op, w.x, axes, keepdims=0)
        w.close("scaled", "Mul", total, w.number("coef", spec.coef))


def _slice(w: LayerWriter) -> None:
    sizes = [stop - start for start, stop in pairwise(w.spec.edges(w.shape))]
    w.end("Split", w.x, w.integers("sizes", sizes), axis=axis_of(w.shape, w.spec.axis))


def _softplus(w: LayerWriter) -> None:
    beta = w.spec.beta
    steps = [*_linear(w, beta, 0), ("soft", "Softplus", ())]
    if beta != 1:
        steps.append(("divided", "Div", (w.number("beta", beta),)))
    w.chain(w.x, steps)


def _split(w: LayerWriter) -> None:
    for i, output in enumerate(w.outputs):
        name = w.vertex.name if i == 0 else f"{w.vertex.name}.{i + 1}"
        w.graph.add(name, "Identity", [w.x], [output])


def _swish(w: LayerWriter) -> None:
    steps = _linear(w, w.spec.beta, 0)
    scaled = w.part("scaled", "Mul", w.x, *steps[0][2]) if steps else w.x
    w.end("Mul", w.x, w.part("rise", "Sigmoid", scaled))


def _threshold(w: LayerWriter) -> None:
    above = w.main("above", "Greater", w.x, w.number("threshold", w.spec.threshold))
    w.close("number", "Cast", above, to=_FLOAT)


def _tile(w: LayerWriter) -> None:
    axis = axis_of(w.shape, w.spec.axis)
    repeats: list[Any] = [w.spec.tiles if i == axis else 1 for i in range(len(w.shape))]
    w.end("Tile", w.x, w.integers("repeats", repeats))


#: What writes each type of layer.
EXPORTS: Mapping[str, ToOnnx] = MappingProxyType(
    {
        "AbsVal": _plain("Abs"),
        "AdaptivePooling": images.adaptive_pooling,
        "Argmax": _argmax,
        "BNLL": _plain("Softplus"),
        "BatchNorm": learned.batch_norm,
        "Bias": learned.bias,
        "CTCDecoder": decoding.ctc_decoder,
        "ChannelPooling": windows.channel_pooling,
        "Clip": _clip,
        "Concat": _along("Concat"),
        "Convolution": learned.convolution,
        "Convolution1D": learned.convolution,
        "Convolution3D": learned.convolution,
        "Crop": images.crop,
        "Deconvolution": learned.deconvolution,
        "Dropout": _dropout,
        "ELU": _plain("Elu", alpha="alpha"),
        "ElementWise": _element_wise,
        "Embed": learned.embed,
        "Exp": _exp,
        "Exponential": _plain("Exp"),
        "Flatten": _flatten,
        "GELU": _plain("Gelu", approximate="approximate"),
        "GRU": recurrent.gru,
        "GroupNorm": learned.group_norm,
        "Hardswish": _plain("HardSwish"),
        "Identity": _plain("Identity"),
        "Index2Onehot": _index_to_onehot,
        "InstanceNorm": learned.instance_norm,
        "Interp": images.interp,
        "InnerProduct": learned.inner_product,
        "LRN": windows.lrn,
        "LReLU": _plain("LeakyRelu", alpha="slope"),
        "LSTM": recurrent.lstm,
        "LayerNorm": learned.layer_norm,
        "Log": _log,
        "MVN": _mvn,
        "Mish": _plain("Mish"),
        "MultiHeadAttention": attention.multi_head_attention,
        "Normalize": _normalize,
        "PReLU": learned.prelu,
        "Pad": images.pad,
        "Permute": _permute,
        "PixelShuffle": images.pixel_shuffle,
        "PixelUnshuffle": images.pixel_unshuffle,
        **dict.fromkeys(("Pooling", "Pooling1D", "Pooling3D"), windows.pooling),
        "PoolingMask": windows.pooling_mask,
        "PositionEmbedding": attention.position_embedding,
        "Power": _power,
        "RBF": learned.rbf,
        "RNN": recurrent.rnn,
        "ReLU": _relu,
        "Reduction": _reduction,
        "ResetFirstGRU": recurrent.reset_first_gru,
        "Reshape": _reshape,
        "SPP": windows.spp,
        "Scale": learned.scale,
        "Sigmoid": _plain("Sigmoid"),
        "Slice": _slice,
        "Softmax": _along("Softmax"),
        "Softplus": _softplus,
        "Split": _split,
        "StochasticPooling": windows.stochastic_pooling,
        "StopGradient": _plain("Identity"),
        "Swish": _swish,
        "Tanh": _plain("Tanh"),
        "Threshold": _threshold,
        "TiedInnerProduct": learned.tied_inner_product,
        "Tile": _tile,
        "Unpool": windows.unpool,
        "Upsample": images.upsample,
    }
)


def write_layer(w: LayerWriter) -> None:
    """Write a layer.

    Raises:
        GraphnetError: At the layer, if ONNX has no equal.
    """
    write = EXPORTS.get(w.spec.type)
    with w.vertex.located():
        if write is None:
            raise GraphnetError("graphnet does not know how ONNX would say it")
        write(w)
