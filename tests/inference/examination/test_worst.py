"""The rows that are most wrong."""

from __future__ import annotations

import numpy as np

from graphnet.inference.examination.worst import WorstRows


def test_the_largest_costs_of_all_batches_are_kept():
    """The worst first; of equal ones the first; what is no number is worst of all."""
    costs = np.array([3, 1, np.nan, 5, 5, 0, 4, 5], float)
    found = WorstRows(4)
    for first in range(0, 8, 3):
        part = costs[first : first + 3]

        def detail(i, first=first):
            return {"at": first + i}

        found.add(first, part, detail)
    assert [one.row for one in found.rows] == [2, 3, 4, 7]
    assert [one.detail["at"] for one in found.rows] == [2, 3, 4, 7]
    assert found.rows[0].cost == np.inf


def test_none_can_be_wanted():
    """Then nothing is kept."""
    found = WorstRows(0)
    found.add(0, np.ones(3), lambda i: {"at": i})
    assert found.rows == []
