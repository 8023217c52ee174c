"""Reporting errors: on stderr, without a traceback, each with its place."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from graphnet.cli.output.terminal import warn
from graphnet.errors import (
    BreakError,
    GraphnetError,
    Position,
    SpecError,
    UnknownNameError,
    UserCodeError,
    located,
)
from graphnet.files.paths import shown

_PACKAGE = Path(__file__).parents[2]


def report(error: GraphnetError, cause: BaseException | None = None) -> None:
    """Print an error; if user code caused it, with the line that did.

    Args:
        error: The error to print.
        cause: What user code raised. Default: what the error was raised from.
    """
    is_of_user = isinstance(error, BreakError | UserCodeError)
    try:
        with located(raised_at(cause or error.__cause__) if is_of_user else None):
            raise error
    except GraphnetError as placed:
        warn(str(placed))


def check_working_directory() -> None:
    """Check that the working directory is there: it may have been removed meanwhile.

    Raises:
        SpecError: If it is gone.
    """
    try:
        os.getcwd()  # noqa: PTH109  # the bare question
    except OSError as error:
        raise SpecError(
            f"the working directory cannot be used: {error.strerror}\n"
            "  it may have been removed; change to one that is there (cd)"
        ) from None


def system_text(error: OSError | UnicodeEncodeError) -> str:
    """The system's message about a file, for errors that graphnet says nothing more about."""
    if isinstance(error, UnicodeEncodeError):
        return (
            f"'{error.object}' cannot be the name of a file here: the locale has only"
            f" {error.encoding}\n  set one in UTF-8, as by PYTHONUTF8=1"
        )
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename is not None else said


def raised_at(error: BaseException | None) -> Position | None:
    """The place in user code that raised; None if graphnet raised."""
    is_own = isinstance(error, GraphnetError) and not isinstance(error, UnknownNameError)
    if error is None or is_own:
        return None
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    if not own:
        return None
    file = shown(Path(own[-1].filename))
    return Position(str(file), own[-1].lineno or 1, (own[-1].colno or 0) + 1)
