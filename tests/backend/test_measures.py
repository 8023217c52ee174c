"""How the host keeps what passes measure, and looks at what must be true."""

from __future__ import annotations

import numpy as np
import pytest

from graphnet.backend.measures import HostExpectation, HostSums, at_least_one
from graphnet.errors import DataError


def refuse(place, value, ago):
    """What a layer would say."""
    raise DataError(f"{value:g} at {place}, {ago} looks ago")


def test_sums():
    """Numbers are added with their weight, and the weights; they can be read and put back."""
    sums = HostSums(3)
    sums.add(2, (0.5, 3.0))
    sums.add(1, (1.0, 1.0))
    np.testing.assert_array_equal(sums.read(), [2, 7, 3])
    kept = sums.read()
    sums.write(np.zeros(3))
    np.testing.assert_array_equal(sums.read(), [0, 0, 0])
    np.testing.assert_array_equal(kept, [2, 7, 3])
    sums.write(kept)
    np.testing.assert_array_equal(sums.read(), [2, 7, 3])


def test_an_expectation_is_looked_at_at_once():
    """The first place where it is not met is told, and nothing is left to settle."""
    flags, values = np.ones((2, 3), bool), np.arange(6.0).reshape(2, 3)
    expectation = HostExpectation(flags, values, refuse)
    expectation.look()
    flags[1, 1:] = False
    with pytest.raises(DataError, match=r"^4 at \(1, 1\), 0 looks ago$"):
        expectation.look()
    expectation.settle()


@pytest.mark.parametrize(("count", "divisor"), [(0, 1), (1, 1), (7, 7), (0.0, 1.0), (2.5, 2.5)])
def test_at_least_one(count, divisor):
    """A count of zero is replaced by one."""
    assert at_least_one(count) == divisor
