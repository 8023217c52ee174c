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
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import LayerDict, Made, Reader

_FED = 2  # a sequence and where sequences start
_PARTS = {"partial_resets": True}  # as in Caffe, where a state is multiplied by any number
_STATES = ("hidden", "cell")
_RATES = ("weight_x_lr", "weight_x_regu")


@dataclass(frozen=True)
class _Units:
    """What a layer's properties and bottoms say.

    Attributes:
        part: The properties.
        n: How many units.
        width: How many inputs each has at a step; −1 where nobody knows.
        still: How many that are the same at every step.
        states: The bottoms that are states at the start, by their names here.
    """

    part: Message
    n: int
    width: int
    still: int
    states: tuple[str, ...] = ()


def _units(r: Reader, n_states: int) -> _Units:
    """The properties, the number of units, and how many inputs each has."""
    part = r.message["recurrent_param"]
    n_states = n_states if part["expose_hidden"] else 0
    if len(r.tops) != 1 + n_states:
        why = "with" if n_states else "without"
        r.refuse(
            f"has {len(r.tops)} tops, expected {1 + n_states} {why} 'expose_hidden'",
            r.message.at("top"),
        )
    if part["num_output"] < 1:
        r.refuse("'num_output' is missing\n  expected it in 'recurrent_param'", part.position)
    shape, still = r.shapes[0], 0
    n_still = len(r.bottoms) - _FED - n_states
    if n_still not in (0, 1):
        how = "with" if n_states else "without"
        r.refuse(
            f"has {len(r.bottoms)} bottoms\n  {how} 'expose_hidden' it takes {_FED + n_states} or"
            f" {_FED + n_states + 1}",
            r.message.at("bottom", max(0, min(len(r.bottoms) - 1, _FED + n_states + 1))),
        )
    if n_still:
        always = r.shapes[_FED]
        if shape is None or always is None:
            r.refuse("needs the shapes of its bottoms, which are not known here")
        still = prod(always[1:])
    width = prod(shape[2:]) if shape is not None else -1
    states = r.bottoms[_FED + n_still :]
    return _Units(part, int(part["num_output"]), width, still, states)


def _between_states(r: Reader, made: Made, units: _Units, layer: LayerDict) -> None:
    """Give a layer its states, which in Caffe are a sequence of one step without a gradient."""
    if not units.states:
        layer["bottoms"] = layer["bottoms"][:_FED]
        return
    before, after = [], []
    layer["bottoms"] = layer["bottoms"][:_FED]
    for name, bottom in zip(_STATES, units.states, strict=False):
        stop, state = f"{r.name}.{name}.stop", f"{r.name}.{name}"
        before += [
            r.layer("StopGradient", f"{name}.stop", bottoms=[bottom], tops=[stop]),
            r.layer("Reshape", name, bottoms=[stop], tops=[state], shape=[units.n]),
        ]
        layer["bottoms"].append(state)
    for name, top in zip(_STATES, r.tops[1:], strict=False):
        last, stop = f"{top}.last", f"{top}.stop"
        layer["tops"].append(last)
        after += [
            r.layer("StopGradient", f"{name}.last", bottoms=[last], tops=[stop]),
            r.layer("Reshape", f"{name}.step", bottoms=[stop], tops=[top], shape=[1, units.n]),
        ]
    made.before, made.after = [*made.before, *before], [*made.after, *after]


def _recurrent(r: Reader, made: LayerDict, units: _Units, n_gates: int, total: int) -> Made:
    """A layer with its params: those of the input, of the bias, and of the state."""
    weight, bias = units.part["weight_filler"], units.part["bias_filler"]
    rows = n_gates * units.n
    names = ["weight_x", "bias", "weight_h"]
    fillers = [weight, bias, weight]
    shapes: list[Shape | None] = [(rows, units.width), (rows,), (rows, units.n)]
    if not units.still:
        found = r.learned(made, names, fillers, shapes, total=total)
        _between_states(r, found, units, made)
        return found
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
    _between_states(r, found, units, made)
    return found


def _beside(blobs: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([blobs[0].reshape(len(blobs[0]), -1), blobs[2]], axis=1)


def _laid_beside(r: Reader, made: LayerDict, units: _Units) -> list[LayerDict]:
    """Layers that lay the third bottom beside the first at every step."""
    shape, (sequence, cont, always) = r.shapes[0], r.bottoms[: _FED + 1]
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
    units = _units(r, 2)
    made = r.layer("LSTM", output_dim=units.n, forget_bias=0.0, tops=r.tops[:1], **_PARTS)
    return _recurrent(r, made, units, 4, 3)


def lstm_unit(r: Reader) -> Made:
    """LSTMUnit: one step of an LSTM, of gates that are there already, in layers for each part."""
    shapes = r.shapes
    if any(shape is None or len(shape) < _FED for shape in shapes):
        r.refuse("needs the shapes of its bottoms, which are not known here")
    (cell, gates, cont), (new, hidden) = r.bottoms, r.tops
    names = [f"{r.name}.{part}" for part in ("i", "f", "o", "g")]
    kept, old, added, squashed = (
        f"{r.name}.{part}" for part in ("kept", "old", "added", "squashed")
    )

    def multiplied(a: str, b: str, top: str) -> LayerDict:
        name = "" if top == hidden else top.removeprefix(f"{r.name}.")
        return r.layer("ElementWise", name, operation="Multiply", bottoms=[a, b], tops=[top])

    squash = [
        r.layer(kind, f"{kind.lower()}-{name.rpartition('.')[2]}", bottoms=[name], tops=[name])
        for name, kind in zip(names, ("Sigmoid", "Sigmoid", "Sigmoid", "Tanh"), strict=True)
    ]
    add = r.layer("ElementWise", "cell", operation="Add", bottoms=[old, added], tops=[new])
    return Made(
        [
            r.layer("Slice", "gates", bottoms=[gates], tops=names, axis=2),
            *squash,
            r.layer("Scale", "kept", bottoms=[cell, cont], tops=[kept]),
            multiplied(names[1], kept, old),
            multiplied(names[0], names[3], added),
            add,
            r.layer("Tanh", "squashed", bottoms=[new], tops=[squashed]),
            multiplied(names[2], squashed, hidden),
        ]
    )


def rnn(r: Reader) -> Made:
    """RNN: what it gives is an InnerProduct and a Tanh of the state."""
    units = _units(r, 1)
    n, part = units.n, units.part
    if any(param["name"] for param in r.message["param"]):
        r.refuse("shares params\n  here they are those of two layers", r.message.at("param"))
    state = f"{r.tops[0]}.state"
    hidden = r.layer("RNN", "state", output_dim=n, tops=[state], **_PARTS)
    made = _recurrent(r, hidden, units, 1, 5)
    out = r.layer(
        "InnerProduct",
        bottoms=[state],
        tops=r.tops[:1],
        output_dim=n,
        axis=2,
        neuron={"type": "Tanh"},
    )
    fillers = [part["weight_filler"], part["bias_filler"]]
    before = 3 + bool(units.still)
    shapes: list[Shape | None] = [(n, n), (n,)]
    top = r.learned(
        out, ["weight", "bias"], fillers, shapes, first=before, total=before + 2
    )  # of those before, the other layer's
    found = Made([*made.layers, out], [*made.filled, *top.filled], made.notes)
    found.before, found.after = made.before, made.after
    return found
