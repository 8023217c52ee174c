"""The layer contract: what a spec declares, and what a running layer does.

A layer is two classes in one file. The *spec* (``InnerProduct``) is what the YAML says: frozen,
checked, and able to say, without any memory, which shapes, params and scratch it needs. The
*layer* (``InnerProductLayer``) is bound to its arrays once and then runs.

==================  ===================================  ==================================
method              may read                             must write
==================  ===================================  ==================================
``top_shapes`` …    the spec, bottom shapes              nothing (a data layer may read its
                                                         file's header)
``setup``           shapes; binds views and operations   nothing
``forward``         bottom data, params                  every element of each top it owns
``backward``        all that ``backward_reads`` names    **assigns** every bottom diff and
                                                         param diff that is not None
==================  ===================================  ==================================

Neither may allocate arrays after the first call. A layer with several bottoms and as many tops
is written for one: the net makes a copy of it for each bottom, sharing the params.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import nan
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeAlias, TypeVar

import numpy as np
from pydantic import Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.measures import Expectation, Number
from graphnet.blob import Array, Blob, Shape
from graphnet.data.portion import Portion
from graphnet.errors import SpecError
from graphnet.layers.learned import HasLearned
from graphnet.param import Param, ParamDecl, StateDecl

Phase: TypeAlias = Literal["train", "test"]
Shapes: TypeAlias = Sequence[Shape]


class Kind(Enum):
    """What a layer is for; decides what the net does with it."""

    DATA = "data"  # no bottoms
    COMPUTE = "compute"  # bottoms to tops
    LOSS = "loss"  # a term of the objective, no tops
    STATISTIC = "statistic"  # counts, no tops, no backward
    OUTPUT = "output"  # no tops, a side effect


@dataclass(frozen=True)
class Arity:
    """How many bottoms or tops a layer takes; ``most`` None means any number."""

    least: int
    most: int | None

    def __contains__(self, n: int) -> bool:
        return self.least <= n and (self.most is None or n <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


def exactly(n: int) -> Arity:
    """An arity of just ``n``."""
    return Arity(n, n)


def at_least(n: int) -> Arity:
    """An arity of ``n`` or more."""
    return Arity(n, None)


@dataclass(frozen=True)
class Reads:
    """Whose data a layer's backward reads, by index; the rest may be overwritten before it."""

    bottoms: tuple[int, ...] = ()
    tops: tuple[int, ...] = ()


