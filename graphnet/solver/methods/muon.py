"""Muon: the momentum of each matrix, made orthogonal; AdamW's rule for all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from graphnet.blob import Array, Shape
from graphnet.declare.fields import PositiveFloat, PositiveInt
from graphnet.solver import lr_policy
from graphnet.solver.methods.adamw import AdamW
from graphnet.solver.methods.base import Method, Rates
from graphnet.solver.param_groups import ParamNames, is_meant

#: The coefficients of the quintic that drives singular values towards 1.
_A, _B, _C = 3.4445, -4.7750, 2.0315
#: What keeps a gradient of zeros from being divided by 0.
_TINY = 1e-7
#: The root mean square of an update of AdamW, which the steps of matrices are scaled to.
_RMS = 0.2


class Muon(Method):
    """The momentum of each matrix, made orthogonal; vectors follow AdamW.

        M ← μ·M + g
        O = orthogonal(g + μ·M)
        W ← W − r·λ·W − r · 0.2 · √max(n, m) · O

    A param of more than one axis is seen as a matrix (n, m): its first axis, and all others. O has
    the singular vectors of its argument and singular values near 1, found by ``steps`` steps of
    X ← 3.4445·X − 4.7750·X·Xᵀ·X + 2.0315·X·Xᵀ·X·Xᵀ·X from the argument over its norm. With the
    factor 0.2 · √max(n, m) a step is as large as AdamW's, so one rate and one ``regu_coef`` serve
    both. λ·W is the regularizer's gradient. Params of one axis, and those named in ``adamw``,
    follow AdamW's rule; name embeddings and the last inner product there.

    Args:
        momentum: μ. Default 0.95.
        steps: How many steps the iteration takes. Default 5.
        adamw: Params that follow AdamW besides those of one axis: the name of a param in all
            layers, or a layer and a name (``embed/*``), either with wildcards; one or a list.
            Default: none.
        beta1: Decay of AdamW's first moment. Default 0.9.
        beta2: Decay of AdamW's second moment. Default 0.999.
        epsilon: Added to AdamW's denominator. Default 1e-8.

    Source:
        Jordan et al. 2024, kellerjordan.github.io/posts/muon; the factor: Liu et al. 2025,
        arXiv 2502.16982, section 2.2; both are in PyTorch's ``Muon`` with
        ``match_rms_adamw``. The default rate is AdamW's.
    """

    history: ClassVar[tuple[str, ...]] = ("first_moment", "second_moment")
    by_param: ClassVar[bool] = True
    decoupled: ClassVar[bool] = True
    default_lr_policy: ClassVar[lr_policy.AnyLRPolicy] = lr_policy.Fixed(base_lr=0.001)

    type: Literal["Muon"] = "Muon"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.95
    steps: PositiveInt = 5
    adamw: ParamNames | None = None
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    epsilon: PositiveFloat = 1e-8

    def of(self, key: str, name: str, shape: Shape) -> Method:
        if len(shape) > 1 and not is_meant(self.adamw or (), key, name, shape):
            return self
        return AdamW(beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon)

    def chosen(self) -> Sequence[tuple[str, Sequence[str]]]:
        return () if self.adamw is None else (("adamw", self.adamw),)

    def step(self, xp: Any, rates: Rates, w: Array, g: Array, *history: Array) -> None:
        momentum = history[0]
        xp.multiply(momentum, self.momentum, out=momentum)
        xp.add(momentum, g, out=momentum)
        ahead = rates.scratch.like(xp, g)
        xp.multiply(momentum, self.momentum, out=ahead)
        xp.add(ahead, g, out=ahead)
        n, m = w.shape[0], w.size // w.shape[0]
        x = self._orthogonal(xp, rates, ahead.reshape(n, m))
        xp.multiply(x, _RMS * max(n, m) ** 0.5 * rates.lr, out=x)
        w = w.reshape(n, m)
        xp.subtract(w, x, out=w)

    def _orthogonal(self, xp: Any, rates: Rates, ahead: Array) -> Array:
        """``ahead`` with its singular values near 1; it is used up."""
        scratch = rates.scratch
        norm = rates.backend.square_sum(ahead.reshape(-1)) ** 0.5 + _TINY
        is_tall = ahead.shape[0] > ahead.shape[1]
        n, m = sorted(ahead.shape)
        x, y = (scratch.shaped(xp, (n, m), ahead.dtype, slot) for slot in (1, 2))
        xp.multiply(ahead.T if is_tall else ahead, 1 / norm, out=x)
        a, b = (scratch.shaped(xp, (n, n), ahead.dtype, slot) for slot in (3, 4))
        for _ in range(self.steps):
            xp.matmul(x, x.T, out=a)
            xp.matmul(a, a, out=b)
            xp.multiply(a, _B, out=a)
            xp.multiply(b, _C, out=b)
            xp.add(a, b, out=b)
            xp.matmul(b, x, out=y)
            xp.multiply(x, _A, out=x)
            xp.add(x, y, out=x)
        return x.T if is_tall else x
