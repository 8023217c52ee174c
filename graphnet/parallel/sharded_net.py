"""ShardedNet: a training net whose batch is computed in shards, on one rank or on several.

The objective of a batch is the mean of those of its shards, each weighted by its rows; so is
the gradient. The shards' nets are compiled for the rows of one shard and share the run's params.
To the solver it is a net like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphnet.backend.base import Backend
from graphnet.data.portion import Portion
from graphnet.data.record import DataRecord
from graphnet.declare.arguments import methods_spelled_out
from graphnet.errors import DataError, Problem
from graphnet.layers.base import PassContext, Phase
from graphnet.net.checks.in_step import warn_of_same_rows
from graphnet.net.checks.sharing import check_shared
from graphnet.net.checks.suspicions import suspicions
from graphnet.net.checks.trainable import check_carried, check_learns
from graphnet.net.compiled import CompiledNet, compile_net
from graphnet.net.evaluation import Evaluation
from graphnet.net.finite import first_bad_layer
from graphnet.net.net import Net
from graphnet.net.running_net import ELSEWHERE, NetState
from graphnet.net.sources import OtherData
from graphnet.net.spec import NetSpec
from graphnet.parallel.carried import Carried
from graphnet.parallel.communicator import Communicator
from graphnet.parallel.cutting import batch_size_of, check_can_be_cut, spec_of_shard
from graphnet.parallel.lockstep import Lockstep, meets
from graphnet.parallel.shards import Shards
from graphnet.parallel.shared_evaluation import SharedEvaluation
from graphnet.parallel.tally import Tally
from graphnet.parallel.tree_sum import TreeSum
from graphnet.params.param import ParamStore
from graphnet.sealed import Sealed, read_only


@methods_spelled_out
class ShardedNet(Sealed):
    """A net whose batch is cut into shards, computed by this rank and by others.

    Attributes:
        name: The net's.
        phase: Its phase.
        compiled: The net as if it were computed whole; never bound to memory.
        backend: Where it runs.
        store: The params, the same on every rank.
        context: What the running pass is about.
        shards: How the batch is cut.
        communicator: To the other ranks.
        measures_shards: Whether each batch measures ``shard_square``; may be assigned.
        shard_square: Of its shards' gradients: the mean of the squared lengths, by rows.

    Args:
        whole: The compiled net.
        store: Its params, made for it.
        seed: Keys its random streams.
        count: How many shards.
        communicator: To the other ranks.
        inputs: Arrays for MemoryData tops.
        memory_limit: The most bytes a shard's net may plan. Default: what the machine has free.

    Raises:
        SpecError: If the net cannot be cut, or the ranks cannot have equally many shards.
    """

    communicator: Communicator = read_only("_communicator")
    shards: Shards = read_only("_shards")
    shard_square: float = read_only("_shard_square")
    _elsewhere = ELSEWHERE
    _instead = Net._instead  # noqa: SLF001  # of the same attributes
    _open = frozenset(("measures_shards",))

    def __init__(
        self,
        whole: CompiledNet,
        store: ParamStore,
        seed: int,
        count: int,
        communicator: Communicator,
        inputs: Mapping[str, np.ndarray] | None = None,
        memory_limit: int | None = None,
    ) -> None:
        self._inputs, self._memory_limit = inputs or {}, memory_limit
        self.compiled, self.store = whole, store
        self.backend: Backend = whole.backend
        self.name, self.phase = whole.spec.name, whole.phase
        self.context = PassContext(self.phase, seed)
        check_can_be_cut(whole)
        check_carried(whole, store)
        self._scale = self.backend.elementwise(self._scale_block, store.diff)
        self._weight, self.measures_shards, self._shard_square = 1.0, False, 0.0
        self._siblings: dict[tuple[Phase, OtherData | None], SharedEvaluation] = {}
        self._distinct: tuple[Net, ...] = ()
        self._share_out(count, communicator)
        self._cursors = {layer.name: 0 for layer in self._first.data_layers}

    def _share_out(self, count: int, communicator: Communicator) -> None:
        """Make all that follows from which shards are whose."""
        whole, store, to = self.compiled, self.store, communicator
        self._communicator = to
        self._shards = Shards(count, batch_size_of(whole), to.rank, to.size, to.is_elastic)
        self._nets = self._make_nets()
        self._distinct = tuple(dict.fromkeys(self._nets.values()))
        self._first = self._distinct[0]
        self._carried = Carried(store, self._nets, self.shards)
        self._tally = Tally(store, self._first, self.shards)
        summed = [store.diff, self._tally.array]
        self._sum = TreeSum(self.backend, summed, self.shards, communicator)
        self._lockstep = Lockstep(self._nets, self.shards, communicator) if meets(whole) else None

    def share_anew(self, communicator: Communicator) -> None:
        """Share the shards out to other ranks; the net goes on from where it stands."""
        state = self.state_dict()
        self.close()
        self._siblings.clear()
        self._share_out(self.shards.count, communicator)
        self.load_state_dict(state)

    def _make_nets(self) -> dict[int, Net]:
        """The net of each own shard: one for each size, or one each where they run abreast."""
        own, shards = self.shards.own(), self.shards
        if meets(self.compiled):
            groups = [[shard] for shard in own]
        else:
            sizes = sorted({shards.size(shard) for shard in own})
            groups = [[s for s in own if shards.size(s) == size] for size in sizes]
        nets: dict[int, Net] = {}
        for group in groups:
            portion = Portion(shards.batch_size, tuple(shards.rows(shard) for shard in group))
            spec = spec_of_shard(self.compiled, shards.size(group[0]))
            store = self.store.twin() if meets(self.compiled) else self.store
            net = self._net(spec, self.phase, store, portion)
            nets |= dict.fromkeys(group, net)
        return {shard: nets[shard] for shard in own}

    def _net(
        self, spec: NetSpec, phase: Phase, store: ParamStore, portion: Portion | None = None
    ) -> Net:
        backend, dtype, limit = self.backend, self.compiled.dtype, self._memory_limit
        compiled = compile_net(
            spec, phase, backend, dtype, "needed", memory_limit=limit, has_params=True
        )
        check_shared(compiled, self.compiled, store.declared)
        seed, files = self.context.seed, self.context.replaceable
        return Net(compiled, store, seed, self._inputs, portion=portion, replaceable=files)

    # --- running ------------------------------------------------------------------------

    def forward_backward(self) -> None:
        """One batch: ``store.diff`` is then its gradient, on every rank.

        Raises:
            GraphnetError: If a layer meets bad data.
            RankError: If another rank has gone.
        """
        with self.backend.computing():
            self.run_batch()

    def run_batch(self) -> None:
        """:meth:`forward_backward`, called within ``backend.computing()``: by the solver's loop."""
        self._tally.begin()
        if self._lockstep is not None:
            for shard in self._nets:
                self._enter(shard)
            self._lockstep.run()
        self._sum(self._shard)
        self._tally.end()
        self._shard_square = self._tally.square
        if self.communicator.is_elastic:
            self._carried.spread(self.communicator)
        for layer in self._first.data_layers:
            self._cursors[layer.name] += self.shards.batch_size if layer.n_samples else 0

    def _enter(self, shard: int) -> None:
        """Let a shard's net stand where the shard begins."""
        net = self._nets[shard]
        self._tally.rewind(net)
        self._carried.enter(shard)
        net.context.iteration = self.context.iteration
        net.context.loss_scale = self.context.loss_scale
        net.context.first_sample = self.context.first_sample + self.shards.rows(shard)[0]

    def _shard(self, shard: int) -> None:
        """Write a shard's part of everything that is added up."""
        net = self._nets[shard]
        if self._lockstep is None:
            self._enter(shard)
            net.run_batch()
        else:
            self.store.diff[...] = net.store.diff
        self._carried.leave(shard)
        square = self.backend.square_sum(self.store.diff) if self.measures_shards else 0.0
        self._tally.give(shard, net, square)
        self._weight = self.shards.weight(shard)
        self._scale()

    def _scale_block(self, xp: Any, diff: Any) -> None:
        xp.multiply(diff, self._weight, out=diff)

    def settle(self) -> None:
        """Do nothing: what each shard measured has been fetched, and its errors with it."""

    def objective(self) -> float:
        """As :meth:`loss`."""
        return self.loss()

    def loss(self) -> float:
        """The objective of the last batch, without regularizers."""
        return float(sum(self._tally.losses.values()))

    def losses(self) -> dict[str, float]:
        """The same by loss layer."""
        return dict(self._tally.losses)

    @property
    def ballot(self) -> np.ndarray:
        """Numbers of this rank that are added up along with the gradient."""
        return self._tally.ballot

    @property
    def counted(self) -> np.ndarray:
        """What the ballots of all ranks have come to in the last batch."""
        return self._tally.counted

    # --- data ---------------------------------------------------------------------------

    @property
    def batch_size(self) -> int:
        """Rows of the whole batch."""
        return self.shards.batch_size

    @property
    def n_samples(self) -> int | None:
        """In one epoch of the first data layer that has epochs."""
        return self._first.n_samples

    @property
    def epoch(self) -> int:
        """Completed passes of that layer."""
        main = next((d for d in self._first.data_layers if d.n_samples), None)
        return self._cursors[main.name] // main.n_samples if main and main.n_samples else 0

    def state_dict(self) -> NetState:
        """As of any net: samples of whole batches delivered, and the running sums."""
        sums = self._tally.sums.items()
        return {"cursors": dict(self._cursors), "statistics": {k: s.copy() for k, s in sums}}

    def load_state_dict(self, saved: NetState) -> None:
        """Go back to what :meth:`state_dict` gave; what is not named in it stays as it is."""
        if "cursors" in saved:
            known = self._cursors.keys() & saved["cursors"].keys()
            self._cursors |= {name: saved["cursors"][name] for name in known}
            for net in self._distinct:
                net.load_state_dict({"cursors": self._cursors})
        for name, sums in saved.get("statistics", {}).items():
            if name in self._tally.sums:
                self._tally.sums[name][...] = sums

    # --- statistics ---------------------------------------------------------------------

    def statistics(self) -> dict[str, float]:
        """The means since the last reset, of all losses and statistics, of all shards."""
        self._first.load_state_dict({"statistics": self._tally.sums})
        return self._first.statistics()

    def reset_statistics(self) -> None:
        """Start counting from zero."""
        for sums in self._tally.sums.values():
            sums.fill(0)

    # --- the ranks ----------------------------------------------------------------------

    @property
    def in_shards(self) -> ShardedNet:
        """This net: its batch is cut into shards."""
        return self

    def collect(self) -> None:
        """Bring to rank 0 the state that all ranks' shards hand to their next batches."""
        self._carried.collect(self.communicator)

    def step_mark(self) -> None:
        """None: a rank that fails leaves the others within their step."""

    def sibling(
        self, phase: Phase, other: OtherData | None = None
    ) -> Net | SharedEvaluation | None:
        """The net of another phase; all ranks take part in its evaluation.

        Args:
            phase: Of it.
            other: What it reads in place of the data it declares.

        Raises:
            DataError: If there is no place for other data.
            ShapeError: If it needs params that this net does not have.
        """
        spec = self.compiled.spec
        if not spec.has_phase(phase):
            return None
        declared, spec = spec, spec if other is None else other.in_place(spec, phase)
        if phase != self.phase:
            warn_of_same_rows(spec, phase, self._inputs, declared, self._inputs)
        if self.communicator.size == 1:
            return self._net(spec, phase, self.store)
        if (phase, other) not in self._siblings:
            net = self._net(spec, phase, self.store)
            self._siblings[phase, other] = SharedEvaluation(net, self.communicator, other)
        return self._siblings[phase, other]

    def evaluate(self) -> Evaluation:
        """Run the whole data set of this phase once; to be called on rank 0.

        Raises:
            DataError: If it has no end.
        """
        net = self.sibling(self.phase)
        if net is None:
            raise DataError(f"net '{self.name}' ({self.phase}) measures nothing")
        net.context.iteration = self.context.iteration
        try:
            return net.evaluate()
        finally:
            if isinstance(net, Net):  # made for this alone
                net.close()

    def help_evaluate(self, phase: Phase, other: OtherData | None, iteration: int) -> None:
        """Do this rank's part of an evaluation that rank 0 has asked for."""
        net = self.sibling(phase, other)
        if isinstance(net, SharedEvaluation):
            net.context.iteration = iteration
            net.take_part()

    # --- what is declared ---------------------------------------------------------------

    @property
    def yaml_text(self) -> str:
        """The declared net as YAML."""
        return self.compiled.spec.to_yaml()

    def data_summary(self) -> dict[str, Any]:
        """The source each data layer reads, by layer name."""
        return self._first.data_summary()

    def output_files(self) -> list[str]:
        """The files that layers of the spec write, of every phase."""
        return self._first.output_files()

    def data_record(self) -> DataRecord:
        """What the samples of each data layer are like."""
        return self._first.data_record()

    def data_fingerprints(self) -> dict[str, dict[str, str]]:
        """What tells each file of each data layer from another of its name."""
        return self._first.data_fingerprints()

    def statistic_keys(self, phase: Phase) -> list[str] | None:
        """What a phase of the same spec measures; None where it cannot be told."""
        return self._first.statistic_keys(phase)

    def suspicions(self) -> list[Problem]:
        """What is hardly meant in it, each at its place."""
        return suspicions(self.compiled, {d.name: d.n_samples for d in self._first.data_layers})

    def check_trainable(self) -> None:
        """As of any net."""
        self._first.check_ready()
        check_learns(self.compiled, self.store)

    def first_bad_layer(self) -> str | None:
        """The first layer with a value that is not finite in a shard of this rank."""
        before = {name: max(0, at - self.batch_size) for name, at in self._cursors.items()}
        self.load_state_dict({"cursors": before})
        for shard in self.shards.own():
            net = self._nets[shard]
            net.context.first_sample = self.shards.rows(shard)[0]
            if (found := first_bad_layer(net.layers, net.params)) is not None:
                return found
        return None

    @property
    def planned_bytes(self) -> int:
        """Blobs, diffs and scratch of this rank's shards, plus params and their diffs."""
        plans, store = [net.compiled.plan for net in self._distinct], self.store
        return int(sum(p.n_bytes for p in plans) + store.data.nbytes + store.diff.nbytes)

    def close(self) -> None:
        """Release files and threads."""
        nets: list[Net | SharedEvaluation] = [*self._distinct, *self._siblings.values()]
        for net in nets:
            net.close()
