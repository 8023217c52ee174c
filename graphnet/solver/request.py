"""Request: what a coffee break asks the loop to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphnet.declare.validation import describe
from graphnet.errors import SpecError


@dataclass(frozen=True)
class Request:
    """What ``enjoy``, ``open`` or a listener may return, to have the loop do it.

    The loop does it when all breaks of the iteration have had their turn, in the order given
    here. A snapshot holds what the breaks remember, so it cannot be written between them.

    Attributes:
        restore_best: Bring back the params, state and history of the best snapshot.
        restore_last: Bring back those of the newest good snapshot.
        snapshot: Write a snapshot.
        best: Write it as ``best.h5`` too; asks for a snapshot by itself.
        stop: End the run, for this reason.
    """

    restore_best: bool = False
    restore_last: bool = False
    snapshot: bool = False
    best: bool = False
    stop: str = ""

    def __or__(self, other: Request) -> Request:
        """Both requests in one; of two reasons to stop the first counts."""
        return Request(
            self.restore_best or other.restore_best,
            self.restore_last or other.restore_last,
            self.snapshot or other.snapshot,
            self.best or other.best,
            self.stop or other.stop,
        )


def requested(returned: Any) -> Request:
    """What a hook has returned, as a request.

    Raises:
        SpecError: If it is neither a Request nor None.
    """
    if returned is None:
        return Request()
    if not isinstance(returned, Request):
        raise SpecError(f"expected a Request or nothing to be returned, found {describe(returned)}")
    return returned
