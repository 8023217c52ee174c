"""Standard output and error that never raise while a command runs.

Below the text layer of both lies a file that drops what cannot be written and keeps the first
error; characters that the encoding lacks are written in ASCII. So commands, rich, the help and
coffee breaks print without care, and at the end it is decided whether anything lost matters. What
would steer a terminal, as names in files of somebody else may, is shown instead.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from graphnet.readable import ERRORS, drawn_only

#: The exit code that a shell gives a program ended by SIGPIPE, as programs in C are.
READER_GONE = 141


class Steady(io.RawIOBase):
    """A file that takes everything, and drops what its target refuses.

    Attributes:
        error: The first error in writing, or None.

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


class _Shown(io.TextIOWrapper):
    """A text stream that shows what would steer a terminal, whoever writes it."""

    def write(self, text: str) -> int:
        """Write it, with escapes for all but what draws tables and bars."""
        super().write(drawn_only(text))
        return len(text)


class Output:
    """The fate of standard output.

    Attributes:
        is_result: Whether it is the command's result; that of training is its snapshots.

    Args:
        end: The file it goes to; None where writing cannot fail, as in a text in memory.
    """

    def __init__(self, end: Steady | None) -> None:
        self._end = end
        self.is_result = True

    def verdict(self) -> tuple[int, str]:
        """The exit code and the message if output was lost; else 0 and an empty text."""
        error = self._end.error if self._end else None
        if error is None:
            return 0, ""
        if isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL):
            return READER_GONE if self.is_result else 0, ""
        code = 1 if self.is_result else 0
        return code, f"standard output could not be written: {error.strerror or error}"


#: The output of the command that runs, if one does.
_current: list[Output] = []


def output_is_a_log() -> None:
    """Say that the output of this command is a log: the command succeeds if nobody reads it."""
    for output in _current:
        output.is_result = False


@contextmanager
def steady_streams() -> Iterator[Output]:
    """Inside, standard output and error never raise; gives the fate of standard output."""
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
            with suppress(OSError, ValueError):  # it may be closed, or of the caller
                stream.flush()
        sys.stdout, sys.stderr = before


def _fill_descriptors() -> None:
    """Open the streams that the shell has closed (``>&-``), or a data file would get their number.

    Standard output is opened for reading: writing must still fail, so that the loss is noticed.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, flags)  # takes the lowest free number, which is this one


def _end_of(stream: TextIO | None, number: int) -> Steady | None:
    """The file below a stream; None if there is none, as in a notebook."""
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
    return _Shown(
        io.BufferedWriter(end),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=ERRORS,
        line_buffering=getattr(before, "line_buffering", True),
        write_through=getattr(before, "write_through", False),
    )
