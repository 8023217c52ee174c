"""Watch: a thread by which ranks see that the others are alive and getting on.

Every rank sends rank 0 a beat twice a second, and rank 0 sends one to each. A rank whose beats
stay away is dead, stopped or cut off; one whose beats come, but for which others have waited
very long, is stuck. Either ends the job, with a message that names it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from graphnet.errors import SpecError

INTERVAL_S = 0.5
#: What a rank says in place of how long it waits: that it computes, and that it has left for good.
_COMPUTES, _LEAVES = -1.0, -2.0
_LEAVING_S, _NAP_S = 2.0, 0.01
#: Seconds after which nobody can still be waiting for what a rank sent before it left.
_GONE_S = 5.0
#: Default of GRAPHNET_RANK_TIMEOUT: after so many seconds without a beat a rank is given up.
SILENCE_S = 8.0
#: Default of GRAPHNET_STALL_TIMEOUT: so long others wait for a rank that is alive.
STALL_S = 600.0


def timeout(environ: Mapping[str, str], name: str, default: float) -> float:
    """Seconds, as an environment variable gives them.

    Raises:
        SpecError: If it is no positive number.
    """
    text = environ.get(name, "")
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise SpecError(f"{name}: expected a number of seconds above 0, found {text!r}")
    return seconds


class Watch:
    """Sends this rank's beats and listens to the others'.

    Attributes:
        lost: Why the job cannot go on; empty while it can.

    Args:
        beats: An MPI communicator that nothing else uses.
        tag: Of the messages.
        places: Where each rank runs, for messages.
        abort: Ends the job.
        silence_s: Default: GRAPHNET_RANK_TIMEOUT, else 8.
        stall_s: Default: GRAPHNET_STALL_TIMEOUT, else 600.
    """

    def __init__(  # the last two for tests
        self,
        beats: Any,
        tag: int,
        places: Sequence[str],
        abort: Callable[[str], Any],
        *,
        silence_s: float | None = None,
        stall_s: float | None = None,
    ) -> None:
        self._beats, self._tag, self._places, self._abort = beats, tag, places, abort
        self._rank, self._size = beats.Get_rank(), beats.Get_size()
        environ = os.environ
        self._silence_s = silence_s or timeout(environ, "GRAPHNET_RANK_TIMEOUT", SILENCE_S)
        self._stall_s = stall_s or timeout(environ, "GRAPHNET_STALL_TIMEOUT", STALL_S)
        self.lost = ""
        self._peers: Sequence[int] = range(1, self._size) if self._rank == 0 else range(1)
        self._sending: dict[int, Any] = {}
        self._heard: dict[int, float] = {}
        self._looked_at = 0.0
        self._waiting: dict[int, float] = {}  # of each rank, for how long
        self._gone: set[int] = set()
        self._since: float | None = None
        self._is_patient = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graphnet watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._looked_at = time.monotonic()
        self._heard = dict.fromkeys(self._peers, self._looked_at)
        self._thread.start()

    def stop(self) -> None:
        """End; the other ranks are told, and are to end as well."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def wait_begins(self, *, is_patient: bool = False) -> None:
        """This rank waits for others, which may take as long as they like if it is patient."""
        self._since, self._is_patient = time.monotonic(), is_patient

    def wait_ends(self) -> None:
        """This rank no longer waits."""
        self._since = None

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            try:
                self._send()
                self._listen()
            except Exception as error:  # noqa: BLE001  # a thread has nobody to raise it to
                self.lost = f"the ranks cannot be watched: {error}"
            self.lost = self.lost or self._look()
            if self.lost and not self._stopping.is_set():
                self._abort(self.lost)
        with suppress(Exception):  # a rank that does not hear of it will find out by itself
            self._take_leave()

    def _take_leave(self) -> None:
        """Tell all, and hear from all, so that no message is left over."""
        told: set[int] = set()
        for _ in range(int(_LEAVING_S / _NAP_S)):
            for peer in self._peers:
                if peer not in told and self._beat(peer, _LEAVES):
                    told.add(peer)
            self._listen()
            if told | self._gone == told & self._gone == set(self._peers):
                return
            time.sleep(_NAP_S)

    def _send(self) -> None:
        """Send a beat to each peer."""
        since, waiting = self._since, _COMPUTES
        if since is not None:
            waiting = 0.0 if self._is_patient else time.monotonic() - since
        self._waiting[self._rank] = waiting
        for peer in self._peers:
            self._beat(peer, self._waiting[self._rank])

    def _beat(self, peer: int, value: float) -> bool:
        """Send one, unless the one before has not left yet; whether it was sent."""
        request = self._sending.get(peer)
        if request is not None and not request[0].Test():
            return False
        beat = np.array([value])
        self._sending[peer] = (self._beats.Isend(beat, peer, self._tag), beat)
        return True

    def _listen(self) -> None:
        for peer in self._peers:
            self._hear(peer)

    def _hear(self, peer: int) -> None:
        """Take in all beats of a peer."""
        while self._beats.Iprobe(peer, self._tag):
            beat = np.zeros(1)
            self._beats.Recv(beat, peer, self._tag)
            self._take(peer, float(beat[0]))

    def _take(self, peer: int, said: float) -> None:
        """Take in what a peer said by a beat."""
        self._heard[peer], self._waiting[peer] = time.monotonic(), said
        if said == _LEAVES:
            self._gone.add(peer)
            self._waiting[peer] = 0.0

    def _look(self) -> str:
        """Why the job cannot go on, if it cannot."""
        found = self._find()
        return "" if found is None else self._text(*found)

    def _find(self) -> tuple[int, str] | None:
        """A rank that is lost, and what is said of it."""
        now = time.monotonic()
        since_last, self._looked_at = now - self._looked_at, now
        if since_last > 3 * INTERVAL_S:  # held up itself, as the others may have been
            self._heard = {peer: at + since_last for peer, at in self._heard.items()}
        for peer in self._peers:
            silent, since = now - self._heard[peer], self._since
            if peer in self._gone:
                if since is not None and min(silent, now - since) > _GONE_S:
                    return peer, "has left, and is waited for"
            elif silent > self._silence_s:
                return peer, f"has been silent for {silent:.0f} s"
        longest = max(self._waiting.values(), default=_COMPUTES)
        busy = [rank for rank, waiting in self._waiting.items() if waiting < 0]
        if self._rank == 0 and longest > self._stall_s and busy:
            return busy[0], f"is alive, but others wait for it since {longest:.0f} s"
        return None

    def _text(self, rank: int, what: str) -> str:
        return (
            f"rank {rank} of {self._size} ({self._places[rank]}) {what}\n"
            "  the job ends; solve again to go on from its last snapshot"
        )
