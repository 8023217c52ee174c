"""SolverSpec: what the solver's YAML says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from graphnet.declare.fields import (
    Model,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from graphnet.declare.yaml_reader import write_yaml
from graphnet.solver.coffee import AnyBreakItem
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lr_policy import AnyLRPolicy
from graphnet.solver.methods import AnyMethod
from graphnet.solver.methods.base import Method
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.mom_policy import AnyMomentumPolicy, FixedMomentum

#: What may change between two starts of one run; anything else makes it another run.
FREE_KEYS = ("max_iter", "max_epoch", "exp_dir", "load_from", "coffee_breaks", "on_error")
#: What may change besides, where the user asks for it.
OVERRIDABLE = ("lr_policy", "mom_policy", "regu_coef", "clip_gradients")
#: By this name the ranks of a job may be on processors of several kinds.
PROCESSORS = "processors"


def _default_lr(earlier: dict[str, Any]) -> AnyLRPolicy:
    method: Method = earlier.get("method") or SGD()
    return method.default_lr_policy


def _default_momentum(earlier: dict[str, Any]) -> AnyMomentumPolicy | None:
    method: Method = earlier.get("method") or SGD()
    return FixedMomentum(momentum=0.0) if method.has_momentum else None


#: The keys of which a solver needs one, and what is said where it has none.
ENDS = frozenset(("max_iter", "max_epoch"))
ENDLESS = "missing key 'max_iter' or 'max_epoch': the run would never end"


class SolverSpec(Model):
    """How a net is trained.

    Args:
        method: The update rule. Default SGD.
        max_iter: How many updates the run has. This, or ``max_epoch``, or both.
        max_epoch: How many passes over the training data; the run ends with whichever of the
            two is reached first.
        lr_policy: The learning rate. Default: the method's: Fixed 0.001 for Adam and AdamW, 1 for
            Adadelta, 0.01 for the others.
        mom_policy: The momentum, for methods that have one. Default Fixed 0.
        regu_coef: Multiplies every regularizer. Default 0.0005.
        clip_gradients: The largest L2 norm of the whole gradient. A larger gradient is scaled
            down to it, before the regularizers. Default: no limit.
        ema: Keep an exponential moving average of the params that learn, with this decay, such as
            0.999: after each update it moves by 1 − ema of the way to them. It is in the snapshots,
            and measured by ``{type: ValidationPerformance, averaged: true}``. Default: none.
        iter_size: How many batches an update takes the mean gradient of. Default 1.
        shards: Into how many parts each batch is cut; their gradients are added in a fixed order,
            so that any number of ranks that divides it computes the same. Default 1, and 4 where
            a launcher such as mpiexec has started the run.
        seed: The seed of initial values, shuffling and random layers. Default 0.
        exp_dir: The run's directory, relative to this file's folder. Default: nothing is written.
        load_from: The run, snapshot or model whose params a new run starts with, relative to this
            file's folder.
        coffee_breaks: What is done in pauses of the training, in this order.
        on_error: ``stop`` (default): a coffee break that raises ends the run, after a snapshot.
            ``continue``: it is skipped, with a warning.
    """

    method: AnyMethod = SGD()
    max_iter: NonNegativeInt | None = None
    max_epoch: PositiveInt | None = None
    lr_policy: AnyLRPolicy = Field(default_factory=_default_lr)
    mom_policy: AnyMomentumPolicy | None = Field(default_factory=_default_momentum)
    regu_coef: NonNegativeFloat = 0.0005
    clip_gradients: PositiveFloat | None = None
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    iter_size: PositiveInt = 1
    shards: PositiveInt | None = None
    seed: NonNegativeInt = 0
    exp_dir: str | None = Field(default=None, min_length=1)
    load_from: str | None = Field(default=None, min_length=1)
    coffee_breaks: tuple[AnyBreakItem, ...] = ()
    on_error: Literal["stop", "continue"] = "stop"

    @field_validator("coffee_breaks", mode="before")
    @classmethod
    def _check_breaks(cls, breaks: Any) -> Any:
        if isinstance(breaks, tuple) and any(isinstance(one, CoffeeBreak) for one in breaks):
            raise ValueError(
                "a coffee break made in Python is added to the solver"
                "\n  write Solver(spec).add_coffee_break(…)"
            )
        return breaks

    @model_validator(mode="after")
    def _check(self) -> SolverSpec:
        if self.max_iter is None and self.max_epoch is None:
            raise ValueError(ENDLESS)
        if self.mom_policy is not None and not self.method.has_momentum:
            raise ValueError(
                f"mom_policy: the method {type(self.method).__name__} has no momentum\n"
                "  leave it out, or choose SGD or Nesterov"
            )
        if self.mom_policy is None and self.method.has_momentum:
            raise ValueError(
                f"mom_policy: the method {type(self.method).__name__} needs one\n"
                "  leave it out for no momentum, or write {type: Fixed, momentum: 0.9}"
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """The solver with every default written out, except in coffee breaks."""
        written = self.model_dump(mode="json", exclude={"coffee_breaks"})
        kept = {key: _type_first(value) for key, value in written.items() if value is not None}
        breaks = [
            item.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for item in self.coffee_breaks
        ]
        return {**kept, "coffee_breaks": [_type_first(item) for item in breaks]}

    def to_yaml(self) -> str:
        """The same as YAML: the form stored with a run and in its snapshots."""
        return write_yaml(self.to_dict())


def _type_first(value: Any) -> Any:
    """Mappings with their ``type`` in front, at any depth."""
    if isinstance(value, dict):
        first = {"type": value["type"]} if "type" in value else {}
        return first | {k: _type_first(v) for k, v in value.items()}
    return [_type_first(v) for v in value] if isinstance(value, list) else value
