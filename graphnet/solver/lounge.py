"""The coffee lounge: where coffee breaks keep what they measured, and ask for what they need."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from graphnet.errors import did_you_mean
from graphnet.sealed import Sealed, read_only
from graphnet.solver.record.statistics_file import Measured, StatisticsFile
from graphnet.solver.reporter import Reporter

Listener = Callable[[float], None]


class CoffeeLounge(Sealed):
    """What a run's coffee breaks share; they read its attributes and call its methods.

    Attributes:
        reporter: Where their words go.
        every_n_iter: How often recorded lines are handed to the system.
        iter: The run's iteration; what is recorded is recorded for it.
        folder: The run's directory, or None.
        is_resumed: Whether the run continues from a snapshot.
        last_snapshot: The newest good one.
        finite_at: The last iteration at which loss and params were looked at and were finite.
        keep_last: How many snapshots are kept; None for all.
        best_key: The statistic whose best snapshot is kept, if one is.
        batches_per_iter: How many batches one update reads.
        break_seconds: Spent in breaks so far.
        wants_snapshot: Asked for at the end of this iteration.
        wants_best: The same, and it is the best so far.
        wants_restore: The best snapshot's params are to come back, before any snapshot.
        file: Where what is recorded goes, or None.

    Args:
        reporter: Where words go.
        every_n_iter: How often recorded lines are handed to the system.
    """

    iter: int = read_only("_iter")
    folder: Path | None = read_only("_folder")
    is_resumed: bool = read_only("_is_resumed")
    last_snapshot: Path | None = read_only("_last_snapshot")
    finite_at: int | None = read_only("_finite_at")
    keep_last: int | None = read_only("_keep_last", "it is a key of the Snapshot")
    best_key: str | None = read_only("_best_key", "it is the key 'keep_best' of the Snapshot")
    batches_per_iter: int = read_only("_batches_per_iter")
    break_seconds: float = read_only("_break_seconds")
    wants_snapshot: bool = read_only("_wants_snapshot", "call request_snapshot()")
    wants_best: bool = read_only("_wants_best", "call request_snapshot(best=True)")
    wants_restore: bool = read_only("_wants_restore", "call request_restore()")
    file: StatisticsFile | None = read_only("_file")

    def __init__(self, reporter: Reporter, every_n_iter: int = 1) -> None:
        self.reporter = reporter
        self.every_n_iter = every_n_iter
        self._iter = 0
        self._folder: Path | None = None
        self._is_resumed = False
        self._last_snapshot: Path | None = None
        self._finite_at: int | None = None
        self._keep_last: int | None = None
        self._best_key: str | None = None
        self._batches_per_iter = 1
        self._break_seconds = 0.0
        self._wants_snapshot = self._wants_best = self._wants_restore = False
        self._file: StatisticsFile | None = None
        self._statistics: dict[str, dict[int, float]] = {}
        self._recorded: dict[str, float] = {}
        self._listeners: list[tuple[str, str, Listener]] = []
        self._owner = ""
        self._done: set[Hashable] = set()

    # --- for coffee breaks --------------------------------------------------------------

    def update_statistics(self, key: str, value: float) -> None:
        """Record ``value`` under ``key`` for this iteration, in memory and in the file."""
        measured = Measured(self._iter, key, float(value))
        self.remember(measured)
        self._recorded[key] = measured.value
        if self._file is not None:
            self._file.append(measured)

    def get_statistics(self, key: str) -> dict[int, float]:
        """What was recorded under ``key``, by iteration; empty if nothing was."""
        return dict(self._statistics.get(key, {}))

    def is_first(self, what: Hashable) -> bool:
        """Whether nobody has asked for the same in this iteration.

        For breaks that would do again what another of their kind has just done.
        """
        is_first = what not in self._done
        self._done.add(what)
        return is_first

    def listen(self, key: str, listener: Listener) -> None:
        """Call ``listener(value)`` after the breaks of an iteration that recorded ``key``.

        To be called in ``open``. The order of the breaks does not matter for it.
        """
        self._listeners.append((key, self._owner, listener))

    def request_snapshot(self, *, best: bool = False) -> None:
        """Ask for a snapshot when all breaks of this iteration are done.

        It is not written at once because it holds the breaks' own state: a run that continues
        from it must not have lost those that come later in the list.
        """
        self._wants_snapshot = True
        self._wants_best = self._wants_best or best

    def request_restore(self) -> None:
        """Ask that the best snapshot's params, state and history replace the present ones."""
        self._wants_restore = True

    # --- for the solver -----------------------------------------------------------------

    def plan(self, batches_per_iter: int, keep_last: int | None, best_key: str | None) -> None:
        """What the run's spec and its Snapshot say."""
        self._batches_per_iter, self._keep_last = batches_per_iter, keep_last
        self._best_key = best_key

    def move_into(self, folder: Path) -> None:
        """The run has a directory."""
        self._folder = folder

    def have_resumed(self, snapshot: Path, iteration: int) -> None:
        """The run goes on from a snapshot; what is saved is finite."""
        self._is_resumed = True
        self.have_saved(snapshot)
        self.have_seen_finite(iteration)

    def have_saved(self, snapshot: Path) -> None:
        """This is now the newest good snapshot."""
        self._last_snapshot = snapshot

    def have_seen_finite(self, iteration: int) -> None:
        """Loss and params were finite then."""
        self._finite_at = iteration

    def have_wishes_met(self) -> None:
        """What the breaks of this iteration have asked for is done."""
        self._wants_snapshot = self._wants_best = self._wants_restore = False

    def count_seconds(self, seconds: float) -> None:
        """Breaks have taken so much longer."""
        self._break_seconds += seconds

    def record_into(self, file: StatisticsFile | None) -> None:
        """Write what is recorded there from now on."""
        self._file = file

    def remember(self, measured: Measured) -> None:
        """Keep a value in memory."""
        self._statistics.setdefault(measured.key, {})[measured.iter] = measured.value

    def forget_statistics(self) -> None:
        """Forget all values."""
        self._statistics.clear()

    def belongs_to(self, owner: str) -> None:
        """Who calls :meth:`listen` next, for messages."""
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

    def warn_of_silence(self) -> None:
        """Name the keys somebody listens for and nobody has recorded."""
        for key, owner, _ in self._listeners:
            if key not in self._statistics:
                known = ", ".join(sorted(self._statistics)) or "nothing"
                self.reporter.warning(
                    f"{owner} waits for '{key}', which nothing has recorded\n"
                    f"  recorded so far: {known}{did_you_mean(key, self._statistics)}"
                )

    def sync_statistics(self) -> int:
        """Put the recorded lines on the disk and say how many bytes they take there."""
        return self._file.sync() if self._file is not None else 0

    def save_statistics(self) -> None:
        """Hand the recorded lines to the system when it is time to."""
        if self._file is not None and self._iter % self.every_n_iter == 0:
            self._file.flush()
