"""The keeper: what a run leaves on disk, and how it comes back from there."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from graphnet.errors import Position, SnapshotError, SpecError, located
from graphnet.files.paths import is_there, shown
from graphnet.solver.coffee.divergence_guard import check_finite
from graphnet.solver.record.claim import DECLARED, RECORD, checksum
from graphnet.solver.record.run_directory import RunDirectory, newest_good
from graphnet.solver.record.same_run import check_same_run
from graphnet.solver.record.snapshot_file import (
    Contents,
    Meta,
    SavedState,
    read,
    to_bytes,
    versions,
)
from graphnet.solver.record.statistics_file import FileExists, StatisticsFile, read_statistics
from graphnet.solver.record.weights import check_fits, download, load_weights, upload
from graphnet.solver.run import Run

#: How the record of a start that came to the run's end says so.
FINISHED = "finished"


class Keeper:
    """Saves a run and brings it back; without a directory it only keeps statistics.

    Args:
        run: What is kept.
        directory: Where, or None.
        save_into: A statistics file elsewhere, or None for the run's own.
        file_exists: What is done where that file is there already and the run is new.
        load_from_at: Where ``load_from`` stands in the YAML, for messages.
    """

    def __init__(
        self,
        run: Run,
        directory: RunDirectory | None,
        save_into: Path | None = None,
        file_exists: FileExists = "merge",
        load_from_at: Position | None = None,
    ) -> None:
        self.run, self.directory = run, directory
        self._save_into, self._file_exists = save_into, file_exists
        self._load_from_at = load_from_at
        self._saved_iter: int | None = None
        self._record: dict[str, Any] = {}
        self._fingerprints: dict[str, dict[str, str]] = {}

    @cached_property
    def _declared(self) -> tuple[str, str]:
        """The net and the solver as YAML; they lie in the run's own directory."""
        spec = self.run.spec.model_copy(update={"exp_dir": "."})
        return self.run.net.yaml_text, spec.to_yaml()

    # --- beginning ----------------------------------------------------------------------

    def begin(self, *, fresh: bool) -> bool:
        """Bring the run back from its directory, or start it.

        Args:
            fresh: Start it even if there is one; what is there is set aside.

        Returns:
            Whether it continues.

        Raises:
            SnapshotError: If what is there is of another run or cannot be read, or if
                ``load_from`` names nothing.
            SpecError: If the statistics file must not exist and does.
        """
        directory, reporter = self.directory, self.run.reporter
        found = None
        if directory is not None:
            self.run.lounge.move_into(directory.folder)
            self._fingerprints = dict(self.run.net.data_fingerprints())
            aside = directory.set_aside() if fresh else None
            if aside is not None:
                reporter.line(f"the earlier run is now in {shown(aside)}")
                reporter.line("  it stays there until you remove it, and no run looks into it")
            directory.claim()
            found = newest_good(directory.folder, reporter.warning)
            self.run.net.context.replaceable = frozenset(self._earlier().get("outputs", ()))
        if found is None:
            self._start()
        else:
            self._resume(*found)
        return found is not None

    def _start(self) -> None:
        """The state every new run starts from, whatever was done with the net before."""
        run = self.run
        run.net.load_state_dict({"cursors": dict.fromkeys(run.net.state_dict()["cursors"], 0)})
        run.net.reset_statistics()
        store = run.net.store
        for key, named in store.state_decls.items():
            for name, decl in named.items():
                if decl.per_batch:
                    store.state[key][name].fill(decl.fill)
        run.schedule.load_state_dicts({})
        if run.spec.load_from is not None:
            with located(self._load_from_at, "load_from: "):
                report = load_weights(run.net, run.spec.load_from)
            run.reporter.line(str(report))
        self._open_statistics()

    def _resume(self, path: Path, contents: Contents) -> None:
        run, meta = self.run, contents.meta
        check_same_run(contents, shown(path), run.net, run.spec, self._fingerprints)
        check_fits(run.net.store, contents, path)
        self._warn_of_versions(meta.versions)
        self._upload(contents, path)
        if meta.solver is not None:
            run.state.load_dict(meta.solver.model_dump())
        run.net.load_state_dict({"cursors": meta.cursors})
        self._restore_statistics(contents, path)
        with located(None, f"{shown(path)}: "):
            run.schedule.load_state_dicts(meta.breaks)
        self._saved_iter = run.state.iter
        run.lounge.have_resumed(path, run.state.iter)
        if not self.is_complete:  # a complete run's files stay as they are
            self._open_statistics(meta.statistics_bytes)
        self._repair_best(path)

    def _warn_of_versions(self, then: Mapping[str, str]) -> None:
        """The same bits are promised for the same versions alone."""
        changed = [
            f"{name} {then[name]}, now {now}"
            for name, now in versions().items()
            if then.get(name, now) != now
        ]
        if changed:
            self.run.reporter.warning(
                f"this run was begun with {'; '.join(changed)}\n"
                "  it goes on, but its numbers may differ from then on in their last digits"
            )

    def _upload(self, contents: Contents, path: Path) -> None:
        """Params, state and history as they were."""
        store = self.run.net.store
        upload(store, contents.params, contents.state, file=path)
        for name, array in self.run.updater.named_history():
            values = contents.history.get(name)
            if values is None or (values.shape, values.dtype) != (array.shape, array.dtype):
                raise SnapshotError(f"{shown(path)}: its history '{name}' is not of this run")
            store.backend.upload(values, array)

    def _restore_statistics(self, contents: Contents, path: Path) -> None:
        """The running sums as they were."""
        net = self.run.net
        here = net.state_dict()["statistics"]
        for name, sums in contents.statistics.items():
            if name in here and sums.shape != here[name].shape:
                raise SnapshotError(
                    f"{shown(path)}: its statistics of '{name}' are not of this run"
                )
        net.load_state_dict({"statistics": contents.statistics})

    def _open_statistics(self, cut_at: int | None = None) -> None:
        """Open the statistics file; a resumed run's is cut back to its snapshot."""
        directory, lounge = self.directory, self.run.lounge
        path = self._save_into
        if path is None and directory is not None:
            path = directory.statistics
        if path is None:
            return
        if directory is not None and self._save_into is None:
            file, first_iter = directory.statistics_file(), None
        else:
            file, first_iter = StatisticsFile(path), self.run.state.iter
            before = self._earlier().get("statistics", str(path))
            cut_at = cut_at if before == str(path) else None  # else it was of another file
        if cut_at is None:
            cut_at, first_iter = self._start_of(path), None
        lounge.record_into(file)
        if not file.cut(cut_at, first_iter):
            self.run.reporter.warning(
                f"{shown(path)} is shorter than when the snapshot was written; what is left is kept"
            )
        for measured in read_statistics(path):
            lounge.remember(measured)

    def _start_of(self, path: Path) -> int:
        """How much of a file that is there a new run keeps.

        The run's own can only be left from a start that ended before its first snapshot.
        """
        if self._save_into is None or not path.exists():
            return 0
        if self._file_exists == "panic":
            raise SpecError(
                f"{path}: the statistics file exists\n"
                "  move it, or set up the coffee lounge with file_exists merge or overwrite"
            )
        if self._file_exists == "overwrite":
            self.run.reporter.warning(f"{path} is overwritten")
            return 0
        return path.stat().st_size

    def _repair_best(self, path: Path) -> None:
        """A crash may have come between the snapshot at a new best and its copy."""
        best = self.run.snapshots and self.run.snapshots.best
        if not (self.directory and best and best.value is not None):
            return
        if best.iter == self.run.state.iter:
            there, whole = self.directory.best, path.read_bytes()
            if not there.exists() or there.read_bytes() != whole:
                self.directory.write_snapshot(there, whole)

    def close(self) -> None:
        """Close the statistics file."""
        if self.run.lounge.file is not None:
            self.run.lounge.file.close()
            self.run.lounge.record_into(None)

    # --- saving -------------------------------------------------------------------------

    def save(self, *, best: bool = False) -> Path | None:
        """Write a snapshot of the present iteration, if that has not been done.

        Args:
            best: Also as ``best.h5``.

        Returns:
            Where it is; None without a directory.

        Raises:
            DivergedError: If a value is not finite; nothing is written then.
            SnapshotError: If it cannot be written; what was there before stays.
        """
        run, directory = self.run, self.directory
        if directory is None:
            return None
        path = directory.path_at(run.state.iter)
        if self._saved_iter == run.state.iter and not best:
            return path
        check_finite(run.net, run.state, run.lounge, run.updater.norm)
        image = to_bytes(self._contents())
        directory.write_snapshot(path, image)
        self._saved_iter = run.state.iter
        run.lounge.have_saved(path)
        if best:
            directory.write_snapshot(directory.best, image)
        directory.prune(run.state.iter, run.lounge.keep_last)
        return path

    def _contents(self) -> Contents:
        run = self.run
        store = run.net.store
        params, state = download(store)
        of_net = run.net.state_dict()
        meta = Meta(
            versions=versions(),
            backend=run.net.backend.name,
            dtype=str(store.dtype),
            seed=run.net.context.seed,
            solver=SavedState(**run.state.to_dict()),
            cursors=of_net["cursors"],
            breaks=run.schedule.state_dicts(),
            statistics_bytes=run.lounge.sync_statistics(),
            data=run.net.data_summary(),
            fingerprints=self._fingerprints,
        )
        return Contents(
            meta,
            params,
            state,
            {name: store.backend.download(a) for name, a in run.updater.named_history()},
            of_net["statistics"],
            *self._declared,
        )

    def restore_best(self) -> None:
        """Bring the best snapshot's params, state and history back."""
        directory, run = self.directory, self.run
        if directory is None:
            return
        directory.look()
        try:
            contents = read(directory.best)
        except SnapshotError as error:
            run.reporter.warning(f"{error}\n  training goes on with the present params")
            return
        self._upload(contents, directory.best)
        run.reporter.line(f"back to the params of iteration {contents.iter:,}")

    @property
    def is_complete(self) -> bool:
        """Whether a start has brought the run to its end, and a crash has taken nothing since."""
        if self.directory is None or not self.run.is_finished:
            return False
        match self.directory.read_record():
            case {"starts": [*_, {"to_iter": to_iter, "outcome": outcome}]}:
                return bool((to_iter, outcome) == (self.run.state.iter, FINISHED))
        return False

    # --- the small files ----------------------------------------------------------------

    def record_start(self) -> None:
        """Write the first half of this start's record, ``net.yaml`` and ``solver.yaml``."""
        run, directory = self.run, self.directory
        if directory is None:
            return
        self._record = {
            "net": run.net.name,
            "seed": run.net.context.seed,
            "backend": run.net.backend.name,
            "precision": str(run.net.store.dtype),
            "versions": {**versions(), "python": platform.python_version()},
            "machine": platform.platform(),
            "data": run.net.data_summary(),
            "outputs": sorted(
                {
                    *self._earlier().get("outputs", ()),
                    *(file for file in run.net.output_files() if not is_there(Path(file))),
                }
            ),
            "files": {
                name: list(dict.fromkeys([checksum(text), *directory.checksums_of(name)]))
                for name, text in zip(DECLARED, self._declared, strict=True)
            },
            "starts": [
                *self._earlier().get("starts", []),
                {"time": _now(), "from_iter": run.state.iter},
            ],
        }
        if self._save_into is not None:
            self._record["statistics"] = str(self._save_into)
        self._write_record()
        for name, text in zip(DECLARED, self._declared, strict=True):
            directory.write_text(name, text)

    def _earlier(self) -> dict[str, Any]:
        """What earlier starts have recorded."""
        return (self.directory.read_record() if self.directory else None) or {}

    def record_end(self, outcome: str, seconds: float) -> None:
        """Say how this start ended."""
        state = self.run.state
        if self._record:
            self._record["starts"][-1] |= {
                "ended": _now(),
                "to_iter": state.iter,
                "seconds": round(seconds, 1),
                "outcome": outcome,
            }
            self._write_record()

    def _write_record(self) -> None:
        if self.directory is not None:
            text = json.dumps(self._record, indent=2, ensure_ascii=False, default=str)
            self.directory.write_text(RECORD, text + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
