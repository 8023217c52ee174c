"""Recurrent operators: gates in graphnet's order, and sequences with the batch first.

A Scan is read if it is one that graphnet writes for a layer with a second bottom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.node_reader import FromOnnx, NodeReader
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.onnx.operators.parts import cut, taken
from graphnet.interchange.onnx.writers.recurrent import (
    GRU,
    LSTM,
    RESET_FIRST_GRU,
    RNN,
    RecurrentOp,
)

_KINDS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
_ACTIVATIONS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
_FIRST = {"hidden": 5, "cell": 6}  # the inputs that are the states before the first step
#: The operators of a step of a Scan that graphnet writes, except for those of its states.
_STEP = {"Unsqueeze", "Mul", "Squeeze", "Identity"}


@dataclass(frozen=True)
class Gates:
    """The params of a layer.

    Attributes:
        weight_x: As graphnet has it,
        weight_h: likewise,
        bias: and likewise; None without one.
        hidden_size: How many units.
    """

    weight_x: np.ndarray
    weight_h: np.ndarray
    bias: np.ndarray | None
    hidden_size: int


def gates_of(
    r: NodeReader, kind: RecurrentOp, attributes: Attributes, arrays: Sequence[np.ndarray | None]
) -> Gates:
    """W, R and B as graphnet has them."""
    w, rec, b = (None if a is None else a.astype(np.float32) for a in arrays)
    n_gates = len(kind.order)
    if w is None or rec is None or w.ndim != 3 or rec.ndim != 3:  # noqa: PLR2004
        r.refuse("has no constant weights of one direction")
    h = rec.shape[2]
    wanted = attributes.whole("hidden_size", h)
    if w.shape[:2] != (1, n_gates * h) or rec.shape != (1, n_gates * h, h) or wanted != h or not h:
        r.refuse(f"has weights of shapes {list(w.shape)} and {list(rec.shape)} for {wanted} units")
    if b is not None and b.shape != (1, 2 * n_gates * h):
        r.refuse(f"has biases of shape {list(b.shape)}, expected [1, {2 * n_gates * h}]")
    ours: list[np.ndarray] = []
    if b is not None:
        of_x, of_h = b[0].reshape(2, n_gates, h)
        parts = {}
        for i in range(n_gates):
            at = kind.h_bias[i]
            if at is None:  # both are added to the same
                parts[kind.x_bias[i]] = of_x[i] + of_h[i]
            else:
                parts[kind.x_bias[i]], parts[at] = of_x[i], of_h[i]
        ours = [parts[i] for i in sorted(parts)]
    back = [kind.order.index(i) for i in range(n_gates)]
    weights = [a[0].reshape(n_gates, h, -1)[back].reshape(n_gates * h, -1) for a in (w, rec)]
    return Gates(weights[0], weights[1], np.concatenate(ours) if ours else None, h)


def _check(r: NodeReader, op: str, attributes: Attributes) -> None:
    """See that it does what graphnet's layer does."""
    names = attributes.texts("activations")
    expected = _ACTIVATIONS[op] * len(_directions(r, attributes))
    if names is not None and [n.lower() for n in names] != expected:
        r.refuse(f"has activations {', '.join(names)}; graphnet's are {_ACTIVATIONS[op]}")
    if "clip" in attributes or attributes.whole("input_forget", 0):
        r.refuse("has clip or input_forget, which graphnet has not")


def _directions(r: NodeReader, attributes: Attributes) -> tuple[bool, ...]:
    """For each whether it goes backwards."""
    name = attributes.text("direction", "forward")
    known = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
    if name not in known:
        r.refuse(f"has direction: {name}")
    return known[name]


def _kind_of(op: str, attributes: Attributes) -> RecurrentOp:
    """What it is: of the two GRUs the one that resets after the product, or before it."""
    if op == "GRU" and not attributes.whole("linear_before_reset", 0):
        return RESET_FIRST_GRU
    return _KINDS[op]


