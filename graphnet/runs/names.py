"""What runs are called beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.runs.found import FoundRun
from graphnet.runs.settings import differences, short_keys, value_text

#: Settings that a legend tells at most.
_MOST_SETTINGS = 3


def labels(runs: Sequence[FoundRun]) -> list[str]:
    """What tells each run from the others: the settings that differ, else its directory."""
    different = differences([run.settings for run in runs])
    if len(runs) == 1 or not different or len(different) > _MOST_SETTINGS:
        return folder_names(runs)
    short = short_keys(list(different))
    found = [
        ", ".join(f"{short[key]} {value_text(values[i])}" for key, values in different.items())
        for i in range(len(runs))
    ]
    return found if len(set(found)) == len(runs) else folder_names(runs)


def folder_names(runs: Sequence[FoundRun]) -> list[str]:
    """The directories by as few of their last parts as tell them apart."""
    for n in range(1, max(len(run.path.parts) for run in runs) + 1):
        found = ["/".join(run.path.parts[-n:]) for run in runs]
        if len(set(found)) == len(found):
            return found
    return [str(run.path) for run in runs]
