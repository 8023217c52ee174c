"""Blobs with time before the batch, ``(T, N, …)``, as Caffe's recurrent layers have them.

graphnet's have the batch first. All blobs that such layers read and make, and those that other
layers make of them or they of others, are turned round: the first two axes change places, and what
works on the axes behind these stays as it is. A layer that would work on them is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import Reader

RECURRENT = ("LSTM", "RNN")
_FED = 2  # a sequence and where sequences start

#: Layers that work element by element.
_ANYWHERE = (
    *("AbsVal", "BNLL", "Clip", "Dropout", "ELU", "Eltwise", "Embed", "Exp", "Input", "Log"),
    *("Power", "ReLU", "Sigmoid", "Silence", "Split", "Swish", "TanH", "Threshold"),
)
#: Layers that work from an axis on, and where it is said; it must be behind the first two.
_FROM_AXIS: Mapping[str, str] = MappingProxyType(
    {
        "Accuracy": "accuracy_param",
        "Bias": "bias_param",
        "Concat": "concat_param",
        "InnerProduct": "inner_product_param",
        "Reduction": "reduction_param",
        "Scale": "scale_param",
        "Slice": "slice_param",
        "Softmax": "softmax_param",
        "SoftmaxWithLoss": "softmax_param",
        "Tile": "tile_param",
    }
)
_NUMBERS = ("Accuracy", "SoftmaxWithLoss")  # whose tops are no blobs here


def time_first(layers: Iterable[Message]) -> frozenset[str]:
    """The blobs that have time first, by Caffe's names."""
    layers = list(layers)
    found: set[str] = set()
    for layer in layers:
        if layer["type"] in RECURRENT:
            bottoms, n_states = layer["bottom"], len(layer["top"]) - 1
            states = bottoms[len(bottoms) - n_states :] if len(bottoms) > _FED else ()
            found.update(bottoms[:_FED], states, layer["top"])
    groups = [
        {*layer["bottom"], *(() if layer["type"] in _NUMBERS else layer["top"])}
        for layer in layers
        if layer["type"] not in RECURRENT and layer["bottom"]
    ]
    while found and (more := {b for group in groups if group & found for b in group} - found):
        found |= more
    return frozenset(found)


def check_time_first(r: Reader) -> None:
    """See that a layer on such blobs leaves their first two axes alone.

    Raises:
        SpecError: If it does not.
    """
    kind = r.message["type"]
    blobs = {*r.message["bottom"], *r.message["top"]}
    if kind in (*RECURRENT, *_ANYWHERE) or not blobs & r.time_first:
        return
    part = _FROM_AXIS.get(kind)
    if part is None:
        r.refuse(
            "works on blobs of a recurrent layer, (T, N, …) in Caffe and (N, T, …) here"
            "\n  that is translated for layers that leave the first two axes alone"
        )
    message = r.message[part]
    if r.axis(message) < _FED:
        r.refuse(
            f"works on axis {message['axis']} of blobs that are (T, N, …) in Caffe and (N, T, …)"
            " here\n  only the axes behind these can be worked on",
            message.at("axis"),
        )
    if kind == "SoftmaxWithLoss":
        loss = r.message["loss_param"]
        if loss["normalization"] == "BATCH_SIZE" or loss.has("normalize"):
            r.refuse("divides by the first axis, which is the time", r.message.at("loss_param"))