def _recurrent(r: NodeReader) -> None:
    kind = _kind_of(r.op, r.attributes)
    _check(r, r.op, r.attributes)
    if r.has(4):
        lengths = r.constant(4, "sequence lengths")
        if (lengths != r.raw(0).logical[0]).any():
            r.refuse("has sequences of different lengths")
    if r.has(7):
        peepholes = r.constant(7, "peepholes")
        if peepholes.any():
            r.refuse("has peepholes, which graphnet's LSTM has not")
    ways = _directions(r, r.attributes)
    arrays = [r.numbers(i, "weights") if r.has(i) else None for i in (1, 2, 3)]
    if any(a is not None and a.shape[:1] != (len(ways),) for a in arrays):
        r.refuse(f"has weights of another number of directions than {len(ways)}")
    stateful = _is_stateful(r, [_FIRST[name] for name in kind.states])
    if stateful and ways != (False,):
        r.refuse("goes backwards from a state that is fed")
    x = _batch_first(r, layout=r.attributes.whole("layout", 0))
    tops = []
    for i, backwards in enumerate(ways):
        own = [None if a is None else a[i : i + 1] for a in arrays]
        gates = gates_of(r, kind, r.attributes, own)
        read = _turned(r, x) if backwards else x
        keys = _keys(gates, stateful=stateful)
        tops.append(r.layer(kind.kind, read, word="backwards" if i else "", **keys))
        _fill(r, gates)
    if ways == (False,):
        _outputs(r, tops[0], kind, stateful=stateful)
    else:
        _outputs_of_ways(r, tops, ways, kind)


def _turned(r: NodeReader, x: Value) -> Value:
    """The sequences from their ends."""
    return taken(r, x, 1, range(x.shape[1])[::-1])


def _outputs_of_ways(
    r: NodeReader, tops: Sequence[Value], ways: Sequence[bool], kind: RecurrentOp
) -> None:
    """Y of all directions, and the last h of each, that of one that goes backwards at the front."""
    named, (_, n_steps, h) = [*r.outputs, "", "", ""], tops[0].shape
    if len(kind.states) > 1 and named[2]:
        r.refuse("gives its last cell, which graphnet's LSTM keeps to itself")
    layout, n = r.attributes.whole("layout", 0), len(ways)
    if named[0]:
        straight = [_turned(r, t) if b else t for t, b in zip(tops, ways, strict=True)]
        wide = r.layer("Concat", *straight, word="ways", axis=2) if n > 1 else straight[0]
        all_of = r.reshaped(wide, [n_steps, n, h], word="ways")
        axes = (1, 2, 0, 3) if layout == 0 else (0, 1, 2, 3)
        r.give(Value(all_of.blob, all_of.shape, axes), 0)
    if named[1]:
        ends = [cut(r, top, {1: (n_steps - 1, n_steps)}) for top in tops]
        last = r.layer("Concat", *ends, word="ends", axis=1) if n > 1 else ends[0]
        r.give(Value(last.blob, last.shape, (1, 0, 2) if layout == 0 else (0, 1, 2)), 1)


def _is_stateful(r: NodeReader, states: Sequence[int]) -> bool:
    """Whether the state is fed; a state of zeros is none."""
    found = []
    for i in states:
        if r.has(i) and r.is_constant(i):
            if r.constant(i, "state").any():
                r.refuse("starts from another state than 0")
        elif r.has(i):
            state = r.raw(i)
            if state.source not in r.made.fed:
                r.refuse("starts from a state that the net computes")
            found.append(state.source)
    if found and len(found) < len(states):
        r.refuse("starts from one state that is fed and one that is not")
    r.made.states.update(found)
    return bool(found)


def _batch_first(r: NodeReader, *, layout: int) -> Value:
    """The sequences as graphnet has them."""
    x = r.raw(0)
    if layout not in (0, 1):
        r.refuse(f"has layout: {layout}")
    if len(x.axes) != 3:  # noqa: PLR2004  # (T, N, D)
        r.refuse(f"reads a value of {len(x.axes)} axes, expected (T, N, D)")
    return r.straight(x.transposed([1, 0, 2]) if layout == 0 else x)


