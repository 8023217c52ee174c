"""Recurrent layers, for ONNX.

ONNX's operators take ``(T, N, D)`` and order their gates in another way. None of them starts a
sequence within another: where a second bottom says where sequences start, a Scan goes from step to
step and clears the state there. What one batch hands to the next is an input and an output of the
net: ``LAYER.hidden`` and ``LAYER.hidden.next``, and for an LSTM the same of ``cell``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from graphnet.interchange.onnx.files.building import BATCH
from graphnet.interchange.onnx.writers.layer_writer import LayerWriter

_FED = 2  # a sequence and where sequences start
_SEQUENCE = 3  # axes of (N, T, D)


@dataclass(frozen=True)
class RecurrentOp:
    """An operator, and the order of its gates.

    Attributes:
        op: Its type.
        order: Which of graphnet's gates each of its gates is.
        x_bias: Which part of graphnet's bias is added to each gate's product with x,
        h_bias: and which to that with h; None for none.
        states: What a step hands to the next.
        layer: Of graphnet; by default it has the operator's name.
        attributes: Those that the operator always has.
    """

    op: str
    order: tuple[int, ...]
    x_bias: tuple[int, ...]
    h_bias: tuple[int | None, ...]
    states: tuple[str, ...] = ("hidden",)
    layer: str = ""
    attributes: tuple[tuple[str, int], ...] = ()

    @property
    def kind(self) -> str:
        """The type of the layer."""
        return self.layer or self.op


#: i, o, f, c of graphnet's i, f, o, g; z, r, h of r, z, n (and u).
LSTM = RecurrentOp("LSTM", (0, 2, 1, 3), (0, 2, 1, 3), (None,) * 4, ("hidden", "cell"))
GRU = RecurrentOp(
    "GRU", (1, 0, 2), (1, 0, 2), (None, None, 3), attributes=(("linear_before_reset", 1),)
)
RESET_FIRST_GRU = RecurrentOp(
    "GRU", (1, 0, 2), (1, 0, 2), (None,) * 3, ("hidden",), "ResetFirstGRU",
    (("linear_before_reset", 0),),
)  # fmt: skip
RNN = RecurrentOp("RNN", (0,), (0,), (None,))


def lstm(w: LayerWriter) -> None:
    """LSTM."""
    _recurrent(w, LSTM)


def gru(w: LayerWriter) -> None:
    """GRU."""
    _recurrent(w, GRU)


def reset_first_gru(w: LayerWriter) -> None:
    """ResetFirstGRU."""
    _recurrent(w, RESET_FIRST_GRU)


def rnn(w: LayerWriter) -> None:
    """RNN."""
    _recurrent(w, RNN)


def _recurrent(w: LayerWriter, kind: RecurrentOp) -> None:
    scanned_states = len(w.inputs) > 1 and len(w.vertex.tops) > 1
    if len(w.inputs) > _FED or scanned_states or w.spec.partial_resets:
        w.refuse(
            "has states as bottoms, states as tops beside a second bottom, or partial_resets\n"
            "  they are not written to ONNX; stateful: true is, as inputs and outputs of the net"
        )
    n_steps, size = w.shape[1], prod(w.shape[2:])
    x = w.x if len(w.shape) == _SEQUENCE else w.reshaped("rows", w.x, [n_steps, size])
    x = w.part("time-first", "Transpose", x, perm=[1, 0, 2])
    if len(w.inputs) > 1:
        _scanned(w, kind, x)
        return
    states, following = _state_inputs(w, kind) if w.spec.stateful else ([], [])
    first = [
        w.part(f"{state}-first", "Unsqueeze", value, w.integers(f"{state}.axes", [0]))
        for state, value in zip(kind.states, states, strict=False)
    ]
    inputs = [x, *_weights(w, kind)]
    if first:
        inputs += [*(() if w.spec.bias else ("",)), "", *first]
    made = [w.graph.fresh(f"{w.vertex.name}.steps")]
    if first or len(w.outputs) > 1:
        made += [w.graph.fresh(f"{w.vertex.name}.{state}-last") for state in kind.states]
    w.graph.add(w.vertex.name, kind.op, inputs, made, **_attributes(w, kind))
    for state, last, name in zip(kind.states, made[1:], following, strict=False):
        axes = w.integers(f"{state}.next.axes", [0])
        w.graph.add(f"{w.vertex.name}.{state}-next", "Squeeze", [last, axes], [name])
    for state, last, top in zip(kind.states, made[1:], w.outputs[1:], strict=False):
        axes = w.integers(f"{state}.top.axes", [0])
        w.graph.add(f"{w.vertex.name}.{state}-top", "Squeeze", [last, axes], [top])
    y = w.part("squeezed", "Squeeze", made[0], w.integers("steps.axes", [1]))
    name = f"{w.vertex.name}.batch-first"
    w.graph.add(name, "Transpose", [y], w.outputs[:1], perm=[1, 0, 2])


def _attributes(w: LayerWriter, kind: RecurrentOp) -> dict[str, int]:
    return {"hidden_size": w.spec.output_dim, "layout": 0, **dict(kind.attributes)}


def _weights(w: LayerWriter, kind: RecurrentOp) -> list[str]:
    """W, R and B, each with one direction."""
    h = w.spec.output_dim
    made = []
    for name, ours in (("W", "weight_x"), ("R", "weight_h")):
        made.append(w.stored_array(name, _gates(w.read(ours), kind.order, h)[None]))
    if w.spec.bias:
        parts = [kind.x_bias, kind.h_bias]
        both = [_gates(w.read("bias"), part, h) for part in parts]
        made.append(w.stored_array("B", np.concatenate(both)[None]))
    return made


def _gates(array: np.ndarray, order: Sequence[int | None], h: int) -> np.ndarray:
    """The rows of the gates in another order; zeros for None."""
    parts = [
        np.zeros((h, *array.shape[1:]), array.dtype) if i is None else array[i * h : (i + 1) * h]
        for i in order
    ]
    return np.concatenate(parts)


def _state_inputs(w: LayerWriter, kind: RecurrentOp) -> tuple[list[str], list[str]]:
    """An input of the net for each state, and an output."""
    shape = [BATCH, w.spec.output_dim]
    enter = [w.graph.fresh(f"{w.vertex.name}.{state}") for state in kind.states]
    leave = [w.graph.fresh(f"{w.vertex.name}.{state}.next") for state in kind.states]
    w.graph.inputs.update(dict.fromkeys(enter, shape))
    w.graph.outputs.update(dict.fromkeys(leave, shape))
    return enter, leave


def _scanned(w: LayerWriter, kind: RecurrentOp, x: str) -> None:
    """Step by step: the state is cleared where a sequence starts."""
    states, following = _state_inputs(w, kind)
    cont = w.part("cont-first", "Transpose", w.inputs[1], perm=[1, 0])
    body = w.graph.inner(f"{w.vertex.name}.step")
    weights = _weights(w, kind)
    axes_0, axes_1 = w.integers("axes0", [0]), w.integers("axes1", [1])
    h = w.spec.output_dim
    entering = [body.fresh(f"{w.vertex.name}.{state}-in") for state in kind.states]
    x_step, cont_step = (body.fresh(f"{w.vertex.name}.{what}-step") for what in ("x", "cont"))
    body.inputs = {name: [BATCH, h] for name in entering}
    body.inputs |= {x_step: [BATCH, prod(w.shape[2:])], cont_step: [BATCH]}

    def step(what: str, op: str, *inputs: str, **keys: object) -> str:
        name = f"{w.vertex.name}.{what}"
        made = body.fresh(name)
        body.add(name, op, inputs, [made], **keys)
        return made

    keeps = step("keeps", "Unsqueeze", cont_step, axes_1)
    first = [
        step(f"{state}-first", "Unsqueeze", step(f"{state}-kept", "Mul", value, keeps), axes_0)
        for state, value in zip(kind.states, entering, strict=True)
    ]
    one = step("x-one", "Unsqueeze", x_step, axes_0)
    last = [body.fresh(f"{w.vertex.name}.{state}-last") for state in kind.states]
    inputs = [one, *weights, *(() if w.spec.bias else ("",)), "", *first]
    body.add(f"{w.vertex.name}.step", kind.op, inputs, ["", *last], **_attributes(w, kind))
    leaving = [
        step(f"{state}-out", "Squeeze", value, axes_0)
        for state, value in zip(kind.states, last, strict=True)
    ]
    shown = step("shown", "Identity", leaving[0])
    body.outputs = {name: [BATCH, h] for name in (*leaving, shown)}
    steps = w.graph.fresh(f"{w.vertex.name}.steps")
    w.graph.add(
        w.vertex.name,
        "Scan",
        [*states, x, cont],
        [*following, steps],
        body=body.graph_proto(),
        num_scan_inputs=2,
        scan_input_axes=[0, 0],
        scan_output_axes=[0],
    )
    w.close("batch-first", "Transpose", steps, perm=[1, 0, 2])
