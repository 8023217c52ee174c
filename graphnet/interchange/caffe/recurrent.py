"""Recurrent layers: LSTM and RNN, their blobs turned round.

An input that is the same at every step is laid beside that of each step, and its weight beside the
weight of that: together they are one product, as in Caffe they are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from graphnet.blob import Shape
from graphnet.interchange.caffe.message import Message
from graphnet.interchange.caffe.reading import LayerDict, Made, Reader

_FED = 2  # a sequence and where sequences start
_RATES = ("weight_x_lr", "weight_x_regu")


@dataclass(frozen=True)
class _Units:
    """What a layer's properties and bottoms say.

    Attributes:
        part: The properties.
        n: How many units.
        width: How many inputs each has at a step; −1 where nobody knows.
        still: How many that are the same at every step.
    """

    part: Message
    n: int
    width: int
    still: int


def _units(r: Reader) -> _Units:
    """The properties, the number of units, and how many inputs each has."""
    part = r.message["recurrent_param"]
    if part["expose_hidden"]:
        r.refuse(
            "'expose_hidden'\n  graphnet carries the state from batch to batch by itself",
            part.at("expose_hidden"),
        )
    if part["num_output"] < 1:
        r.refuse("'num_output' is missing\n  expected it in 'recurrent_param'", part.position)
    shape, still = r.shapes[0], 0
    if len(r.bottoms) > _FED + 1:
        r.refuse(
            f"has {len(r.bottoms)} bottoms\n  without 'expose_hidden' it takes three at most",
            r.message.at("bottom", _FED + 1),
        )
    if len(r.bottoms) > _FED:
        always = r.shapes[_FED]
        if shape is None or always is None:
            r.refuse("needs the shapes of its bottoms, which are not known here")
        still = prod(always[1:])
    width = prod(shape[2:]) if shape is not None else -1
    return _Units(part, int(part["num_output"]), width, still)


def _recurrent(r: Reader, made: LayerDict, units: _Units, n_gates: int, total: int) -> Made:
    """A layer with its params: those of the input, of the bias, and of the state."""
    weight, bias = units.part["weight_filler"], units.part["bias_filler"]
    rows = n_gates * units.n
    names = ["weight_x", "bias", "weight_h"]
    fillers = [weight, bias, weight]
    shapes: list[Shape | None] = [(rows, units.width), (rows,), (rows, units.n)]
    if not units.still:
        return r.learned(made, names, fillers, shapes, total=total)
    names.insert(2, "still")
    fillers.insert(2, weight)
    shapes.insert(2, (rows, units.still))
    found = r.learned(made, names, fillers, shapes, total=total + 1)
    if any(made.get(key) != made.get(key.replace("weight_x", "still")) for key in _RATES):
        r.refuse(
            "has other rates for the weights of its third bottom\n  they are one param here",
            r.message.at("param", 2),
        )
    for key in [key for key in made if key.startswith("still_")]:
        del made[key]
    of_steps, of_bias, _, of_state = found.filled
    both = replace(of_steps, convert=_beside, blobs=(0, 2))
    found.filled = [both, of_bias, of_state]
    if r.stored is None and weight["type"] in ("xavier", "msra"):
        found.notes.append("Caffe fills the weights of the third bottom apart from the others")
    found.layers = [*_laid_beside(r, made, units), made]
    return found


def _beside(blobs: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([blobs[0].reshape(len(blobs[0]), -1), blobs[2]], axis=1)


def _laid_beside(r: Reader, made: LayerDict, units: _Units) -> list[LayerDict]:
    """Layers that lay the third bottom beside the first at every step."""
    shape, (sequence, cont, always) = r.shapes[0], made["bottoms"]
    steps = shape[1] if shape is not None else -1
    row, rows, flat, both = (f"{r.tops[0]}.{what}" for what in ("row", "rows", "flat", "both"))
    made["bottoms"] = [both, cont]
    layers = [
        r.layer("Reshape", "row", bottoms=[always], tops=[row], shape=[1, units.still]),
        r.layer("Tile", "rows", bottoms=[row], tops=[rows], tiles=steps),
    ]
    if shape is not None and len(shape) != 3:  # noqa: PLR2004  # (N, T, D)
        layers.append(r.layer("Flatten", "flat", bottoms=[sequence], tops=[flat], axis=2))
        sequence = flat
    layers.append(r.layer("Concat", "both", bottoms=[sequence, rows], tops=[both], axis=2))
    return layers


def lstm(r: Reader) -> Made:
    """LSTM: its gates are in the same order."""
    units = _units(r)
    made = r.layer("LSTM", output_dim=units.n, forget_bias=0.0)
    return _recurrent(r, made, units, 4, 3)


def rnn(r: Reader) -> Made:
    """RNN: what it gives is an InnerProduct and a Tanh of the state."""
    units = _units(r)
    n, part = units.n, units.part
    if any(param["name"] for param in r.message["param"]):
        r.refuse("shares params\n  here they are those of two layers", r.message.at("param"))
    state = f"{r.tops[0]}.state"
    hidden = r.layer("RNN", "state", output_dim=n, tops=[state])
    made = _recurrent(r, hidden, units, 1, 5)
    out = r.layer("InnerProduct", bottoms=[state], output_dim=n, axis=2, neuron={"type": "Tanh"})
    fillers = [part["weight_filler"], part["bias_filler"]]
    before = 3 + bool(units.still)
    shapes: list[Shape | None] = [(n, n), (n,)]
    top = r.learned(
        out, ["weight", "bias"], fillers, shapes, first=before, total=before + 2
    )  # of those before, the other layer's
    return Made([*made.layers, out], [*made.filled, *top.filled], made.notes)
