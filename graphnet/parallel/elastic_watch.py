"""ElasticWatch: the watch of a job that goes on without a rank.

A rank that has gone is MPI's to tell. One that is alive but silent, or stuck, is ended first: by
whoever finds it if it is on the same machine, else by a rank that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from graphnet.parallel.watch import INTERVAL_S, Watch

#: A beat of so much less the number of a rank says that the rank is to be ended.
_GIVEN_UP = -10.0


class ElasticWatch(Watch):
    """Sends beats and listens, as a :class:`Watch` does.

    Args:
        beats: An MPI communicator, on which nothing else has this tag.
        tag: Of the messages.
        places: Where each rank runs, for messages.
        abort: Ends the job.
        end_rank: Ends a rank, if it is on this machine.
        silence_s: Default: GRAPHNET_RANK_TIMEOUT, else 8.
        stall_s: Default: GRAPHNET_STALL_TIMEOUT, else 600.
    """

    def __init__(
        self,
        beats: Any,
        tag: int,
        places: Sequence[str],
        abort: Callable[[str], Any],
        end_rank: Callable[[int], Any],
        *,
        silence_s: float | None = None,
        stall_s: float | None = None,
    ) -> None:
        super().__init__(beats, tag, places, abort, silence_s=silence_s, stall_s=stall_s)
        self._end_rank = end_rank
        self._dead: set[int] = set()  # as MPI says
        self._given_up: dict[int, float] = {}
        self._is_halted = False

    def halt(self) -> None:
        """End at once: the ranks are about to be joined anew."""
        self._is_halted = True
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            self._send()
            self._listen()
            found = self._find()
            if found is not None and not self._stopping.is_set():
                self._give_up(*found)
        if not self._is_halted:
            self._peers = [peer for peer in self._peers if peer not in self._dead]
            self._take_leave()

    def _give_up(self, rank: int, what: str) -> None:
        """End a rank, or the job if that has not helped."""
        since = self._given_up.setdefault(rank, time.monotonic())
        self._end_rank(rank)
        for peer in self._peers:
            if peer != rank:
                self._beat(peer, _GIVEN_UP - rank)
        if time.monotonic() - since > self._silence_s:
            self._abort(self._text(rank, f"{what}, and cannot be ended"))

    def _beat(self, peer: int, value: float) -> bool:
        try:
            return peer not in self._dead and super()._beat(peer, value)
        except Exception:  # noqa: BLE001  # MPI's: it has gone, which the rank hears where it waits
            self._dead.add(peer)
            return False

    def _hear(self, peer: int) -> None:
        try:
            if peer not in self._dead:
                super()._hear(peer)
        except Exception:  # noqa: BLE001  # the same
            self._dead.add(peer)

    def _take(self, peer: int, said: float) -> None:
        if said <= _GIVEN_UP:
            self._end_rank(int(_GIVEN_UP - said))
        else:
            super()._take(peer, said)

    def _find(self) -> tuple[int, str] | None:
        for peer in self._dead:
            self._heard[peer] = time.monotonic()
            self._waiting.pop(peer, None)
        return super()._find()
