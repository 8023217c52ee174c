"""Which job this process belongs to, as its launcher says in the environment.

To import mpi4py starts MPI, with threads and signal handlers of its own; so it is imported only
where a launcher has started the process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from graphnet.errors import RankError, SpecError
from graphnet.installation import pip_install

if TYPE_CHECKING:
    from graphnet.parallel.communicator import Communicator

#: What launchers call a process's rank and the number of ranks: MPICH and Intel MPI, Open MPI,
#: and what PMIx alone gives (as under Slurm).
_NAMES = (
    ("PMI_RANK", "PMI_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMIX_RANK", ""),
)

#: How a job is started that goes on without ranks it loses.
HOW_ELASTIC = "mpiexec --with-ft ulfm -n N …, by Open MPI 5"


def launched_as(environ: Mapping[str, str]) -> tuple[int, int | None] | None:
    """The rank and the number of ranks; None where no launcher has started the process.

    The number is None where the launcher does not say it.
    """
    for rank, size in _NAMES:
        if environ.get(rank, "").isdecimal():
            number = environ.get(size, "")
            return int(environ[rank]), int(number) if number.isdecimal() else None
    return None


def check_one_process(what: str, environ: Mapping[str, str]) -> None:
    """See that this process is not one of several that a launcher has started.

    Raises:
        RankError: If it is rank 0 of them.
        SystemExit: If it is another one.
    """
    rank, size = launched_as(environ) or (0, None)
    if size is not None and size > 1:
        if rank:
            raise SystemExit(1)
        raise RankError(
            f"'{what}' is for one process, and this is rank 0 of {size}\n"
            "  start it without mpiexec; only 'graphnet solve' runs on several ranks"
        )


def check_least(
    least: int | None, size: int, *, elastic: bool, called: tuple[str, str], of: str = "="
) -> None:
    """See that a job has as many ranks as it is to have at least.

    Args:
        least: With how few it may go on; None where nobody says.
        size: How many it has.
        elastic: Whether it goes on without those it loses.
        called: What the user calls the number, and the switch.
        of: What stands between the number's name and the number.

    Raises:
        SpecError: If it has fewer, or goes on without none.
    """
    number, switch = called
    if least is not None and not elastic:
        raise SpecError(f"{number} says how few may be left with {switch}\n  give both")
    if least is not None and least > size:
        raise SpecError(f"{number}{of}{least}: there are {size} ranks to begin with")


def elastic_of(job: Communicator, min_ranks: int) -> tuple[Communicator, str]:
    """The communicator of a job's ranks that can do without some of them.

    Args:
        job: The job's, no longer to be used.
        min_ranks: With how few it goes on.

    Returns:
        The communicator, and why it is the same as before where it cannot be one.
    """
    made, why_not = job, "there is one rank, which cannot do without itself"
    if job.size > 1:
        from graphnet.parallel.elastic import made_elastic

        made, why_not = made_elastic(job, min_ranks)
    return made, why_not and f"{why_not}\n  start it as {HOW_ELASTIC}"


def current() -> Communicator:
    """The communicator of the job that a launcher has started, or of this process alone.

    Raises:
        RankError: If there is a launcher and mpi4py is not available; on rank 0.
        SystemExit: The same on the others.
    """
    return _instead[-1] if _instead else launched()


def go_on_with(communicator: Communicator) -> None:
    """What :func:`current` gives from now on: of the ranks that an elastic job still has."""
    _instead[:] = [communicator]


_instead: list[Communicator] = []


@cache
def launched() -> Communicator:
    """The communicator of all ranks that were started, as :func:`current` says."""
    from graphnet.parallel.communicator import LocalCommunicator

    launched = launched_as(os.environ)
    if launched is None:
        return LocalCommunicator()
    try:
        from graphnet.parallel.mpi import MPICommunicator
    except (ImportError, RuntimeError) as error:  # the latter where there is no MPI library
        if launched[0]:
            raise SystemExit(1) from None
        raise RankError(
            f"this is rank 0 of a job, but MPI is not available: {error}\n"
            f"  {pip_install('mpi')}, or start graphnet without mpiexec"
        ) from error
    communicator = MPICommunicator()
    communicator.start_watching()
    return communicator
