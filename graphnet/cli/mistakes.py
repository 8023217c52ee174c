"""How mistakes are reported: on stderr, without a traceback, each with its place."""

from __future__ import annotations

import traceback
from pathlib import Path

from graphnet.cli.terminal import warn
from graphnet.errors import BreakError, GraphnetError, Position, located

_PACKAGE = Path(__file__).parent.parent


def report(error: GraphnetError) -> None:
    """Print an error; one that a user's own coffee break raised, with the line that did."""
    try:
        with located(raised_at(error.__cause__) if isinstance(error, BreakError) else None):
            raise error
    except GraphnetError as placed:
        warn(str(placed))


def raised_at(error: BaseException | None) -> Position | None:
    """The place in the user's own code that raised; None if it was graphnet that did."""
    if error is None or isinstance(error, GraphnetError):
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


def shown(path: Path) -> Path:
    """A path as a message names it: relative where it lies below the working directory."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
