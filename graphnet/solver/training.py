"""Training: one run of a net, from its start or a snapshot to its end.

The loop is :meth:`Training.loop` and :meth:`Training.step`; the rest is care for the run's
directory, its coffee breaks and the ways it can end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from math import ceil
from pathlib import Path
from time import perf_counter

import numpy as np

from graphnet.errors import BreakError, DivergedError, GraphnetError, SpecError
from graphnet.solver.coffee.divergence_guard import check_finite
from graphnet.solver.coffee.schedule import Entry, Schedule
from graphnet.solver.coffee.snapshot import Snapshot
from graphnet.solver.lounge import CoffeeLounge
from graphnet.solver.reporter import Progress, Reporter
from graphnet.solver.run_files import RunFiles
from graphnet.solver.signals import Interrupted, SignalWatch
from graphnet.solver.spec import SolverSpec
from graphnet.solver.state import SolverState
from graphnet.solver.trainable_net import TrainableNet
from graphnet.solver.update import Updater


class Training:
    """A net, a solver's spec and its breaks, put together for one run.

    Args:
        spec: How to train.
        net: What to train.
        entries: The coffee breaks.
        lounge: Theirs.
        reporter: Where words go.

    Raises:
        TopologyError: If the net has no loss, or none that reaches all that should learn.
        SpecError: If spec and net do not go together.
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
        self.state = SolverState()
        self.updater = Updater(
            net.store, spec.method, spec.regu_coef, spec.clip_gradients, spec.iter_size
        )
        self.schedule = Schedule(entries, spec.on_error)
        self.signals = SignalWatch()
        self.snapshot_break = _only_snapshot(entries)
        lounge.batches_per_iter = spec.iter_size
        if self.snapshot_break is not None:
            lounge.keep_last = self.snapshot_break.keep_last
            lounge.best_key = self.snapshot_break.keep_best

    # --- a run --------------------------------------------------------------------------
