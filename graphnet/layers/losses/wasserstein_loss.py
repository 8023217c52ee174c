"""WassersteinLoss: the cost of moving one distribution over classes onto another."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Shape, feature_size, rows, shape_text
from graphnet.declare.fields import PositiveInt
from graphnet.errors import ShapeError
from graphnet.layers.base import LossLayer, ScratchDecls, Shapes
from graphnet.layers.losses.labels import memory
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.losses.weights import rows_counted, weights_of


def _matrix(rows_: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    if not rows_ or not rows_[0] or len({len(row) for row in rows_}) > 1:
        raise ValueError("expected a matrix: rows of one length")
    if min(map(min, rows_)) < 0:
        raise ValueError("expected distances, which are not negative")
    return rows_


class WassersteinLoss(MeanLoss):
    """The transport cost between two distributions, by Sinkhorn's iteration.

    With K = exp(−λ M) it repeats v = b / (Kᵀ u), u = a / (K v) from a uniform u; the loss is
    loss_weight / N · Σ u · ((K ∘ M) v). A larger λ comes nearer to the true cost and takes more
    iterations.

    The gradient, loss_weight / (λ N) · log u, is by design not that of this number but of the
    entropy-regularised cost whose optimum the iteration finds (the dual variable); it is defined
    up to a constant, which a Softmax before this layer takes out. A finite-difference check of
    a net with this loss therefore reports a difference. Where λ M is above 80 in float32, or 700
    in float64, K is zero to the precision.

    Bottoms:
        0: predicted distributions ``(N, …)``, such as a Softmax gives.
        1: true distributions ``(N, …)``.
        2: weights ``(N,)``, if not all samples count alike; 0 leaves out.
    Args:
        M: The cost of moving from each predicted class (row) to each true one (column).
        lambda: λ, positive.
        sinkhorn_iter: How many iterations. Default 50.
        loss_weight: The factor of this loss in the objective. Default 1.
    Example:
        - {name: ip, type: InnerProduct, output_dim: 2, bottoms: [data], tops: [ip]}
        - {name: prob, type: Softmax, bottoms: [ip], tops: [prob]}
        - {name: truth, type: Index2Onehot, n_class: 2, bottoms: [label], tops: [truth]}
        - {name: loss, type: WassersteinLoss, M: [[0, 1], [1, 0]], lambda: 10,
           bottoms: [prob, truth]}
    Source:
        Frogner et al. 2015 (arXiv 1506.05439); Cuturi 2013; Mocha ``WassersteinLossLayer``
        (which has no weight).
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    type: Literal["WassersteinLoss"] = "WassersteinLoss"
    M: Annotated[tuple[tuple[float, ...], ...], AfterValidator(_matrix)]
    lambda_: float = Field(alias="lambda", gt=0)
    sinkhorn_iter: PositiveInt = 50
    loss_weight: float = 1.0

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        found = (feature_size(bottoms[0]), feature_size(bottoms[1]))
        if found != (size := (len(self.M), len(self.M[0]))) or bottoms[0][0] != bottoms[1][0]:
            raise ShapeError(
                f"distributions of shapes {shape_text(bottoms[0])} and {shape_text(bottoms[1])} do "
                f"not fit M, which is {shape_text(size)}"
                f"\n  expected {size[0]} and {size[1]} elements a sample"
            )
        self.check_weights(bottoms, bottoms[0][:1])
        return []

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        a, b = ((shape[0], feature_size(shape)) for shape in bottoms[:2])
        lifetime: Literal["pass", "call"] = "pass" if backward else "call"
        return {
            "u": ScratchDecl(a, lifetime=lifetime, blob=True),
            "v": ScratchDecl(b, blob=True),
            "from_v": ScratchDecl(a, blob=True),
        } | self.weight_scratch(bottoms)

    def macs(self, bottoms: Shapes) -> int:
        return bottoms[0][0] * len(self.M) * len(self.M[0]) * (2 * self.sinkhorn_iter + 2)


class WassersteinLossLayer(LossLayer[WassersteinLoss]):
    """Runs :class:`WassersteinLoss`, each sample a row."""

    def setup(self) -> None:
        self.a, self.b = (rows(blob.data) for blob in self.bottoms[:2])
        diff = self.bottoms[0].diff
        self.da = None if diff is None else rows(diff)
        self.u, self.v, self.from_v = (self.scratch[k] for k in ("u", "v", "from_v"))
        self.weights = weights_of(self, self.a.shape[:1])
        self._count: Number = 0  # samples of the last batch
        self.weigh_cost: Call | None = None
        self.weigh_diff: Call | None = None
        if self.weights is not None:
            self.weigh_cost = self.weights.over(self.from_v, self.from_v.shape[1:])
            if self.da is not None:
                self.weigh_diff = self.weights.over(self.da, self.da.shape[1:])
        self.smallest = float(np.finfo(self.dtype).tiny)  # so that nothing is divided by zero
        cost = np.array(self.spec.M)
        kernel = np.exp(-self.spec.lambda_ * cost)
        self.kernel, self.priced = (
            self.backend.constant(values, self.dtype) for values in (kernel, kernel * cost)
        )

    def scale_v(self) -> None:
        """V = b / (Kᵀ u)."""
        xp = self.xp
        xp.matmul(self.u, self.kernel, out=self.v)
        xp.maximum(self.v, self.smallest, out=self.v)
        xp.divide(self.b, self.v, out=self.v)

    def forward(self) -> None:
        xp, u, from_v, n_valid = self.xp, self.u, self.from_v, self.context.n_valid
        if self.weights is not None:
            self.weights.read(n_valid)
        self._count = rows_counted(self.weights, n_valid)
        u.fill(1 / u.shape[1])
        for _ in range(self.spec.sinkhorn_iter):
            self.scale_v()
            xp.matmul(self.v, self.kernel.T, out=from_v)
            xp.maximum(from_v, self.smallest, out=from_v)
            xp.divide(self.a, from_v, out=u)
        self.scale_v()
        xp.matmul(self.v, self.priced.T, out=from_v)
        xp.multiply(from_v, u, out=from_v)
        if n_valid < len(from_v):
            from_v[n_valid:] = 0
        if self.weigh_cost is not None:
            self.weigh_cost()
        scale = self.spec.loss_weight / at_least_one(self._count)
        self.loss = scale * self.backend.total(memory(from_v))
        self.add(self._count, self.loss)

    def backward(self) -> None:
        """Assign da = loss_weight / (λ N) · log u."""
        if self.da is None:
            return
        n_valid = self.context.n_valid
        self.xp.maximum(self.u, self.smallest, out=self.da)
        self.xp.log(self.da, out=self.da)
        scale = self.spec.loss_weight / (self.spec.lambda_ * at_least_one(self._count))
        self.xp.multiply(self.da, scale, out=self.da)
        self.da[n_valid:] = 0
        if self.weigh_diff is not None:
            self.weigh_diff()
