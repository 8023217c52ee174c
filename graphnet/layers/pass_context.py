"""PassContext: what a pass over a net is about, for its layers to look at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from graphnet.data.portion import Portion
from graphnet.sealed import read_only

Phase: TypeAlias = Literal["train", "test"]


class PassContext:
    """What a pass over the net is about; one object, shared by its layers.

    Attributes:
        phase: The net's.
        seed: The run's; together with a layer's name it keys the layer's random stream.
        iteration: The solver's; 0 before the first update. May be assigned: the next forward
            draws its random numbers for it.
        first_sample: The index, within the global batch, of row 0 of this net's batch. May be
            assigned, likewise.
        n_valid: How many rows count; the rest repeat the last one. May be assigned where no data
            layer counts them.
        portion: Which rows of the global batch the net's data layers deliver; None for all.
        replaceable: The output files that the run which goes on has written before. A run sets it.
    """

    # without a dictionary: a step writes to it several times
    __slots__ = (
        "_phase",
        "_portion",
        "_seed",
        "first_sample",
        "iteration",
        "n_valid",
        "replaceable",
    )

    phase: Phase = read_only("_phase", "load the net of the other phase")
    seed: int = read_only("_seed", "load the net with seed=…")
    portion: Portion | None = read_only("_portion")

    def __init__(
        self,
        phase: Phase,
        seed: int,
        iteration: int = 0,
        first_sample: int = 0,
        n_valid: int = 0,
        portion: Portion | None = None,
        replaceable: Collection[str] = (),
    ) -> None:
        self._phase, self._seed, self._portion = phase, seed, portion
        self.replaceable = replaceable
        self.iteration, self.first_sample, self.n_valid = iteration, first_sample, n_valid
