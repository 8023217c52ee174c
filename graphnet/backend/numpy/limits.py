"""What the process is held to while a net computes, and given back afterwards.

BLAS computes in one thread: the backend's own threads cut the work where it is best cut, and the
order of every sum is then a matter of shapes alone. NumPy's iterators have small buffers.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

#: Elements NumPy's iterators may buffer. By default they copy far more than the kernels gain
#: from, a broadcast bias for instance, before they compute.
BUFFERED_ELEMENTS = 1024


class Blas(NamedTuple):
    """A BLAS library of this process.

    Attributes:
        get: How many threads it computes in.
        set: Have it compute in so many.
        is_per_thread: Whether each thread that calls it has a number of its own (OpenMP).
        architecture: The processor it has chosen its kernels for, as OpenBLAS calls it.
        name: Its own, and its version.
    """

    get: Callable[[], int]
    set: Callable[[int], Any]
    is_per_thread: bool
    architecture: str
    name: str = ""

    def swap(self, n_threads: int) -> int:
        """Have it compute in so many threads; how many it computed in before."""
        before = self.get()
        self.set(n_threads)
        return before


@cache
def blas_libraries() -> tuple[Blas, ...]:
    """Those that were loaded when this was first called; NumPy's is one of them.

    It is first called while graphnet has no thread beside the caller's. The list of libraries is
    walked under the system loader's lock, and each step asks for the interpreter's lock. A thread
    that imports a compiled module asks for these two locks in the other order, and the process
    would stand still for good.
    """
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return tuple(
        Blas(
            *_functions(library),
            getattr(library, "threading_layer", "") == "openmp",
            getattr(library, "architecture", ""),
            f"{library.internal_api} {library.version or ''}".strip(),
        )
        for library in found
    )


def _functions(library: Any) -> tuple[Callable[[], int], Callable[[int], Any]]:
    """What gets and sets the number of threads.

    threadpoolctl takes 2 µs for both, and its newer versions let only one thread of the process
    set the number; OpenBLAS's own functions take a tenth of that.
    """
    if library.internal_api == "openblas" and library.threading_layer != "openmp":
        calls = ctypes.PyDLL(library.filepath)
        for before, behind in product(("", "scipy_"), ("", "64_", "_64")):
            with suppress(AttributeError):
                get, set_ = (
                    getattr(calls, f"{before}openblas_{way}_num_threads{behind}")
                    for way in ("get", "set")
                )
                return get, set_
    return library.get_num_threads, library.set_num_threads


class Limits:
    """A context that may be entered again within itself, and by several threads at a time.

    The first thread to enter finds BLAS as the process has set it; the last to leave puts that
    back. What a thread has for itself is put back when it leaves.
    """

    def __init__(self) -> None:
        self._here = _Here()
        self._lock = threading.Lock()
        self._n_threads = 0  # that have entered
        self._before: list[tuple[Blas, int]] = []
        self._of_process = [blas for blas in blas_libraries() if not blas.is_per_thread]
        self._of_thread = [blas for blas in blas_libraries() if blas.is_per_thread]

    def __enter__(self) -> None:
        here = self._here
        depth = here.depth
        here.depth = depth + 1
        if depth:
            return
        here.buffered, here.before = self.hold_thread()
        with self._lock:
            self._n_threads += 1
            if self._n_threads == 1:
                self._before = [(blas, blas.swap(1)) for blas in self._of_process]

    def __exit__(self, *_error: object) -> None:
        here = self._here
        depth = here.depth = here.depth - 1
        if depth:
            return
        with self._lock:
            self._n_threads -= 1
            if not self._n_threads:
                for blas, n in self._before:
                    blas.set(n)
        for blas, n in here.before:
            blas.set(n)
        np.setbufsize(here.buffered)

    def hold_thread(self) -> tuple[int, list[tuple[Blas, int]]]:
        """Set what the calling thread has for itself; what it was."""
        before = [(blas, blas.swap(1)) for blas in self._of_thread]
        return np.setbufsize(BUFFERED_ELEMENTS), before


class _Here(threading.local):
    """How often the thread has entered, and what it had before."""

    depth = 0
    buffered = 0
    before: list[tuple[Blas, int]]


@cache
def limits() -> Limits:
    """The one of this process: BLAS's threads are the process's."""
    return Limits()
