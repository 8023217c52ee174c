"""Ranks that are lost before a run has begun: those that are left start over."""

from __future__ import annotations

from graphnet.errors import LostRankError
from graphnet.parallel.communicator import Communicator


class StartOverError(LostRankError):
    """A rank was lost while others had not begun yet; all that are left start over.

    Attributes:
        communicator: To them.
    """

    def __init__(self, communicator: Communicator) -> None:
        super().__init__("a rank was lost before the run had begun")
        self.communicator = communicator


def loss_text(left: Communicator) -> str:
    """What has happened, in words, to the ranks that are left."""
    ranks = "1 rank is" if left.size == 1 else f"{left.size} ranks are"
    return f"a rank was lost before the run had begun; {ranks} left"


def without_lost(communicator: Communicator, error: LostRankError) -> Communicator:
    """The communicator of the ranks that are left, to start over with."""
    if isinstance(error, StartOverError):
        return error.communicator
    while True:
        try:
            communicator = communicator.without_lost()
            communicator.all_gather(None)  # where others say how far they are: nowhere
        except LostRankError:
            continue
        return communicator
