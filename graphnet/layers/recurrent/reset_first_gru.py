"""ResetFirstGRU: gated recurrent units as they were first written, over a sequence."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from graphnet.backend.calls import Call
from graphnet.blob import Array
from graphnet.layers.base import Binding
from graphnet.layers.recurrent.base import Block, Recurrent
from graphnet.layers.recurrent.unrolled import RecurrentLayer, Strip


class ResetFirstGRU(Recurrent):
    """Gated recurrent units, with the reset gate before the product with ``weight_h``.

    With σ the logistic sigmoid, a time step is::

        r, z = σ(weight_x x + weight_h h + bias)        reset and update gate
        n = tanh(weight_x x + weight_h (r · h) + bias)  the new candidate
        h ← (1 − z) · n + z · h

    GRU applies r after the product, as cuDNN and PyTorch do, and takes one product a step where
    this takes two: use it where weights are given that were trained so, as TensorFlow 1, Keras with
    ``reset_after=False`` and ONNX with ``linear_before_reset: 0`` have them. When sequences start,
    and what becomes of the state, is as in GRU.

    Bottoms:
        0: ``(N, T, …)``, T time steps; the axes after the second are flattened to ``D``.
        1: ``(N, T)``, optional: 0 where a sequence starts, 1 where it continues.
    Tops:
        0: ``(N, T, output_dim)``, the h of every step.
    Params:
        weight_x: ``(3 · output_dim, D)``, in the order r, z, n.
        weight_h: ``(3 · output_dim, output_dim)``, in the order r, z, n.
        bias: ``(3 · output_dim,)``, in the order r, z, n, unless ``bias: false``.
    Example:
        - {name: gru1, type: ResetFirstGRU, output_dim: 64, bottoms: [x], tops: [h1]}
    Source:
        Cho et al. 2014, arXiv 1406.1078. Neither Mocha nor Caffe has it.
    """

    blocks: ClassVar[tuple[Block, ...]] = (
        Block(gate=0, bias=0, is_sigmoid=True),
        Block(gate=1, bias=1, is_sigmoid=True),
        Block(gate=2, bias=2, reads="xr"),
    )
    n_units: ClassVar[int] = 3
    n_factors: ClassVar[int] = 4
    n_scratch: ClassVar[int] = 2

    type: Literal["ResetFirstGRU"] = "ResetFirstGRU"

    def build(self, binding: Binding) -> RecurrentLayer:
        return RecurrentLayer(self, binding, ResetFirstStrip)


class ResetFirstStrip(Strip):
    """Units of a step: r, z, n. The part of h that is let through is the end of its column."""

    def step(self, t: int) -> list[Call]:
        xp, (r, z, n), gates = self.xp, self.units[t], self.units[t][:2]
        h, scratch = self.inputs[t, :, self.h_rows], self.step_scratch[0]
        *_, (blocks, columns) = self.runs()
        kept = self.inputs[t, :, columns]
        gates_and_x, (from_kept,) = self.multiply_inputs(t)[:-1], self.weights[blocks, columns]
        return [
            *gates_and_x,
            *self.squash(gates, gates),
            partial(xp.multiply, r, h, kept),
            self.product(kept, from_kept, scratch),
            partial(xp.add, n, scratch, n),
            partial(xp.tanh, n, n),
            partial(xp.subtract, h, n, scratch),  # the next h is n + z · (h − n)
            *self.times(scratch, z),
            partial(xp.add, n, scratch, self.hidden(t)),
        ]  # fmt: skip

    def find_factors(self, steps: slice, factors: Array) -> list[Call]:
        xp, h = self.xp, self.inputs[steps, :, self.h_rows]
        r, z, n = self.all_units[:, steps]
        for_r, for_z, for_n, _ = factors
        return [
            self.one_minus(z, for_z),
            *self.one_minus_square(n, for_n),
            *self.times(for_n, for_z),
            partial(xp.copyto, for_r, h),  # serves as scratch until its own turn
            partial(xp.subtract, for_r, n, for_r),
            *self.times(for_z, z, for_r),
            self.one_minus(r, for_r),
            *self.times(for_r, r, h),
        ]

    def step_back(self, factors: Array, later: Array | None) -> list[Call]:
        _, kept = self.step_scratch  # the diff of r · h, for hand_back, too
        *_, (blocks, _) = self.runs()
        back = self.scratch["back_h"][blocks.start * self.size : blocks.stop * self.size]
        return [
            *self.times(factors[1:3], self.dh),
            self.product(factors[2], back, kept),
            *self.times(factors[0], kept),
        ]

    def hand_back(self, t: int, factors: Array, da: Array) -> list[Call]:
        (dh, kept), (r, z, _) = self.step_scratch, self.units[t]
        return [
            *self.times(dh, z),
            *self.times(kept, r),
            partial(self.xp.add, dh, kept, dh),
            self.product_back(da, kept),
            partial(self.xp.add, dh, kept, dh),
        ]
