"""check_alike: sees that all ranks train the same net by the same solver on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from graphnet.errors import RankError
from graphnet.parallel.communicator import Communicator, together
from graphnet.solver.record.same_run import declared, differences
from graphnet.solver.record.snapshot_file import versions
from graphnet.solver.run import Run


def check_alike(run: Run, communicator: Communicator) -> None:
    """See that all ranks have declared the same, on the same versions and data files.

    Raises:
        RankError: On rank 0, listing what is different on the first rank that differs.
        SystemExit: The same on the others.
        DataError: If a data file cannot be read.
    """
    if communicator.size > 1:
        own = together(communicator, partial(declaration, run))
        everyone = communicator.all_gather(own)
        together(communicator, partial(compare, everyone, communicator.describe()))


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
