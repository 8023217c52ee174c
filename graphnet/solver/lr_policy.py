"""Learning-rate policies: Mocha's, Caffe's, cosines, and Warmup around any of them.

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
from graphnet.solver.policy import Policy, PolicyStage, StagedPolicy, one_cycle, raised


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


class CosineRestartsRate(Policy):
    """Half a cosine from ``base_lr`` to ``min_lr``, again and again.

        rate = min_lr + ½ · (base_lr − min_lr) · (1 + cos(π · s / T))

    T is the length of the present period, s how much of it is over: at its end the rate jumps back
    to ``base_lr``.

    Args:
        base_lr: The rate at the start of each period.
        length: How long the first period is, in ``unit``.
        growth: How many times as long as the one before each further period is. Default 1.
        min_lr: What the rate falls to. Default 0.

    Source:
        Loshchilov & Hutter 2017, arXiv 1608.03983, eq. 5: SGDR, with T₀ ``length`` and T_mult
        ``growth``.
    """

    type: Literal["CosineRestarts"] = "CosineRestarts"
    base_lr: NonNegativeFloat
    length: PositiveInt
    growth: PositiveInt = 1
    min_lr: NonNegativeFloat = 0.0

    def value_at(self, t: int) -> float:
        over, length = t, self.length
        if self.growth == 1:
            over %= length
        while over >= length:
            over, length = over - length, length * self.growth
        fall = 0.5 * (1 + cos(pi * over / length))
        return self.min_lr + (self.base_lr - self.min_lr) * fall


class OneCycleRate(Policy):
    """Up in the first part of a run and down in the rest, each along half a cosine.

    Args:
        base_lr: The greatest rate, reached at ``rise · max_iter``.
        max_iter: When the rate has come down, in ``unit``; it stays there.
        rise: The part of the run in which the rate rises. Default 0.3.
        start: The rate at 0, as a part of ``base_lr``. Default 0.04.
        end: The rate at ``max_iter``, as a part of ``base_lr``. Default 4e-6.

    Source:
        Smith & Topin 2018, arXiv 1708.07120; PyTorch ``OneCycleLR``, whose ``pct_start`` is
        ``rise`` and whose defaults are these. Their momentum falls while the rate rises: the
        momentum policy ``OneCycle``.
    """

    type: Literal["OneCycle"] = "OneCycle"
    base_lr: NonNegativeFloat
    max_iter: PositiveInt
    rise: Annotated[PositiveFloat, Field(lt=1)] = 0.3
    start: Annotated[NonNegativeFloat, Field(le=1)] = 0.04
    end: Annotated[NonNegativeFloat, Field(le=1)] = 4e-6

    def value_at(self, t: int) -> float:
        top = self.base_lr
        return one_cycle(t / self.max_iter, self.rise, top * self.start, top, top * self.end)


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
    | CosineRestartsRate
    | OneCycleRate
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
CosineRestarts, OneCycle = CosineRestartsRate, OneCycleRate
Staged, Stage = StagedRate, RateStage
