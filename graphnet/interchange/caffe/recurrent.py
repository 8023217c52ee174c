"""Recurrent layers: LSTM and RNN, their blobs turned round."""

from __future__ import annotations

from math import prod

from graphnet.blob import Shape
from graphnet.interchange.caffe.message import Message
from graphnet.interchange.caffe.reading import LayerDict, Made, Reader

_FED = 2  # a sequence and where sequences start


def _units(r: Reader) -> tuple[Message, int, int]:
    """The properties, the number of units, and how many inputs each has."""
    part = r.message["recurrent_param"]
    if part["expose_hidden"]:
        r.refuse(
            "'expose_hidden'\n  graphnet carries the state from batch to batch by itself",
            part.at("expose_hidden"),
        )
    if len(r.bottoms) > _FED:
        r.refuse(
            "has an input that is the same at every step, which graphnet's has not",
            r.message.at("bottom", _FED),
        )
    if part["num_output"] < 1:
        r.refuse("'num_output' is missing\n  expected it in 'recurrent_param'", part.position)
    shape = r.shapes[0]
    return part, int(part["num_output"]), prod(shape[2:]) if shape is not None else -1


def _learned(
    r: Reader, made: LayerDict, part: Message, inputs: Shape, hidden: Shape, total: int
) -> Made:
    """The params from the input, of the bias, and from the state, as Caffe has them in order."""
    weight, bias = part["weight_filler"], part["bias_filler"]
    return r.learned(
        made,
        ["weight_x", "bias", "weight_h"],
        [weight, bias, weight],
        [inputs, inputs[:1], hidden],
        total=total,
    )


def lstm(r: Reader) -> Made:
    """LSTM: its gates are in the same order."""
    part, n, width = _units(r)
    made = r.layer("LSTM", output_dim=n, forget_bias=0.0)
    return _learned(r, made, part, (4 * n, width), (4 * n, n), 3)


def rnn(r: Reader) -> Made:
    """RNN: what it gives is an InnerProduct and a Tanh of the state."""
    part, n, width = _units(r)
    if any(param["name"] for param in r.message["param"]):
        r.refuse("shares params\n  here they are those of two layers", r.message.at("param"))
    state = f"{r.tops[0]}.state"
    hidden = r.layer("RNN", "state", output_dim=n, tops=[state])
    made = _learned(r, hidden, part, (n, width), (n, n), 5)
    out = r.layer("InnerProduct", bottoms=[state], output_dim=n, axis=2, neuron={"type": "Tanh"})
    fillers = [part["weight_filler"], part["bias_filler"]]
    top = r.learned(out, ["weight", "bias"], fillers, [(n, n), (n,)], first=3, total=5)
    return Made([hidden, out], [*made.filled, *top.filled])
