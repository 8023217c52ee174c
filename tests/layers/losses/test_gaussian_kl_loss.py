"""GaussianKLLoss through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.losses.gaussian_kl_loss import GaussianKLLoss

SIGMA = np.random.default_rng(12).uniform(0.4, 2, (4, 3))


def spec(**properties):
    return GaussianKLLoss(name="kl", **properties)


def divergence(weight=1.0):
    def reference(bottoms, _):
        mu, sigma = bottoms
        return weight * (mu**2 + sigma**2 - 2 * np.log(sigma) - 1).sum() / (2 * len(mu))

    return reference


CASES = [
    LayerCase(spec(), [(4, 3), SIGMA], divergence()),
    LayerCase(spec(loss_weight=1.1), [(4, 3), SIGMA], divergence(1.1), label="loss_weight"),
    LayerCase(spec(), [(2, 3, 2), SIGMA.reshape(2, 3, 2)], divergence()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The divergence from N(0, 1), mean over the samples."""
    check_layer(case)


def test_standard_normal_costs_nothing():
    """At μ = 0, σ = 1 both the loss and the gradients are 0."""
    results = Rig(LayerCase(spec(), [np.zeros((2, 3)), np.ones((2, 3))], None)).run()
    assert all(not value.any() for value in results.values())


def test_sigma_of_zero():
    """A σ of 0 gives a finite loss and gradient, without a warning."""
    results = Rig(LayerCase(spec(), [np.zeros((1, 1)), np.zeros((1, 1))], None)).run()
    np.testing.assert_allclose(results["loss"], -np.log(1e-20) - 0.5)
    np.testing.assert_allclose(results["diff of bottom 1"], [[-1e20]])


def test_default_bottoms():
    """As in Mocha, the bottoms are ``mu`` and ``sigma`` unless others are named."""
    assert spec().bottoms == ("mu", "sigma")
