"""How recurrent layers run: a strip of the batch goes through all time steps on its own.

What a strip does is a list of calls bound beforehand, so strips can run in several threads
without waiting for each other. Every call costs a turn at the interpreter's lock, so there are
few: backward (Werbos 1990, back-propagation through time) computes what depends on forward
alone for all steps at once, then walks the steps from the last to the first doing only what is
sequential; the gradient of the weights is one product over all steps.
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
        slices = self.spec.strips(self.bottoms[0].shape, self.backend.most_strips)
        strips = [self.strip(self, i, samples) for i, samples in enumerate(slices)]
        stack, unstack = self.stacking()
        if "starts" in self.scratch:
            cont = storage(self.bottoms[1].data)
            stack.append(partial(self.xp.equal, cont, 0, self.scratch["starts"]))
        strips_forward = self.backend.concurrently([one_after_another(s.forward()) for s in strips])
        self.forward = one_after_another([*stack, strips_forward])  # type: ignore[method-assign]
        if "factors" in self.scratch:
            strips_back = self.backend.concurrently(
                [one_after_another(s.backward()) for s in strips]
            )
            self.backward = one_after_another(  # type: ignore[method-assign]
                [self.turn_weights, strips_back, *unstack]
            )

    def turn_weights(self) -> None:
        """Write the transposed matrix that diffs are multiplied with on their way back."""
        _, _, h_columns = self.spec.column(self.bottoms[0].shape)
        rows = self.spec.rows_reading("h")
        self.xp.copyto(self.scratch["weights_back"], self.scratch["weights"][rows, h_columns].T)

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
    the last argument of a ufunc is where its result goes (of matmul, CuPy wants it by name).

    Attributes:
        inputs: ``(rows, T, samples)``: the stacked column ``[x; 1; h]`` of each step, with the h
            that enters it.
        units: One ``(n_units, H, samples)`` for each step and one more; all the same memory in a
            net that never runs backward.
        spare: ``(n_spare, H, samples)``, for use within a step.
        h: What the last step computed; in forward. Its memory is the first of the spare.
        dh: The diff of h on its way back; in backward, in the same memory.
        factors: ``(T, blocks + extra, H, samples)``. Those of the blocks are overwritten, step by
            step, by the diff of ``weights @ inputs``; the last is the diff of the top.
        all_dpre: ``(rows, T, samples)``: the diffs of ``weights @ inputs``, of all steps.
    """

    def __init__(self, layer: RecurrentLayer, index: int, samples: slice) -> None:
        spec, bottom, top = layer.spec, layer.bottoms[0], layer.tops[0]
        self.spec, self.xp, self.scratch, self.samples = spec, layer.xp, layer.scratch, samples
        self.weights, self.n_steps, self.size = layer.scratch["weights"], top.shape[1], top.shape[2]
        self.x_rows, self.one_row, self.h_rows = spec.column(bottom.shape)
        self.zero, self.half, self.one = (
            layer.backend.full((), value, layer.dtype) for value in (0.0, 0.5, 1.0)
        )

        self.inputs = self.part("inputs", self.h_rows.stop, self.n_steps)
        units = self.part("units", -1, spec.n_units, self.size)
        self.units = [units[t % len(units)] for t in range(self.n_steps + 1)]
        self.spare = self.part("spare", spec.n_spare, self.size)
        self.h = self.dh = self.spare[0]
        self.state = {name: array[samples].T for name, array in layer.state.items()}
        self.starts = self.scratch["starts"][:, samples] if "starts" in self.scratch else None

        self.x, self.top = time_first(bottom.data)[..., samples], time_first(top.data)[..., samples]
        self.dx = None if bottom.diff is None else time_first(bottom.diff)[..., samples]
        if "factors" in self.scratch:
            self.dtop = time_first(top.diff)[..., samples]
            self.all_units = units[: self.n_steps].swapaxes(0, 1)
            self.factors = self.part("factors", self.n_steps, spec.n_factors, self.size)
            self.all_factors = self.factors.swapaxes(0, 1)
            self.all_dpre = self.part("all_dpre", len(self.weights), self.n_steps)
        self.dweights = None
        if "dweights" in self.scratch:
            self.dweights = self.scratch["dweights"][index]

    def part(self, name: str, *shape: int) -> Array:
        """The strip's part ``(*shape, samples)`` of a scratch array ``(N, product of shape)``."""
        own = self.scratch[name][self.samples]
        return own.reshape(*shape, len(own))

    def as_rows(self, blocks: Array) -> Array:
        """``(rows, samples)`` of ``(blocks, H, samples)``."""
        return blocks.reshape(-1, blocks.shape[-1])

    # --- what each kind of layer says ---------------------------------------------------

    def carried(self, t: int) -> Mapping[str, Array]:
        """What enters step t, by the names of the state; at T, what the last step hands on."""
        return {"hidden": self.h}

    def carried_diffs(self) -> list[Array]:
        """The diffs of what a step hands to the next."""
        return [self.dh]

    @abstractmethod
    def step(self, t: int) -> list[Call]:
        """Compute ``h``, and what else is carried to t + 1, from ``inputs`` at t."""

    @abstractmethod
    def find_factors(self) -> list[Call]:
        """Write ``all_factors`` but the last, from ``all_units`` (both ``(…, T, H, samples)``)."""

    @abstractmethod
    def step_back(self, t: int) -> list[Call]:
        """With ``dh`` that of the step's own h: multiply it with the factors of the blocks."""

    @abstractmethod
    def hand_back(self, t: int) -> list[Call]:
        """Make the carried diffs those of what entered step t."""

    # --- what all do --------------------------------------------------------------------

    def runs(self) -> list[tuple[slice, slice]]:
        """The parts of the stacked matrix that are not empty, as (rows, columns)."""
        reach = {
            "xh": slice(0, self.h_rows.stop),
            "x": slice(0, self.one_row.stop),
            "h": slice(self.one_row.start, self.h_rows.stop),
        }
        found, stop = [], 0
        for reads, blocks in groupby(b.reads for b in self.spec.blocks):
            start, stop = stop, stop + len(list(blocks)) * self.size
            found.append((slice(start, stop), reach[reads]))
        return found

    def multiply_inputs(self, t: int) -> list[Call]:
        """Write ``weights @ inputs[t]`` to the first of the step's units."""
        pre = self.as_rows(self.units[t])
        return [
            partial(self.xp.matmul, self.weights[rows, cols], self.inputs[cols, t], out=pre[rows])
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

    def times(self, out: Array, *factors: Array) -> list[Call]:
        """Multiply ``out`` with each factor."""
        return [partial(self.xp.multiply, out, factor, out) for factor in factors]

    def one_minus(self, values: Array, out: Array) -> Call:
        """Write 1 − values."""
        return partial(self.xp.subtract, self.one, values, out)

    def one_minus_square(self, values: Array, out: Array) -> list[Call]:
        """Write 1 − values², the derivative of tanh by its value."""
        return [partial(self.xp.multiply, values, values, out), self.one_minus(out, out)]

    def forget(self, t: int, arrays: Iterable[Array]) -> list[Call]:
        """Set to zero what belongs to samples at whose step t a sequence starts."""
        if self.starts is None:
            return []
        where = self.starts[t]
        return [partial(self.xp.copyto, a, self.zero, "same_kind", where) for a in arrays]

    def forward(self) -> list[Call]:
        """From the state, through all steps, to the state."""
        xp, end = self.xp, self.carried(self.n_steps)
        calls: list[Call] = [
            partial(xp.copyto, self.inputs[self.x_rows], self.x.swapaxes(0, 1)),
            partial(self.inputs[self.one_row].fill, 1),
        ]
        for name, array in self.carried(0).items():
            state = self.state.get(name, self.zero)
            calls.append(partial(xp.copyto, array, state))
        for t in range(self.n_steps):
            calls += self.forget(t, self.carried(t).values())
            calls.append(partial(xp.copyto, self.inputs[self.h_rows, t], self.h))
            calls += self.step(t)
            calls.append(partial(xp.copyto, self.top[t], self.h))
        return calls + [partial(xp.copyto, state, end[name]) for name, state in self.state.items()]

    def backward(self) -> list[Call]:
        """From the top's diff, through all steps, to the diffs of x and of the stacked matrix."""
        calls: list[Call] = [partial(diff.fill, 0) for diff in self.carried_diffs()]
        calls.append(partial(self.xp.copyto, self.factors[:, -1], self.dtop))
        calls += self.find_factors()
        for t in reversed(range(self.n_steps)):
            calls.append(partial(self.xp.add, self.dh, self.factors[t, -1], self.dh))
            calls += self.step_back(t)
            if t > 0:  # the gradient does not flow into the previous batch
                calls += self.hand_back(t) + self.forget(t, self.carried_diffs())
        dpre = self.factors[:, : len(self.spec.blocks)]
        by_row = self.all_dpre.reshape(dpre.shape[1], self.size, self.n_steps, -1)
        calls.append(partial(self.xp.copyto, by_row, dpre.transpose(1, 2, 0, 3)))
        return calls + self.weight_gradient() + self.bottom_gradient()

    def product_back(self, t: int, out: Array) -> Call:
        """Write the diff that reaches the h that entered the step through the product with it."""
        dpre = self.as_rows(self.factors[t])[self.spec.rows_reading("h")]
        return partial(self.xp.matmul, self.scratch["weights_back"], dpre, out=out)

    def weight_gradient(self) -> list[Call]:
        """Write ``dweights``, summed over samples and steps, where it is wanted."""
        if self.dweights is None:
            return []
        inputs = self.inputs.reshape(len(self.inputs), -1)
        dpre = self.all_dpre.reshape(len(self.all_dpre), -1)
        calls: list[Call] = [
            partial(self.xp.matmul, dpre[rows], inputs[cols].T, out=self.dweights[rows, cols])
            for rows, cols in self.runs()
        ]
        if len(calls) > 1:  # then there are parts that are empty
            calls.insert(0, partial(self.dweights.fill, 0))
        return calls

    def bottom_gradient(self) -> list[Call]:
        """Write the bottom's diff, where it is wanted."""
        if self.dx is None:
            return []
        rows, n_x = self.spec.rows_reading("x"), self.x_rows.stop
        dpre = self.all_dpre[rows].reshape(rows.stop - rows.start, -1)
        # the factors have been used: a product over all steps has room there, part by part
        room = self.factors.reshape(-1, dpre.shape[1])
        calls: list[Call] = []
        for start in range(0, n_x, len(room)):
            cols = slice(start, min(start + len(room), n_x))
            product = room[: cols.stop - start]
            by_step = product.reshape(len(product), self.n_steps, -1).swapaxes(0, 1)
            calls += [
                partial(self.xp.matmul, self.weights[rows, cols].T, dpre, out=product),
                partial(self.xp.copyto, self.dx[:, cols], by_step),
            ]
        return calls


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