class LayerSpec(HasLearned):
    """What the YAML says of one layer.

    Args:
        name: Unique in its phase.
        phase: ``train`` or ``test``; absent: every phase.
        bottoms: The blobs it reads.
        tops: The blobs it writes. An in-place layer may leave them out.
        frozen: Its params do not learn.
    """

    type: str
    name: str = Field(min_length=1)
    phase: Phase | None = None
    bottoms: tuple[str, ...] = ()
    tops: tuple[str, ...] = ()
    frozen: bool = False

    #: What the layer is for.
    kind: ClassVar[Kind] = Kind.COMPUTE
    #: How many bottoms it takes and tops it gives. ``each_bottom`` layers state those of one copy.
    n_bottoms: ClassVar[Arity] = exactly(1)
    n_tops: ClassVar[Arity] = exactly(1)
    #: Several bottoms and as many tops are allowed, each pair computed alike with the same params.
    each_bottom: ClassVar[bool] = False
    #: Tops may be left out or equal the bottoms: the layer then replaces the blob for every reader.
    in_place: ClassVar[bool] = False
    #: Top 0 may be written over bottom 0 in memory (and bottom diff over top diff).
    overwrites: ClassVar[bool] = False
    #: Every top is a view of bottom 0, with the same elements in the same order.
    views: ClassVar[bool] = False
    #: An element-wise f with max(f(a), f(b)) = f(max(a, b)) and its gradient at the same element:
    #: where a max pooling alone reads the top, the net runs the layer behind it.
    commutes_with_max: ClassVar[bool] = False

    # --- pure declarations --------------------------------------------------------------

    @abstractmethod
    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        """The shapes of the tops.

        Raises:
            ShapeError: If a bottom does not fit; the net adds the layer and its position.
        """

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        """The params by name; none by default."""
        return {}

    def borrowed_params(self) -> dict[str, tuple[str, str]]:
        """Params of others that it only reads, ``{name here: (store key, name there)}``.

        They come with ``Binding.params``, without a diff; none by default.
        """
        return {}

    def state_decls(self, bottoms: Shapes) -> dict[str, StateDecl]:
        """The persistent state by name; none by default."""
        return {}

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        """The working memory by name; ``backward`` False where the net never runs backward."""
        return {}

    @property
    def activation(self) -> LayerSpec | None:
        """The layer that runs in place on its tops: its ``neuron``, if it has such a key."""
        neuron: LayerSpec | None = getattr(self, "neuron", None)
        return None if neuron is None or neuron.type == "Identity" else neuron

    @property
    def pools_maxima(self) -> bool:
        """Whether each element of its top is the largest of some of its bottom's."""
        return False

    @property
    def hands_out(self) -> bool:
        """Whether it gives blobs to somebody outside the net."""
        return self.kind is Kind.OUTPUT

    @property
    def takes_rows(self) -> bool:
        """Whether bottoms may be stored in C order, sample after sample, as a data layer reads."""
        return False

    def backward_reads(self) -> Reads:
        """Whose data backward reads; the default is the first bottom."""
        return Reads(bottoms=(0,))

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        """The bottoms a gradient can flow to; by default all of a compute layer's."""
        return tuple(range(n_bottoms)) if self.kind is Kind.COMPUTE else ()

    def macs(self, bottoms: Shapes) -> int:
        """Multiply-adds of one forward pass over the whole batch, for ``check`` and ``time``."""
        return 0

    def connections(self, bottoms: Shapes) -> int:
        """Multiply-adds plus biases of one sample: LeCun's count of connections."""
        return self.macs(bottoms) // bottoms[0][0] if bottoms else 0

    def relative_to(self, folder: Path) -> Self:
        """The spec with its relative paths made absolute; ``folder`` is that of its YAML file."""
        return self

    def with_batch_size(self, n: int) -> Self:
        """A data layer's spec for batches of ``n`` rows, where a batch is cut into shards.

        Its layer then delivers the rows that ``PassContext.portion`` names, or such that depend
        on ``first_sample``.

        Raises:
            SpecError: By default: that it can deliver whole batches only.
        """
        raise SpecError(
            "a layer of this type delivers whole batches only\n  solve the net with shards: 1"
        )

    def meets_shards(self, phase: Phase) -> bool:
        """Whether its layer needs the other shards of the batch; see ``Layer.forward_stages``."""
        return False

    @property
    def store_key(self) -> str:
        """The key of its params in the store: ``param_key`` where there is one, else the name."""
        return str(getattr(self, "param_key", None) or self.name)

    @abstractmethod
    def build(self, binding: Binding) -> Layer[Any]:
        """The layer that runs it, bound to its arrays."""


@dataclass
class PassContext:
    """What a pass over the net is about; one object, shared by its layers.

    Attributes:
        phase: Of the net.
        seed: Of the run; with the layer's name it keys its random stream.
        iteration: Of the solver; 0 before the first update.
        first_sample: The index, within the global batch, of row 0 of this net's batch.
        n_valid: How many rows count; the rest repeat the last one.
        portion: Which rows of the global batch the net's data layers deliver; None for all.
    """

    phase: Phase
    seed: int
    iteration: int = 0
    first_sample: int = 0
    n_valid: int = 0
    portion: Portion | None = None


@dataclass
class Binding:
    """The arrays and services a layer is bound to."""

    name: str
    bottoms: list[Blob]
    tops: list[Blob]
    params: Mapping[str, Param]
    state: Mapping[str, Array]
    scratch: Mapping[str, Array]
    backend: Backend
    context: PassContext
    dtype: np.dtype
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)


S = TypeVar("S", bound=LayerSpec)


class Stage(NamedTuple):
    """A part of a pass after which the shards of a batch meet.

    Attributes:
        call: Does this shard's part.
        shared: Replaced afterwards by its mean over all shards, weighted by their rows: an
            array of one axis, C-contiguous. None where nothing is shared.
    """

    call: Callable[[], None]
    shared: Array | None = None


