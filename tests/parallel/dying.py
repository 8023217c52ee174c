"""``python -m tests.parallel.dying solve …``: graphnet, of which a rank dies where DIE says.

So does ``python -m tests.parallel.dying FILE.py``, a program that uses graphnet.

DIE is a list of RANK:PLACE:COUNT, with commas between: the rank of the job, as it was started,
kills itself when it comes to the place for the COUNT-th time. SIGSTOP:RANK:PLACE:COUNT: it falls
silent. Each rank notes in a file at which of the places it is, which can be read after its death.
One that stands still says where when it is sent SIGABRT.
"""

from __future__ import annotations

import faulthandler
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

#: The module, the class or empty, and the function of each place; a rank dies before it.
PLACES = {
    "start": ("graphnet.cli.solve", "", "_read"),
    "alike": ("graphnet.solver.solver", "", "check_alike"),
    "begin": ("graphnet.solver.training", "Training", "_begin"),
    "open": ("graphnet.solver.training", "Training", "_open_breaks"),
    "forward": ("graphnet.parallel.sharded_net", "ShardedNet", "_shard"),
    "sum": ("graphnet.parallel.tree_sum", "_ArraySum", "combine"),
    "spread": ("graphnet.parallel.carried", "Carried", "spread"),
    "update": ("graphnet.solver.update", "Updater", "update"),
    "breaks": ("graphnet.solver.training", "Training", "_take_breaks"),
    "validation": ("graphnet.parallel.shared_evaluation", "SharedEvaluation", "_run"),
    "snapshot": ("graphnet.solver.record.run_directory", "RunDirectory", "write_snapshot"),
    "file": ("graphnet.files.writing", "OutputFile", "complete"),
    "tell": ("graphnet.solver.ranks.elastic_ranks", "ElasticRanks", "_tell"),
    "follow": ("graphnet.solver.ranks.elastic_ranks", "ElasticRanks", "_follow"),
    "receive": ("graphnet.solver.ranks.elastic_ranks", "ElasticRanks", "_receive"),
    "take over": ("graphnet.solver.training", "Training", "_take_over"),
    "share": ("graphnet.parallel.sharded_net", "ShardedNet", "share_anew"),
    "finish": ("graphnet.solver.training", "Training", "_finish"),
    "close": ("graphnet.solver.training", "Training", "_close_breaks"),
    "record": ("graphnet.solver.record.run_record", "RunRecord", "end"),
    "agree": ("graphnet.parallel.elastic", "ElasticCommunicator", "agree"),
}
#: Of these, those that are noted; to import the module of another one would start MPI.
NOTED = tuple(place for place in PLACES if place != "agree")
#: The file in the working directory to which a rank adds its number, and when, before it dies.
DIED = "died.txt"
#: What launchers call the rank.
RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK")


def own_rank() -> str:
    """The rank of this process in the job as it was started."""
    return next((os.environ[name] for name in RANKS if name in os.environ), "0")


def phase_file(folder: Path, rank: object) -> Path:
    """Where a rank notes at which place it is."""
    return folder / f"phase-{rank}"


class Phase:
    """Notes at which place this process is, in a file that is there after its death.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        self._note("starting")

    def _note(self, phase: str) -> None:
        self._now = phase
        os.pwrite(self._file, f"{phase:<20}".encode(), 0)

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """The main thread is at a place; afterwards where it was, or between two."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = self._now if self._now in PLACES else "between"
        self._note(place)
        try:
            yield
        finally:
            self._note(before)


def watch(place: str, phase: Phase, deaths: Mapping[int, int]) -> None:
    """Have this process note when it is at a place, and die there if it is to.

    Args:
        place: One of :data:`PLACES`.
        phase: Where it is noted.
        deaths: The signal that it sends itself, by when it comes there for this time.
    """
    module_name, class_name, name = PLACES[place]
    module = import_module(module_name)
    owner = getattr(module, class_name) if class_name else module
    function: Callable[..., Any] = getattr(owner, name)
    came = 0

    def wrapped(*arguments: Any, **keys: Any) -> Any:
        nonlocal came
        came += 1
        with phase.at(place):
            if came in deaths:
                with Path(DIED).open("a", encoding="utf-8") as file:
                    file.write(f"{own_rank()} {time.monotonic()}\n")
                os.kill(os.getpid(), deaths[came])
            return function(*arguments, **keys)

    setattr(owner, name, wrapped)


def main() -> None:
    """Run graphnet, or a program."""
    faulthandler.enable()
    deaths: dict[str, dict[int, int]] = {place: {} for place in NOTED}
    for one in filter(None, os.environ.get("DIE", "").split(",")):
        *how, rank, place, count = one.split(":")
        if rank == own_rank():
            number = signal.Signals[how[0]] if how else signal.SIGKILL
            deaths.setdefault(place, {})[int(count)] = number
    phase = Phase(phase_file(Path(), own_rank()))
    for place, own in deaths.items():
        watch(place, phase, own)
    if sys.argv[1].endswith(".py"):
        runpy.run_path(sys.argv[1], run_name="__main__")
        return
    from graphnet.cli import main as graphnet

    sys.exit(graphnet())


if __name__ == "__main__":
    main()
