"""SolverSpec: what the solver's YAML says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from graphnet.backend.precision import Precision
from graphnet.declare.fields import (
    Model,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from graphnet.declare.yaml_reader import KeyPath, write_yaml
from graphnet.solver.average import Averaged
from graphnet.solver.coffee import AnyBreakItem
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.lr_policy import AnyLRPolicy
from graphnet.solver.methods import AnyMethod
from graphnet.solver.methods.base import Method
from graphnet.solver.methods.sgd import SGD
from graphnet.solver.mom_policy import AnyMomentumPolicy, FixedMomentum
from graphnet.solver.param_groups import ParamGroup

#: What may change between two starts of one run; anything else makes it another run.
FREE_KEYS = ("max_iter", "max_epoch", "exp_dir", "load_from", "coffee_breaks", "on_error")
#: What may change besides, where the user asks for it.
OVERRIDABLE = ("lr_policy", "mom_policy", "regu_coef", "clip_gradients", "clip_layers")
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
        lr_policy: The learning rate. Default: the method's: Fixed 0.001 for Adam, AdamW, LAMB and
            Muon, 0.0001 for Lion, 0.0025 and 1 for ScheduleFreeAdamW and ScheduleFreeSGD, 1 for
            Adadelta, 0.01 for the others.
        mom_policy: The momentum, for methods that have one. Default Fixed 0.
        regu_coef: Multiplies every regularizer. Default 0.0005.
        clip_gradients: The largest L2 norm of the whole gradient. A larger gradient is scaled
            down to it, before the regularizers. Default: no limit.
        clip_layers: The largest L2 norm of the gradient of one layer's params, each layer by
            itself; before ``clip_gradients``. Default: no limit.
        skip_spikes: Skip an update whose gradient is more than this many times as long as usual,
            such as 10, or not finite; its batch is passed over, with a warning, by running
            statistics too. Usual is the mean L2 norm over about 50 updates, before any clip. After
            ten in a row the new length is taken for the usual one. Behind one that is not finite
            the means of the training summary begin anew. On a GPU each update waits for the norm.
            Default: none is skipped.
        param_groups: Params with another rate or regularizer than their layers say:
            ``[{params: vectors, decay: 0}]`` keeps biases and norms from shrinking. Each has
            ``params``: the name of a param in all layers (``bias``), a layer and a name
            (``ip1/bias``), either with wildcards (``embed*/*``), or ``vectors``, all params of one
            axis; one or a list. ``decay``: the coefficient of an L2 regularizer in the place of
            their own, multiplied by ``regu_coef``, 0 for none. ``lr``: their rate relative to the
            solver's, in the place of their own. Of several that name a param, the last counts.
            Default: as the layers say.
        ema: Keep an exponential moving average of the params that learn, with this decay, such as
            0.999: after each update it moves by 1 − ema of the way to them. It is in the snapshots,
            and measured by ``{type: ValidationPerformance, averaged: true}``. Default: none.
        swa: Keep a plain average in its place (stochastic weight averaging), ``{start: 800}``: of
            the params after update ``start`` and all later ones, or one in ``every`` of them.
            Running statistics, as BatchNorm's, stay those of the run. Default: none.
        iter_size: How many batches an update takes the mean gradient of. Default 1.
        shards: Into how many parts each batch is cut; their gradients are added in a fixed order,
            so that any number of ranks that divides it computes the same. Default 1, and 4 where
            a launcher such as mpiexec has started the run.
        precision: To what the operands of matrix products and convolutions are rounded (mixed
            precision): ``float16`` or ``bfloat16``. Params, blobs and the method's history stay
            float32, in which products are added up, too. On a GPU its tensor cores multiply; on the
            processor it is computed in float32 and takes longer. Default ``float32``.
        loss_scale: How many times as large the diffs of a pass are, so that none is rounded to
            zero; a number, or ``dynamic``: 65536 at first, halved where the gradient is not finite,
            whose update is skipped with a warning, and doubled after 2000 that are. On a GPU each
            update then waits for the norm. Default: ``dynamic`` for float16, 1 for bfloat16.
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
    clip_layers: PositiveFloat | None = None
    skip_spikes: Annotated[float, Field(gt=1)] | None = None
    param_groups: tuple[ParamGroup, ...] | None = None
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    swa: Averaged | None = None
    iter_size: PositiveInt = 1
    shards: PositiveInt | None = None
    precision: Precision = "float32"
    loss_scale: PositiveFloat | Literal["dynamic"] | None = None
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
        if self.loss_scale is not None and self.precision == "float32":
            raise ValueError(
                "loss_scale: is for operands that are rounded to 16 bits\n"
                "  remove it, or write 'precision: float16'"
            )
        averages = [key for key in ("ema", "swa") if getattr(self, key) is not None]
        if self.method.average:
            averages.append(f"the method {type(self.method).__name__}")
        if len(averages) > 1:
            raise ValueError(
                f"{averages[0]}: {averages[1]} keeps an average, too, and a run has one\n"
                f"  remove {averages[0]}"
            )
        return self

    @property
    def scale(self) -> float | Literal["dynamic"]:
        """``loss_scale``, or what it is by default."""
        if self.loss_scale is not None:
            return self.loss_scale
        return "dynamic" if self.precision == "float16" else 1.0

    @property
    def keeps_average(self) -> bool:
        """Whether an average of the params is kept along with the run."""
        return self.ema is not None or self.swa is not None or bool(self.method.average)

    def chosen_params(self) -> list[tuple[KeyPath, Sequence[str]]]:
        """The keys that name params of the net, and the names they give."""
        groups = enumerate(self.param_groups or ())
        found: list[tuple[KeyPath, Sequence[str]]]
        found = [(("param_groups", i, "params"), group.params) for i, group in groups]
        return found + [(("method", key), names) for key, names in self.method.chosen()]

    def to_dict(self) -> dict[str, Any]:
        """The solver with every default written out, except in coffee breaks."""
        written = self.model_dump(mode="json", exclude={"coffee_breaks"})
        if self.param_groups is not None:
            groups = [one.model_dump(mode="json", exclude_none=True) for one in self.param_groups]
            written["param_groups"] = groups
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
