"""Learning-rate policies: Mocha's, Caffe's, Cosine, and Warmup around any of them.

``t`` is the update's number (1, 2, …), or with ``unit: epoch`` the completed epochs (0, 1, …).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import cos, pi, tanh
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from graphnet.declare.fields import ByKeys, NonNegativeFloat, PositiveFloat, PositiveInt
from graphnet.declare.user_types import OrUserClass
from graphnet.solver.policy import Policy, PolicyStage, StagedPolicy, raised


class FixedRate(Policy):
    """``base_lr``, always.

    Args:
        base_lr: The rate.

    Source:
        Mocha ``LRPolicy.Fixed``, Caffe ``fixed``.
    """

    type: Literal["Fixed"] = "Fixed"
    base_lr: NonNegativeFloat

    def value_at(self, t: int) -> float:
        return self.base_lr


class StepRate(Policy):
    """``base_lr · gamma^⌊t / stepsize⌋``.

    Args:
        base_lr: The rate at the start.
        gamma: What the rate is multiplied by at each step.
        stepsize: How long a step is, in ``unit``.

    Source:
        Mocha ``LRPolicy.Step``, Caffe ``step``.
    """

    type: Literal["Step"] = "Step"
    base_lr: NonNegativeFloat
    gamma: NonNegativeFloat
    stepsize: PositiveInt

    def value_at(self, t: int) -> float:
        return self.base_lr * raised(self.gamma, t // self.stepsize)


class MultiStepRate(Policy):
    """``base_lr · gamma^c``, c the number of ``stepvalues`` that ``t`` has reached.

    Args:
        base_lr: The rate at the start.
        gamma: What the rate is multiplied by at each of them.
        stepvalues: When, in ``unit``; they rise.

    Source:
        Caffe ``multistep``.
    """

    type: Literal["MultiStep"] = "MultiStep"
    base_lr: NonNegativeFloat
    gamma: NonNegativeFloat
    stepvalues: tuple[PositiveInt, ...]

    @model_validator(mode="after")
    def _check(self) -> MultiStepRate:
        if any(a >= b for a, b in pairwise(self.stepvalues)):
            raise ValueError(f"stepvalues must rise: {list(self.stepvalues)}")
        return self

    def value_at(self, t: int) -> float:
        return self.base_lr * raised(self.gamma, bisect_right(self.stepvalues, t))


class ExpRate(Policy):
    """``base_lr · gamma^t``.

    Args:
        base_lr: The rate at the start.
        gamma: What the rate is multiplied by in each ``unit``.

    Source:
        Mocha ``LRPolicy.Exp``, Caffe ``exp``.
    """

    type: Literal["Exp"] = "Exp"
    base_lr: NonNegativeFloat
    gamma: NonNegativeFloat

    def value_at(self, t: int) -> float:
        return self.base_lr * raised(self.gamma, t)


class InvRate(Policy):
    """``base_lr · (1 + gamma · t)^−power``.

    Args:
        base_lr: The rate at the start.
        gamma: How soon it falls: at ``t = 1 / gamma`` the rate is ``base_lr · 2^−power``.
        power: How far it falls.

    Source:
        Mocha ``LRPolicy.Inv``, Caffe ``inv``.
    """

    type: Literal["Inv"] = "Inv"
    base_lr: NonNegativeFloat
    gamma: NonNegativeFloat
    power: NonNegativeFloat

    def value_at(self, t: int) -> float:
        return self.base_lr * raised(1 + self.gamma * t, -self.power)


class PolyRate(Policy):
    """``base_lr · (1 − t / max_iter)^power``, 0 from ``max_iter`` on.

    Args:
        base_lr: The rate at the start.
        power: 1 is a straight line.
        max_iter: When the rate is 0, in ``unit``.

    Source:
        Caffe ``poly``.
    """

    type: Literal["Poly"] = "Poly"
    base_lr: NonNegativeFloat
    power: NonNegativeFloat
    max_iter: PositiveInt

    def value_at(self, t: int) -> float:
        left = 1 - t / self.max_iter
        return self.base_lr * raised(left, self.power) if left > 0 else 0.0


class SigmoidRate(Policy):
    """``base_lr / (1 + e^(−gamma · (t − stepsize)))``: rises for gamma > 0, falls for gamma < 0.

    Args:
        base_lr: The greatest rate.
        gamma: How steep it is; negative to fall.
        stepsize: When it is half of ``base_lr``, in ``unit``.

    Source:
        Caffe ``sigmoid``.
    """

    type: Literal["Sigmoid"] = "Sigmoid"
    base_lr: NonNegativeFloat
    gamma: float
    stepsize: PositiveInt

    def value_at(self, t: int) -> float:
        # by tanh, which cannot overflow
        return self.base_lr * 0.5 * (1 + tanh(0.5 * self.gamma * (t - self.stepsize)))


class CosineRate(Policy):
    """Half a cosine from ``base_lr`` at 0 to ``min_lr`` at ``max_iter``, then flat.

    Args:
        base_lr: The rate at the start.
        max_iter: When it has come down, in ``unit``.
        min_lr: The rate from then on. Default 0.

    Source:
        Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts.
    """

    type: Literal["Cosine"] = "Cosine"
    base_lr: NonNegativeFloat
    max_iter: PositiveInt
    min_lr: NonNegativeFloat = 0.0

    def value_at(self, t: int) -> float:
        fall = 0.5 * (1 + cos(pi * min(t / self.max_iter, 1.0)))
        return self.min_lr + (self.base_lr - self.min_lr) * fall


class RateStage(PolicyStage):
    """A part of a Staged policy.

    Args:
        length: In the Staged policy's unit; the last stage may leave it out and lasts forever.
        policy: The policy of this stage; its ``t`` counts from the start of the run.
    """

    policy: AnyLRPolicy


class StagedRate(StagedPolicy):
    """One policy after another; update ``t`` is in stage k while ``t`` < the lengths up to it.

    Args:
        stages: In order, each a ``length`` in ``unit`` and a ``policy``, whose ``t`` counts from
            the start of the run. The last may leave its length out.

    Source:
        Mocha ``LRPolicy.Staged``.
    """

    stages: tuple[RateStage, ...]


class WarmupRate(Policy):
    """The rate of ``policy``, times a factor that rises to 1 in a straight line.

    Args:
        length: When the factor is 1, in ``unit``.
        start: The factor at 0. Default 0.1.
        policy: The rate from then on; its ``t`` counts from the start of the run.

    Source:
        Goyal et al. 2017, arXiv 1706.02677, section 2.2.
    """

    type: Literal["Warmup"] = "Warmup"
    length: PositiveInt
    start: Annotated[PositiveFloat, Field(le=1)] = 0.1
    policy: AnyLRPolicy

    def value_at(self, t: int) -> float:
        return self.value(t, t)

    def value(self, t: int, epoch: int) -> float:
        done = min(self.clock(t, epoch) / self.length, 1.0)
        return self.policy.value(t, epoch) * (self.start + (1 - self.start) * done)


AnyLRPolicy: TypeAlias = Annotated[
    FixedRate
    | StepRate
    | MultiStepRate
    | ExpRate
    | InvRate
    | PolyRate
    | SigmoidRate
    | CosineRate
    | StagedRate
    | WarmupRate,
    Field(discriminator="type"),
    OrUserClass(Policy),
    ByKeys,
]

for _recursive in (RateStage, StagedRate, WarmupRate):
    _recursive.model_rebuild()

# as YAML calls them: lr_policy.Exp is {type: Exp}
Fixed, Step, MultiStep, Exp, Inv = FixedRate, StepRate, MultiStepRate, ExpRate, InvRate
Poly, Sigmoid, Cosine, Warmup = PolyRate, SigmoidRate, CosineRate, WarmupRate
Staged, Stage = StagedRate, RateStage
