"""What the solver knows of a net, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from graphnet.backend.base import Backend
from graphnet.backend.measures import Number
from graphnet.errors import Problem
from graphnet.layers.base import PassContext, Phase
from graphnet.net.running_net import NetState
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


class TrainableNet(EvaluatedNet, Protocol):
    """A net that can be trained.

    Attributes:
        name: Its name.
        phase: Its phase, ``train`` as a rule.
        backend: Where its arrays live.
        store: Its params, their diffs and its persistent state.
        context: What the running pass is about; the solver sets ``iteration`` and
            ``first_sample``.
    """

    phase: Phase
    backend: Backend
    store: ParamStore

    def forward_backward(self) -> None:
        """Read the next batch, compute all tops, and assign every param's diff."""

    def settle(self) -> None:
        """Raise what passes have noted of bad data, on a device that they did not stop for it."""

    def objective(self) -> Number:
        """As :meth:`loss`, but where it was computed: nobody waits for it."""

    def loss(self) -> float:
        """The objective of the last forward: the sum of its losses, without regularizers."""

    def losses(self) -> Mapping[str, float]:
        """The same, by loss layer."""

    def statistic_keys(self, phase: Phase) -> Collection[str] | None:
        """What a phase of the same net measures; None where it cannot be told."""

    def suspicions(self) -> Sequence[Problem]:
        """What is legal in it but hardly meant, each at its place."""

    def check_trainable(self) -> None:
        """See that there is a loss and that it reaches all that should learn.

        Raises:
            TopologyError: Otherwise.
        """

    def first_bad_layer(self) -> str | None:
        """The first layer, in order, with a value that is not finite."""

    @property
    def epoch(self) -> int:
        """Completed passes over the data."""

    @property
    def n_samples(self) -> int | None:
        """In one epoch; None for an endless source."""

    @property
    def batch_size(self) -> int:
        """Samples in one forward."""

    def state_dict(self) -> NetState:
        """Where the data layers stand, and the running sums: what a snapshot keeps."""

    def load_state_dict(self, saved: NetState) -> None:
        """Go back to what :meth:`state_dict` gave; what is not named in it stays as it is."""

    def statistics(self) -> Mapping[str, float]:
        """The means of all losses and statistics since the last reset."""

    def reset_statistics(self) -> None:
        """Start counting from zero."""

    @property
    def yaml_text(self) -> str:
        """The net in its normal form."""

    def data_summary(self) -> dict[str, Any]:
        """Which data sources are used."""

    def output_files(self) -> list[str]:
        """The files that its layers write, of every phase."""

    def data_fingerprints(self) -> Mapping[str, dict[str, str]]:
        """By data layer and path, what tells each file from another of its name."""

    def sibling(self, phase: Phase) -> EvaluatedNet | None:
        """The other phase of the same net, sharing the params; None if it measures nothing."""
