"""How the device keeps what passes measure, on a stand-in for CuPy."""

from __future__ import annotations

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.fake_cupy import FakeCupy

from graphnet.backend import open_backend
from graphnet.backend.cupy.backend import CupyBackend
from graphnet.backend.cupy.measures import DeviceExpectation, DeviceSums, ProductSum
from graphnet.backend.measures import at_least_one
from graphnet.errors import DataError

pytestmark = pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)

CP = FakeCupy()
BACKEND = CupyBackend(CP)


@pytest.fixture(autouse=True)
def _reset():
    CP.ledger.reset()


def number(value):
    """A number of the device."""
    made = CP.full((), value, np.float64)
    CP.ledger.reset()
    return made


def refuse(place, value, ago):
    """What a layer would say."""
    raise DataError(f"{value:g} at {place}, {ago} looks ago")


def test_sums():
    """Weights and numbers of either side are added up without waiting; then they are read."""
    sums = DeviceSums(CP, 4)
    sums.add(2, (number(0.5), number(3.0), 10.0))
    sums.add(number(1), (number(1.0), number(1.0), number(1.0)))
    assert CP.ledger.downloads == CP.ledger.uploads == 0
    kept = sums.read()
    np.testing.assert_array_equal(kept, [2, 7, 21, 3])
    sums.write(np.zeros(4))
    np.testing.assert_array_equal(sums.read(), 0)
    sums.write(kept)
    np.testing.assert_array_equal(sums.read(), kept)


def test_sums_of_more_numbers_than_a_launch_takes():
    """They are added one by one, and still nothing is fetched."""
    sums = DeviceSums(CP, 6)
    for weight in (2, number(3)):
        sums.add(weight, (number(1.0), 2.0, number(3.0), 4.0, number(5.0)))
    assert CP.ledger.downloads == CP.ledger.uploads == 0
    np.testing.assert_array_equal(sums.read(), [5, 10, 15, 20, 25, 5])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [0, 1, 255, 65536, 65537, 200_001])
def test_square_sum(dtype, size):
    """Σ x² in double precision, of any length, the same each time, without waiting."""
    host = np.random.default_rng(0).standard_normal(size).astype(dtype)
    x, products = CP.asarray(host), ProductSum(CP)
    CP.ledger.reset()
    first, second = products(x, x), products(x, x)
    assert CP.ledger.downloads == 0
    assert first.dtype == np.float64
    assert float(first) == float(second)
    assert float(first) == pytest.approx(np.square(host.astype(float)).sum(), rel=1e-14)


def test_sums_of_products_of_other_sizes():
    """Each has the blocks that it needs; nothing is left of the larger one before it."""
    products = ProductSum(CP)
    for n in (70_000, 3, 256, 257, 1000):
        host = np.random.default_rng(n).standard_normal(n)
        x = CP.asarray(host)
        assert float(products(x, x)) == pytest.approx(np.square(host).sum(), rel=1e-13)


def test_square_sum_is_not_finite_where_an_element_is_not():
    """Large numbers do not overflow; what is not finite shows."""
    products = ProductSum(CP)

    def total_squares(x):
        return products(x, x)

    for value, expected in ((1e30, 2e60), (np.inf, np.inf)):
        total = total_squares(CP.asarray(np.array([value, -value], "f4")))
        assert float(total) == pytest.approx(expected, rel=1e-6)
    assert np.isnan(float(total_squares(CP.asarray(np.array([np.nan], "f4")))))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_first_failure_is_told_when_it_is_settled(dtype):
    """Of the first batch that was not as expected, the first place; then it is forgotten."""
    flags, values = CP.asarray(np.ones((2, 300), bool)), CP.asarray(np.zeros((2, 300), dtype))
    expectation = DeviceExpectation(CP, flags, values, refuse)
    expectation.look()
    expectation.settle()
    flags[1, 250:], values[1, 250] = False, 4
    CP.ledger.reset()
    expectation.look()
    flags[0, 0], values[0, 0] = False, 5  # a later batch
    expectation.look()
    assert CP.ledger.downloads == CP.ledger.uploads == 0
    with pytest.raises(DataError, match=r"^4 at \(1, 250\), 1 looks ago$"):
        expectation.settle()
    expectation.settle()
    expectation.look()
    with pytest.raises(DataError, match=r"^5 at \(0, 0\), 0 looks ago$"):
        expectation.settle()


@pytest.mark.parametrize("norm", [0.0, 0.5, 2.0, 2.5, 1e30, np.inf, np.nan])
def test_clip_factor(norm):
    """The same on both backends: 1 up to the limit, and where the norm is not finite."""
    host = open_backend("numpy", 1).clip_factor(norm, 2.0)
    there = BACKEND.clip_factor(number(norm), 2.0)
    assert CP.ledger.downloads == 0
    assert float(there) == host


def test_numbers_go_on_being_numbers():
    """What a loss computes of a number of the device stays there, in double precision."""
    total = BACKEND.number(CP.asarray(np.array([1, 2], "f4")).sum())
    CP.ledger.reset()
    loss = 0.5 / at_least_one(number(0)) * total - 1
    assert CP.ledger.downloads == 0
    assert loss.dtype == np.float64
    assert float(loss) == 0.5


@pytest.mark.parametrize("pair", [(3.0, 2.0), (0.0, 2.0), (3.0, 0.0), (0.0, 0.0)])
def test_ratio(pair):
    """The same on both backends: 1 where one of the numbers is 0; nothing is fetched."""
    host = open_backend("numpy", 1).ratio(*pair)
    assert host == (1.5 if all(pair) else 1.0)
    CP.ledger.reset()
    with np.errstate(all="ignore"):
        there = BACKEND.ratio(*map(number, pair))
    assert CP.ledger.downloads == 0
    assert float(there) == host
