"""Streams of the stand-in for CuPy: who waits for whom, and who should have.

Work is done at once, but what a real device might do at another time is looked for: every
operation of a stream gets a number, and an event carries the numbers of all that happened
before it. Copies between the host's pinned memory and the device run whenever they like until
somebody waits for them, so a copy is an error of the program wherever

- one stream copies into memory that another one uses, and neither waits for the other;
- the host writes pinned memory before it knows that the copy out of it is done.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np


class RaceError(AssertionError):
    """Two streams, or a stream and the host, use the same memory and do not wait."""


@dataclass
class _Watched:
    """Memory of the device that a stream other than the first has copied into."""

    low: int
    high: int
    copied: tuple[int, int]  # stream, number of the operation
    owner: weakref.ref[np.ndarray]  # once it is gone, others may be where it was
    touched: dict[int, int] = field(default_factory=dict)  # by stream, its last use


@dataclass
class _InFlight:
    """A copy out of pinned memory that the host has not waited for."""

    array: np.ndarray
    contents: np.ndarray
    stream: int
    number: int


class Pinned:
    """Page-locked memory of the host: only from there copies run by themselves."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []

    def alloc(self, n_bytes: int) -> np.ndarray:
        """``cupy.cuda.alloc_pinned_memory``: a buffer."""
        self._blocks.append(np.empty(n_bytes, np.uint8))
        return self._blocks[-1]

    def empty(self, shape: Any, dtype: Any = float, order: str = "C") -> np.ndarray:
        """``cupyx.empty_pinned``."""
        made = np.empty(shape, dtype, order)  # type: ignore[call-overload]
        self._blocks.append(made)
        return np.asarray(made)

    def holds(self, array: np.ndarray) -> bool:
        """Whether an array lies in it."""
        return any(np.may_share_memory(array, block) for block in self._blocks)


class Timeline:
    """All streams of one device, and what the host knows of them.

    Attributes:
        null: The stream that a thread begins with.
        pinned: The host's pinned memory.
    """

    def __init__(self, ledger: Any) -> None:
        self.ledger, self.pinned = ledger, Pinned()
        self._count = 0
        self._of_thread = threading.local()
        self.null = _Stream(self, non_blocking=False)
        self._streams = [self.null]
        self._host: dict[int, int] = {}
        self._watched: list[_Watched] = []
        self._in_flight: list[_InFlight] = []
        self._lock = threading.RLock()

    @property
    def current(self) -> _Stream:
        """The stream that the work of this thread goes to."""
        return getattr(self._of_thread, "stream", self.null)

    @current.setter
    def current(self, stream: _Stream) -> None:
        self._of_thread.stream = stream

    # --- the classes of cupy.cuda -------------------------------------------------------

    def stream_class(self) -> Any:
        """``cupy.cuda.Stream``."""

        def stream(null: bool = False, non_blocking: bool = False) -> _Stream:
            if null:
                return self.null
            self._streams.append(_Stream(self, non_blocking=non_blocking))
            return self._streams[-1]

        stream.null = self.null  # type: ignore[attr-defined]
        return stream

    def event_class(self) -> Any:
        """``cupy.cuda.Event``."""

        def event(**flags: bool) -> _Event:
            unknown = flags.keys() - {"block", "disable_timing", "interprocess"}
            if unknown:
                raise TypeError(f"an event has no {unknown}")
            return _Event(self)

        return event

    # --- what happens -------------------------------------------------------------------

    def number(self) -> int:
        """Of the next stream."""
        self._count += 1
        return self._count - 1

    def work(self, arrays: list[Any]) -> None:
        """The current stream uses these arrays."""
        if len(self._streams) == 1:
            return  # one stream does one thing after another
        with self._lock:
            at = self._begin(self.current)
            for array in arrays:
                for watched in self._watching(array):
                    if not self.current.knows(*watched.copied):
                        raise RaceError(
                            "memory is used by a stream that has not waited for the copy into it"
                        )
                    watched.touched[self.current.id] = at

    def copy_in(self, target: Any, source: np.ndarray, stream: _Stream | None) -> None:
        """A stream copies from the host to the device."""
        stream = stream or self.current
        with self._lock:
            at = self._begin(stream)
            self._check_flights()
            if self.pinned.holds(source):
                self._in_flight.append(_InFlight(source, source.copy(), stream.id, at))
            else:
                self._host[stream.id] = at  # out of other memory the host copies, and waits
            for watched in self._watching(target):
                if not all(
                    stream.knows(*use) for use in (*watched.touched.items(), watched.copied)
                ):
                    raise RaceError("a copy overwrites memory that another stream still uses")
                self._watched.remove(watched)
            if len(self._streams) > 1:
                owner = weakref.ref(_owner(target._a))
                self._watched.append(_Watched(*_bounds(target._a), (stream.id, at), owner))

    def _watching(self, array: Any) -> list[_Watched]:
        """What is watched of the memory between an array's bounds."""
        low, high = _bounds(array._a)
        self._watched = [w for w in self._watched if w.owner() is not None]
        return [w for w in self._watched if low < w.high and w.low < high]

    def _begin(self, stream: _Stream) -> int:
        """The number of a stream's next operation, after what it and the host know of."""
        _merge(stream.known, self._host)
        if not stream.non_blocking:  # those and the null stream wait for each other
            others = self._streams if stream is self.null else [self.null]
            for other in others:
                if not other.non_blocking:
                    _merge(stream.known, {other.id: other.done})
        stream.done += 1
        stream.known[stream.id] = stream.done
        return stream.done

    def _check_flights(self) -> None:
        """Nothing in flight has been overwritten; what the host knows to be done, has landed."""
        still = []
        for flight in self._in_flight:
            if not np.array_equal(flight.array, flight.contents, equal_nan=True):
                raise RaceError("pinned memory was written while a copy out of it was under way")
            if self._host.get(flight.stream, -1) < flight.number:
                still.append(flight)
        self._in_flight = still

    def wait(self, known: dict[int, int], *, counted: bool = True) -> None:
        """The host waits until all that is known of has happened."""
        # a thread that reads data may wait as long as it likes
        self.ledger.syncs += counted and threading.current_thread() is threading.main_thread()
        with self._lock:
            self._check_flights()
            _merge(self._host, known)
            self._check_flights()

    def synchronize(self, *, counted: bool = True) -> None:
        """The host waits for everything."""
        self.wait({s.id: s.done for s in self._streams}, counted=counted)


