"""RunPoint: how far a run is at an iteration, as the ranks of a job count it."""

from __future__ import annotations

from enum import IntEnum


class RunPoint(IntEnum):
    """What has been done of an iteration, and of the run."""

    #: Nothing: the run has not begun.
    NEW = 0
    #: The update of the iteration; its coffee breaks have not been taken.
    STEPPED = 1
    #: They have, if any were due.
    PAUSED = 2
    #: The run is at its end: the last snapshot is written, and the breaks have finished.
    FINISHED = 3
    #: All that is left is to leave.
    CLOSED = 4
