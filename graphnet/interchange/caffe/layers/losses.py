"""Losses and Accuracy: their tops are numbers that graphnet reports by the layer's name."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.errors import SnapshotError
from graphnet.interchange.caffe.files.blobs import read_blob_file
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Made, Reader
from graphnet.layers.shape.axis import with_size, without

_SCORES_AND_LABELS = 2  # bottoms that all losses of classes have
_DIVISORS = {"FULL": "full", "VALID": "valid", "BATCH_SIZE": "batch_size", "NONE": "none"}


def _weight(r: Reader) -> float:
    """The loss weight: 1 unless it is given.

    Raises:
        SpecError: If there is not one for each top.
    """
    weights = r.message["loss_weight"]
    n_tops = max(len(r.message["top"]), 1)
    if len(r.message["top"]) > 1 and r.message["type"] != "InfogainLoss":
        r.refuse("has a second top\n  graphnet's losses give no blobs", r.message.at("top", 1))
    if weights and len(weights) != n_tops:
        r.refuse(
            f"has {len(weights)} loss weights and {n_tops} tops\n  expected one for each",
            r.message.at("loss_weight"),
        )
    return float(weights[0]) if weights else 1.0


def _loss(r: Reader, kind: str, **keys: Any) -> Made:
    """A loss with its weight."""
    weight = _weight(r)
    made = r.only(kind, tops=(), loss_weight=weight, **keys)
    if weight != 1:
        made.notes.append(f"it reports {weight:g} times the loss; Caffe prints it without that")
    return made


def _divisor(part: Message, default: str, old: str) -> str:
    """What the loss is divided by; the old ``normalize`` is heard where the new one is absent."""
    if part.has("normalization"):
        return _DIVISORS[part["normalization"]]
    if part.has("normalize"):
        return "valid" if part["normalize"] else old
    return default


def _ignored(part: Message) -> dict[str, Any]:
    return {"ignore_label": part["ignore_label"]} if part.has("ignore_label") else {}


def _with_labels(r: Reader, made: Made, axis: int) -> Made:
    """The same, its labels brought to one for each position where they have other axes."""
    scores, label = r.shapes[0], r.shapes[1]
    if scores is None or label is None or not -len(scores) <= axis < len(scores):
        return made
    axis %= len(scores)
    wanted = without(scores, axis)
    if label in (wanted, with_size(scores, axis, 1)) or prod(label) != prod(wanted):
        return made
    return _reshaped(r, made, 1, list(wanted[1:]))


def _reshaped(r: Reader, made: Made, i: int, shape: list[int]) -> Made:
    """The same, bottom ``i`` of its last layer seen in another shape."""
    seen = f"{r.name}.{r.bottoms[i]}"
    layer = r.layer("Reshape", r.bottoms[i], bottoms=[r.bottoms[i]], tops=[seen], shape=shape)
    made.layers[-1]["bottoms"][i] = seen
    made.layers.insert(0, layer)
    return made


def softmax_loss(r: Reader) -> Made:
    """SoftmaxWithLoss."""
    part, axis = r.message["loss_param"], r.sample_axis(r.message["softmax_param"])
    divisor = _divisor(part, "valid", "batch_size")
    made = _loss(r, "SoftmaxLoss", axis=axis, divisor=divisor, **_ignored(part))
    return _with_labels(r, made, axis)


def sigmoid_loss(r: Reader) -> Made:
    """SigmoidCrossEntropyLoss."""
    part = r.message["loss_param"]
    divisor = _divisor(part, "batch_size", "batch_size")
    made = _loss(r, "SigmoidCrossEntropyLoss", divisor=divisor, **_ignored(part))
    if part.has("ignore_label"):
        made.notes.append(
            "targets are ignored that equal ignore_label; Caffe cuts them to whole numbers first"
        )
    return made


def euclidean_loss(r: Reader) -> Made:
    """EuclideanLoss."""
    return _loss(r, "SquareLoss")


def multinomial_loss(r: Reader) -> Made:
    """MultinomialLogisticLoss: divided by the batch size."""
    return _with_labels(r, _loss(r, "MultinomialLogisticLoss", divisor="batch_size"), 1)


def infogain_loss(r: Reader) -> Made:
    """InfogainLoss, its matrix from a file or a bottom; its second top is a Softmax."""
    part, loss = r.message["infogain_loss_param"], r.message["loss_param"]
    if loss.has("normalize"):
        r.refuse("'normalize' is not for this loss\n  write 'normalization'", loss.at("normalize"))
    axis, keys = r.sample_axis(part), _ignored(loss)
    if len(r.bottoms) == _SCORES_AND_LABELS:
        name = r.need(part, "source", "infogain_loss_param")
        try:
            matrix = read_blob_file(r.files.at(name))
        except SnapshotError as error:
            r.refuse(f"its matrix cannot be read: {error}", part.at("source"))
        keys["H"] = matrix.reshape(-1, matrix.shape[-1]).astype(float).tolist()
    made = _loss(
        r, "InfogainLoss", axis=axis, divisor=_divisor(loss, "valid", "batch_size"), **keys
    )
    made = _with_labels(r, made, axis)
    if len(r.bottoms) > _SCORES_AND_LABELS:
        _bring_matrix(r, made)
    if len(r.tops) > 1:
        if not r.message["loss_weight"]:
            r.refuse("has two tops and no loss weights\n  expected one for each, as Caffe does",
                     r.message.at("top", 1))  # fmt: skip
        _give_probabilities(r, made, axis)
    return made


def _bring_matrix(r: Reader, made: Made) -> None:
    """Take axes of size 1 away that stand before those of a matrix."""
    shape = r.shapes[2]
    if (
        r.joined
        or shape is None
        or shape[-2:].count(shape[-1]) != len(shape[-2:])
        or (prod(shape[:-2]) != 1)
    ):
        r.refuse(
            "its third bottom is no square matrix whose shape is known here",
            r.message.at("bottom", 2),
        )
    seen = r.bottoms[2]
    for i in range(len(shape) - 2):
        bare = f"{r.name}.{r.bottoms[2]}.{i}"
        layer = r.layer("PartSamples", f"{r.bottoms[2]}.{i}", bottoms=[seen], tops=[bare])
        made.layers.insert(i, layer)
        seen = bare
    made.layers[-1]["bottoms"][2] = seen


def _give_probabilities(r: Reader, made: Made, axis: int) -> None:
    """The second top, and what it adds to the objective."""
    if r.joined:
        r.refuse("has a second top, and classes along the batch axis", r.message.at("top", 1))
    top, weight, shape = r.tops[1], float(r.message["loss_weight"][1]), r.shapes[0]
    made.layers.insert(
        0, r.layer("Softmax", "softmax", bottoms=r.bottoms[:1], tops=[top], axis=axis)
    )
    if weight and shape is not None:
        sums = r.layer("SumLoss", "loss1", bottoms=[top], tops=(), loss_weight=weight * shape[0])
        made.layers.insert(1, sums)


def contrastive_loss(r: Reader) -> Made:
    """ContrastiveLoss."""
    part, pairs = r.message["contrastive_loss_param"], r.shapes[2]
    made = _loss(r, "ContrastiveLoss", margin=part["margin"], legacy_version=part["legacy_version"])
    if not part["legacy_version"]:
        made.notes.append("Caffe adds 1e-4 to the distance that its gradient is divided by")
    is_flat = pairs is None or len(pairs) <= 2 or prod(pairs) != pairs[0]  # noqa: PLR2004  # (N, 1)
    return made if is_flat else _reshaped(r, made, 2, [])


def hinge_loss(r: Reader) -> Made:
    """HingeLoss: one class against all, in layers that each do a part of it."""
    part, shape, label = r.message["hinge_loss_param"], r.shapes[0], r.shapes[1]
    if shape is None or label is None:
        r.refuse("needs the shapes of its bottoms, which are not known here")
    weight, layers = _weight(r), []
    scores, labels = r.bottoms[:2]
    if len(shape) != 2:  # noqa: PLR2004  # (N, C)
        scores = f"{r.name}.scores"
        layers.append(r.layer("Flatten", "scores", bottoms=r.bottoms[:1], tops=[scores]))
    if len(label) > 1:
        labels = f"{r.name}.labels"
        layers.append(r.layer("Reshape", "labels", bottoms=r.bottoms[1:], tops=[labels], shape=[]))
    onehot, signs = f"{r.name}.onehot", f"{r.name}.signs"
    classes = prod(shape[1:])
    layers += [
        r.layer("Index2Onehot", "onehot", bottoms=[labels], tops=[onehot], n_class=classes),
        r.layer("Power", "signs", bottoms=[onehot], tops=[signs], scale=2, shift=-1),
    ]
    if part["norm"] == "L1":
        layers.append(r.layer("HingeLoss", bottoms=[scores, signs], tops=(), loss_weight=weight))
    else:
        product, room, zeros = (f"{r.name}.{what}" for what in ("product", "loss", "zeros"))
        layers += [
            r.layer("ElementWise", "product", operation="Multiply", bottoms=[scores, signs],
                    tops=[product]),
            r.layer("Power", "loss", bottoms=[product], tops=[room], scale=-1, shift=1),
            r.layer("ReLU", "positive", bottoms=[room], tops=[room]),
            r.layer("Power", "zeros", bottoms=[room], tops=[zeros], scale=0),
            r.layer("SquareLoss", bottoms=[room, zeros], tops=(), loss_weight=2 * weight),
        ]  # fmt: skip
    note = "labels as 1 for their class and -1 for all others, which Caffe's HingeLoss makes itself"
    return Made(layers, notes=[note])


def accuracy(r: Reader) -> Made:
    """Accuracy; with ``top_k`` the part of the labels among so many is reported beside it."""
    part = r.message["accuracy_param"]
    axis = r.sample_axis(part)
    shape = r.shapes[0]
    if shape is not None and part["top_k"] > shape[axis]:
        r.refuse(f"top_k {part['top_k']} is more than the {shape[axis]} classes", part.at("top_k"))
    made = r.only("Accuracy", tops=(), axis=axis, top_k=part["top_k"], **_ignored(part))
    made = _with_labels(r, made, axis)
    if len(r.tops) > 1:
        made.notes.append(
            f"'{r.message['top'][1]}', the accuracy of each class, is what graphnet test prints as"
            " their recall"
        )
    if part["top_k"] > 1:
        made.notes.append(
            f"Caffe's '{r.message['top'][0]}' is reported as '{r.name}.top{part['top_k']}'"
        )
    return made
