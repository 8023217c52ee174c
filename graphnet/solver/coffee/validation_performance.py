"""ValidationPerformance: how well the net does on data it is not trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from time import perf_counter
from typing import Annotated, ClassVar

from pydantic import Field

from graphnet.declare.arguments import expect
from graphnet.errors import SpecError, TopologyError
from graphnet.net.sources import OtherData
from graphnet.solver.coffee.base import CoffeeBreak, KeysOf, Saved
from graphnet.solver.coffee.items import checked
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import EvaluatedNet, TrainableNet


@checked
class ValidationPerformance(CoffeeBreak):
    """Runs a net over its whole data set and records its losses and statistics.

    Every sample counts exactly once. Records each number under its own key: ``accuracy``,
    ``loss``, ``accuracy.top5`` … A run that ends where this break is not due is measured once
    more at its end; other breaks, such as a Snapshot's ``keep_best``, do not hear of that. Of
    several that are due together, one measures.

    Args:
        net: A net that shares the params, from Python only. Default: the test phase of the net
            being trained.
        source: What its data layer reads in place of its own ``source``; relative to the net's
            file. It must have one data layer alone that reads stored samples. Needs a ``name``.
            Default: it reads its own.
        rows: Which rows of it, as a data layer's ``rows``. Default: all.
        name: Stands before each key, as in ``night.accuracy``. Default: nothing does; ``ema`` with
            ``averaged``.
        averaged: Whether the average of the params is measured, which the solver's ``ema`` or
            ``swa`` keeps, or a schedule-free method, in place of the params. Default false.

    Example:
        - {type: ValidationPerformance, every_n_iter: 1000}
    """

    python_only: ClassVar[tuple[str, ...]] = ("net",)

    def __init__(
        self,
        net: EvaluatedNet | None = None,
        source: str | tuple[str, ...] | None = None,
        rows: str | None = None,
        name: Annotated[str, Field(pattern=r"^[\w-]+$")] | None = None,
        averaged: bool = False,
    ) -> None:
        if source is not None and (net is not None or name is None):
            raise SpecError(
                "a source needs a name, under which its numbers are recorded"
                if net is None
                else "a net of its own reads what it declares\n  leave out the source"
            )
        if rows is not None and source is None:
            raise SpecError("rows are those of a source\n  give one, or leave the rows out")
        self.name = "ema" if averaged and name is None else name
        self.averaged = averaged
        self._other = None if source is None else OtherData(source, rows)
        fits = net is None or (hasattr(net, "evaluate") and not isinstance(net, type))
        expect(
            fits,
            "ValidationPerformance: net",
            "a net that load_net has made",
            net,
            'leave it out, or load one with phase="test" and share=net',
        )
        self._given = net
        self._net: EvaluatedNet | None = None
        self._measured_at: int | None = None

    @property
    def validates(self) -> bool:  # type: ignore[override]  # no attribute, for it depends
        """Whether it runs the test phase of the net, for it was given no net of its own."""
        return self._given is None

    def records(self, keys_of: KeysOf) -> Collection[str] | None:
        keys = keys_of("test") if self.validates else None
        return None if keys is None else [self.key(key) for key in keys]

    def key(self, statistic: str) -> str:
        """Under which key it records a statistic of the net."""
        return statistic if self.name is None else f"{self.name}.{statistic}"

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Compile the test phase.

        Raises:
            TopologyError: If there is nothing in it to measure.
            SpecError: If the average is asked for, and the solver keeps none.
        """
        if self.averaged and state.run.averaged is None:
            raise SpecError(
                "the solver keeps no average of the params\n  give it a decay, such as ema: 0.999"
            )
        self._net = self._given or self._sibling(net)
        if self._net is None:
            raise TopologyError(
                f"net '{net.name}' has no loss and no statistic in its test phase, so there is "
                "nothing to validate\n  add a layer such as Accuracy with 'phase: test'"
            )
        measured: object = self._net
        if measured is net:
            raise TopologyError(
                "the net being trained cannot validate itself: it would lose its place in the "
                'data\n  leave the net out, or load one with phase="test" and share=net'
            )

    def _sibling(self, net: TrainableNet) -> EvaluatedNet | None:
        return net.sibling("test") if self._other is None else net.sibling("test", self._other)

    def enjoy(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Evaluate, record, report."""
        if self._net is None:
            return
        self._measured_at = state.iter
        if not lounge.is_first(
            (type(self), id(self._given), self._other, self.name, self.averaged)
        ):
            return
        start = perf_counter()
        self._net.context.iteration = state.iter
        averaged = state.run.averaged if self.averaged and state.iter else None
        with nullcontext() if averaged is None else averaged():
            samples, statistics = self._net.evaluate()
        seconds = perf_counter() - start
        of = f" of {self.name}" if self.name else ""
        said = f"after iteration {state.iter:,}: {samples:,} samples in {seconds:.1f} s"
        lines = [f"validation{of} {said}"]
        measured = {self.key(name): value for name, value in statistics.items()}
        width = max(map(len, measured), default=0)
        for key, value in measured.items():
            earlier = lounge.latest(key)
            lounge.update_statistics(key, value)
            change = "" if earlier is None else f"  {value - earlier:+.4f}"
            lines.append(f"  {key:<{width}}  {value:<8.4f}{change}".rstrip())
        state.run.say("\n".join(lines))

    def finish(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Measure the final params, unless that has just been done."""
        if self._measured_at != state.iter:
            self.enjoy(net, state, lounge)

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Release the net this break has compiled."""
        if self._net is not None and self._net is not self._given:
            self._net.close()
        self._net = None

    def state_dict(self) -> dict[str, Saved]:
        return {} if self._measured_at is None else {"measured_at": self._measured_at}

    def load_state_dict(self, saved: Mapping[str, Saved]) -> None:
        measured_at = saved.get("measured_at")
        self._measured_at = None if measured_at is None else int(measured_at)
