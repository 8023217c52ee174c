"""What LSTM, GRU and RNN share in YAML: properties, params, state, and how much memory they need.

A step multiplies one stacked matrix with one stacked column per sample, ``W @ [h; 1; x]``; the
rows of W are the blocks a layer declares. How it runs is in ``unrolled.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, columns, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import BatchError, ShapeError
from graphnet.layers.base import Arity, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.learned import Learned
from graphnet.params.initializers import Orthogonal, Xavier
from graphnet.params.param import ParamDecl, StateDecl
from graphnet.params.regularizers import L2Regu

LINE = 16  # numbers of a cache line, in float32
FED = 2  # a sequence and where sequences start: bottoms behind them are states
MIN_WIDTH = 16  # samples in a strip: with fewer, matrix products are slow
MIN_MACS = 2**19  # of a strip's step: with fewer, threads mostly wait for the interpreter
MIN_STEPS = 16  # that backward takes at once: with fewer, likewise


@dataclass(frozen=True)
class Block:
    """``output_dim`` rows of the stacked matrix.

    Attributes:
        gate: Which ``output_dim`` rows of ``weight_x`` and ``weight_h`` they hold.
        bias: Which ``output_dim`` elements of ``bias``.
        reads: What they are multiplied with besides the 1; r is a part of h, at the end of the
            column.
        is_sigmoid: Whether the sigmoid is taken of their product.
    """

    gate: int
    bias: int
    reads: Literal["xh", "x", "h", "xr"] = "xh"
    is_sigmoid: bool = False


class Recurrent(LayerSpec):
    """What the YAML says of any recurrent layer.

    Args:
        output_dim: Number of hidden units.
        stateful: Without a second bottom: whether a batch continues the sequences of the one
            before it. Default false.
        partial_resets: The second bottom holds numbers from 0 to 1, and the state that enters a
            step is multiplied by that of the step. Default false: it holds 0 and 1 alone.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
    """

    n_bottoms: ClassVar[Arity] = Arity(1, 3)
    n_tops: ClassVar[Arity] = Arity(1, 2)
    #: The rows of the stacked matrix; neighbours that read the same are multiplied in one go.
    blocks: ClassVar[tuple[Block, ...]]
    #: What one step, and one batch, hands to the next.
    carried: ClassVar[tuple[str, ...]] = ("hidden",)
    #: How many numbers for each hidden unit a step keeps for backward,
    n_units: ClassVar[int]
    #: how many backward computes of them (one for each block, the diff of the top, any others),
    n_factors: ClassVar[int]
    #: and how many it needs while it runs.
    n_scratch: ClassVar[int]

    learned: ClassVar[Mapping[str, Learned]] = {
        "weight_x": Learned(Xavier(), L2Regu()),
        "weight_h": Learned(Orthogonal(), L2Regu()),
        "bias": Learned(lr=2.0),
    }

    output_dim: PositiveInt
    stateful: bool = False
    partial_resets: bool = False
    bias: bool = True
    param_key: str | None = None

    @model_validator(mode="after")
    def _check_states(self) -> Self:
        for what, names, before in (("bottoms", self.bottoms, FED), ("tops", self.tops, 1)):
            if len(names) > before and len(names) != before + len(self.carried):
                raise ValueError(
                    f"it has {len(names)} {what}, of which {len(names) - before} would be states:"
                    f" expected {len(self.carried)} of them, {' and '.join(self.carried)}"
                )
        if self.partial_resets and 0 < len(self.bottoms) < FED:
            raise ValueError("'partial_resets' has no meaning without a second bottom")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        x = bottoms[0]
        if len(x) < 2 or x[1] == 0:  # noqa: PLR2004 (N, T)
            raise ShapeError(
                f"a bottom of shape {shape_text(x)} is no sequence\n"
                "  expected (N, T, …) with at least one time step"
            )
        if len(bottoms) > 1 and bottoms[1] != x[:2]:
            raise ShapeError(
                f"the second bottom has the shape {shape_text(bottoms[1])}\n"
                f"  expected {shape_text(x[:2])}: a 0 or 1 for each sample and time step"
            )
        state = (x[0], self.output_dim)
        for i, shape in enumerate(bottoms[FED:], FED):
            if shape != state:
                raise ShapeError(
                    f"bottom {i}, the {self.carried[i - FED]} state at the start, has the shape"
                    f" {shape_text(shape)}\n  expected {shape_text(state)}"
                )
        return [(x[0], x[1], self.output_dim), *([state] * (len(self.tops) - 1))]

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        h, d = self.output_dim, prod(bottoms[0][2:])
        n_gates = len({b.gate for b in self.blocks})
        decls = {
            "weight_x": self.decl("weight_x", (n_gates * h, d)),
            "weight_h": self.decl("weight_h", (n_gates * h, h)),
        }
        if self.bias:
            n_bias = h * len({b.bias for b in self.blocks})
            decls["bias"] = self.decl("bias", (n_bias,))
        return decls

    def state_decls(self, bottoms: Shapes) -> dict[str, StateDecl]:
        if (not self.stateful and len(bottoms) == 1) or len(bottoms) > FED:
            return {}
        shape = (bottoms[0][0], self.output_dim)
        return {name: StateDecl(shape, per_batch=True) for name in self.carried}

    def column(self, x: Shape) -> tuple[slice, slice, slice]:
        """Where h, the 1 (nowhere without a bias) and x lie in the stacked column."""
        h = self.output_dim
        start = h + self.bias
        return slice(0, h), slice(h, start), slice(start, start + prod(x[2:]))

    def kept_column(self, x: Shape) -> slice:
        """Where a part of h lies behind the stacked column; nowhere if no block reads it."""
        end = self.column(x)[-1].stop
        if not any("r" in b.reads for b in self.blocks):
            return slice(end, end)
        start = _whole_lines(end)
        return slice(start, start + self.output_dim)

    def rows_reading(self, what: Literal["x", "h"]) -> slice:
        """The rows of the stacked matrix that x or h is multiplied with; they are neighbours."""
        found = [i for i, b in enumerate(self.blocks) if what in b.reads]
        return slice(found[0] * self.output_dim, (found[-1] + 1) * self.output_dim)

    def strips(self, x: Shape, most: int) -> list[slice]:
        """Slices of the batch to be run apart, ``most`` at most.

        They depend on shapes and backend alone, so that sums come out the same for any number of
        threads.
        """
        macs = self.macs([x]) // x[1]
        count = max(1, min(most, x[0] // MIN_WIDTH, macs // MIN_MACS))
        edges = [x[0] * i // count for i in range(count + 1)]
        return [slice(a, b) for a, b in pairwise(edges)]

    def steps_at_once(self, x: Shape, backend: Backend) -> int:
        """How many steps backward goes through before it takes the next."""
        width = -(-x[0] // len(self.strips(x, backend.most_strips)))
        n_elements = (self.n_units + self.n_factors) * self.output_dim * width
        return min(x[1], max(MIN_STEPS, backend.parts_at_once(x[1], n_elements)))

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        n, steps = bottoms[0][:2]
        h, column = self.output_dim, self.kept_column(bottoms[0]).stop
        width = _whole_lines(column)
        n_rows = len(self.blocks) * h
        life: Literal["pass", "call"] = "pass" if backward else "call"
        n_kept = steps + 1 if backward else 1
        decls = {
            "weights": ScratchDecl((len(self.blocks), width, h), lifetime=life),
            "inputs": ScratchDecl((n, steps * width), lifetime=life),
            "units": ScratchDecl((n, n_kept * self.n_units * h), lifetime=life),
            "step": ScratchDecl((n, self.n_scratch * h)),
        }
        if len(bottoms) > 1:
            decls["starts"] = ScratchDecl((steps, n), "bool", life)
            decls["known"] = ScratchDecl((n, steps), "bool", blob=True)
        if self.partial_resets:
            decls["kept"] = ScratchDecl((steps, n), None, life)
        if backward:
            decls["back_x"] = ScratchDecl((n_rows, prod(bottoms[0][2:])))
            decls["back_h"] = ScratchDecl((n_rows, h))
            at_once = self.steps_at_once(bottoms[0], backend)
            decls["factors"] = ScratchDecl((n, at_once * self.n_factors * h))
            decls["dpre"] = ScratchDecl((n, at_once * n_rows))
            decls["dx"] = ScratchDecl((n, at_once * prod(bottoms[0][2:])))
        if backward and not self.frozen:
            sums = (len(self.strips(bottoms[0], backend.most_strips)), n_rows, column)
            decls["dweights"] = ScratchDecl(sums)
            if at_once < steps:
                decls["dterm"] = ScratchDecl(sums)
        return decls

    def backward_reads(self) -> Reads:
        return Reads()

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        return (0, *range(FED, n_bottoms))

    def macs(self, bottoms: Shapes) -> int:
        n, steps = bottoms[0][:2]
        from_x = sum("x" in b.reads for b in self.blocks) * prod(bottoms[0][2:])
        from_h = sum("h" in b.reads or "r" in b.reads for b in self.blocks) * self.output_dim
        return n * steps * self.output_dim * (from_x + from_h)

    def connections(self, bottoms: Shapes) -> int:
        n, steps = bottoms[0][:2]
        n_bias = self.bias * self.output_dim * len(self.blocks)
        return self.macs(bottoms) // n + steps * n_bias


def _whole_lines(size: int) -> int:
    """So much that what follows starts on a cache line."""
    return -(-size // LINE) * LINE


#: What an indicator may be: whether it continues a sequence, or which part of it does.
_WHETHER = "0 where a sequence starts, 1 where it continues"
_PART = "a number from 0, where a sequence starts, to 1, where all of it continues"


def refuse_indicator(
    at: tuple[int, ...], value: float, ago: int, *, is_partial: bool = False
) -> None:
    """Report an indicator that does not say whether, or in part, a sequence continues."""
    row, step = at
    raise BatchError(
        f"the second bottom holds {value:g} in row {row}, step {step} of the batch"
        f"\n  expected {_PART if is_partial else _WHETHER}",
        1,
        at,
        value,
        ago,
    )


def time_first(array: Array) -> Array:
    """The view ``(T, features, N)`` of an array seen as ``(N, T, …)``."""
    n, steps = array.shape[:2]
    if array.flags.c_contiguous:
        return array.reshape(n, steps, -1).transpose(1, 2, 0)
    return columns(array).reshape(steps, -1, n)
