"""The coffee lounge: where coffee breaks record statistics, look them up and listen for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from graphnet.declare.arguments import methods_spelled_out
from graphnet.errors import did_you_mean
from graphnet.sealed import Sealed
from graphnet.solver.history import History
from graphnet.solver.record.statistics_file import Recorded, StatisticsFile
from graphnet.solver.request import Request

#: Called with the value that was recorded.
Listener: TypeAlias = Callable[[float], Request | None]

#: What the lounge once had, and where it is now.
_MOVED = {
    "request_snapshot": "return Request(snapshot=True) from enjoy() or the listener",
    "request_restore": "return Request(restore_best=True) from enjoy() or the listener",
    "reporter": "call state.run.say(text) or state.run.warn(text)",
    "iter": "read state.iter",
    "finite_at": "read state.finite_at",
    **{key: f"read state.run.{key}" for key in ("folder", "is_resumed", "last_snapshot")},
}


@methods_spelled_out
class CoffeeLounge(Sealed):
    """The statistics that a run's coffee breaks share.

    Args:
        every_n_iter: After how many iterations recorded lines are handed to the system.
    """

    _elsewhere = MappingProxyType(_MOVED)

    def __init__(self, every_n_iter: int = 1) -> None:
        self._every_n_iter = every_n_iter
        self._iter = 0
        self._file: StatisticsFile | None = None
        self._statistics: dict[str, dict[int, float]] = {}
        self._recorded: dict[str, float] = {}
        self._listeners: list[tuple[str, str, Listener]] = []
        self._owner = ""
        self._done: set[Hashable] = set()

    # --- for coffee breaks --------------------------------------------------------------

    def update_statistics(self, key: str, value: float) -> None:
        """Record ``value`` under ``key`` for this iteration, in memory and in the file."""
        recorded = Recorded(self._iter, key, float(value))
        self.remember(recorded)
        self._recorded[key] = recorded.value
        if self._file is not None:
            self._file.append(recorded)

    def get_statistics(self, key: str) -> dict[int, float]:
        """What was recorded under ``key``, by iteration; empty if nothing was."""
        return dict(self._statistics.get(key, {}))

    def history(self) -> History:
        """All that was recorded, as arrays."""
        return History(self._statistics)

    def is_first(self, what: Hashable) -> bool:
        """Whether nobody has asked for the same in this iteration.

        For breaks that would record again what another of their kind has just recorded.
        """
        is_first = what not in self._done
        self._done.add(what)
        return is_first

    def listen(self, key: str, listener: Listener) -> None:
        """Call ``listener(value)`` after the breaks of an iteration that recorded ``key``.

        To be called in ``open``. The order of the breaks does not matter for it. What the
        listener returns is requested, as if ``enjoy`` had returned it.
        """
        self._listeners.append((key, self._owner, listener))

    # --- for the solver -----------------------------------------------------------------

    def record_into(self, file: StatisticsFile | None) -> None:
        """Write what is recorded from now on into this file."""
        self._file = file

    def remember(self, recorded: Recorded) -> None:
        """Keep a ``recorded`` value in memory."""
        self._statistics.setdefault(recorded.key, {})[recorded.iter] = recorded.value

    def recall(self, recorded: Mapping[str, Mapping[int, float]]) -> None:
        """Keep in memory what was ``recorded`` before, by key, then by iteration."""
        for key, values in recorded.items():
            self._statistics.setdefault(key, {}).update(values)

    def start_over(self) -> None:
        """Forget what was recorded, and who listens: the breaks are opened anew."""
        self._statistics, self._listeners = {}, []
        self.start_iteration(self._iter)

    def belongs_to(self, owner: str) -> None:
        """Name the ``owner``, the break that calls :meth:`listen` next, for messages."""
        self._owner = owner

    def start_iteration(self, iteration: int) -> None:
        """What is recorded from now on belongs to ``iteration``."""
        self._iter = iteration
        self._recorded, self._done = {}, set()

    def due_listeners(self) -> list[tuple[str, Listener, float]]:
        """``(owner, listener, value)`` for the keys recorded in this iteration, in order."""
        return [
            (owner, listener, self._recorded[key])
            for key, owner, listener in self._listeners
            if key in self._recorded
        ]

    def never_recorded(self) -> Iterator[str]:
        """A warning for each key that a break listens for and nothing has recorded."""
        for key, owner, _ in self._listeners:
            if key not in self._statistics:
                known = ", ".join(sorted(self._statistics)) or "nothing"
                yield (
                    f"{owner} waits for '{key}', which nothing has recorded\n"
                    f"  recorded so far: {known}{did_you_mean(key, self._statistics)}"
                )

    def flush(self) -> None:
        """Hand the recorded lines to the system when it is time to."""
        if self._file is not None and self._iter % self._every_n_iter == 0:
            self._file.flush()

    def sync(self) -> int:
        """Put the recorded lines on the disk; returns how many bytes they take there."""
        return self._file.sync() if self._file is not None else 0
