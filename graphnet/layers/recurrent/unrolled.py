"""How recurrent layers run: a strip of the batch goes through all time steps on its own.

What a strip does is a list of calls bound beforehand, so strips can run in several threads
without waiting for each other. Every call costs a turn at the interpreter's lock, so there are few
of them. Forward makes one product a step, of all blocks of rows that a layer declares::

        weights              inputs[t]       units[t]
    ┌─────┬───┬─────┐        ┌───┐           ┌───┐
    │     │   │     │ block  │ h<────┐       │   │
    │ W_h │ b │ W_x │   :    │ 1 │   │ =     │ a │  ── squash, step ──> h = top[t]
    │     │   │     │ block  │ x │   │       │   │                          │
    └─────┴───┴─────┘        └───┘   │       └───┘                          │
                                     └─── the h of inputs[t + 1] <──────────┘

Rows of which a sigmoid is taken are halved in ``weights``, for σ(a) = (1 + tanh(a / 2)) / 2.

Backward (Werbos 1990, back-propagation through time) takes several steps at once, the last ones
first. For these steps, with da[t] the diff of a[t]:

1. ``find_factors``, for all of them in one call each: ``factors[t]`` = dh/da at t, which depends on
   forward alone.
2. From the last to the first, only what must wait for the step after it::

       dh ← dh + dtop[t]
       step_back:  factors[t] ← dh · factors[t]        which is da[t]
       hand_back:  dh ← W_hᵀ da[t]                     (and what a gate lets through)

3. For all of them in one product each: dweights += Σ da[t] · inputs[t]ᵀ and dx[t] = W_xᵀ da[t].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby

from graphnet.backend.calls import Call, in_turn
from graphnet.blob import Array, storage
from graphnet.layers.base import Binding, Layer
from graphnet.layers.recurrent.base import (
    FED,
    Recurrent,
    refuse_indicator,
    time_first,
)
from graphnet.layers.recurrent.stacked import stacking, stacking_back


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
        #: whether a sequence starts at a step, in any sample
        self.is_start = [True] * self.bottoms[0].shape[1]
        slices = self.spec.strips(self.bottoms[0].shape, self.backend.most_strips)
        strips = [self.strip(self, i, samples) for i, samples in enumerate(slices)]
        stack, unstack = stacking(self)
        if "starts" in self.scratch:
            cont, starts = self.bottoms[1].data, self.scratch["starts"]
            known = self.scratch["known"]
            is_partial = self.spec.partial_resets
            refuse = partial(refuse_indicator, is_partial=is_partial)
            expectation = self.backend.expectation(known, cont, refuse)
            self.expectations.append(expectation)
            if is_partial:
                stack.append(partial(self.xp.copyto, self.scratch["kept"], storage(cont)))
                stack.append(partial(self.xp.greater_equal, storage(cont), 0, starts))
                stack.append(partial(self.xp.less_equal, cont, 1, known))
                stack.append(partial(self.xp.logical_and, known, starts.T, known))
            else:
                stack.append(partial(self.xp.equal, storage(cont), 0, starts))
                stack.append(partial(self.xp.equal, cont, 1, known))
                stack.append(partial(self.xp.logical_or, known, starts.T, known))
            stack.append(expectation.look)
            if not is_partial:
                stack += self.backend.note_rows(starts, self.is_start)
        strips_forward = self.backend.concurrently([in_turn(s.forward()) for s in strips])
        self.bind_passes(forward=in_turn([*stack, strips_forward]))
        if "factors" in self.scratch:
            strips_back = self.backend.concurrently([in_turn(s.backward()) for s in strips])
            self.bind_passes(backward=in_turn([*stacking_back(self), strips_back, *unstack]))


class Strip(ABC):
    """Some samples of the batch: their part of every array, and what is done with it.

    All is seen as ``(T, samples, features)``, and scratch lies so: the columns of a product are
    then the units, which are many, and not a strip's samples, and BLAS is quicker by a quarter. The
    methods return the calls to be made; the last argument of a ufunc is where its result goes (of
    matmul, CuPy wants it by name).

    Attributes:
        inputs: ``(T, samples, columns)``: the stacked column ``[h; 1; x]`` of each step, with the h
            that enters it, and for blocks that read it a part of h behind it.
        units: One ``(n_units, samples, H)`` for each step and one more; all the same memory in a
            net that never runs backward.
        top: What the steps compute: one h for each.
        step_scratch: ``(n_scratch, samples, H)``, for use within a step.
        dh: The diff of h on its way back; the first of the scratch.
        factors: ``(steps, blocks + extra, samples, H)``, of the steps that backward is at. Those
            of the blocks are overwritten, step by step, by the diff of ``weights @ inputs``; the
            last is the diff of the top.
        weights: ``(blocks, columns, H)``: each block of the stacked matrix, turned.
        dpre: ``(steps, samples, rows)``: the diffs of ``weights @ inputs``, of all blocks.
    """

    def __init__(self, layer: RecurrentLayer, index: int, samples: slice) -> None:
        spec, bottom, top = layer.spec, layer.bottoms[0], layer.tops[0]
        self.spec, self.xp, self.scratch, self.samples = spec, layer.xp, layer.scratch, samples
        self.product = layer.backend.product
        self.weights, self.n_steps, self.size = layer.scratch["weights"], top.shape[1], top.shape[2]
        self.h_rows, self.one_row, self.x_rows = spec.column(bottom.shape)
        self.zero, self.half, self.one = (
            layer.backend.full((), value, layer.dtype) for value in (0.0, 0.5, 1.0)
        )

        self.kept_rows = spec.kept_column(bottom.shape)
        self.inputs = self.part("inputs", self.n_steps, self.weights.shape[1])
        units = self.part("units", -1, spec.n_units, self.size)
        self.units = [units[t % len(units)] for t in range(self.n_steps + 1)]
        self.step_scratch = self.part("step", spec.n_scratch, self.size)
        self.dh = self.step_scratch[0]
        self.state = {name: array[samples] for name, array in layer.state.items()}
        #: ``(T, samples, 1)``: where sequences start, and which part of the state is kept
        self.starts, self.kept = (
            self.scratch[name][:, samples, None] if name in self.scratch else None
            for name in ("starts", "kept")
        )
        #: the states that are bottoms and tops, by name; and their diffs, where they are wanted
        names, firsts, lasts = spec.carried, layer.bottoms[FED:], layer.tops[1:]
        self.firsts, self.lasts = (
            {name: blob.data[samples] for name, blob in zip(names, blobs, strict=False)}
            for blobs in (firsts, lasts)
        )
        self.dfirsts, self.dlasts = (
            [None if blob.diff is None else blob.diff[samples] for blob in blobs]
            for blobs in (firsts, lasts)
        )
        self.is_start = layer.is_start

        self.x, self.top = (_of_steps(blob.data, samples) for blob in (bottom, top))
        self.dx, self.dtop = (
            None if blob.diff is None else _of_steps(blob.diff, samples) for blob in (bottom, top)
        )
        if "factors" in self.scratch:
            self.all_units = units[: self.n_steps].swapaxes(0, 1)
            self.factors = self.part("factors", -1, spec.n_factors, self.size)
            n_rows = len(spec.blocks) * self.size
            self.dpre = self.part("dpre", len(self.factors), n_rows)
            if len(self.dh) == 1:  # of a single sample they lie in a row as they are
                self.dpre = self.factors.reshape(len(self.factors), 1, -1)[:, :, :n_rows]
        #: the diff of ``weights``, and a term of it; None where they are not wanted
        self.dweights, self.dterm = (
            self.scratch[name][index] if name in self.scratch else None
            for name in ("dweights", "dterm")
        )

    def part(self, name: str, *shape: int) -> Array:
        """The strip's part of scratch ``(N, product of shape)``: samples before the last axis."""
        own = self.scratch[name][self.samples]
        return own.reshape(*shape[:-1], len(own), shape[-1])

    # --- what each kind of layer says ---------------------------------------------------

    def carried(self, t: int) -> Mapping[str, Array]:
        """What enters step t, by the names of the state; at T, what the last step hands on."""
        return {"hidden": self.inputs[t, :, self.h_rows] if t < self.n_steps else self.top[-1]}

    def hidden(self, t: int) -> Array:
        """Where step t writes its h: where the next one reads it, if there is a next one."""
        return self.inputs[t + 1, :, self.h_rows] if t + 1 < self.n_steps else self.top[t]

    @abstractmethod
    def step(self, t: int) -> list[Call]:
        """Compute ``hidden`` of t, and what else is carried to t + 1, from ``inputs`` at t."""

    @abstractmethod
    def find_factors(self, steps: slice, factors: Array) -> list[Call]:
        """Write the factors of some steps but the last, from their part of ``all_units``.

        Both are ``(…, steps, samples, H)``.
        """

    @abstractmethod
    def step_back(self, factors: Array, later: Array | None) -> list[Call]:
        """With ``dh`` that of the step's own h: multiply it with the step's factors.

        ``later`` has those of the next step; None where they are not there any more.
        """

    @abstractmethod
    def hand_back(self, t: int, factors: Array, da: Array) -> list[Call]:
        """Make ``dh`` that of the h which entered step t; ``da`` has the diffs of all blocks."""

    def carried_diffs(self, factors: Array) -> list[Array]:
        """The diffs of what entered a step, once ``hand_back`` has been called."""
        return [self.dh]

    def keep(self, factors: Array) -> list[Call]:
        """Copy what the step before needs of a step's factors before they are overwritten."""
        return []

    # --- what all do --------------------------------------------------------------------

    def runs(self) -> list[tuple[slice, slice]]:
        """The parts of the stacked matrix that are not empty, as (blocks, columns)."""
        reach = {
            "xh": slice(0, self.x_rows.stop),
            "x": slice(self.one_row.start, self.x_rows.stop),
            "h": slice(0, self.one_row.stop),
            "xr": slice(self.one_row.start, self.x_rows.stop),
        }
        found, stop = [], 0
        for reads, blocks in groupby(b.reads for b in self.spec.blocks):
            start, stop = stop, stop + len(list(blocks))
            found.append((slice(start, stop), reach[reads]))
            if "r" in reads:
                found.append((slice(start, stop), self.kept_rows))
        return found

    def multiply_inputs(self, t: int) -> list[Call]:
        """Write ``weights @ inputs[t]`` to the first of the step's units."""
        return [
            self.product(self.inputs[t, :, cols], self.weights[blocks, cols], self.units[t][blocks])
            for blocks, cols in self.runs()
        ]

    def squash(self, pre: Array, gates: Array) -> list[Call]:
        """Tanh in place, but the logistic sigmoid of twice the ``gates``, a part of ``pre``.

        The sigmoid is computed as tanh(x/2)/2 + 1/2, which is fast and cannot overflow.
        """
        half = self.half
        return [
            partial(self.xp.tanh, pre, pre),
            partial(self.xp.multiply, gates, half, gates),
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

    def forget(self, t: int, arrays: Iterable[Array], first: Sequence[Call] = ()) -> list[Call]:
        """Set to zero what belongs to samples at whose step t a sequence starts.

        ``first`` is called before, if anything is.
        """
        if self.starts is None:
            return []
        if self.kept is not None:
            return [*first, *(partial(self.xp.multiply, a, self.kept[t], a) for a in arrays)]
        where = self.starts[t]
        calls = [partial(self.xp.copyto, a, self.zero, "same_kind", where) for a in arrays]
        return [partial(self.at_start, t, in_turn([*first, *calls]))]

    def at_start(self, t: int, call: Call) -> None:
        """Make the call if a sequence starts at step t."""
        if self.is_start[t]:
            call()

    def forward(self) -> list[Call]:
        """From the state, through all steps, to the state."""
        xp, end = self.xp, self.carried(self.n_steps)
        calls: list[Call] = [
            partial(xp.copyto, self.inputs[:, :, self.x_rows], self.x),
            partial(self.inputs[:, :, self.one_row].fill, 1),
        ]
        for name, array in self.carried(0).items():
            state = self.firsts.get(name, self.state.get(name, self.zero))
            calls.append(partial(xp.copyto, array, state))
        for t in range(self.n_steps):
            show = [partial(xp.copyto, self.top[t - 1], self.hidden(t - 1))] if t else []
            calls += self.forget(t, self.carried(t).values(), show) + self.step(t)
        if self.kept is None:  # otherwise each h was shown before a part of it was forgotten
            calls.append(self.show)
        kept = [*self.state.items(), *self.lasts.items()]
        return calls + [partial(xp.copyto, state, end[name]) for name, state in kept]

    def show(self) -> None:
        """Write the h of all steps but the last to the top, unless ``forget`` has: all at once."""
        top, h = self.top[:-1], self.inputs[1:, :, self.h_rows]
        if self.starts is None or not any(self.is_start[1:]):
            self.xp.copyto(top, h)
            return
        for t, was_shown in enumerate(self.is_start[1:]):
            if not was_shown:
                self.xp.copyto(top[t], h[t])

    def backward(self) -> list[Call]:
        """From the top's diff, through all steps, to the diffs of x and of the stacked matrix."""
        calls: list[Call] = [partial(self.step_scratch.fill, 0)]
        for place, diff in zip(self.step_scratch, self.dlasts, strict=False):
            if diff is not None:  # of what the last step hands on: h first, c behind it
                calls.append(partial(self.xp.copyto, place, diff))
        for stop in range(self.n_steps, 0, -len(self.factors)):
            calls += self.steps_back(slice(max(0, stop - len(self.factors)), stop))
        return calls

    def steps_back(self, steps: slice) -> list[Call]:
        """Some successive steps of backward."""
        factors = self.factors[: steps.stop - steps.start]
        dtop = self.zero if self.dtop is None else self.dtop[steps]
        calls: list[Call] = [partial(self.xp.copyto, factors[:, -1], dtop)]
        calls += self.find_factors(steps, factors.swapaxes(0, 1))
        later = None
        for t in reversed(range(steps.start, steps.stop)):
            own = factors[t - steps.start]
            calls.append(partial(self.xp.add, self.dh, own[-1], self.dh))
            calls += self.step_back(own, later)
            da = self.dpre[t - steps.start]
            of_blocks = own[: len(self.spec.blocks)].swapaxes(0, 1)
            if len(da) > 1:
                calls.append(partial(self.xp.copyto, da.reshape(of_blocks.shape), of_blocks))
            if t > 0 or any(diff is not None for diff in self.dfirsts):
                # the gradient flows into a state that is a bottom, and not into an earlier batch
                calls += self.hand_back(t, own, da) + self.forget(t, self.carried_diffs(own))
            if t == 0:
                calls += [
                    partial(self.xp.copyto, wanted, diff)
                    for wanted, diff in zip(self.dfirsts, self.carried_diffs(own), strict=False)
                    if wanted is not None
                ]
            later = own
        calls += self.keep(factors[0])
        n_steps = len(factors)
        rows, inputs = (_flat(part) for part in (self.dpre[:n_steps], self.inputs[steps]))
        calls += self.weight_gradient(rows, inputs, is_first=steps.stop == self.n_steps)
        if self.dx is not None:
            reading = self.spec.rows_reading("x")
            dx = self.part("dx", len(self.factors), self.dx.shape[2])[:n_steps]
            back = self.scratch["back_x"][reading]
            calls.append(self.product(rows[:, reading], back, _flat(dx)))
            calls.append(partial(self.xp.copyto, self.dx[steps], dx))
        return calls

    def product_back(self, da: Array, out: Array) -> Call:
        """Write W_hᵀ da: the part of a diff that goes back through the product with h."""
        rows = self.spec.rows_reading("h")
        return self.product(da[:, rows], self.scratch["back_h"][rows], out)

    def weight_gradient(self, rows: Array, inputs: Array, *, is_first: bool) -> list[Call]:
        """Add to ``dweights``, where it is wanted, what comes of some steps.

        Args:
            rows: ``(steps · samples, rows)``: the diffs of ``weights @ inputs``.
            inputs: ``(steps · samples, columns)``.
            is_first: Whether they assign.
        """
        if self.dweights is None:
            return []
        xp, runs = self.xp, self.runs()
        calls: list[Call] = []
        if is_first and len(runs) > 1:  # there are parts that are empty
            calls.append(partial(self.dweights.fill, 0))
        for blocks, cols in runs:
            some = slice(blocks.start * self.size, blocks.stop * self.size)
            total = self.dweights[some, cols]
            left, right = rows[:, some].T, inputs[:, cols]
            if is_first or self.dterm is None:
                calls.append(self.product(left, right, total, whole=True))
            else:
                term = self.dterm[some, cols]
                calls.append(self.product(left, right, term, whole=True))
                calls.append(partial(xp.add, total, term, total))
        return calls


def _of_steps(array: Array, samples: slice) -> Array:
    """Some samples of a blob: the view ``(T, samples, features)``."""
    return time_first(array)[..., samples].swapaxes(1, 2)


def _flat(part: Array) -> Array:
    """The matrix ``(steps · samples, features)`` of ``(steps, samples, features)``."""
    return part.reshape(-1, part.shape[2])