def _keys(gates: Gates, *, stateful: bool) -> dict[str, Any]:
    keys: dict[str, Any] = {"output_dim": gates.hidden_size}
    if gates.bias is None:
        keys["bias"] = False
    if stateful:
        keys["stateful"] = True
    return keys


def _fill(r: NodeReader, gates: Gates) -> None:
    r.fill("weight_x", gates.weight_x)
    r.fill("weight_h", gates.weight_h)
    if gates.bias is not None:
        r.fill("bias", gates.bias)


def _outputs(r: NodeReader, top: Value, kind: RecurrentOp, *, stateful: bool) -> None:
    """Y, and the last h, which is its last step; the last c only where it is the next state."""
    layout = r.attributes.whole("layout", 0)
    named = [*r.outputs, "", "", ""]
    r.give(Value(top.blob, top.shape, (1, None, 0, 2) if layout == 0 else (0, 1, None, 2)), 0)
    if stateful:
        for i, name in enumerate(kind.states, 1):
            if named[i]:
                r.made.following.add(named[i])
                r.notes.append(f"the {name} state is kept by the layer: it is no input or output")
                r.give(Value("", (top.shape[0], top.shape[2]), (None, 0, 1)), i)
        return
    if len(kind.states) > 1 and named[2]:
        r.refuse("gives its last cell, which graphnet's LSTM keeps to itself")
    if named[1]:
        last = cut(r, top, {1: (top.shape[1] - 1, top.shape[1])})
        flat = r.reshaped(last, [top.shape[2]], word="last")
        axes = (None, 0, 1) if layout == 0 else (0, None, 1)
        r.give(Value(flat.blob, flat.shape, axes), 1)


def _scan(r: NodeReader) -> None:
    """A layer with a second bottom, as graphnet writes it."""
    body = r.attributes.graph("body")
    nodes = [] if body is None else list(body.node)
    steps = [n for n in nodes if n.op_type in _KINDS]
    if len(steps) != 1 or {n.op_type for n in nodes} - _STEP != {steps[0].op_type}:
        r.refuse("is no Scan that graphnet has written")
    step = steps[0]
    attributes = Attributes(step.attribute)
    kind = _kind_of(step.op_type, attributes)
    n_states, n_nodes = len(kind.states), 4 + 3 * len(kind.states)
    given = [r.inputs[i] if i < len(r.inputs) else None for i in range(n_states + 2)]
    if len(r.inputs) != n_states + 2 or len(nodes) != n_nodes or len(r.outputs) != n_states + 1:
        r.refuse("is no Scan that graphnet has written")
    states = [x.source for x in given[:n_states] if isinstance(x, Value)]
    if len(states) != n_states or not r.made.fed.issuperset(states):
        r.refuse("starts from a state that the net computes")
    _check(r, step.op_type, attributes)
    if _directions(r, attributes) != (False,):
        r.refuse("is no Scan that graphnet has written")
    outer = r.made.constants
    arrays = [
        outer.get(step.input[i]) if len(step.input) > i and step.input[i] else None
        for i in (1, 2, 3)
    ]
    gates = gates_of(r, kind, attributes, arrays)
    x, cont = (
        r.straight(r.raw(n_states + i).transposed(o)) for i, o in ((0, [1, 0, 2]), (1, [1, 0]))
    )
    r.made.states.update(states)
    top = r.layer(kind.kind, x, cont, **_keys(gates, stateful=False))
    _fill(r, gates)
    for i in range(n_states):
        if r.outputs[i]:
            r.made.following.add(r.outputs[i])
            r.give(Value("", (top.shape[0], top.shape[2]), (0, 1)), i)
    r.notes.append("what a batch hands to the next is kept by the layer: it is no input or output")
    r.give(Value(top.blob, top.shape, (1, 0, 2)), n_states)


#: What translates each operator.
RECURRENT: Mapping[str, FromOnnx] = MappingProxyType(
    {"GRU": _recurrent, "LSTM": _recurrent, "RNN": _recurrent, "Scan": _scan}
)
