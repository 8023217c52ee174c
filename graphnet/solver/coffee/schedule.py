"""Schedule: calls each coffee break when it is due, and says which one failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import gcd
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from graphnet.errors import (
    BreakError,
    DivergedError,
    GraphnetError,
    LostRankError,
    Position,
    located,
)
from graphnet.solver.coffee.base import CoffeeBreak, Every, Saved
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.request import Request, requested
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet

#: Exceptions that are the fault of the break that raises them.
_FAULTS = (Exception, SystemExit)
_STATE: TypeAdapter[dict[str, Saved]] = TypeAdapter(dict[str, Saved])


@dataclass(frozen=True)
class Entry:
    """A break and when it is due.

    Attributes:
        name: Its type, with a number from the second of a type on. Snapshots know it by this name.
        coffee_break: The break.
        whens: It is due when any of them says so.
        initial: Its ``state_dict`` before any run.
        position: Its place in the YAML, for messages.
    """

    name: str
    coffee_break: CoffeeBreak
    whens: tuple[Every, ...]
    initial: Mapping[str, Saved] = field(default_factory=dict)
    position: Position | None = None


class Schedule:
    """The breaks of a run, in order.

    Attributes:
        last_epoch: The last one that was seen; breaks are due when the next is complete.

    Args:
        entries: The breaks, and when each is due.
        on_error: What follows when a break raises.
    """

    def __init__(self, entries: Sequence[Entry], on_error: Literal["stop", "continue"]) -> None:
        self.entries = tuple(entries)
        self._on_error = on_error
        self.last_epoch = 0
        #: every iteration that a break is due after is a multiple of it; 0: there are none
        self._stride = gcd(*(w.n for e in self.entries for w in e.whens if w.unit == "iter"))
        self._open: list[Entry] = []

    def open(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> Request:
        """Open them all.

        Returns:
            What they request.

        Raises:
            GraphnetError: If one cannot work as it is declared.
            BreakError: If one fails otherwise.
        """
        self.last_epoch = state.epoch
        wanted = Request()
        for entry in self.entries:
            lounge.belongs_to(entry.name)
            self._open.append(entry)
            try:
                wanted |= requested(entry.coffee_break.open(net, state, lounge))
            except GraphnetError:
                with located(entry.position, f"coffee break '{entry.name}': "):
                    raise
            except _FAULTS as error:
                raise _failed(entry.name, state, error) from error
        return wanted

    def due(self, state: SolverState) -> list[Entry]:
        """The breaks that are due now."""
        at, epoch, last_epoch = state.iter, state.epoch, self.last_epoch
        if epoch == last_epoch and (not self._stride or at % self._stride):
            return []
        return [e for e in self.entries if any(w.is_due(at, epoch, last_epoch) for w in e.whens)]

    def pass_over(self, state: SolverState) -> None:
        """Count the present epoch as seen: breaks are due again when the next is complete."""
        self.last_epoch = state.epoch

    def take(
        self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge
    ) -> Iterator[Request]:
        """Enjoy those that are due, then tell those that listen what was recorded.

        Yields:
            What each of them requests, as it comes.

        Raises:
            BreakError: If one raises, unless errors are to be skipped.
            DivergedError: From the guard.
        """
        due = self.due(state)
        self.pass_over(state)
        if not due:
            return
        lounge.start_iteration(state.iter)
        for entry in due:
            yield self._call(entry.name, state, entry.coffee_break.enjoy, net, state, lounge)
        for name, listener, value in lounge.due_listeners():
            yield self._call(name, state, listener, value)
        lounge.flush()

    def finish(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Call ``finish`` of each break.

        Raises:
            BreakError: If one raises, unless errors are to be skipped.
        """
        lounge.start_iteration(state.iter)
        for entry in self.entries:
            self._call(entry.name, state, entry.coffee_break.finish, net, state, lounge)

    def _call(
        self, name: str, state: SolverState, hook: Callable[..., Any], *arguments: object
    ) -> Request:
        try:
            return requested(hook(*arguments))
        except (DivergedError, LostRankError):
            raise
        except _FAULTS as error:
            failed = _failed(name, state, error)
            if self._on_error == "stop":
                raise failed from error
            state.run.warn(f"{failed}\n  it is skipped (on_error: continue)")
            return Request()

    def close(self, net: TrainableNet, state: SolverState, lounge: CoffeeLounge) -> None:
        """Close all breaks that were opened, whatever happens.

        Raises:
            BreakError: The first error, when all are closed, unless errors are to be skipped.
        """
        first: BreakError | None = None
        while self._open:
            entry = self._open.pop()
            try:
                entry.coffee_break.close(net, state, lounge)
            except _FAULTS as error:  # the others must be closed too
                failed = _failed(entry.name, state, error)
                if self._on_error == "continue":
                    state.run.warn(str(failed))
                else:
                    first = first or failed
        if first is not None:
            raise first

    def state_dict(self) -> dict[str, dict[str, Saved]]:
        """The ``state_dict`` of each break by its name, where it is not empty.

        Raises:
            BreakError: If one of them raises, or returns what no snapshot can hold.
        """
        kept = {}
        for entry in self.entries:
            with _blamed(entry, "state_dict"):
                given = entry.coffee_break.state_dict()
            try:
                saved = _STATE.validate_python(given)
            except ValidationError:
                raise BreakError(
                    f"coffee break '{entry.name}': its state_dict() is not of the right kind\n"
                    "  expected a dict from texts to numbers, texts, true, false or None"
                ) from None
            if saved:
                kept[entry.name] = saved
        return kept

    def load_state_dict(self, saved: Mapping[str, Mapping[str, Saved]]) -> None:
        """Give each break its saved ``state_dict``, or the one it had when it was made.

        Raises:
            BreakError: If one of them raises.
        """
        for entry in self.entries:
            with _blamed(entry, "load_state_dict"):
                entry.coffee_break.load_state_dict(saved.get(entry.name, entry.initial))


@contextmanager
def _blamed(entry: Entry, hook: str) -> Iterator[None]:
    """Say which break's hook raised what is raised inside."""
    try:
        yield
    except _FAULTS as error:
        raise BreakError(
            f"coffee break '{entry.name}': its {hook}() failed: {type(error).__name__}: {error}"
        ) from error


def _failed(name: str, state: SolverState, error: BaseException) -> BreakError:
    """The error that says which break failed, and when."""
    said = str(error)
    if not isinstance(error, GraphnetError):
        said = f"{type(error).__name__}: {said}".removesuffix(": ")
    if isinstance(error, SystemExit):
        said = (
            f"it called sys.exit({'' if error.code is None else repr(error.code)})\n"
            "  to end the run, return Request(stop=reason); to report a fault, raise an error"
        )
    failed = BreakError(f"coffee break '{name}' failed at iteration {state.iter}: {said}")
    failed.__cause__ = error  # which leads to the line that raised it
    return failed
