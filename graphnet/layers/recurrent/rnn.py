"""RNN: a plain recurrent layer over a sequence."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.calls import Call
from graphnet.blob import Array
from graphnet.layers.base import Binding
from graphnet.layers.recurrent.base import Block, Recurrent
from graphnet.layers.recurrent.unrolled import RecurrentLayer, Strip


class RNN(Recurrent):
    """Elman's recurrent layer: h ← tanh(weight_x x + weight_h h + bias) at every time step.

    A sequence starts with h = 0. Without the second bottom, each batch starts new sequences, or
    with ``stateful: true`` goes on where the last batch ended, row n with row n. With the second
    bottom, that alone says where sequences start, the first step of a batch included. The
    gradient does not flow into the previous batch. LSTM says what becomes of the state.

    Bottoms:
        0: ``(N, T, …)``, T time steps; the axes after the second are flattened to ``D``.
        1: ``(N, T)``, optional: 0 where a sequence starts, 1 where it continues.
        2: ``(N, output_dim)``, optional: the h that enters the first step.
    Tops:
        0: ``(N, T, output_dim)``, the h of every step.
        1: ``(N, output_dim)``, optional: the h of the last step.
    Params:
        weight_x: ``(output_dim, D)``.
        weight_h: ``(output_dim, output_dim)``.
        bias: ``(output_dim,)``, unless ``bias: false``.
    Example:
        - {name: rnn1, type: RNN, output_dim: 64, bottoms: [x], tops: [h1]}
    Source:
        Elman 1990. Caffe ``RNN`` gives tanh(W_ho h + b_o) instead of h: put an InnerProduct with
        ``neuron: Tanh`` after this layer for that.
    """

    blocks: ClassVar[tuple[Block, ...]] = (Block(0, 0),)
    n_units: ClassVar[int] = 1
    n_factors: ClassVar[int] = 2
    n_scratch: ClassVar[int] = 1

    type: Literal["RNN"] = "RNN"

    def build(self, binding: Binding) -> RecurrentLayer:
        return RecurrentLayer(self, binding, RNNStrip)


class RNNStrip(Strip):
    """Units of a step: its own h; what enters the next step is 0 where a sequence starts."""

    def step(self, t: int) -> list[Call]:
        (h,) = self.units[t]
        return [
            *self.multiply_inputs(t),
            partial(self.xp.tanh, h, h),
            partial(self.xp.copyto, self.hidden(t), h),
        ]

    def find_factors(self, steps: slice, factors: Array) -> list[Call]:
        return self.one_minus_square(self.all_units[0, steps], factors[0])

    def step_back(self, factors: Array, later: Array | None) -> list[Call]:
        return self.times(factors[0], self.dh)

    def hand_back(self, t: int, factors: Array, da: Array) -> list[Call]:
        return [self.product_back(da, self.dh)]
