"""check_alike: sees that all ranks train the same net by the same solver on the same data.

And on processors of one kind: others round differently, so that the result would depend on which
rank computes which shard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from graphnet.backend.machine import processor
from graphnet.errors import RankError
from graphnet.parallel.communicator import Communicator, together
from graphnet.solver.record.same_processor import other_kind
from graphnet.solver.record.same_run import declared, differences
from graphnet.solver.record.snapshot_file import versions
from graphnet.solver.run import Run
from graphnet.solver.spec import PROCESSORS


def check_alike(run: Run, communicator: Communicator, *, any_processor: bool = False) -> None:
    """See that all ranks have declared the same, on the same versions, processors and data files.

    Args:
        run: This rank's.
        communicator: Of the job.
        any_processor: Whether processors of several kinds are only warned of.

    Raises:
        RankError: On rank 0, listing what is different on the first rank that differs.
        SystemExit: The same on the others.
        DataError: If a data file cannot be read.
    """
    if communicator.size > 1:
        own = together(communicator, partial(declaration, run))
        everyone = communicator.all_gather(own)
        places = communicator.describe()
        together(communicator, partial(compare, everyone, places))
        kinds = communicator.all_gather(processor().to_dict())
        say = run.reporter.warning if any_processor and not communicator.rank else None
        together(communicator, partial(compare_processors, kinds, places, say, any_processor))


def declaration(run: Run) -> dict[str, Any]:
    """What must be the same on all ranks; files by their contents, wherever they are."""
    net, spec = run.net, run.spec.model_copy(update={"exp_dir": None})  # rank 0 alone writes
    return {
        "versions": versions(),
        **declared(net, spec),
        "data": {layer: list(files.values()) for layer, files in net.data_fingerprints().items()},
    }


def compare(everyone: Sequence[dict[str, Any]], places: Sequence[str]) -> None:
    """Compare the declaration of each rank with that of rank 0.

    Raises:
        RankError: At the first rank that differs.
    """
    for rank, one in enumerate(everyone):
        found = list(differences(everyone[0], one))
        if found:
            place = f" ({places[rank]})" if rank < len(places) else ""
            raise RankError(
                f"rank {rank}{place} does not do what rank 0 does ('there' is rank 0):\n  "
                + "\n  ".join(found)
                + "\n  all ranks need the same files and the same graphnet"
            )


def compare_processors(
    kinds: Sequence[Mapping[str, Any]],
    places: Sequence[str],
    say: Callable[[str], None] | None,
    any_processor: bool,
) -> None:
    """Compare the processor of each rank with that of rank 0.

    Args:
        kinds: They, by rank.
        places: Where each rank is.
        say: Called with a warning.
        any_processor: Whether they may differ.

    Raises:
        RankError: At the first rank that differs, unless it may.
    """
    for rank, one in enumerate(kinds):
        other = other_kind(kinds[0], one)
        if not other:
            continue
        place = f" ({places[rank]})" if rank < len(places) else ""
        kind = "has another kind of processor than rank 0"
        text = f"rank {rank}{place} {kind} ('now' is rank {rank}):\n  {other}"
        if not any_processor:
            raise RankError(
                f"{text}\n  they round differently: the result would depend on which rank computes"
                " what\n  choose hosts of one kind (Slurm: --constraint), or go on with"
                f" --override {PROCESSORS} (in Python override=['{PROCESSORS}'])"
            )
        if say is not None:
            say(f"{text}\n  the result depends on which rank computes what")
            return
