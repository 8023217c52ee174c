"""The coffee lounge: where coffee breaks record statistics, look them up and listen for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from graphnet.declare.arguments import methods_spelled_out
from graphnet.errors import did_you_mean
from graphnet.sealed import Sealed
from graphnet.solver.history import GrowingCurve, History
from graphnet.solver.record.recorded_in_memory import RecordedInMemory
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

    They are kept in the run's file, and read from there when they are asked for; in memory are the
    last value of each key, and what breaks have asked for by :meth:`get_statistics`. A run without
    a file keeps them in memory.

    Args:
        every_n_iter: After how many iterations recorded lines are handed to the system.
    """

    _elsewhere = MappingProxyType(_MOVED)

    def __init__(self, every_n_iter: int = 1) -> None:
        self._every_n_iter = every_n_iter
        self._iter = 0
        self._records: StatisticsFile | RecordedInMemory = RecordedInMemory()
        self._latest: dict[str, float] = {}
        self._asked: dict[str, GrowingCurve] = {}
        self._recorded: dict[str, float] = {}
        self._listeners: list[tuple[str, str, Listener]] = []
        self._owner = ""
        self._done: set[Hashable] = set()

    # --- for coffee breaks --------------------------------------------------------------

    def update_statistics(self, key: str, value: float) -> None:
        """Record ``value`` under ``key`` for this iteration."""
        recorded = Recorded(self._iter, key, float(value))
        self._latest[key] = self._recorded[key] = recorded.value
        if key in self._asked:
            self._asked[key].add(recorded.iter, recorded.value)
        self._records.append(recorded)

    def get_statistics(self, key: str) -> dict[int, float]:
        """What was recorded under ``key``, by iteration; empty if nothing was."""
        if key not in self._asked:
            found, _ = self._records.read_from(0)
            self._asked[key] = found.get(key) or GrowingCurve()
        return self._asked[key].by_iter()

    def latest(self, key: str) -> float | None:
        """The value that was recorded last under ``key``; None if there is none."""
        return self._latest.get(key)

    def history(self) -> History:
        """All that was recorded, as arrays."""
        return History.of(self._records.read_from(0)[0])

    def recorded_since(self, position: int) -> tuple[Mapping[str, GrowingCurve], int]:
        """What was recorded since a ``position``, by key; and the position now.

        For breaks that hand on what is recorded: the first position is 0.
        """
        return self._records.read_from(position)

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
        """Write what is recorded from now on into a ``file``, and know what is in it.

        None: keep it in memory, with what is in the file until now, which may then be closed.
        """
        found, _ = (file or self._records).read_from(0)
        if file is None:
            self.recall(found)
        else:
            self._records, self._asked, self._latest = file, {}, _latest_of(found)

    def recall(self, recorded: Mapping[str, GrowingCurve]) -> None:
        """Keep in memory what was ``recorded`` before, by key."""
        self._records, self._asked = RecordedInMemory(recorded), {}
        self._latest = _latest_of(recorded)

    def start_over(self) -> None:
        """Forget what was recorded, and who listens: the breaks are opened anew."""
        self._listeners = []
        self.recall({})
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
            if key not in self._latest:
                known = ", ".join(sorted(self._latest)) or "nothing"
                yield (
                    f"{owner} waits for '{key}', which nothing has recorded\n"
                    f"  recorded so far: {known}{did_you_mean(key, self._latest)}"
                )

    def flush(self) -> None:
        """Hand the recorded lines to the system when it is time to."""
        if self._iter % self._every_n_iter == 0:
            self._records.flush()

    def sync(self) -> int:
        """Put the recorded lines on the disk; returns how many bytes they take there."""
        return self._records.sync()


def _latest_of(recorded: Mapping[str, GrowingCurve]) -> dict[str, float]:
    return {key: column.values[-1] for key, column in recorded.items()}
