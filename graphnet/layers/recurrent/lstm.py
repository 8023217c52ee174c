"""LSTM: long short-term memory over a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from graphnet.backend.calls import Call
from graphnet.blob import Array, Shape
from graphnet.layers.base import Arity, Binding
from graphnet.layers.recurrent.base import Block, Recurrent
from graphnet.layers.recurrent.unrolled import RecurrentLayer, Strip
from graphnet.params.initializers import Initializer
from graphnet.params.param import ParamDecl


class LSTM(Recurrent):
    """Long short-term memory: one layer, run over the time steps of a sequence.

    With σ the logistic sigmoid and c the cell, a step is::

        i, f, o = σ(weight_x x + weight_h h + bias)    input, forget and output gate
        g = tanh(weight_x x + weight_h h + bias)       each with rows of its own
        c ← f · c + i · g
        h ← o · tanh(c)

    A sequence starts with h = c = 0. Without the second bottom, each batch starts new sequences,
    or with ``stateful: true`` goes on where the last batch ended, row n with row n. With the
    second bottom, that alone says where sequences start, the first step of a batch included.
    The gradient does not flow into the previous batch (truncated back-propagation through time).
    The state that one batch hands to the next is read at the start of forward, written at its
    end, and not touched by backward; it is saved in snapshots, and an evaluation starts from
    zero and puts it back. Where states are bottoms, nothing is handed on but by the tops, and
    gradients flow through both.

    Bottoms:
        0: ``(N, T, …)``, T time steps; the axes after the second are flattened to ``D``.
        1: ``(N, T)``, optional: 0 where a sequence starts, 1 where it continues.
        2, 3: ``(N, output_dim)``, optional: the h and the c that enter the first step.
    Tops:
        0: ``(N, T, output_dim)``, the h of every step.
        1, 2: ``(N, output_dim)``, optional: the h and the c of the last step.
    Params:
        weight_x: ``(4 · output_dim, D)``, the gates in the order i, f, o, g.
        weight_h: ``(4 · output_dim, output_dim)``.
        bias: ``(4 · output_dim,)``, unless ``bias: false``.
    Args:
        forget_bias: Added to the initial bias of the forget gate, so that the cell remembers at
            first; 0 is Caffe's. Default 1.
    Example:
        - {name: lstm1, type: LSTM, output_dim: 128, bottoms: [x, cont], tops: [h1]}
    Source:
        Hochreiter & Schmidhuber 1997; forget gates: Gers et al. 2000; their bias: Jozefowicz
        et al. 2015. Caffe ``LSTM`` has the same gate order, but its blobs are ``(T, N, …)``.
    """

    # o, i, f, g: what is multiplied alike lies together
    blocks: ClassVar[tuple[Block, ...]] = tuple(
        Block(gate, gate, is_sigmoid=gate < 3)  # noqa: PLR2004  the last is g
        for gate in (2, 0, 1, 3)
    )
    carried: ClassVar[tuple[str, ...]] = ("hidden", "cell")
    n_bottoms: ClassVar[Arity] = Arity(1, 4)
    n_tops: ClassVar[Arity] = Arity(1, 3)
    n_units: ClassVar[int] = 6
    n_factors: ClassVar[int] = 7
    n_scratch: ClassVar[int] = 2

    type: Literal["LSTM"] = "LSTM"
    forget_bias: float = 1.0

    def decl(self, name: str, shape: Shape) -> ParamDecl:
        declared = super().decl(name, shape)
        if name == "bias":
            init = ForgetBias(base=declared.init, value=self.forget_bias)
            declared = replace(declared, init=init)
        return declared

    def build(self, binding: Binding) -> RecurrentLayer:
        return RecurrentLayer(self, binding, LSTMStrip)


class ForgetBias(Initializer):
    """What ``base`` gives for the bias of an LSTM, plus ``value`` for the forget gate."""

    base: Initializer
    value: float

    def check(self, shape: Shape) -> None:
        self.base.check(shape)

    def sample(self, rng: np.random.Generator, shape: Shape) -> np.ndarray | None:
        values = self.base.sample(rng, shape)
        if values is not None:
            values = values.copy()
            values[shape[0] // 4 : shape[0] // 2] += self.value
        return values


class LSTMStrip(Strip):
    """Units of a step: o, i, f, g, the c that entered it, and the tanh of the c that left it.

    (i, f) · (g, c) gives both terms of the next c. The factors of o and, the sixth, of what h adds
    to dc are multiplied with dh; those of i, f, g and c with dc. The last of these, the fifth, is
    then the dc of the step before.
    """

    def carried(self, t: int) -> Mapping[str, Array]:
        return {**super().carried(t), "cell": self.units[t][4]}

    def step(self, t: int) -> list[Call]:
        xp, units, c_out = self.xp, self.units[t], self.units[t + 1][4]
        o, tanh_c, terms = units[0], units[5], self.step_scratch
        return [
            *self.multiply_inputs(t),
            *self.squash(units[:4], units[:3]),
            partial(xp.multiply, units[1:3], units[3:5], terms),
            partial(xp.add, terms[0], terms[1], c_out),
            partial(xp.tanh, c_out, tanh_c),
            partial(xp.multiply, o, tanh_c, self.hidden(t)),
        ]

    def find_factors(self, steps: slice, factors: Array) -> list[Call]:
        units = self.all_units[:, steps]
        gates, tanhs = units[:3], units[5:2:-2]  # o, i, f; tanh c, g
        for_gates, for_tanhs = factors[:3], factors[5:2:-2]
        return [
            self.one_minus(gates, for_gates),  # σ' = σ · (1 − σ)
            *self.times(for_gates, gates),
            *self.times(factors[0], units[5]),
            *self.times(factors[1:3], units[3:5]),
            *self.one_minus_square(tanhs, for_tanhs),
            *self.times(for_tanhs, units[:2]),
            partial(self.xp.copyto, factors[4], units[2]),
        ]

    def step_back(self, factors: Array, later: Array | None) -> list[Call]:
        dh, dc = self.step_scratch
        return [
            *self.times(factors[0:6:5], dh),
            partial(self.xp.add, dc if later is None else later[4], factors[5], dc),
            *self.times(factors[1:5], dc),
        ]

    def hand_back(self, t: int, factors: Array, da: Array) -> list[Call]:
        return [self.product_back(da, self.dh)]

    def carried_diffs(self, factors: Array) -> list[Array]:
        return [self.dh, factors[4]]

    def keep(self, factors: Array) -> list[Call]:
        return [partial(self.xp.copyto, self.step_scratch[1], factors[4])]
