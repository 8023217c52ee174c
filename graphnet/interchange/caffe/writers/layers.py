"""Layers of graphnet as layers of Caffe, for those that both have: the other way round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from graphnet.blob import shape_text
from graphnet.errors import GraphnetError
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.writers.exported_layer import Part, ToCaffe, Writer
from graphnet.interchange.caffe.writers.learned import (
    batch_norm,
    bias,
    embed,
    filters,
    im2col,
    inner_product,
    normalize,
    parameter,
    prelu,
    scale,
)
from graphnet.layers.base import LayerSpec
from graphnet.net.graph import LayerVertex


def _plain(kind: str, part: str = "", *names: str) -> ToCaffe:
    """A layer whose properties have the same names."""

    def write(w: Writer) -> list[Part]:
        return w.one(kind, part, **{name: w.keys[name] for name in names})

    return write


def _data(w: Writer) -> list[Part]:
    shapes = [Message.of("BlobShape", dim=list(shape)) for shape in w.vertex.top_shapes]
    return w.one("Input", "input_param", shape=shapes)


def _pooling(w: Writer) -> list[Part]:
    spec = w.spec
    pool = None if spec.pooling == "Max" else "AVE"
    if spec.kernel is None:
        return w.one("Pooling", "pooling_param", pool=pool, global_pooling=True)
    if pool and spec.divisor != "padded" and not _divides_alike(w):
        w.refuse(
            f"divisor: {spec.divisor}\n  Caffe divides by the part of a window in the padded image"
        )
    return w.one("Pooling", "pooling_param", pool=pool, **_window_keys(spec))


def _stochastic_pooling(w: Writer) -> list[Part]:
    spec = w.spec
    if spec.kernel is None:
        return w.one("Pooling", "pooling_param", pool="STOCHASTIC", global_pooling=True)
    if any(spec.pad):
        w.refuse("pad\n  Caffe pads maxima and means alone")
    return w.one("Pooling", "pooling_param", pool="STOCHASTIC", **_window_keys(spec))


def _window_keys(spec: Any) -> dict[str, Any]:
    """The windows of a layer that pools."""
    sides: dict[str, Any] = {}
    for name, (high, wide) in (("kernel", spec.kernel), ("stride", spec.stride), ("pad", spec.pad)):
        if high != wide:
            sides |= {f"{name}_h": high, f"{name}_w": wide}
        elif high != {"stride": 1, "pad": 0}.get(name):
            sides["kernel_size" if name == "kernel" else name] = high
    return sides | {"round_mode": "FLOOR" if spec.round_mode == "floor" else None}


def _divides_alike(w: Writer) -> bool:
    """Whether all windows lie in the image, so that every divisor is the kernel."""
    spec, image, out = w.spec, w.bottom[2:], w.vertex.top_shapes[0][2:]
    window = spec.window(w.bottom)
    fits = all(
        (o - 1) * s + k <= n
        for n, o, k, s in zip(image, out, window.kernel, window.stride, strict=True)
    )
    return fits and spec.pad == (0, 0)


def _lrn(w: Writer) -> list[Part]:
    spec = w.spec
    if spec.axis != 1 or spec.kernel % 2 == 0:
        w.refuse("Caffe's LRN runs over channels, with an odd kernel")
    within = spec.mode == "WithinChannel"
    if within and spec.shift != 1:
        w.refuse(f"shift: {spec.shift:g}\n  Caffe's is 1 within channels")
    return w.one(
        "LRN",
        "lrn_param",
        local_size=spec.kernel,
        alpha=spec.scale,
        beta=spec.power,
        norm_region="WITHIN_CHANNEL" if within else None,
        k=None if within else spec.shift,
    )


def _relu(w: Writer) -> list[Part]:
    if w.spec.epsilon:
        w.refuse(f"epsilon: {w.spec.epsilon:g}\n  Caffe's ReLU is bounded by 0")
    return w.one("ReLU")


def _based(kind: str, part: str) -> ToCaffe:
    def write(w: Writer) -> list[Part]:
        spec = w.spec
        return w.one(kind, part, base=spec.base, scale=spec.scale, shift=spec.shift)

    return write


def _element_wise(w: Writer) -> list[Part]:
    spec, n = w.spec, len(w.vertex.bottoms)
    coeff = None if spec.coef is None else list(spec.coef)
    match spec.operation:
        case "Subtract":
            return w.one("Eltwise", "eltwise_param", operation="SUM", coeff=[1.0, -1.0])
        case "Divide":
            w.refuse(f"operation: Divide of {n} bottoms\n  Caffe's Eltwise does not divide")
    operation = {"Add": "SUM", "Multiply": "PROD", "Max": "MAX"}[spec.operation]
    return w.one("Eltwise", "eltwise_param", operation=operation, coeff=coeff)


def _slice(w: Writer) -> list[Part]:
    spec = w.spec
    points = list(spec.slice_points) if spec.slice_points else None
    return w.one("Slice", "slice_param", axis=spec.axis, slice_point=points)


def _reshape(w: Writer) -> list[Part]:
    shape = Message.of("BlobShape", dim=[0, *w.vertex.top_shapes[0][1:]])
    return w.one("Reshape", "reshape_param", shape=shape)


def _rows(w: Writer) -> list[Part]:
    """Other rows of the same elements, which lie in one order in Caffe."""
    shape = Message.of("BlobShape", dim=list(w.vertex.top_shapes[0]))
    return w.one("Reshape", "reshape_param", shape=shape)


def _reduction(w: Writer) -> list[Part]:
    spec = w.spec
    operation = {"Sum": "SUM", "AbsSum": "ASUM", "SquareSum": "SUMSQ", "Mean": "MEAN"}
    return w.one(
        "Reduction",
        "reduction_param",
        operation=operation[spec.operation],
        axis=spec.axis,
        coeff=spec.coef,
    )


def _dropout(w: Writer) -> list[Part]:
    if not w.spec.auto_scale:
        w.refuse("auto_scale: false\n  Caffe's Dropout scales what is kept")
    return w.one("Dropout", "dropout_param", dropout_ratio=w.spec.ratio)


def _spp(w: Writer) -> list[Part]:
    spec = w.spec
    if spec.pyramid_height == 1 or (spec.pooling == "Mean" and spec.divisor != "padded"):
        w.refuse("Caffe's SPP has several levels and divides by the padded part of a window")
    pool = None if spec.pooling == "Max" else "AVE"
    return w.one("SPP", "spp_param", pyramid_height=spec.pyramid_height, pool=pool)


def _mvn(w: Writer) -> list[Part]:
    if len(w.bottom) != 4:  # noqa: PLR2004  # (N, C, H, W)
        w.refuse(f"a bottom of shape {shape_text(w.bottom)}\n  Caffe's MVN gives images")
    spec = w.spec
    keys = {name: w.keys[name] for name in ("normalize_variance", "across_channels")}
    return w.one("MVN", "mvn_param", **keys, eps=spec.epsilon)


def _identity(w: Writer) -> list[Part]:
    return w.one("Split")


def _loss(kind: str, *more: Callable[[Writer, Message], None]) -> ToCaffe:
    """A loss; its top is called after it."""

    def write(w: Writer) -> list[Part]:
        message = w.layer(kind)
        taken = {blob.name for blob in w.vertex.graph.all_blobs}
        message.put("top", [f"{w.name}.value" if w.name in taken else w.name])
        weight = w.keys.get("loss_weight", 1)
        if weight != 1:
            message.put("loss_weight", [float(weight)])
        for each in more:
            each(w, message)
        return [Part(message)]

    return write


def _labelled(w: Writer, message: Message) -> None:
    """Classes along an axis, a divisor, a label that does not count."""
    keys = w.keys
    if keys.get("weights") is not None:
        w.refuse("weights of classes\n  Caffe's losses have none")
    if keys.get("positive_weight", 1) != 1:
        w.refuse("a positive_weight\n  Caffe's losses have none")
    axis = keys.get("axis", 1)
    if axis != 1:
        if message["type"] != "SoftmaxWithLoss":
            w.refuse(f"axis: {axis}")
        message.part("softmax_param").put("axis", axis)
    if keys.get("divisor"):
        message.part("loss_param").put("normalization", keys["divisor"].upper())
    if keys["ignore_label"] is not None:
        message.part("loss_param").put("ignore_label", keys["ignore_label"])


def _multinomial(w: Writer, message: Message) -> None:
    spec = w.spec
    alike = spec.divisor == "batch_size" or prod(w.bottom[2:]) == 1
    if spec.weights is not None or spec.axis != 1 or spec.ignore_label is not None or not alike:
        w.refuse(
            "Caffe's loss has no weights, axis or ignored label, and divides by the batch size"
        )
    del message


def _contrastive(w: Writer, message: Message) -> None:
    part = message.part("contrastive_loss_param")
    part.put("margin", w.spec.margin)
    part.put("legacy_version", w.spec.legacy_version)


def _accuracy(w: Writer, message: Message) -> None:
    part = message.part("accuracy_param")
    part.put("top_k", w.spec.top_k)
    part.put("axis", w.spec.axis)
    if w.spec.ignore_label is not None:
        part.put("ignore_label", w.spec.ignore_label)


def _argmax(w: Writer) -> list[Part]:
    spec = w.spec
    return w.one(
        "ArgMax",
        "argmax_param",
        axis=spec.axis,
        top_k=None if spec.top_k == 1 else spec.top_k,
        out_max_val=spec.values or None,
    )


def _permute(w: Writer) -> list[Part]:
    return w.one("Permute", "permute_param", order=[0, *w.spec.axes])


def _upsample(w: Writer) -> list[Part]:
    blocks = w.spec.blocks(w.bottom)
    if blocks is None:
        w.refuse("a size that is no multiple of the images'\n  Caffe's Upsample has whole factors")
    tall, wide = blocks
    sides = {"scale": tall} if tall == wide else {"scale_h": tall, "scale_w": wide}
    return w.one("Upsample", "upsample_param", **sides)


def _unpool(w: Writer) -> list[Part]:
    height, width = w.spec.size
    return w.one("Upsample", "upsample_param", upsample_h=height, upsample_w=width)


def _pooling_mask(w: Writer) -> list[Part]:
    """A pooling of its own, whose maxima nobody reads."""
    spec = w.spec
    if spec.kernel is None:
        message = w.layer("Pooling", "pooling_param", global_pooling=True)
    else:
        message = w.layer("Pooling", "pooling_param", **_window_keys(spec))
    message.put("top", [f"{w.name}.maxima", *message["top"]])
    return [Part(message)]


def _interp(w: Writer) -> list[Part]:
    height, width = w.vertex.top_shapes[0][2:]
    if not w.spec.align_corners and w.bottom[2:] != (height, width):
        w.refuse("align_corners: false\n  Caffe's Interp leaves the corners where they are")
    return w.one("Interp", "interp_param", height=height, width=width)


def _stop_gradient(w: Writer) -> list[Part]:
    message = w.layer("Split")
    message.put("propagate_down", [False])
    return [Part(message)]


def _sum_loss(w: Writer) -> list[Part]:
    """A sum over all, whose weight makes it a mean over the samples."""
    (part,) = _loss("Reduction")(w)
    part.message.put("loss_weight", [w.spec.loss_weight / w.bottom[0]])
    return [part]


def _silent(w: Writer) -> list[Part]:
    """What only hands something out is left away; Caffe gives all tops that nobody reads."""
    del w
    return []


#: What writes each type of layer that Caffe has.
EXPORTS: Mapping[str, ToCaffe] = MappingProxyType(
    {
        **dict.fromkeys(("Input", "HDF5Data", "AsyncHDF5Data", "MemoryData"), _data),
        "AbsVal": _plain("AbsVal"),
        "Accuracy": _loss("Accuracy", _accuracy),
        "Argmax": _argmax,
        "BNLL": _plain("BNLL"),
        "BatchNorm": batch_norm,
        "Bias": bias,
        "Clip": _plain("Clip", "clip_param", "min", "max"),
        "Concat": _plain("Concat", "concat_param", "axis"),
        "ContrastiveLoss": _loss("ContrastiveLoss", _contrastive),
        **dict.fromkeys(("Convolution", "Convolution1D", "Convolution3D"), filters("Convolution")),
        "Deconvolution": filters("Deconvolution"),
        "Dropout": _dropout,
        "ELU": _plain("ELU", "elu_param", "alpha"),
        "ElementWise": _element_wise,
        "Embed": embed,
        "Exp": _based("Exp", "exp_param"),
        "Exponential": _plain("Exp"),
        "Flatten": _plain("Flatten", "flatten_param", "axis", "end_axis"),
        "Identity": _identity,
        "Im2col": im2col,
        "InnerProduct": inner_product,
        "Interp": _interp,
        "JoinSamples": _rows,
        "LRN": _lrn,
        "LReLU": lambda w: w.one("ReLU", "relu_param", negative_slope=w.spec.slope),
        "Log": _based("Log", "log_param"),
        "MVN": _mvn,
        "MemoryOutput": _silent,
        "MultinomialLogisticLoss": _loss("MultinomialLogisticLoss", _multinomial),
        "Normalize": normalize,
        "PReLU": prelu,
        "Parameter": parameter,
        "PartSamples": _rows,
        "Permute": _permute,
        "Pooling": _pooling,
        "PoolingMask": _pooling_mask,
        "Power": _plain("Power", "power_param", "power", "scale", "shift"),
        "ReLU": _relu,
        "Reduction": _reduction,
        "Reshape": _reshape,
        "SPP": _spp,
        "Scale": scale,
        "Sigmoid": _plain("Sigmoid"),
        "SigmoidCrossEntropyLoss": _loss("SigmoidCrossEntropyLoss", _labelled),
        "Silence": _plain("Silence"),
        "Slice": _slice,
        "Softmax": _plain("Softmax", "softmax_param", "axis"),
        "SoftmaxLoss": _loss("SoftmaxWithLoss", _labelled),
        "Split": _plain("Split"),
        "SquareLoss": _loss("EuclideanLoss"),
        "StochasticPooling": _stochastic_pooling,
        "StopGradient": _stop_gradient,
        "SumLoss": _sum_loss,
        "Swish": _plain("Swish", "swish_param", "beta"),
        "TakeSamples": _plain("BatchReindex"),
        "Tanh": _plain("TanH"),
        "Threshold": _plain("Threshold", "threshold_param", "threshold"),
        "Tile": _plain("Tile", "tile_param", "axis", "tiles"),
        "Unpool": _unpool,
        "Upsample": _upsample,
    }
)


def parts_of(vertex: LayerVertex, name: str) -> list[Part]:
    """What a layer is in Caffe.

    Raises:
        GraphnetError: At the layer, if Caffe has no equal.
    """
    spec: LayerSpec = vertex.spec
    write = EXPORTS.get(spec.type)
    with vertex.located():
        if write is None:
            raise GraphnetError("Caffe has no layer like it")
        return write(Writer(vertex, name))
