"""What the solver asks of a net, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from graphnet.backend.measures import Number
from graphnet.data.record import DataRecord
from graphnet.errors import Problem
from graphnet.layers.base import PassContext, Phase
from graphnet.net.running_net import NetState
from graphnet.net.sources import OtherData
from graphnet.net.step_mark import StepMark
from graphnet.parallel.communicator import Communicator
from graphnet.parallel.shards import Shards
from graphnet.params.param import ParamStore


class EvaluatedNet(Protocol):
    """A net that can be run over its whole data set."""

    name: str
    context: PassContext

    def evaluate(self) -> tuple[int, Mapping[str, float]]:
        """Run every sample exactly once: how many there were, and the means by statistic key.

        Params, cursors and persistent state stay as they are.
        """

    def close(self) -> None:
        """Release files and threads."""


class TrainableNet(Protocol):
    """A net that can be trained.

    Attributes:
        name: Its name.
        store: Its params, their diffs and its persistent state, and the backend they live on.
        context: What the running pass is about; the solver sets ``iteration`` and
            ``first_sample``.
    """

    name: str
    store: ParamStore
    context: PassContext

    @property
    def in_shards(self) -> SharedNet | None:
        """The net itself where its batch is cut into shards, else None."""

    # --- before the run -----------------------------------------------------------------

    def check_trainable(self) -> None:
        """See that there is a loss and that it reaches all that should learn.

        Raises:
            TopologyError: Otherwise.
        """

    def suspicions(self) -> Sequence[Problem]:
        """What is legal in the net but hardly meant, each at its place."""

    def statistic_keys(self, phase: Phase) -> Collection[str] | None:
        """What a phase of the same net measures; None where it cannot be told."""

    # --- in a step ----------------------------------------------------------------------

    @property
    def batch_size(self) -> int:
        """Samples in one forward."""

    @property
    def n_samples(self) -> int | None:
        """Samples in one epoch; None for an endless source."""

    @property
    def epoch(self) -> int:
        """Completed passes over the data."""

    def run_batch(self) -> None:
        """Read the next batch, compute all tops, and assign every param's diff.

        The caller is within ``backend.computing()``.
        """

    def objective(self) -> Number:
        """The same as :meth:`loss`, left where it was computed: nobody waits for it."""

    def step_mark(self) -> StepMark | None:
        """What a step changes besides params and blobs; None if that is not kept before steps."""

    # --- in a pause ---------------------------------------------------------------------

    def settle(self) -> None:
        """Raise what passes on a device have noted of bad data, for which they did not stop."""

    def loss(self) -> float:
        """The objective of the last forward: the sum of its losses, without regularizers."""

    def losses(self) -> Mapping[str, float]:
        """The terms of :meth:`loss` by loss layer."""

    def statistics(self) -> Mapping[str, float]:
        """The means of all losses and statistics since the last reset."""

    def reset_statistics(self) -> None:
        """Start counting from zero."""

    def first_bad_layer(self) -> str | None:
        """The first layer, in order, with a value that is not finite."""

    def sibling(self, phase: Phase, other: OtherData | None = None) -> EvaluatedNet | None:
        """The other phase of the same net, sharing the params; None if it measures nothing.

        Args:
            phase: Of it.
            other: What it reads in place of the data it declares.
        """

    # --- in a snapshot ------------------------------------------------------------------

    def state_dict(self) -> NetState:
        """Where the data layers stand, and the running sums: what a snapshot keeps."""

    def load_state_dict(self, saved: NetState) -> None:
        """Go back to what :meth:`state_dict` gave; what is not named in it stays as it is."""

    @property
    def yaml_text(self) -> str:
        """The net in its normal form."""

    def data_summary(self) -> dict[str, Any]:
        """Which data sources are used."""

    def data_record(self) -> DataRecord:
        """What the samples of its data layers are like, of every phase whose data are here."""

    def data_fingerprints(self) -> Mapping[str, dict[str, str]]:
        """By data layer and path, what tells each file from another of its name."""

    def output_files(self) -> list[str]:
        """The files that its layers write, of every phase."""


class SharedNet(TrainableNet, Protocol):
    """A net whose batch is cut into shards, which the ranks of a job share out.

    Attributes:
        shards: How the batch is cut.
        communicator: To the other ranks.
        measures_shards: Whether each batch measures ``shard_square``; may be assigned.
        shard_square: Of its shards' gradients: the mean of the squared lengths, by rows.
    """

    shards: Shards
    communicator: Communicator
    measures_shards: bool
    shard_square: float

    @property
    def ballot(self) -> np.ndarray:
        """Numbers of this rank that are added up along with the gradient."""

    @property
    def counted(self) -> np.ndarray:
        """What the ballots of all ranks have come to in the last batch."""

    def share_anew(self, communicator: Communicator) -> None:
        """Share the shards out to other ranks; the net goes on from where it stands."""

    def collect(self) -> None:
        """Have on rank 0 the state that all ranks' shards hand to their next batches."""

    def help_evaluate(self, phase: Phase, other: OtherData | None, iteration: int) -> None:
        """Do this rank's part of an evaluation that rank 0 has asked for."""
