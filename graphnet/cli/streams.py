"""Standard output and error while a command runs: no fault of theirs ends it or raises in it.

Both are put on a file below the text that drops what cannot be written and keeps the first error,
and above it what the encoding lacks is written in ASCII. So nothing that prints need care: not the
commands, not rich, not the help, and not a coffee break of the user's own. Whether what was lost
matters is decided at the end.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from graphnet.readable import ERRORS

#: What a shell says of a program that SIGPIPE has ended; programs written in C end so.
READER_GONE = 141


class Steady(io.RawIOBase):
    """A file that takes all it is given.

    Attributes:
        error: The first one met in writing; None while all is well.

    Args:
        target: The file that is written to.
    """

    def __init__(self, target: Any) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._target = target

    def write(self, data: Any) -> int:
        """Write what can be written; the rest is dropped."""
        try:
            while (written := self._target.write(data)) is None:  # a pipe that does not block
                import select

                select.select((), (self.fileno(),), ())
        except OSError as error:
            self.error = self.error or error
            return len(data)
        return int(written)

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The target's."""
        return int(self._target.fileno())

    def isatty(self) -> bool:
        """The target's."""
        return bool(self._target.isatty())


class Output:
    """What becomes of standard output.

    Attributes:
        is_result: Whether it is what the command is for. Training is for its snapshots.

    Args:
        end: What it is written to; None where it cannot fail, as in a text in memory.
    """

    def __init__(self, end: Steady | None) -> None:
        self._end = end
        self.is_result = True

    def verdict(self) -> tuple[int, str]:
        """The exit code for what was lost, and what to say of it; (0, "") if nothing was."""
        error = self._end.error if self._end else None
        if error is None:
            return 0, ""
        if isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL):
            return READER_GONE if self.is_result else 0, ""
        code = 1 if self.is_result else 0
        return code, f"standard output could not be written: {error.strerror or error}"


#: That of the command that runs, where one does.
_current: list[Output] = []


def output_is_a_log() -> None:
    """Of the command that runs: what it is for is not lost because nobody reads what it says."""
    for output in _current:
        output.is_result = False


@contextmanager
def steady_streams() -> Iterator[Output]:
    """Standard output and error are steady inside; what becomes of the former is told."""
    _fill_descriptors()
    before = sys.stdout, sys.stderr
    ends = tuple(_end_of(stream, number) for number, stream in enumerate(before, start=1))
    sys.stdout, sys.stderr = (_text_on(end, text) for end, text in zip(ends, before, strict=True))
    inside = sys.stdout, sys.stderr
    _current.append(Output(ends[0]))
    try:
        yield _current[-1]
    finally:
        _current.pop()
        for stream in inside:
            with suppress(OSError, ValueError):  # what stands in for it, or closed by somebody
                stream.flush()
        sys.stdout, sys.stderr = before


def _fill_descriptors() -> None:
    """Open what the shell has closed (``>&-``), or the next data file would be in its place.

    Standard output is opened so that writing still fails: that it is lost is to be known.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, flags)  # takes the lowest free number, which is this one


def _end_of(stream: TextIO | None, number: int) -> Steady | None:
    """Where the bytes of a stream go; None if it has no bytes, as in a notebook."""
    if stream is None:
        return Steady(io.FileIO(number, "w", closefd=False))
    with suppress(OSError, ValueError):
        stream.flush()
    try:
        below = stream.buffer
    except (AttributeError, ValueError):
        return None
    return Steady(getattr(below, "raw", below))


def _text_on(end: Steady | None, before: TextIO | None) -> Any:
    """A stream like the one before, on a steady end."""
    if end is None:
        return before
    return io.TextIOWrapper(
        io.BufferedWriter(end),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=ERRORS,
        line_buffering=getattr(before, "line_buffering", True),
        write_through=getattr(before, "write_through", False),
    )
