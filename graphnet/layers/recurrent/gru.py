"""GRU: gated recurrent units over a sequence."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.calls import Call
from graphnet.blob import Array
from graphnet.layers.base import Binding
from graphnet.layers.recurrent.base import Block, Recurrent
from graphnet.layers.recurrent.unrolled import RecurrentLayer, Strip


class GRU(Recurrent):
    """Gated recurrent units, with the reset gate after the product with ``weight_h``.

    With σ the logistic sigmoid, a time step is::

        r, z = σ(weight_x x + weight_h h + bias)        reset and update gate
        u = weight_h h + bias                           each with rows of its own
        n = tanh(weight_x x + bias + r · u)             the new candidate
        h ← (1 − z) · n + z · h

    Cho et al. apply r to h before the product. Here it is applied after it, as in cuDNN and
    PyTorch: all products of a step can be made at once, and weights can be exchanged with them.

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
        weight_x: ``(3 · output_dim, D)``, in the order r, z, n.
        weight_h: ``(3 · output_dim, output_dim)``, in the order r, z, u.
        bias: ``(4 · output_dim,)``, in the order r, z, n, u, unless ``bias: false``.
    Example:
        - {name: gru1, type: GRU, output_dim: 64, stateful: true, bottoms: [x], tops: [h1]}
    Source:
        Cho et al. 2014, arXiv 1406.1078. Neither Mocha nor Caffe has it.
    """

    # u and n stand at the ends, so that the rows that read h, and those that read x, adjoin
    blocks: ClassVar[tuple[Block, ...]] = (
        Block(gate=2, bias=3, reads="h"),
        Block(gate=0, bias=0, is_sigmoid=True),
        Block(gate=1, bias=1, is_sigmoid=True),
        Block(gate=2, bias=2, reads="x"),
    )
    n_units: ClassVar[int] = 4
    n_factors: ClassVar[int] = 5
    n_scratch: ClassVar[int] = 2

    type: Literal["GRU"] = "GRU"

    def build(self, binding: Binding) -> RecurrentLayer:
        return RecurrentLayer(self, binding, GRUStrip)


class GRUStrip(Strip):
    """Units of a step: u, r, z, n."""

    def step(self, t: int) -> list[Call]:
        xp, (u, r, z, n), gates = self.xp, self.units[t], self.units[t][1:3]
        h, scratch = self.inputs[t, :, self.h_rows], self.step_scratch[0]
        return [
            *self.multiply_inputs(t),
            *self.squash(gates, gates),
            partial(xp.multiply, r, u, scratch),
            partial(xp.add, n, scratch, n),
            partial(xp.tanh, n, n),
            partial(xp.subtract, h, n, scratch),  # the next h is n + z · (h − n)
            *self.times(scratch, z),
            partial(xp.add, n, scratch, self.hidden(t)),
        ]

    def find_factors(self, steps: slice, factors: Array) -> list[Call]:
        xp, h = self.xp, self.inputs[steps, :, self.h_rows]
        u, r, z, n = self.all_units[:, steps]
        for_u, for_r, for_z, for_n, _ = factors
        return [
            self.one_minus(z, for_z),
            *self.one_minus_square(n, for_n),
            *self.times(for_n, for_z),
            partial(xp.copyto, for_u, h),  # serves as scratch until its own turn
            partial(xp.subtract, for_u, n, for_u),
            *self.times(for_z, z, for_u),
            self.one_minus(r, for_r),
            *self.times(for_r, r, u, for_n),
            partial(xp.multiply, r, for_n, for_u),
        ]

    def step_back(self, factors: Array, later: Array | None) -> list[Call]:
        return self.times(factors[:4], self.dh)

    def hand_back(self, t: int, factors: Array, da: Array) -> list[Call]:
        dh, scratch = self.step_scratch
        return [
            *self.times(dh, self.units[t][2]),
            self.product_back(da, scratch),
            partial(self.xp.add, dh, scratch, dh),
        ]
