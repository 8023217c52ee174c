# ruff: noqa: D102  # the contract says what each method does
"""Ranks that are threads, of which some die, and the others go on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from support.thread_ranks import PATIENCE_S, Job, ThreadCommunicator

from graphnet.errors import LostRankError, RankError


class Dies(BaseException):
    """What a rank that dies raises: nobody but its thread hears of it."""


class World(Job):
    """A communicator's members, by the numbers that they had in the beginning."""

    def __init__(self, members: Sequence[int], everyone: Everyone) -> None:
        super().__init__(len(members))
        self.members, self.everyone = list(members), everyone
        self.is_revoked = False
        self.flags: dict[int, bool] = {}
        self.successor: World | None = None

    @property
    def left(self) -> list[int]:
        return [member for member in self.members if member not in self.everyone.dead]


class Everyone:
    """Who is dead, and a condition by which the others hear of it."""

    def __init__(self) -> None:
        self.dead: set[int] = set()
        self.has_changed = threading.Condition()


class ElasticThread(ThreadCommunicator):
    """One rank of an elastic job of threads."""

    is_elastic = True

    def __init__(self, world: World, number: int, min_ranks: int = 1) -> None:
        super().__init__(world, world.members.index(number), len(world.members))
        self.world, self.number, self.min_ranks = world, number, min_ranks

    def describe(self) -> list[str]:
        return [f"thread {member}" for member in self.world.members]

    def check(self) -> None:
        everyone = self.world.everyone
        if self.number in everyone.dead:
            raise Dies
        if self.world.is_revoked or everyone.dead & set(self.world.members):
            raise LostRankError("a rank is lost")

    def _send(self, peer: int, value: Any) -> None:
        if self.number in self.world.everyone.dead:
            raise Dies
        if self.world.is_revoked:
            raise LostRankError("a rank is lost")
        super()._send(peer, value)

    def _receive(self, peer: int) -> Any:
        mail = self.job.mail[peer, self.rank]
        for _ in range(PATIENCE_S * 100):
            try:
                return mail.get(timeout=0.01)
            except queue.Empty:
                if self.job.is_over.is_set() and mail.empty():  # what was sent before has come
                    raise RankError(self.job.message) from None
                if self.world.is_revoked or self.world.members[peer] in self.world.everyone.dead:
                    self.check()
        raise RankError(f"rank {self.rank} waits for rank {peer}")

    def abort(self, message: str) -> Any:
        if self.number in self.world.everyone.dead:
            raise Dies
        return super().abort(message)

    def agree(self) -> bool:
        return self._agree(is_well=True)

    def _agree(self, *, is_well: bool) -> bool:
        world = self.world
        with world.everyone.has_changed:
            world.flags.setdefault(self.number, is_well)
            world.everyone.has_changed.notify_all()
            world.everyone.has_changed.wait_for(
                lambda: set(world.left) <= set(world.flags) or world.is_over.is_set(), PATIENCE_S
            )
            return all(world.flags[member] for member in world.left)

    def without_lost(self) -> ElasticThread:
        self.world.is_revoked = True
        self._agree(is_well=False)
        with self.world.everyone.has_changed:
            if self.world.successor is None:
                self.world.successor = World(self.world.left, self.world.everyone)
                self.world.successor.is_over = self.world.is_over
        successor = ElasticThread(self.world.successor, self.number, self.min_ranks)
        if successor.size < self.min_ranks:
            successor.abort(f"{successor.size} ranks are left")
        return successor

    def die(self) -> None:
        """Die here."""
        with self.world.everyone.has_changed:
            self.world.everyone.dead.add(self.number)
            self.world.everyone.has_changed.notify_all()
        raise Dies


def run_elastic(
    size: int, work: Callable[[ElasticThread], Any], min_ranks: int = 1
) -> dict[int, Any]:
    """What ``work`` returns or raises on each rank, by its first number; None where it died."""
    world, results = World(range(size), Everyone()), {}

    def run(number: int) -> None:
        try:
            results[number] = work(ElasticThread(world, number, min_ranks))
        except Dies:
            results[number] = None
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            results[number] = error
            world.message = world.message or f"rank {number}: {error}"
            world.is_over.set()

    names = [f"rank {number}" for number in range(size)]
    threads = [
        threading.Thread(target=run, args=(number,), name=name, daemon=True)
        for number, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    return results