class _Stream:
    """``cupy.cuda.Stream``."""

    def __init__(self, timeline: Timeline, *, non_blocking: bool) -> None:
        self._timeline, self.non_blocking = timeline, non_blocking
        self.id, self.done = timeline.number(), 0
        self.known: dict[int, int] = {}
        self.ptr = self.id
        self._before: list[_Stream] = []

    def knows(self, stream: int, number: int) -> bool:
        """Whether what it does next comes after an operation of a stream."""
        return self.known.get(stream, -1) >= number

    def __enter__(self) -> Self:
        self._before.append(self._timeline.current)
        self._timeline.current = self
        return self

    def __exit__(self, *_: object) -> None:
        self._timeline.current = self._before.pop()

    def use(self) -> _Stream:
        """Make it the current one."""
        self._timeline.current = self
        return self

    def synchronize(self) -> None:
        """The host waits for it."""
        self._timeline.wait({self.id: self.done})

    def record(self, event: _Event | None = None) -> _Event:
        """An event after all that is in it now."""
        event = event or _Event(self._timeline)
        event.record(self)
        return event

    def wait_event(self, event: _Event) -> None:
        """What comes later in it comes after the event."""
        _merge(self.known, event.known)


class _Event:
    """``cupy.cuda.Event``."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.known: dict[int, int] = {}

    def record(self, stream: _Stream | None = None) -> None:
        """Stand after all that is in a stream now."""
        stream = stream or self._timeline.current
        self.known = {**stream.known, stream.id: stream.done}

    def synchronize(self) -> None:
        """The host waits for it."""
        self._timeline.wait(self.known)

    @property
    def done(self) -> bool:
        """Whether the host can know that it has happened: only once it has waited."""
        host = self._timeline._host
        return all(host.get(stream, -1) >= number for stream, number in self.known.items())


def _merge(known: dict[int, int], other: dict[int, int]) -> None:
    for stream, number in other.items():
        known[stream] = max(known.get(stream, -1), number)


def _owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory it is."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _bounds(array: np.ndarray) -> tuple[int, int]:
    """The addresses an array lies between."""
    bounds: tuple[int, int] = np.lib.array_utils.byte_bounds(array)
    return bounds
