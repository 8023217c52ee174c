"""The job that ``gn.solve`` trains in: of all ranks that were started, or those that are left."""

from __future__ import annotations

from functools import partial

from graphnet.declare.arguments import whole_number
from graphnet.errors import LostRankError, SpecError
from graphnet.parallel.communicator import Communicator, together
from graphnet.parallel.launch import check_least, current, elastic_of, go_on_with
from graphnet.parallel.starting_over import loss_text, without_lost
from graphnet.solver.trainable_net import TrainableNet

_CALLED = ("solve: min_ranks", "elastic=True")


def job_of(net: TrainableNet, min_ranks: int | None, *, elastic: bool) -> tuple[Communicator, str]:
    """The job of a run, made elastic if that is asked for.

    A net that was loaded in shards is in a job already. One that is elastic stays so.

    Args:
        net: What is trained.
        min_ranks: With how few ranks it goes on; None means 1.
        elastic: Whether it goes on without ranks that it loses.

    Returns:
        The communicator, and why it is not elastic although it was to be.

    Raises:
        SpecError: If it has fewer ranks than it is to have at least, or is elastic with another
            number of them.
    """
    least = 1 if min_ranks is None else whole_number("min_ranks", min_ranks, 1)
    check = partial(check_least, min_ranks, elastic=elastic, called=_CALLED)
    if not elastic:
        check(least)
    if net.in_shards is not None:
        return net.in_shards.communicator, ""
    job = current()
    if job.is_elastic and min_ranks not in (None, job.min_ranks):
        raise SpecError(
            f"solve: min_ranks={min_ranks}, but this job is elastic already, with"
            f" min_ranks={job.min_ranks}\n  leave it out"
        )
    if not elastic or job.is_elastic:
        return job, ""
    together(job, partial(check, job.size))
    job, why_not = elastic_of(job, least)
    go_on_with(job)
    return job, why_not and f"elastic has no effect: {why_not}"


def left_of(net: TrainableNet, job: Communicator, lost: LostRankError) -> tuple[Communicator, str]:
    """The job of the ranks that are left when one was lost before the run had begun.

    Returns:
        The communicator, and what has happened.

    Raises:
        LostRankError: If the net was loaded in shards, by ranks that are no more.
    """
    if net.in_shards is not None:
        raise lost
    left = without_lost(job, lost)
    go_on_with(left)
    return left, loss_text(left)
