"""Momentum policies, for the methods that have a momentum (SGD, Nesterov).

``t`` is the update's number (1, 2, …), or with ``unit: epoch`` the completed epochs (0, 1, …).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from graphnet.declare.fields import ByKeys, NonNegativeFloat, PositiveInt
from graphnet.declare.user_types import OrUserClass
from graphnet.solver.policy import Policy, PolicyStage, StagedPolicy, one_cycle, raised

Momentum: TypeAlias = Annotated[float, Field(ge=0, lt=1)]


class FixedMomentum(Policy):
    """``momentum``, always.

    Args:
        momentum: At least 0, less than 1.

    Source:
        Mocha ``MomPolicy.Fixed``, Caffe ``momentum``.
    """

    type: Literal["Fixed"] = "Fixed"
    momentum: Momentum

    def value_at(self, t: int) -> float:
        return self.momentum


class StepMomentum(Policy):
    """``momentum · gamma^⌊t / stepsize⌋``, at most ``max_momentum``.

    Args:
        momentum: The momentum at the start.
        gamma: What it is multiplied by at each step.
        stepsize: How long a step is, in ``unit``.
        max_momentum: It does not grow beyond it.

    Source:
        Mocha ``MomPolicy.Step``.
    """

    type: Literal["Step"] = "Step"
    momentum: Momentum
    gamma: NonNegativeFloat
    stepsize: PositiveInt
    max_momentum: Momentum

    def value_at(self, t: int) -> float:
        return min(self.momentum * raised(self.gamma, t // self.stepsize), self.max_momentum)


class LinearMomentum(Policy):
    """``momentum + gamma · ⌊t / stepsize⌋``, at most ``max_momentum``.

    Args:
        momentum: The momentum at the start.
        gamma: What is added at each step.
        stepsize: How long a step is, in ``unit``.
        max_momentum: It does not grow beyond it.

    Source:
        Mocha ``MomPolicy.Linear``.
    """

    type: Literal["Linear"] = "Linear"
    momentum: Momentum
    gamma: NonNegativeFloat
    stepsize: PositiveInt
    max_momentum: Momentum

    def value_at(self, t: int) -> float:
        return min(self.momentum + self.gamma * (t // self.stepsize), self.max_momentum)


class OneCycleMomentum(Policy):
    """Down in the first part of a run and up in the rest, while the rate of ``OneCycle`` moves.

    Args:
        max_momentum: The momentum at 0 and from ``max_iter`` on. Default 0.95.
        min_momentum: The momentum at ``rise · max_iter``. Default 0.85.
        max_iter: When it is up again, in ``unit``.
        rise: The part of the run in which the rate rises and the momentum falls. Default 0.3.

    Source:
        Smith & Topin 2018, arXiv 1708.07120; PyTorch ``OneCycleLR``, ``cycle_momentum``.
    """

    type: Literal["OneCycle"] = "OneCycle"
    max_momentum: Momentum = 0.95
    min_momentum: Momentum = 0.85
    max_iter: PositiveInt
    rise: Annotated[float, Field(gt=0, lt=1)] = 0.3

    def value_at(self, t: int) -> float:
        most, least = self.max_momentum, self.min_momentum
        return one_cycle(t / self.max_iter, self.rise, most, least, most)


class MomentumStage(PolicyStage):
    """A part of a Staged policy.

    Args:
        length: In the Staged policy's unit; the last stage may leave it out and lasts forever.
        policy: The policy of this stage; its ``t`` counts from the start of the run.
    """

    policy: AnyMomentumPolicy


class StagedMomentum(StagedPolicy):
    """One policy after another; update ``t`` is in stage k while ``t`` < the lengths up to it.

    Args:
        stages: In order, each a ``length`` in ``unit`` and a ``policy``, whose ``t`` counts from
            the start of the run. The last may leave its length out.

    Source:
        Mocha ``MomPolicy.Staged``, which no solver there can use.
    """

    stages: tuple[MomentumStage, ...]


AnyMomentumPolicy: TypeAlias = Annotated[
    FixedMomentum | StepMomentum | LinearMomentum | OneCycleMomentum | StagedMomentum,
    Field(discriminator="type"),
    OrUserClass(Policy),
    ByKeys,
]

for _recursive in (MomentumStage, StagedMomentum):
    _recursive.model_rebuild()

# as YAML calls them: mom_policy.Fixed is {type: Fixed}
Fixed, Step, Linear = FixedMomentum, StepMomentum, LinearMomentum
OneCycle = OneCycleMomentum
Staged, Stage = StagedMomentum, MomentumStage
