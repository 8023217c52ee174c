"""PassContext: what a pass over a net is about, for its layers to look at."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from graphnet.data.portion import Portion
from graphnet.errors import DataError
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
        n_rows: How many rows a whole batch has; 0 where nobody has said. The net assigns it.
        portion: Which rows of the global batch the net's data layers deliver; None for all.
        replaceable: The output files that the run which goes on has written before. A run sets it.
        loss_scale: How many times as large the diffs of blobs are, where operands are rounded to 16
            bits; otherwise nobody asks. May be assigned.
    """

    # without a dictionary: a step writes to it several times
    __slots__ = (
        "_phase",
        "_portion",
        "_seed",
        "first_sample",
        "iteration",
        "loss_scale",
        "n_rows",
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
        self.n_rows = 0
        self.loss_scale = 1.0


class ContextOfRows(PassContext):
    """The context of a layer whose blobs have other rows than one for each sample.

    Where a sample has several rows, as many of them count for each sample that does; where several
    samples are one row, it counts if all of them do.

    Args:
        whole: That of the net.
        rows: Rows of the layer's first bottom.
        of_data: Whether they depend on samples. If not, all of them count, always.
    """

    __slots__ = ("_of_data", "_rows", "_whole")

    def __init__(self, whole: PassContext, rows: int, *, of_data: bool = True) -> None:
        self._whole, self._rows, self._of_data = whole, rows, of_data
        self._phase, self._seed, self._portion = whole.phase, whole.seed, whole.portion

    @property
    def n_valid(self) -> int:  # type: ignore[override]  # as the net's is, at every time
        """How many of the rows count.

        Raises:
            DataError: If a part of the samples of one row does.
        """
        valid, n_rows = self._whole.n_valid, self._whole.n_rows
        if valid == n_rows or not self._of_data:
            return self._rows
        counted, rest = divmod(valid * self._rows, n_rows)
        if rest:
            raise DataError(not_whole(valid, n_rows))
        return counted

    @property
    def n_rows(self) -> int:  # type: ignore[override]
        """All of its rows."""
        return self._rows

    @property
    def iteration(self) -> int:  # type: ignore[override]
        """The solver's."""
        return self._whole.iteration

    @property
    def first_sample(self) -> int:  # type: ignore[override]
        """The index of the net's first row."""
        return self._whole.first_sample

    @property
    def loss_scale(self) -> float:  # type: ignore[override]
        """That of the net's diffs."""
        return self._whole.loss_scale

    @property
    def replaceable(self) -> Collection[str]:  # type: ignore[override]
        """The output files that the run has written before."""
        return self._whole.replaceable


def refuse_part(context: PassContext) -> None:
    """See that all samples of a batch count, where they are computed together.

    Raises:
        DataError: If some only fill it up.
    """
    if context.n_valid < context.n_rows:
        raise DataError(not_whole(context.n_valid, context.n_rows))


def not_whole(valid: int, n_rows: int) -> str:
    """What is said of a batch that is not full, where samples are computed together."""
    return (
        f"computes samples together, and the last batch has {valid} of {n_rows}"
        "\n  choose a batch_size that divides the number of samples"
    )