class Layer(Generic[S]):
    """A running layer: bound once, then called without arguments.

    Args:
        spec: What the YAML says.
        binding: Its arrays; ``bottoms[i].diff`` is None where no gradient is wanted there.
    """

    def __init__(self, spec: S, binding: Binding) -> None:
        self.spec = spec
        self.name = binding.name
        self.bottoms, self.tops = binding.bottoms, binding.tops
        self.params, self.state, self.scratch = binding.params, binding.state, binding.scratch
        self.backend, self.xp = binding.backend, binding.backend.xp
        self.context, self.dtype = binding.context, binding.dtype
        self.inputs = binding.inputs
        #: what ``setup`` binds to be looked at in forward, so that the net can settle it
        self.expectations: list[Expectation] = []
        self.setup()

    def setup(self) -> None:
        """Bind views and operations; nothing has been computed yet."""

    def forward(self) -> None:
        """Write every element of every top. ``setup`` may bind a bare call in its place."""
        raise NotImplementedError

    def backward(self) -> None:
        """Assign every wanted bottom diff and param diff."""

    def forward_stages(self) -> list[Stage]:
        """``forward`` in parts, where the batch is cut into shards and its spec meets them."""
        return [Stage(self.forward)]

    def backward_stages(self) -> list[Stage]:
        """``backward`` in parts.

        Diffs are of the mean loss of this shard's rows. What they add up to over the rows can
        be shared; divided by the number of this shard's rows it then goes with its diffs.
        """
        return [Stage(self.backward)]

    def close(self) -> None:
        """Release files and threads; called once."""


class MeasureLayer(Layer[S]):
    """A loss or a statistic: adds up what it measures until it is asked and reset.

    Its numbers are means, weighted by how many samples (or label positions) each batch had, so
    that a whole-set evaluation counts every sample exactly once.
    """

    #: The keys of its numbers; "" is the main one and is reported under the layer's name alone.
    keys: tuple[str, ...] = ("",)

    def __init__(self, spec: S, binding: Binding) -> None:
        # the sums, and in the last place the weight; float64 whatever the net's precision
        self.sums = binding.backend.sums(len(self.keys) + 1)
        super().__init__(spec, binding)

    def add(self, weight: Number, *means: Number) -> None:
        """Count one batch: its mean for each key, and its weight."""
        self.sums.add(weight, means)

    def reset_statistics(self) -> None:
        """Forget all batches."""
        self.sums.write(np.zeros(len(self.keys) + 1))

    def statistics(self) -> dict[str, float]:
        """``{name: mean, "name.key": mean}``; NaN before the first batch."""
        *sums, weight = self.sums.read().tolist()
        means = [s / weight if weight else nan for s in sums]
        return {
            f"{self.name}.{key}" if key else self.name: mean
            for key, mean in zip(self.keys, means, strict=True)
        }


class LossLayer(MeasureLayer[S]):
    """A term of the objective. ``forward`` sets ``loss``, already multiplied by its weight.

    It is what ``backend.number`` gives; ``float(layer.loss)`` fetches it where it is on a device.
    """

    loss: Number = 0.0


class DataLayer(Layer[S]):
    """A source of samples.

    Attributes:
        n_samples: In one epoch; None for an endless source, which has no epochs.
        cursor: Samples delivered since the start of the run: with the seed, all there is to
            know about where the layer stands.
        wrap: True: after the last sample of an epoch the next one begins, within the batch.
            False (evaluation): the batch is filled by repeating its last row, and
            ``context.n_valid`` says how many rows count.
    """

    n_samples: int | None = None
    cursor: int = 0
    wrap: bool = True

    @property
    def epoch(self) -> int:
        """Completed passes over the source; counts the moment its last sample is delivered."""
        return self.cursor // self.n_samples if self.n_samples else 0

    def seek(self, cursor: int, *, wrap: bool = True) -> None:
        """Continue after ``cursor`` samples, dropping whatever was read ahead."""
        self.cursor, self.wrap = cursor, wrap
