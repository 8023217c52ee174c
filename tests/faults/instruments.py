"""What is built into the process of a run, so that it can be killed or failed at any step.

Every step that changes the disk is an event: open, write, flush, fsync, truncate, rename, close,
unlink, of each file of the run; so are reading, forward, backward and update. An event is named
by what is done, to which file, and at which iteration, so that it can be met again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from graphnet.data.hdf5.reader import HDF5File
from graphnet.data.prefetch import Prefetcher
from graphnet.net.net import Net
from graphnet.solver.record import snapshots as snapshots_module
from graphnet.solver.record.run_files import RunFiles
from graphnet.solver.record.snapshots import Snapshots
from graphnet.solver.state import SolverState
from graphnet.solver.training import Training
from graphnet.solver.update import Updater
from tests.faults.board import Board
from tests.faults.trace import Step, Trace

KILL, POWER_CUT = "kill", "power cut"
#: What a full disk, and one that has become read-only, refuse from then on.
REFUSED = {
    errno.ENOSPC: {"open", "write", "flush", "mkdir"},
    errno.EROFS: {"open", "write", "flush", "mkdir", "truncate", "rename", "unlink"},
    errno.EIO: set(),
}


@dataclass(frozen=True)
class Plan:
    """What happens at one event.

    Attributes:
        event: Its name.
        act: ``kill``, ``power cut`` (a kill that also takes what was not yet on the disk), or
            the number of an error that the system reports.
        half: Half of the step is done first.
    """

    event: str
    act: str | int
    half: bool = False


@dataclass
class Instruments:
    """Built into a process by :meth:`install`, for good.

    Attributes:
        board: Where the process says what it is doing.
        folder: The run's.
        plan: What is to happen.
        events: Those there were, in order.
        trace: Where each step that changes the disk is noted, if anywhere.
    """

    board: Board
    folder: Path
    plan: Plan | None = None
    trace: Trace | None = None
    events: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._refused: set[str] = set()
        self._paths: dict[int, Path] = {}
        self._on_disk: dict[Path, int] = {}  # bytes of each file that would survive
        self._renamed: list[tuple[Path, bytes | None]] = []  # what was there, until it is synced
        self._at_disk = threading.RLock()  # whoever does a step, or cuts the power between two

    # --- events -------------------------------------------------------------------------

    def event(self, step: str, what: str, half: Callable[[], object] = lambda: None) -> None:
        """One step is about to be done; it may be the one that fails or is not survived."""
        name = f"{step} {what}" + ("" if step == "read" else f" at {self.board.get('iter')}")
        self._counts[name] += 1
        name = f"{name} ({self._counts[name]})"
        self.events.append(name)
        if step in self._refused:
            raise OSError(self.plan.act, os.strerror(self.plan.act))
        if self.plan is None or name != self.plan.event:
            return
        if self.plan.half:
            half()
        if isinstance(self.plan.act, int):
            self._refused = REFUSED[self.plan.act]
            raise OSError(self.plan.act, os.strerror(self.plan.act))
        if self.plan.act == POWER_CUT:
            self._cut_power()
        os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()

    def _cut_power(self) -> None:
        """Leave on the disk only what has been put there by an fsync, and by one of its folder."""
        self._at_disk.acquire()  # for good: the other threads do nothing more
        for path, size in self._on_disk.items():
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)
        for path, content in reversed(self._renamed):
            path.write_bytes(content or b"")
            if content is None:
                path.unlink()

    def _what(self, path: Path) -> str:
        """A file by its kind."""
        name = re.sub(r"\.[0-9a-f]{8}\.unfinished$", "", path.name)
        if path.is_dir():
            return "folder"
        if name.startswith("snapshot-"):
            return "snapshot"
        return name if name in ("best.h5", "statistics.jsonl", "lock") else "record"

    # --- building in --------------------------------------------------------------------

    def install(self) -> None:
        """Replace the functions."""
        self._install_disk()
        self._install_phases()

    def _is_ours(self, path: Path) -> bool:
        path = path.absolute()
        return self.folder in path.parents or path in (self.folder, self.folder.parent)

    def _note(self, what: str, path: Path, *, to: Path | None = None, **more: Any) -> None:
        """Put down a step that has been done."""
        if self.trace is not None:
            name, phase = self.trace.name, f"{what} {self._what(path)}"
            target = name(to) if to is not None else ""
            self.trace.steps.append(Step(what, name(path), phase, target, **more))

    @contextmanager
    def _step(
        self, name: str, path: Path, half: Callable[[], object] = lambda: None
    ) -> Iterator[None]:
        """A phase that begins with its event."""
        what = self._what(path)
        with self.board.phase(f"{name} {what}"):
            self.event(name, what, half)
            yield

    def _install_disk(self) -> None:
        """Have the functions that reach the disk pass through the methods below."""
        for name in ("open", "write", "fsync", "close", "mkdir", "replace", "unlink", "ftruncate"):
            setattr(os, name, partial(self._alone, getattr(self, f"_{name}"), getattr(os, name)))

    def _alone(self, method: Any, *args: Any, **keywords: Any) -> Any:
        """One step at a time, whichever thread does it."""
        with self._at_disk:
            return method(*args, **keywords)

    def _place(self, path: Any, folder: int | None) -> Path:
        """A file by its path, or by its name in an open folder."""
        path = Path(os.fspath(path))
        return self._paths[folder] / path if folder in self._paths else path

    def _open(self, original: Any, path: Any, flags: int, *args: Any, **keywords: Any) -> int:
        place = self._place(path, keywords.get("dir_fd"))
        if not self._is_ours(place):
            return original(path, flags, *args, **keywords)
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        is_new = writes and not place.exists()
        with self._step("open", place) if writes else nullcontext():
            descriptor = original(path, flags, *args, **keywords)
        if is_new:
            self._note("make", place)
        if writes or place.is_dir():
            self._paths[descriptor] = place
        if writes:
            self._on_disk.setdefault(place, place.stat().st_size)
        return descriptor

    def _write(self, original: Any, descriptor: int, data: Any) -> int:
        path = self._paths.get(descriptor)
        if path is None:
            return original(descriptor, data)
        name = "flush" if path.suffix == ".jsonl" else "write"
        # a copy: a view, kept alive by an error's traceback, would forbid to resize what it is of
        with self._step(name, path, lambda: original(descriptor, bytes(data[: len(data) // 2]))):
            is_appended = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
            end = os.SEEK_END if is_appended else os.SEEK_CUR
            at = os.lseek(descriptor, 0, end)
            n = original(descriptor, data)
            self._note("write", path, offset=at, data=bytes(data[:n]))
            return n

    def _fsync(self, original: Any, descriptor: int) -> None:
        path = self._paths.get(descriptor)
        if path is None:
            return original(descriptor)
        with self._step("fsync", path):
            original(descriptor)
        self._note("sync folder" if path.is_dir() else "sync", path)
        if path.is_dir():
            self._renamed = [r for r in self._renamed if r[0].parent != path]
        else:
            self._on_disk[path] = path.stat().st_size
        return None

    def _close(self, original: Any, descriptor: int) -> None:
        path = self._paths.pop(descriptor, None)
        original(descriptor)  # a descriptor is gone even where closing fails
        if path is not None and not path.is_dir():
            with self._step("close", path):
                pass

    def _mkdir(self, original: Any, path: Any, *args: Any, **keywords: Any) -> None:
        place = self._place(path, keywords.get("dir_fd"))
        if self._is_ours(place) and not place.exists():
            self.event("mkdir", "folder")
            original(path, *args, **keywords)
            self._note("mkdir", place)
            return
        original(path, *args, **keywords)

    def _replace(self, original: Any, source: Any, target: Any, **keywords: Any) -> None:
        path = self._place(source, keywords.get("src_dir_fd"))
        place = self._place(target, keywords.get("dst_dir_fd"))
        with self._step("rename", path):
            before = place.read_bytes() if place.exists() else None
            original(source, target, **keywords)
        self._note("rename", path, to=place)
        self._renamed.append((place, before))
        self._on_disk[place] = self._on_disk.pop(path, place.stat().st_size)

    def _unlink(self, original: Any, path: Any, **keywords: Any) -> None:
        place = self._place(path, keywords.get("dir_fd"))
        if not self._is_ours(place):
            return original(path, **keywords)
        with self._step("unlink", place):
            original(path, **keywords)
        self._note("unlink", place)
        return None

    def _ftruncate(self, original: Any, descriptor: int, size: int) -> None:
        path = self._paths.get(descriptor)
        with self._step("truncate", path) if path is not None else nullcontext():
            original(descriptor, size)
        if path is not None:
            self._note("truncate", path, offset=size)

    def _install_phases(self) -> None:
        board = self.board

        def during(owner: Any, name: str, phase: str, event: str = "") -> None:
            original = getattr(owner, name)

            def function(*args: Any, **keywords: Any) -> Any:
                if board.get("phase") == "evaluating":  # its forward passes are part of it
                    return original(*args, **keywords)
                with board.phase(phase):
                    if event:
                        self.event(event, "net")
                    return original(*args, **keywords)

            setattr(owner, name, function)

        def after(owner: type, name: str, then: Callable[[Any, Any], None]) -> None:
            original = getattr(owner, name)

            def function(first: Any, *args: Any, **keywords: Any) -> Any:
                found = original(first, *args, **keywords)
                then(first, found)
                return found

            setattr(owner, name, function)

        def begun(files: RunFiles, resumed_from: Path | None) -> None:
            board.set("iter", files.run.state.iter)
            board.set("resumed", files.run.state.iter if resumed_from else -1)

        after(RunFiles, "begin", begun)
        after(Snapshots, "save", self._is_saved)
        after(SolverState, "advance", lambda state, _: board.set("iter", state.iter))
        during(Training, "_loop", "between")
        during(Training, "_finish", "ending")
        during(Net, "forward", "computing", "forward")
        during(Net, "backward", "computing", "backward")
        during(Updater, "update", "computing", "update")
        during(Net, "evaluate", "evaluating")
        during(Prefetcher, "next", "waiting for data")
        during(Snapshots, "_contents", "packing")
        during(snapshots_module, "to_bytes", "packing")
        self._install_reading()

    def _is_saved(self, snapshots: Any, _found: Any) -> None:
        iteration = snapshots._run.state.iter
        self.board.set("saved", iteration)
        self._note("saved", self.folder, offset=iteration)

    def _install_reading(self) -> None:
        read = HDF5File.read

        def function(file: HDF5File, start: int, stop: int, outs: Any) -> None:
            middle = (start + stop) // 2
            if threading.current_thread() is threading.main_thread():
                return read(file, start, stop, outs)  # the test set
            self.board.set("is_reading", True)
            self.event(
                "read",
                "data",
                lambda: read(file, start, middle, [o[: middle - start] for o in outs]),
            )
            read(file, start, stop, outs)
            self.board.set("is_reading", False)
            return None

        HDF5File.read = function
