"""History: what a run has recorded, as arrays by key.

state = gn.solve(solver, net)
plt.plot(*state.history["accuracy"])
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from graphnet.errors import GraphnetError, UnknownNameError, did_you_mean
from graphnet.installation import pip_install
from graphnet.sealed import Sealed


class Curve(NamedTuple):
    """What was recorded under one key.

    Attributes:
        iters: ``(n,)`` int64, ascending: updates done when a value was recorded.
        values: ``(n,)`` float64.
    """

    iters: np.ndarray
    values: np.ndarray


class GrowingCurve:
    """Values as they are recorded under one key: sixteen bytes for each.

    Args:
        recorded: Those that there are already, by iteration.
    """

    __slots__ = ("iters", "values")

    def __init__(self, recorded: Mapping[int, float] = MappingProxyType({})) -> None:
        self.iters, self.values = array("q", recorded), array("d", recorded.values())

    def add(self, iteration: int, value: float) -> None:
        """Add a value; of several at one iteration the last counts."""
        self.iters.append(iteration)
        self.values.append(value)

    def extend(self, other: GrowingCurve) -> None:
        """Add another's, which were recorded later."""
        self.iters.extend(other.iters)
        self.values.extend(other.values)

    def by_iter(self) -> dict[int, float]:
        """The values by iteration, in the order in which they were recorded."""
        return dict(zip(self.iters, self.values, strict=True))

    def curve(self) -> Curve:
        """The values in the order of their iterations."""
        iters, values = np.array(self.iters, np.int64), np.array(self.values, np.float64)
        if (np.diff(iters) <= 0).any():
            order = np.argsort(iters, kind="stable")
            is_last = np.append(np.diff(iters[order]) > 0, True)  # of equal ones
            iters, values = iters[order][is_last], values[order][is_last]
        return Curve(iters, values)


def columns_by_key(
    keys: Sequence[str], which: np.ndarray, iters: np.ndarray, values: np.ndarray
) -> dict[str, GrowingCurve]:
    """What was recorded in turn, by key; the keys in the order in which they first come.

    Args:
        keys: Their names.
        which: ``(n,)``: the number of the key of each value.
        iters: ``(n,)`` int64.
        values: ``(n,)`` float64.
    """
    found = {}
    for number in dict.fromkeys(which.tolist()):
        column = found[keys[number]] = GrowingCurve()
        column.iters.frombytes(iters[which == number].tobytes())
        column.values.frombytes(values[which == number].tobytes())
    return found


class History(Sealed, Mapping[str, Curve]):
    """What a run has recorded: ``history["loss"].values``, by key in the order of the first value.

    It is a copy: what is recorded later is not in it.

    Args:
        recorded: By key, then by iteration.

    Raises:
        UnknownNameError: On reading a key that was never recorded.

    Example:
        >>> history = gn.History({"accuracy": {0: 0.125, 1000: 0.9375}})
        >>> history["accuracy"].values
        array([0.125 , 0.9375])
        >>> history["accuracy"].iters
        array([   0, 1000])
    """

    def __init__(self, recorded: Mapping[str, Mapping[int, float]]) -> None:
        columns = {key: GrowingCurve(values) for key, values in recorded.items()}
        self._curves = {key: column.curve() for key, column in columns.items() if column.iters}

    @classmethod
    def of(cls, columns: Mapping[str, GrowingCurve]) -> Self:
        """What has been recorded in ``columns``, by key."""
        made = cls({})
        made._curves = {key: column.curve() for key, column in columns.items() if column.iters}
        return made

    def __getitem__(self, key: str) -> Curve:
        try:
            return self._curves[key]
        except KeyError:
            there = ", ".join(self._curves) or "nothing"
            hint = did_you_mean(key, self._curves) if isinstance(key, str) else ""
            raise UnknownNameError(
                f"nothing was recorded under {key!r}; recorded: {there}{hint}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._curves)

    def __len__(self) -> int:
        return len(self._curves)

    def __repr__(self) -> str:
        if not self._curves:
            return "<History: nothing recorded>"
        width = max(map(len, self._curves))
        lines = [
            f"  {key:<{width}}  {len(iters):>6,} values, the last {values[-1]:.6g}"
            f" at iteration {iters[-1]:,}"
            for key, (iters, values) in self._curves.items()
        ]
        return "\n".join([f"<History: {len(lines)} keys", *lines]) + ">"

    def to_dataframe(self) -> Any:
        """A ``pandas.DataFrame``: a column for each key, a row for each iteration, gaps as NaN.

        Raises:
            GraphnetError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise GraphnetError(
                "to_dataframe: pandas is not installed\n"
                f"  {pip_install('notebooks')}; without it, history[key] has arrays"
            ) from error
        columns = {key: pd.Series(values, pd.Index(iters)) for key, (iters, values) in self.items()}
        frame = pd.DataFrame(columns).sort_index()
        frame.index.name = "iter"
        return frame
