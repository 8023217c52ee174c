"""WassersteinLoss through the layer harness; its gradient against the regularised cost."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.errors import ShapeError, SpecError
from graphnet.layers.losses.wasserstein_loss import WassersteinLoss

LINE = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))  # distances on a line
WIDE = np.random.default_rng(15).uniform(0, 2, (3, 4))


def spec(cost, strength=2.0, **properties):
    return WassersteinLoss(
        name="loss", bottoms=("a", "b"), M=cost.tolist(), lambda_=strength, **properties
    )


def distributions(shape, seed):
    a = np.random.default_rng(seed).uniform(0.1, 1, shape)
    return a / a.sum(tuple(range(1, a.ndim)), keepdims=True)


def plan(cost, strength, n_iter, a, b):
    """Sinkhorn's iteration for one sample: the transport plan and u."""
    kernel, u = np.exp(-strength * cost), np.full(len(a), 1 / len(a))
    for _ in range(n_iter):
        u = a / (kernel @ (b / (kernel.T @ u)))
    return u[:, None] * kernel * (b / (kernel.T @ u)), u


def sinkhorn(layer):
    cost = np.array(layer.M)

    def reference(bottoms, _):
        samples = zip(*(x.reshape(len(x), -1) for x in bottoms), strict=True)
        n_iter = layer.sinkhorn_iter
        costs = [(plan(cost, layer.lambda_, n_iter, a, b)[0] * cost).sum() for a, b in samples]
        return layer.loss_weight * np.mean(costs)

    return reference


VARIANTS = [
    (spec(LINE), (3, 4), (3, 4)),
    (spec(WIDE, 1.5, sinkhorn_iter=7), (3, 3), (3, 4)),
    (spec(LINE, 5, loss_weight=0.3), (2, 2, 2), (2, 4)),
]
CASES = [
    LayerCase(s, [distributions(a, 1), distributions(b, 2)], sinkhorn(s), gradient=False)
    for s, a, b in VARIANTS
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The cost of Sinkhorn's plan, mean over the samples."""
    check_layer(case)


def regularised(cost, strength, a, b):
    """The entropy-regularised cost at its optimum."""
    p, _ = plan(cost, strength, 2000, a, b)
    return (p * cost).sum() + (p * (np.log(p) - 1)).sum() / strength


def test_gradient_is_that_of_the_regularised_cost():
    """In every direction that moves mass without making any."""
    a, b = distributions((2, 4), 3), distributions((2, 4), 4)
    layer = spec(LINE, 2.0, sinkhorn_iter=2000, loss_weight=0.5)
    diff = Rig(LayerCase(layer, [a, b], None)).run()["diff of bottom 0"]
    for n in range(2):
        for k in range(1, 4):
            step = np.zeros(4)
            step[[0, k]] = 1e-5, -1e-5
            rise = regularised(LINE, 2.0, a[n] + step, b[n]) - regularised(
                LINE, 2.0, a[n] - step, b[n]
            )
            numeric = 0.5 / 2 * rise / 2e-5
            np.testing.assert_allclose(diff[n, 0] - diff[n, k], numeric, rtol=1e-5)


def test_comes_near_the_true_cost():
    """On a line the true cost is the area between the cumulative distributions."""
    a, b = distributions((5, 4), 5), distributions((5, 4), 6)
    true = np.abs(np.cumsum(a - b, 1)).sum(1).mean()
    layer = spec(LINE, 40, sinkhorn_iter=3000)
    found = Rig(LayerCase(layer, [a, b], None)).forward()["loss"]
    np.testing.assert_allclose(found, true, rtol=0.02)


def test_empty_classes():
    """Classes without any mass are no trouble, in the loss and in the gradient."""
    a, b = np.array([[0.0, 1.0, 0, 0]]), np.array([[0, 0, 0, 1.0]])
    results = Rig(LayerCase(spec(LINE, 10), [a, b], None), dtype=np.float32).run()
    np.testing.assert_allclose(results["loss"], 2, rtol=1e-5)
    assert np.isfinite(results["diff of bottom 0"]).all()


def test_matrix_must_fit():
    """M has a row for each predicted class and a column for each true one."""
    message = r"shapes 2×3 and 2×4 do not fit M, which is 4×4\n  expected 4 and 4 elements"
    with pytest.raises(ShapeError, match=message):
        spec(LINE).top_shapes([(2, 3), (2, 4)])


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"M": [[0, 1], [1]]}, "expected a matrix: rows of one length"),
        ({"M": []}, "expected a matrix: rows of one length"),
        ({"M": [[0, -1], [1, 0]]}, "expected distances, which are not negative"),
        ({"lambda": 0}, "more than 0"),
    ],
)
def test_properties(properties, message):
    """M is a matrix of distances, lambda is positive; YAML says ``lambda``."""
    given = {"name": "w", "M": [[0, 1], [1, 0]], "lambda": 1} | properties
    with pytest.raises(SpecError, match=message):
        WassersteinLoss.model_validate(given)
