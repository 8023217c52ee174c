"""``python -m tests.parallel.dying solve …``: graphnet, of which a rank dies where DIE says.

DIE is a list of RANK:PLACE:COUNT, with commas between: the rank of the job, as it was started,
kills itself when it comes to the place for the COUNT-th time. SIGSTOP:RANK:PLACE:COUNT: it falls
silent.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
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
#: The file in the working directory to which a rank adds its number before it dies.
DIED = "died.txt"
#: What launchers call the rank.
RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK")


def own_rank() -> str:
    """The rank of this process in the job as it was started."""
    return next((os.environ[name] for name in RANKS if name in os.environ), "0")


def dies_at(place: str, count: int, number: int) -> None:
    """Have this process die at a place.

    Args:
        place: One of :data:`PLACES`.
        count: When it comes there for this time.
        number: Of the signal.
    """
    module_name, class_name, name = PLACES[place]
    module = import_module(module_name)
    owner = getattr(module, class_name) if class_name else module
    function: Callable[..., Any] = getattr(owner, name)
    came = 0

    def wrapped(*arguments: Any, **keys: Any) -> Any:
        nonlocal came
        came += 1
        if came == count:
            with Path(DIED).open("a", encoding="utf-8") as file:
                file.write(f"{own_rank()}\n")
            os.kill(os.getpid(), number)
        return function(*arguments, **keys)

    setattr(owner, name, wrapped)


def main() -> None:
    """Run graphnet."""
    for one in filter(None, os.environ.get("DIE", "").split(",")):
        *how, rank, place, count = one.split(":")
        if rank == own_rank():
            dies_at(place, int(count), signal.Signals[how[0]] if how else signal.SIGKILL)
    from graphnet.cli import main as graphnet

    sys.exit(graphnet())


if __name__ == "__main__":
    main()
