"""How recurrent layers run: a strip of the batch goes through all time steps on its own.

What a strip does is a list of calls bound beforehand, so strips can run in several threads
without waiting for each other. Backward first computes, for all steps at once, every factor that
depends on forward alone; its loop over time does only what is sequential; and the gradient of
the weights is one product over all steps (Werbos 1990, back-propagation through time).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias

from graphnet.blob import Array, columns, storage
from graphnet.layers.base import Binding, Layer
from graphnet.layers.recurrent import Recurrent

Call: TypeAlias = Callable[[], Any]


class RecurrentLayer(Layer[Recurrent]):
    """Runs any recurrent layer.

    Args:
        spec: What the YAML says.
        binding: Its arrays.
        strip: What takes some samples through the steps.
    """

    def __init__(self, spec: Recurrent, binding: Binding, strip: type[Strip]) -> None:
        self.strip = strip
        super().__init__(spec, binding)

    def setup(self) -> None:
        slices = self.spec.strips(self.bottoms[0].shape)
        strips = [self.strip(self, i, samples) for i, samples in enumerate(slices)]
        stack, unstack = self.stacking()
        strips_forward = self.backend.concurrently([one_after_another(s.forward()) for s in strips])
        self.forward = one_after_another([*stack, strips_forward])  # type: ignore[method-assign]
        if "factors" in self.scratch:
            strips_back = self.backend.concurrently(
                [one_after_another(s.backward()) for s in strips]
            )
            self.backward = one_after_another([strips_back, *unstack])  # type: ignore[method-assign]

    def stacking(self) -> tuple[list[Call], list[Call]]:
        """What copies the params into the stacked matrix, and its diff into the params' diffs."""
        xp, h = self.xp, self.spec.output_dim
        x_columns, one, h_columns = self.spec.column(self.bottoms[0].shape)
        weights, dweights = self.scratch["weights"], self.scratch.get("dweights")
        stack: list[Call] = []
        unstack: list[Call] = []
        if dweights is not None:
            unstack = [partial(xp.add, dweights[0], of, dweights[0]) for of in dweights[1:]]
        for i, block in enumerate(self.spec.blocks):
            parts = []
            if "x" in block.reads:
                parts.append(("weight_x", block.gate, x_columns))
            if "h" in block.reads:
                parts.append(("weight_h", block.gate, h_columns))
            if self.spec.bias:
                parts.append(("bias", block.bias, one.start))
            for name, index, cols in parts:
                param, rows = self.params[name], slice(index * h, (index + 1) * h)
                here = slice(i * h, (i + 1) * h), cols
                stack.append(partial(xp.copyto, weights[here], param.data[rows]))
                if dweights is not None and param.diff is not None:
                    unstack.append(partial(xp.copyto, param.diff[rows], dweights[0][here]))
        return stack, unstack


