"""Run: the parts of one training run, put together once they are seen to fit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from math import ceil

from graphnet.errors import SpecError
from graphnet.params.constraints import NoCons
from graphnet.solver.average import EMA, SWA
from graphnet.solver.coffee.gradient_noise import GradientNoise
from graphnet.solver.coffee.guarded import has
from graphnet.solver.coffee.schedule import Entry, Schedule
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.loss_scale import LossScale
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.reporter import Reporter, width_of
from graphnet.solver.skipping import Skipping
from graphnet.solver.spec import SolverSpec
from graphnet.solver.spikes import SpikeWatch
from graphnet.solver.state import RunInfo, SolverState
from graphnet.solver.trainable_net import TrainableNet
from graphnet.solver.update import Updater


class Run:
    """A net, how it is trained, and where the training stands.

    Attributes:
        state: Where it stands.
        updater: Moves the params; owns the method's history.
        skipping: Tells which updates to skip.
        schedule: The coffee breaks.
        snapshot_break: The Snapshot among them, if there is one.

    Args:
        spec: How to train.
        net: What to train.
        entries: The coffee breaks.
        lounge: Keeps their statistics.
        reporter: Told how the run goes.

    Raises:
        TopologyError: If the net has no loss, or none that reaches all that should learn.
        SpecError: If spec, net and breaks do not go together.
    """

    def __init__(
        self,
        spec: SolverSpec,
        net: TrainableNet,
        entries: Sequence[Entry],
        lounge: CoffeeLounge,
        reporter: Reporter,
    ) -> None:
        net.check_trainable()
        _check_together(spec, net)
        self.spec, self.net, self.lounge, self.reporter = spec, net, lounge, reporter
        self.updater = Updater(
            net.store,
            spec.method,
            spec.regu_coef,
            spec.clip_gradients,
            spec.iter_size,
            spec.ema if spec.swa is None else spec.swa,
            clip_layers=spec.clip_layers,
            groups=spec.param_groups or (),
            in_shards=net.in_shards,
        )
        if net.in_shards is not None and has(entries, GradientNoise):
            net.in_shards.measures_shards = True  # on every rank
        spikes = None if spec.skip_spikes is None else SpikeWatch(spec.skip_spikes)
        loss_scale = None if spec.precision == "float32" else LossScale(spec.scale)
        self.skipping = Skipping(net, loss_scale, spikes)
        self.schedule = Schedule(entries, spec.on_error)
        breaks = (entry.coffee_break for entry in entries)
        self.snapshot_break = next((one for one in breaks if isinstance(one, Snapshot)), None)
        self.state = SolverState(
            RunInfo(
                samples_per_iter=self.samples_per_iter,
                say=reporter.line,
                warn=reporter.warning,
                noise=self.updater.noise,
                width=partial(width_of, reporter),
            ),
            lounge.history,
            spikes,
            loss_scale,
        )

    @cached_property
    def declared(self) -> tuple[str, str]:
        """The net and the solver as YAML, as they are written into the run's own directory."""
        return self.net.yaml_text, self.spec.model_copy(update={"exp_dir": "."}).to_yaml()

    @property
    def samples_per_iter(self) -> int:
        """How many samples one update reads."""
        return self.net.batch_size * self.spec.iter_size

    @property
    def last_iter(self) -> int | None:
        """Where ``max_iter`` or ``max_epoch`` will end it, whichever comes first."""
        ends = [] if self.spec.max_iter is None else [self.spec.max_iter]
        if self.spec.max_epoch is not None and self.net.n_samples:
            ends.append(ceil(self.spec.max_epoch * self.net.n_samples / self.samples_per_iter))
        return min(ends, default=None)

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing more to do."""
        spec, state = self.spec, self.state
        return bool(
            state.stop_reason
            or (spec.max_iter is not None and state.iter >= spec.max_iter)
            or (spec.max_epoch is not None and state.epoch >= spec.max_epoch)
        )


def _check_together(spec: SolverSpec, net: TrainableNet) -> None:
    method = type(spec.method).__name__
    for name in (EMA, SWA):
        if getattr(spec, name) is not None and name in spec.method.history:
            raise SpecError(f"{name}: the method {method} has a history '{name}' itself")
    constrained = (k for k, _, p in net.store.items() if not isinstance(p.decl.cons, NoCons))
    if spec.method.average and (layer := next(constrained, None)) is not None:
        raise SpecError(
            f"method: {method} keeps no norm constraint, as layer '{layer}' declares one\n"
            "  remove it, or choose another method"
        )
    if spec.max_epoch is not None and not net.n_samples:
        raise SpecError(
            f"max_epoch: the data of net '{net.name}' never ends, so it has no epochs\n"
            "  give max_iter instead"
        )
    if "seed" in spec.model_fields_set and spec.seed != net.context.seed:
        raise SpecError(
            f"seed: the solver says {spec.seed}, but the net was made with {net.context.seed}\n"
            f"  load the net with seed={spec.seed}"
        )
    if spec.precision != net.store.backend.precision:
        raise SpecError(
            f"precision: the solver says {spec.precision}, but the net was made with"
            f" {net.store.backend.precision}\n  load the net with precision='{spec.precision}'"
        )


def check_phase(net: TrainableNet) -> None:
    """See that gradients are computed in the net.

    Raises:
        SpecError: If it is of phase ``test``, where only the regularizers would move its params.
    """
    if net.context.phase != "train":
        raise SpecError(
            f"net '{net.name}' is of phase {net.context.phase}, in which there are no gradients\n"
            '  load it with phase="train" to train it'
        )
