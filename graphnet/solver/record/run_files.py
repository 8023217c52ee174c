"""RunFiles: starts a run, or goes on with the one that is in its directory."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from time import monotonic, sleep

from graphnet.errors import Position, SnapshotError, SpecError, located
from graphnet.files.paths import shown
from graphnet.solver.record.claim import RECORD, STATISTICS
from graphnet.solver.record.run_directory import RunDirectory, newest_good
from graphnet.solver.record.run_record import RunRecord
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.snapshots import Snapshots
from graphnet.solver.record.statistics_file import FileExists, StatisticsFile, columns_in
from graphnet.solver.record.weights import load_weights
from graphnet.solver.run import Run

#: A process that has been killed holds its locks until the system has cleared it away.
_LOCKED_WITHIN_S, _NAP_S = 5.0, 0.05


class RunFiles:
    """The files of a run; without a directory there is at most a statistics file.

    Attributes:
        snapshots: Writes snapshots and brings the run back from them.
        record: Records each start.

    Args:
        run: The run.
        directory: Its directory, or None.
        save_into: A statistics file elsewhere. Default: the one in the directory.
        file_exists: What a new run does if that file is there already.
        load_from_at: The place of ``load_from`` in the YAML, for messages.
        override: The keys of the solver that may differ from those of a run that goes on.
        standby: The directory, not open, for a rank that may have to take it over.
    """

    def __init__(
        self,
        run: Run,
        directory: RunDirectory | None,
        save_into: Path | None = None,
        file_exists: FileExists = "merge",
        load_from_at: Position | None = None,
        override: Collection[str] = (),
        standby: RunDirectory | None = None,
    ) -> None:
        self.run, self.directory, self._standby = run, directory, standby
        self.snapshots = Snapshots(run, directory, override)
        self.record = RunRecord(run, directory, save_into)
        self._save_into, self._file_exists = save_into, file_exists
        self._load_from_at = load_from_at
        self._statistics: StatisticsFile | None = None

    def begin(self, *, fresh: bool) -> Path | None:
        """Bring the run back from its directory, or start it.

        Args:
            fresh: Start anew even if there is a run; that one is set aside.

        Returns:
            The snapshot from which the run continues; None if it starts anew.

        Raises:
            SnapshotError: If what is there is of another run or cannot be read, or if
                ``load_from`` names nothing.
            SpecError: If the statistics file must not exist and does.
        """
        directory, reporter = self.directory, self.run.reporter
        found = None
        if directory is not None:
            self.snapshots.take_fingerprints()
            aside = directory.set_aside() if fresh else None
            if aside is not None:
                reporter.line(f"the earlier run is now in {shown(aside)}")
                reporter.line("  it stays there until you remove it: graphnet runs rm")
            directory.claim()
            found = newest_good(directory.folder, reporter.warning)
            outputs = self.record.earlier.get("outputs", ())
            self.run.net.context.replaceable = frozenset(outputs)
        if found is None:
            self._start()
            return None
        self._resume(*found)
        return found[0]

    def take_over(self, statistics_bytes: int, saved_iter: int | None) -> None:
        """Go on with the files of a run whose rank 0 was lost, or had to take back a turn.

        Args:
            statistics_bytes: How much of the statistics file stays.
            saved_iter: The iteration of the last snapshot.

        Raises:
            SnapshotError: If they are not here, or cannot be written.
        """
        self.close()
        self.run.lounge.start_over()
        self.open_directory(is_begun=True)
        self.snapshots.take_over(self.directory, saved_iter)
        self._open_statistics(statistics_bytes, must_be_whole=True)

    def open_directory(self, *, is_begun: bool) -> None:
        """Open the directory on a rank that takes it over; it may be locked for a moment yet.

        Args:
            is_begun: Whether the run is in it.

        Raises:
            SnapshotError: If the run is not there, or it cannot be written to.
        """
        directory = self._standby
        if self.directory is not None or directory is None:
            return
        if is_begun and not (directory.folder / RECORD).is_file():
            raise SnapshotError(
                f"{shown(directory.folder)}: the run that rank 0 has begun there is not to be seen"
                " from here\n  ranks that take rank 0's place need an exp_dir that all of them see"
            )
        until = monotonic() + _LOCKED_WITHIN_S
        while self.directory is None:
            try:
                directory.open(self.run.reporter.warning)
            except SnapshotError:
                if monotonic() > until:
                    raise
                sleep(_NAP_S)
            else:
                self.directory = directory
        self.record.take_over(directory)

    def _start(self) -> None:
        """Put the net into the state from which every new run starts."""
        run = self.run
        run.net.load_state_dict({"cursors": dict.fromkeys(run.net.state_dict()["cursors"], 0)})
        run.net.reset_statistics()
        store = run.net.store
        for key, named in store.state_decls.items():
            for name, decl in named.items():
                if decl.per_batch:
                    store.state[key][name].fill(decl.fill)
        run.schedule.load_state_dict({})
        if run.spec.load_from is not None:
            with located(self._load_from_at, "load_from: "):
                report = load_weights(run.net, run.spec.load_from)
            run.reporter.line(str(report))
        self._open_statistics()

    def _resume(self, path: Path, contents: Contents) -> None:
        self.snapshots.resume(path, contents)
        if not self.record.is_complete:
            self.record.warn_of_processor()
        if self.record.is_complete:  # its files stay as they are
            statistics = self._save_into or path.parent.parent / STATISTICS
            if statistics.is_file():
                self.run.lounge.recall(columns_in(statistics))
        else:
            self._open_statistics(contents.meta.statistics_bytes)
        self.snapshots.repair_best(path)

    def _open_statistics(self, cut_at: int | None = None, *, must_be_whole: bool = False) -> None:
        """Open the statistics file; a resumed run's is cut back to its snapshot."""
        directory, lounge, first_iter = self.directory, self.run.lounge, None
        if self._save_into is not None:
            path = self._save_into
            is_there = path.exists()
            file = StatisticsFile(path, warn=self.run.reporter.warning)
            if self.record.earlier.get("statistics", str(path)) != str(path):
                cut_at = None  # the snapshot says how long another file was
            if cut_at is not None:
                first_iter = self.run.state.iter
            elif is_there:
                cut_at = self._start_of(path)
        elif directory is not None:
            file = directory.statistics_file(self.run.reporter.warning)
        else:
            return
        self._statistics = file
        is_whole = file.cut(cut_at or 0, first_iter)
        if must_be_whole and not is_whole:
            raise SnapshotError(
                f"{shown(file.path)}: lacks what was recorded before rank 0 was lost\n"
                "  solve again to go on from the last snapshot"
            )
        if not is_whole:
            self.run.reporter.warning(
                f"{shown(file.path)} is shorter than when the snapshot was written;"
                " what is left is kept"
            )
        lounge.record_into(file)

    def _start_of(self, path: Path) -> int:
        """How many bytes of a file that is there a new run keeps."""
        if self._file_exists == "panic":
            raise SpecError(
                f"{path}: the statistics file exists\n"
                "  move it, or set up the coffee lounge with file_exists merge or overwrite"
            )
        if self._file_exists == "overwrite":
            self.run.reporter.warning(f"{path} is overwritten")
            return 0
        return path.stat().st_size

    def close(self) -> None:
        """Close the statistics file."""
        if self._statistics is not None:
            file, self._statistics = self._statistics, None
            try:
                self.run.lounge.record_into(None)
            except SnapshotError:  # closing it says why
                self.run.lounge.recall({})
            file.close()