class Strip(ABC):
    """Some samples of the batch: their part of every array, and what is done with it.

    Blobs are seen as ``(T, features, samples)``. The methods give calls that are yet to be made;
    the last argument of a ufunc is where its result goes.

    Attributes:
        inputs: ``(T + 1, rows, samples)``: the stacked column ``[x; 1; h]`` of each step, with
            the h that enters it.
        units: One ``(n_units · H, samples)`` for each step and one more; all the same memory in
            a net that never runs backward.
        spare: ``(n_spare, H, samples)``, for use within a step.
        factors: ``(T, n_factors · H, samples)``: what the diffs are multiplied with. On the way
            back, those of a step's blocks become the diff of ``weights @ inputs[t]``.
        dh: The diff of h, on its way back.
    """

    def __init__(self, layer: RecurrentLayer, index: int, samples: slice) -> None:
        spec, bottom, top = layer.spec, layer.bottoms[0], layer.tops[0]
        self.spec, self.xp, self.scratch, self.samples = spec, layer.xp, layer.scratch, samples
        self.weights, self.n_steps, self.size = layer.scratch["weights"], top.shape[1], top.shape[2]
        self.x_rows, self.one_row, self.h_rows = spec.column(bottom.shape)
        self.half = layer.backend.full((), 0.5, layer.dtype)

        self.inputs = self.part("inputs", self.n_steps + 1, self.h_rows.stop)
        self.all_units = self.part("units", -1, spec.n_units * self.size)
        self.units = [self.all_units[t % len(self.all_units)] for t in range(self.n_steps + 1)]
        self.spare = self.part("spare", spec.n_spare, self.size)
        self.state = {name: array[samples].T for name, array in layer.state.items()}

        self.x, self.top = time_first(bottom.data)[..., samples], time_first(top.data)[..., samples]
        self.cont = None
        if len(layer.bottoms) > 1:
            self.cont = storage(layer.bottoms[1].data)[:, samples]
        self.dx = None if bottom.diff is None else time_first(bottom.diff)[..., samples]
        if "factors" in self.scratch:
            self.dtop = time_first(top.diff)[..., samples]
            self.factors = self.part("factors", self.n_steps, spec.n_factors * self.size)
            self.dpre = self.factors[:, : len(self.weights)]
            self.dh = self.spare[0]
        self.dweights = None
        if "dweights" in self.scratch:
            self.dweights = self.scratch["dweights"][index]

    def part(self, name: str, first: int, rows: int) -> Array:
        """The strip's ``(first, rows, samples)`` of a scratch array ``(N, first · rows)``."""
        own = self.scratch[name][self.samples]
        return own.reshape(first, rows, len(own))

    def blocks(self, array: Array, n: int) -> Array:
        """``(…, n, H, samples)`` of the first n blocks of ``(…, rows, samples)``."""
        cut = array[..., : n * self.size, :]
        return cut.reshape(*cut.shape[:-2], n, self.size, cut.shape[-1])

    # --- what each kind of layer says ---------------------------------------------------

    def carried(self, t: int) -> Mapping[str, Array]:
        """What enters step t, by the names of the state; at T, what the last step hands on."""
        return {"hidden": self.inputs[t, self.h_rows]}

    def carried_diffs(self) -> list[Array]:
        """The diffs of what a step hands to the next."""
        return [self.dh]

    @abstractmethod
    def step(self, t: int) -> list[Call]:
        """Compute ``h_out(t)`` and whatever else is carried to t + 1."""

    @abstractmethod
    def find_factors(self) -> list[Call]:
        """Compute ``factors`` for all steps."""

    @abstractmethod
    def step_back(self, t: int) -> list[Call]:
        """With ``dh`` that of the step's own h: write ``dpre[t]``."""

    @abstractmethod
    def hand_back(self, t: int) -> list[Call]:
        """Make the carried diffs those of what entered step t."""

    # --- what all do --------------------------------------------------------------------

    def h_out(self, t: int) -> Array:
        """The h that step t hands to the next."""
        return self.inputs[t + 1, self.h_rows]

    def runs(self) -> list[tuple[slice, slice]]:
        """The parts of the stacked matrix that are not empty, as (rows, columns)."""
        columns = {
            "xh": slice(0, self.h_rows.stop),
            "x": slice(0, self.one_row.stop),
            "h": slice(self.one_row.start, self.h_rows.stop),
        }
        found, stop = [], 0
        for reads, blocks in groupby(b.reads for b in self.spec.blocks):
            start, stop = stop, stop + len(list(blocks)) * self.size
            found.append((slice(start, stop), columns[reads]))
        return found

    def rows_reading(self, what: str) -> slice:
        """The rows of the stacked matrix that x or h is multiplied with; they are neighbours."""
        found = [i for i, b in enumerate(self.spec.blocks) if what in b.reads]
        return slice(found[0] * self.size, (found[-1] + 1) * self.size)

    def multiply_inputs(self, t: int, pre: Array) -> list[Call]:
        """Write ``weights @ inputs[t]``, block by block, to the first rows of ``pre``."""
        return [
            partial(self.xp.matmul, self.weights[rows, cols], self.inputs[t, cols], pre[rows])
            for rows, cols in self.runs()
        ]

    def squash(self, pre: Array, gates: Array) -> list[Call]:
        """Tanh in place, but the logistic sigmoid of ``gates``, a part of ``pre``.

        The sigmoid is computed as tanh(x/2)/2 + 1/2, which is fast and cannot overflow.
        """
        multiply, half = self.xp.multiply, self.half
        return [
            partial(multiply, gates, half, gates),
            partial(self.xp.tanh, pre, pre),
            partial(multiply, gates, half, gates),
            partial(self.xp.add, gates, half, gates),
        ]

    def one_minus_square(self, values: Array, out: Array) -> list[Call]:
        """The derivative of tanh by its value."""
        xp = self.xp
        return [partial(xp.multiply, values, values, out), partial(xp.subtract, 1, out, out)]

    def forget(self, t: int, arrays: Iterable[Array]) -> list[Call]:
        """Set to zero what reached a sample at whose step t a sequence starts."""
        if self.cont is None:
            return []
        return [partial(self.xp.multiply, array, self.cont[t], array) for array in arrays]

    def forward(self) -> list[Call]:
        """From the state, through all steps, to the state."""
        xp, start, end = self.xp, self.carried(0), self.carried(self.n_steps)
        calls: list[Call] = [
            partial(xp.copyto, self.inputs[:-1, self.x_rows], self.x),
            partial(self.inputs[:, self.one_row].fill, 1),
        ]
        for name, array in start.items():
            state = self.state.get(name)
            calls.append(
                partial(array.fill, 0) if state is None else partial(xp.copyto, array, state)
            )
        for t in range(self.n_steps):
            calls += self.forget(t, self.carried(t).values())
            calls += self.step(t)
            calls.append(partial(xp.copyto, self.top[t], self.h_out(t)))
        return calls + [partial(xp.copyto, state, end[name]) for name, state in self.state.items()]

    def backward(self) -> list[Call]:
        """From the top's diff, through all steps, to the diffs of x and of the stacked matrix."""
        calls = self.find_factors()
        calls += [partial(diff.fill, 0) for diff in self.carried_diffs()]
        for t in reversed(range(self.n_steps)):
            calls.append(partial(self.xp.add, self.dtop[t], self.dh, self.dh))
            calls += self.step_back(t)
            if t > 0:  # the gradient does not flow into the previous batch
                calls += self.hand_back(t) + self.forget(t, self.carried_diffs())
        return calls + self.weight_gradient() + self.bottom_gradient()

    def product_back(self, t: int, out: Array) -> Call:
        """Write the diff of the h that entered step t through ``weights @ inputs[t]``."""
        rows = self.rows_reading("h")
        return partial(self.xp.matmul, self.weights[rows, self.h_rows].T, self.dpre[t, rows], out)

    def weight_gradient(self) -> list[Call]:
        """Write ``dweights``, summed over samples and steps, where it is wanted."""
        if self.dweights is None:
            return []
        xp, n = self.xp, self.n_steps
        inputs = self.part("rows_of_inputs", self.h_rows.stop, n)
        diffs = self.part("rows_of_diffs", len(self.weights), n)
        calls = [
            partial(xp.copyto, inputs, self.inputs[:-1].swapaxes(0, 1)),
            partial(xp.copyto, diffs, self.dpre.swapaxes(0, 1)),
        ]
        flat_inputs, flat_diffs = inputs.reshape(len(inputs), -1), diffs.reshape(len(diffs), -1)
        return calls + [
            partial(xp.matmul, flat_diffs[rows], flat_inputs[cols].T, self.dweights[rows, cols])
            for rows, cols in self.runs()
        ]

    def bottom_gradient(self) -> list[Call]:
        """Write the bottom's diff, where it is wanted."""
        if self.dx is None:
            return []
        rows = self.rows_reading("x")
        return [
            partial(self.xp.matmul, self.weights[rows, self.x_rows].T, self.dpre[:, rows], self.dx)
        ]


def one_after_another(calls: Iterable[Call]) -> Callable[[], None]:
    """One call that makes them all, in order."""
    bound = tuple(calls)

    def run() -> None:
        for call in bound:
            call()

    return run


def time_first(array: Array) -> Array:
    """The view ``(T, features, N)`` of an array seen as ``(N, T, …)``."""
    n, steps = array.shape[:2]
    if array.flags.c_contiguous:
        return array.reshape(n, steps, -1).transpose(1, 2, 0)
    return columns(array).reshape(steps, -1, n)
