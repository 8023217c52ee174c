"""The sums behind the noise scale, against gradients drawn with a known mean and covariance."""

from types import SimpleNamespace

import numpy as np
import pytest

from graphnet.backend import open_backend
from graphnet.solver.gradient_noise import NoiseSums

BATCH, N, DIM = 8, 4, 30


def summed(updates, seed=0, spread=2.0):
    """The sums of so many updates, and the batches' gradients ``(updates, N, DIM)``."""
    rng = np.random.default_rng(seed)
    samples = 1.0 + spread * rng.standard_normal((updates, N, BATCH, DIM))
    batches = samples.mean(axis=2)
    sums = NoiseSums(open_backend("numpy", 1), N)
    sums.are_wanted = True
    for update in batches:
        for gradient in update:
            sums.add_batch(gradient)
        sums.add_sum(update.sum(axis=0))
        sums.end(is_made=True)
    return sums, batches


def test_the_formulas_of_the_paper():
    """Appendix A.1, with B_small a batch and B_big all batches of an update."""
    sums, batches = summed(3)
    small = np.mean(np.sum(batches**2, axis=2))
    big = np.mean(np.sum(batches.mean(axis=1) ** 2, axis=1))
    b_small, b_big = BATCH, BATCH * N
    square = (b_big * big - b_small * small) / (b_big - b_small)
    variance = (small - big) / (1 / b_small - 1 / b_big)
    assert sums.estimates(BATCH) == pytest.approx((square, variance), rel=1e-12)
    assert sums.length() == pytest.approx(np.sqrt(big), rel=1e-12)


def test_the_estimates_are_what_they_estimate():
    """|G|² is 30, tr Σ is 4 · 30: over many updates, to 2 %."""
    square, variance = summed(3000)[0].estimates(BATCH)
    assert square == pytest.approx(DIM, rel=0.02)
    assert variance == pytest.approx(4 * DIM, rel=0.02)


def test_nothing_is_added_up_unasked():
    """And a sum goes on from what was kept."""
    sums = NoiseSums(open_backend("numpy", 1), 2)
    sums.add_batch(np.ones(3))
    sums.add_sum(np.ones(3))
    sums.end(is_made=True)
    assert sums.estimates(4) is None
    assert sums.length() == 0.0
    kept, _ = summed(5)
    sums.load_state_dict(kept.state_dict())
    assert sums.state_dict() == kept.state_dict()
    kept.reset()
    assert kept.estimates(4) is None


def test_what_is_skipped_does_not_count():
    """Whatever it was."""
    sums, _ = summed(4)
    before = sums.state_dict()
    sums.add_batch(np.array([np.inf, 1.0]))
    sums.add_sum(np.array([np.nan, 1.0]))
    sums.end(is_made=False)
    assert sums.state_dict() == before
    sums.end(is_made=True)
    assert sums.state_dict() == before


class InShards:
    """Of a batch of rows in parts of these sizes."""

    def __init__(self, sizes):
        self.shards = SimpleNamespace(count=len(sizes))
        self.sizes = sizes
        self.shard_square = 0.0

    def measure(self, samples):
        """The shards' squares of the samples' gradients, and the gradient of the batch."""
        parts = np.split(samples, np.cumsum(self.sizes)[:-1])
        squares = [np.sum(part.mean(axis=0) ** 2) for part in parts]
        self.shard_square = float(np.average(squares, weights=self.sizes))
        return samples.mean(axis=0)


@pytest.mark.parametrize("iter_size", [1, 2])
@pytest.mark.parametrize("sizes", [(4, 4), (3, 3, 2, 2), (5, 1)])
def test_shards_of_several_sizes(sizes, iter_size):
    """Without bias all the same: |G|² is 30, tr Σ is 4 · 30."""
    net, rng = InShards(sizes), np.random.default_rng(1)
    sums = NoiseSums(open_backend("numpy", 1), iter_size, net)
    sums.are_wanted = True
    n = sum(sizes)
    for _ in range(4000):
        total = np.zeros(DIM)
        for _ in range(iter_size):
            gradient = net.measure(1.0 + 2.0 * rng.standard_normal((n, DIM)))
            sums.add_batch(gradient)
            total += gradient
        sums.add_sum(total)
        sums.end(is_made=True)
    square, variance = sums.estimates(n)
    assert square == pytest.approx(DIM, rel=0.03)
    assert variance == pytest.approx(4 * DIM, rel=0.04)
