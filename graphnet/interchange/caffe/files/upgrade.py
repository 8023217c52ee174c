"""Bringing old nets and solvers into the present form, as Caffe does when it reads them.

Nets of 2013 (V0) have ``layers { layer { … } }``, those of 2014 (V1) ``layers { type: DATA … }``,
later ones ``layer { type: "Data" … }``; inputs stood at the top of the net at first, and what is
done to pictures in the data layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from graphnet.errors import Position, SpecError, did_you_mean
from graphnet.interchange.caffe.files.message import Message

_DATA = {
    "Data": "data_param",
    "ImageData": "image_data_param",
    "WindowData": "window_data_param",
}

_V0_TYPES = {
    "conv": "Convolution",
    "pool": "Pooling",
    "innerproduct": "InnerProduct",
    "relu": "ReLU",
    "dropout": "Dropout",
    "lrn": "LRN",
    "concat": "Concat",
    "softmax": "Softmax",
    "softmax_loss": "SoftmaxWithLoss",
    "data": "Data",
    "images": "ImageData",
    "hdf5_data": "HDF5Data",
    "hdf5_output": "HDF5Output",
    "window_data": "WindowData",
    "euclidean_loss": "EuclideanLoss",
    "multinomial_logistic_loss": "MultinomialLogisticLoss",
    "infogain_loss": "InfogainLoss",
    "accuracy": "Accuracy",
    "bnll": "BNLL",
    "flatten": "Flatten",
    "im2col": "Im2col",
    "sigmoid": "Sigmoid",
    "tanh": "TanH",
    "split": "Split",
}

_V1_TYPES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}

_CONV, _IP, _POOL, _LRN = "convolution_param", "inner_product_param", "pooling_param", "lrn_param"
_IMAGES, _WINDOWS, _PICTURE = "image_data_param", "window_data_param", "transform_param"
_SOURCES = {
    "data": "data_param",
    "images": _IMAGES,
    "hdf5_data": "hdf5_data_param",
    "window_data": _WINDOWS,
    "infogain_loss": "infogain_loss_param",
}
_PICTURES = dict.fromkeys(("data", "images", "window_data"), _PICTURE)


def _weighted(conv: str, ip: str | None) -> dict[str, tuple[str, str]]:
    return {"conv": (_CONV, conv)} | ({} if ip is None else {"innerproduct": (_IP, ip)})


def _same(places: Mapping[str, str], name: str) -> dict[str, tuple[str, str]]:
    return {kind: (part, name) for kind, part in places.items()}


#: Where each field of a V0 layer went, by the type of the layer.
_V0_FIELDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "num_output": _weighted("num_output", "num_output"),
    "biasterm": _weighted("bias_term", "bias_term"),
    "weight_filler": _weighted("weight_filler", "weight_filler"),
    "bias_filler": _weighted("bias_filler", "bias_filler"),
    "pad": {"conv": (_CONV, "pad"), "pool": (_POOL, "pad")},
    "kernelsize": {"conv": (_CONV, "kernel_size"), "pool": (_POOL, "kernel_size")},
    "group": _weighted("group", None),
    "stride": {"conv": (_CONV, "stride"), "pool": (_POOL, "stride")},
    "pool": {"pool": (_POOL, "pool")},
    "dropout_ratio": {"dropout": ("dropout_param", "dropout_ratio")},
    "local_size": {"lrn": (_LRN, "local_size")},
    "alpha": {"lrn": (_LRN, "alpha")},
    "beta": {"lrn": (_LRN, "beta")},
    "k": {"lrn": (_LRN, "k")},
    "source": _same(_SOURCES, "source"),
    "scale": _same(_PICTURES, "scale"),
    "meanfile": _same(_PICTURES, "mean_file"),
    "cropsize": _same(_PICTURES, "crop_size"),
    "mirror": _same(_PICTURES, "mirror"),
    "batchsize": _same({k: v for k, v in _SOURCES.items() if k != "infogain_loss"}, "batch_size"),
    "rand_skip": _same({"data": "data_param", "images": _IMAGES}, "rand_skip"),
    "shuffle_images": {"images": (_IMAGES, "shuffle")},
    "new_height": {"images": (_IMAGES, "new_height")},
    "new_width": {"images": (_IMAGES, "new_width")},
    "concat_dim": {"concat": ("concat_param", "concat_dim")},
    "det_fg_threshold": {"window_data": (_WINDOWS, "fg_threshold")},
    "det_bg_threshold": {"window_data": (_WINDOWS, "bg_threshold")},
    "det_fg_fraction": {"window_data": (_WINDOWS, "fg_fraction")},
    "det_context_pad": {"window_data": (_WINDOWS, "context_pad")},
    "det_crop_mode": {"window_data": (_WINDOWS, "crop_mode")},
}


def upgrade_net(net: Message) -> Message:
    """The net in the present form: ``layer`` alone, inputs as layers; the one given is used up.

    Raises:
        SpecError: If old and new forms are mixed, or a type or field of an old one is unknown.
    """
    old = net.take("layers") or []
    if old and net.has("layer"):
        _refuse(
            net.at("layer"),
            "the net has both 'layers', of 2014 and before, and 'layer'"
            "\n  write all layers in one form",
        )
    is_v0 = any(layer.has("layer") for layer in old)
    if is_v0:
        old = _without_padding(old)
    if old:
        net.put("layer", [_from_v0(layer) if is_v0 else _from_v1(layer) for layer in old])
    for layer in net["layer"]:
        _move_transformations(layer)
        if layer["type"] == "BatchNorm" and len(layer["param"]) == 3:  # noqa: PLR2004  # its blobs
            for param in layer["param"]:
                param.put("lr_mult", 0.0)
                param.put("decay_mult", 0.0)
    if net.has("input"):
        net.put("layer", [_input_layer(net), *net["layer"]])
    for name in ("input", "input_dim", "input_shape"):
        net.take(name)
    return net


def upgrade_solver(solver: Message) -> Message:
    """The solver with its method as a word.

    Raises:
        SpecError: If it is given in both forms.
    """
    names = {
        "SGD": "SGD",
        "NESTEROV": "Nesterov",
        "ADAGRAD": "AdaGrad",
        "RMSPROP": "RMSProp",
        "ADADELTA": "AdaDelta",
        "ADAM": "Adam",
    }
    if solver.has("solver_type"):
        if solver.has("type"):
            _refuse(solver.at("solver_type"), "both 'type' and the old 'solver_type' are given")
        position = solver.at("solver_type")
        solver.put("type", names[solver.take("solver_type")], position)
    return solver


def _refuse(position: Position | None, message: str) -> NoReturn:
    raise SpecError(message, position)


# --- V0 and V1 --------------------------------------------------------------------------


def _without_padding(layers: Iterable[Message]) -> list[Message]:
    """V0 layers, the padding ones merged into the convolutions and poolings behind them."""
    padding: dict[str, Message] = {}
    kept = []
    for layer in layers:
        inner = layer["layer"]
        if inner["type"] == "padding":
            for top in layer["top"]:
                padding[top] = layer
            continue
        for i, bottom in enumerate(layer["bottom"]):
            source = padding.get(bottom)
            if source is None:
                continue
            if inner["type"] not in ("conv", "pool") or len(layer["bottom"]) > 1:
                _refuse(
                    layer.position,
                    f"layer '{inner['name']}' ({inner['type']}): reads what the padding layer"
                    f" '{source['layer']['name']}' gives\n  only conv and pool can",
                )
            inner.put("pad", source["layer"]["pad"], source.position)
            layer["bottom"][i] = source["bottom"][0] if source["bottom"] else bottom
        kept.append(layer)
    return kept


def _renamed(old: Message) -> Message:
    """A present layer with what all forms call alike."""
    new = Message.of("LayerParameter", old.position)
    new.comments = old.comments
    for name in ("name", "bottom", "top", "blobs", "include", "exclude", "loss_weight"):
        if name in old.kind.fields:
            old.move(name, new)
    return new


def _params(old: Message, names: Iterable[str], modes: Iterable[str]) -> list[Message]:
    """The ParamSpecs that rates, decays, names and share modes stood for."""
    given: dict[str, list[Any]] = {
        "name": list(names),
        "share_mode": list(modes),
        "lr_mult": old.take("blobs_lr") or [],
        "decay_mult": old.take("weight_decay") or [],
    }
    n = max(map(len, given.values()))
    return [
        Message.of("ParamSpec", old.position, **{k: v[i] for k, v in given.items() if i < len(v)})
        for i in range(n)
    ]


def _from_v0(old: Message) -> Message:
    inner = old["layer"]
    if not inner.has("type"):
        _refuse(old.position, f"layer '{inner['name']}': has no type")
    kind = inner["type"]
    if kind not in _V0_TYPES:
        hint = did_you_mean(kind, _V0_TYPES)
        _refuse(inner.at("type"), f"layer '{inner['name']}': Caffe had no type '{kind}'{hint}")
    new = _renamed(old)
    inner.move("name", new)
    inner.move("blobs", new)
    new.put("type", _V0_TYPES[kind], inner.at("type"))
    inner.take("type")
    if params := _params(inner, (), ()):
        new.put("param", params)
    inner.move("hdf5_output_param", new)
    for name in list(inner.values):
        place = _V0_FIELDS.get(name, {}).get(kind)
        if place is None:
            _refuse(
                inner.at(name),
                f"layer '{new['name']}' ({kind}): '{name}' means nothing to a layer of this type"
                "\n  remove it",
            )
        part = new.part(place[0])
        is_list = part.kind.fields[place[1]].repeated
        position = inner.at(name)
        value = inner.take(name)
        part.put(place[1], [value] if is_list else value, position)
    return new


def _from_v1(old: Message) -> Message:
    new = _renamed(old)
    new.put("type", _V1_TYPES[old.take("type") or "NONE"], old.at("type"))
    params = _params(old, old.take("param") or (), old.take("blob_share_mode") or ())
    if params:
        new.put("param", params)
    for name in list(old.values):
        old.move(name, new)
    return new


# --- data and inputs --------------------------------------------------------------------


def _move_transformations(layer: Message) -> None:
    """What is done to pictures, from the data layer's own part to ``transform_param``."""
    part = _DATA.get(layer["type"])
    if part is None or not layer.has(part):
        return
    for name in ("scale", "mean_file", "crop_size", "mirror"):
        if layer[part].has(name):
            layer[part].move(name, layer.part("transform_param"))


def _input_layer(net: Message) -> Message:
    """The Input layer of inputs that stand at the top of the net."""
    names, place = net["input"], net.at("input")  # a .caffemodel may lack the shapes
    shapes = [shape["dim"] for shape in net["input_shape"]]
    if not shapes:
        dims = net["input_dim"]
        if dims and len(dims) != 4 * len(names):
            _refuse(
                net.at("input_dim"),
                f"found {len(dims)} numbers in 'input_dim', expected 4 for each of the"
                f" {len(names)} inputs\n  other shapes are written input_shape {{ dim: … }}",
            )
        shapes = [dims[i : i + 4] for i in range(0, len(dims), 4)]
    if len(shapes) not in (0, 1, len(names)):
        _refuse(
            net.at("input_shape"),
            f"found {len(shapes)} input shapes, expected one for each of the {len(names)} inputs",
        )
    made: Callable[[list[int]], Message] = lambda dims: Message.of("BlobShape", place, dim=dims)  # noqa: E731
    layer = Message.of("LayerParameter", place, name="input", type="Input", top=names)
    layer.part("input_param").put("shape", [made(dims) for dims in shapes])
    return layer
