"""Snapshots: writes the snapshots of a run, and brings the run back from one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.data.record import DataRecord
from graphnet.errors import SnapshotError, located
from graphnet.files.paths import shown
from graphnet.params.filling import fill, parts_of
from graphnet.solver.coffee.divergence_guard import check_loss, diverged
from graphnet.solver.record.run_directory import RunDirectory
from graphnet.solver.record.same_run import check_same_run
from graphnet.solver.record.snapshot_file import (
    Contents,
    Meta,
    NotFiniteError,
    SavedState,
    download,
    read,
    to_bytes,
    versions,
)
from graphnet.solver.record.weights import check_fits, upload
from graphnet.solver.run import Run


class Snapshots:
    """The snapshots in a run's directory; without a directory there are none.

    Args:
        run: The run.
        directory: Its directory, or None.
        override: The keys of the solver that may differ from those of a run that goes on.

    Attributes:
        changed: What has changed of these keys, once the run has been brought back.
        saved_iter: The iteration of the last snapshot; None if there is none yet.
    """

    def __init__(
        self, run: Run, directory: RunDirectory | None, override: Collection[str] = ()
    ) -> None:
        self._run, self._directory, self._override = run, directory, override
        self.changed: dict[str, Any] = {}
        self.saved_iter: int | None = None
        self._fingerprints: dict[str, dict[str, str]] = {}
        self._data: DataRecord | None = None

    def take_fingerprints(self) -> None:
        """Take the fingerprints of the data files, and what is recorded of them, for the snapshots.

        Raises:
            DataError: If one of them cannot be read.
        """
        self._fingerprints = dict(self._run.net.data_fingerprints())
        self._data = self._run.net.data_record()

    def take_over(self, directory: RunDirectory | None, saved_iter: int | None) -> None:
        """Go on with the snapshots that another rank has written, the last at ``saved_iter``."""
        if directory is not self._directory:
            self._directory = directory
            self.take_fingerprints()
        self.saved_iter = saved_iter

    # --- saving -------------------------------------------------------------------------

    def save(self, *, best: bool = False) -> Path | None:
        """Write a snapshot of the present iteration, if that has not been done.

        Args:
            best: Also as ``best.h5``.

        Returns:
            Its path; None without a directory.

        Raises:
            DivergedError: If a value is not finite; nothing is written then.
            SnapshotError: If it cannot be written; what was there before stays.
        """
        run, directory = self._run, self._directory
        if directory is None:
            return None
        path = directory.path_at(run.state.iter)
        if self.saved_iter == run.state.iter and not best:
            return path
        image = self._image()
        directory.write_snapshot(path, image)
        self.saved_iter = run.state.iter
        if best:
            directory.write_snapshot(directory.best, image)
        kept = run.snapshot_break
        directory.prune(run.state.iter, kept.keep_last if kept else None)
        return path

    def _image(self) -> bytes:
        """The file's bytes, all of whose numbers are finite."""
        net, state = self._run.net, self._run.state
        check_loss(net, state)
        try:
            image = to_bytes(self._contents())
        except NotFiniteError as error:
            found = "a param" if error.name.startswith("params/") else f"'{error.name}'"
            raise diverged(net, state, f"{found} is not finite") from None
        state.have_seen_finite()
        return image

    def _contents(self) -> Contents:
        run = self._run
        store = run.net.store
        params, state = download(store)
        of_net = run.net.state_dict()
        meta = Meta(
            versions=versions(),
            backend=store.backend.name,
            dtype=str(store.dtype),
            seed=run.net.context.seed,
            solver=SavedState(**run.state.state_dict()),
            cursors=of_net["cursors"],
            breaks=run.schedule.state_dict(),
            statistics_bytes=run.lounge.sync(),
            data=run.net.data_summary(),
            fingerprints=self._fingerprints,
        )
        return Contents(
            meta,
            params,
            state,
            {name: store.backend.download(a) for name, a in run.updater.named_history()},
            of_net["statistics"],
            *run.declared,
            self._data or run.net.data_record(),
        )

    # --- coming back --------------------------------------------------------------------

    def resume(self, path: Path, contents: Contents) -> None:
        """Have the run stand where a snapshot of it was taken.

        Raises:
            SnapshotError: If the snapshot is of another run, or its arrays do not fit.
            BreakError: If a coffee break cannot take back what it kept.
        """
        run, meta = self._run, contents.meta
        self.changed = check_same_run(
            contents, shown(path), run.net, run.spec, self._fingerprints, self._override
        )
        check_fits(run.net.store, contents, path)
        self._warn_of_versions(meta.versions)
        self._upload(contents, path)
        if meta.solver is not None:
            run.state.load_state_dict(meta.solver.model_dump())
        run.net.load_state_dict({"cursors": meta.cursors})
        self._restore_statistics(contents, path)
        with located(None, f"{shown(path)}: "):
            run.schedule.load_state_dict(meta.breaks)
        self.saved_iter = run.state.iter
        run.state.have_seen_finite()  # else it would not have been written

    def _warn_of_versions(self, then: Mapping[str, str]) -> None:
        """The same bits are promised for the same versions alone."""
        changed = [
            f"{name} {then[name]}, now {now}"
            for name, now in versions().items()
            if then.get(name, now) != now
        ]
        if changed:
            self._run.reporter.warning(
                f"this run was begun with {'; '.join(changed)}\n"
                "  it goes on, but its numbers may differ from then on in their last digits"
            )

    def _upload(self, contents: Contents, path: Path) -> None:
        """Put back params, state and history."""
        store = self._run.net.store
        upload(store, contents.params, contents.state, file=path)
        for name, array in self._run.updater.named_history():
            values = contents.history.get(name)
            if values is None or (values.shape, values.dtype) != (array.shape, array.dtype):
                raise SnapshotError(f"{shown(path)}: its history '{name}' is not of this run")
            fill(store.backend, array, parts_of(values))

    def _restore_statistics(self, contents: Contents, path: Path) -> None:
        """Put back the running sums."""
        net = self._run.net
        here = net.state_dict()["statistics"]
        kept = {name: np.asarray(array) for name, array in contents.statistics.items()}
        for name, sums in kept.items():
            if name in here and sums.shape != here[name].shape:
                raise SnapshotError(
                    f"{shown(path)}: its statistics of '{name}' are not of this run"
                )
        net.load_state_dict({"statistics": kept})

    # --- the best -----------------------------------------------------------------------

    def repair_best(self, path: Path) -> None:
        """Copy the snapshot at a new best if a crash came before its copy was written."""
        best = self._run.snapshot_break and self._run.snapshot_break.best
        if not (self._directory and best and best.value is not None):
            return
        if best.iter == self._run.state.iter:
            there, whole = self._directory.best, path.read_bytes()
            if not there.exists() or there.read_bytes() != whole:
                self._directory.write_snapshot(there, whole)

    def restore_best(self) -> None:
        """Bring the best snapshot's params, state and history back."""
        if self._directory is not None:
            self._bring_back(self._directory.best)

    def restore(self, path: Path | None) -> None:
        """Bring those of a snapshot back, and its loss; the running sums begin anew."""
        contents = None if path is None else self._bring_back(path)
        if contents is not None and contents.meta.solver is not None:
            self._run.state.take_back(contents.meta.solver.model_dump())
            self._run.net.reset_statistics()

    def _bring_back(self, path: Path) -> Contents | None:
        run = self._run
        if self._directory is None:
            return None
        self._directory.look()
        try:
            contents = read(path)
        except SnapshotError as error:
            run.reporter.warning(f"{error}\n  training goes on with the present params")
            return None
        self._upload(contents, path)
        run.reporter.line(f"back to the params of iteration {contents.iter:,}")
        return contents
