"""The layer contract: what a spec declares, and what a running layer does.

A layer is two classes in one file. The *spec* (``InnerProduct``) is what the YAML says: frozen,
checked, and able to say, without any memory, which shapes, params and scratch it needs. The
*layer* (``InnerProductLayer(Layer[InnerProduct])``) is bound to its arrays once and then runs.

==================  ===================================  ==================================
method              may read                             must write
==================  ===================================  ==================================
``top_shapes`` …    the spec, bottom shapes              nothing (a data layer may read its
                                                         file's header)
``setup``           shapes; binds views and operations,  nothing
                    and bare calls as passes
``forward``         bottom data, params                  every element of each top it owns
``backward``        all that ``backward_reads`` names    **assigns** every bottom diff and
                                                         param diff that is not None
==================  ===================================  ==================================

Neither may allocate arrays after the first call. A layer with several bottoms and as many tops
is written for one: the net makes a copy of it for each bottom, sharing the params.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
)

import numpy as np
from pydantic import Field

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Expectation, Number
from graphnet.blob import Shape
from graphnet.errors import SpecError
from graphnet.layers.binding import Binding
from graphnet.layers.building import let_spec_build
from graphnet.layers.data_traits import DataTraits
from graphnet.layers.judging import Judging
from graphnet.layers.learned import HasLearned
from graphnet.layers.merging import MergingTraits
from graphnet.layers.number_traits import NumberTraits
from graphnet.layers.pass_context import PassContext, Phase
from graphnet.layers.terms import Arity, Kind, PassStage, Reads, at_least, exactly
from graphnet.params.param import ParamDecl, StateDecl
from graphnet.sealed import OpenToOthers

#: The contract, for those who read it from here.
__all__ = [
    "Arity",
    "Binding",
    "Kind",
    "Layer",
    "LayerSpec",
    "LossLayer",
    "MeasureLayer",
    "PassContext",
    "PassStage",
    "Phase",
    "Reads",
    "S",
    "ScratchDecls",
    "Shapes",
    "at_least",
    "exactly",
    "statistic_keys",
]

Shapes: TypeAlias = Sequence[Shape]
#: Working memory by name.
ScratchDecls: TypeAlias = dict[str, ScratchDecl]


class LayerSpec(DataTraits, NumberTraits, MergingTraits, HasLearned, Judging):
    """What the YAML says of one layer.

    Where a method is given ``bottoms``, they are the shapes of these, ``(N, …)`` each.

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

    @classmethod
    def subject_of(cls, values: Mapping[str, Any]) -> str:
        """How a message about a layer begins: with its name, once it has one, and its type."""
        name = values.get("name")
        named = f" '{name}'" if isinstance(name, str) and name else ""
        return f"layer{named} ({cls.__name__}): "

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

    def borrowed_state(self) -> dict[str, tuple[str, str]]:
        """State that it only reads; returns ``{name here: (store key, name there)}``, or {}."""
        return {}

    def state_decls(self, bottoms: Shapes) -> dict[str, StateDecl]:
        """The persistent state by name; none by default."""
        return {}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        """The working memory by name on a ``backend``; ``backward``: whether such a pass is run."""
        return {}

    @property
    def activation(self) -> LayerSpec | None:
        """The layer that runs in place on its tops, its ``neuron``, if it has such a key."""
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
    def output_file(self) -> str | None:
        """The path of the file it writes; None if it writes none."""
        return None

    @property
    def loss_reduction(self) -> Literal["mean", "sum"] | None:
        """How a loss is made from those of its samples; None where its class does not say.

        Where a batch is cut into shards the net takes the mean of their losses, which is right
        for a mean alone; all others are refused there.
        """
        return None

    @property
    def softmax_axis(self) -> int | None:
        """The axis of bottom 0 that it takes a softmax over; None if it takes none."""
        return None

    @property
    def takes_rows(self) -> bool:
        """Whether bottoms may be stored sample after sample, in C order, as data are read."""
        return False

    def backward_reads(self) -> Reads:
        """Whose data backward reads; the default is the first bottom."""
        return Reads(bottoms=(0,))

    def differentiable(self, n_bottoms: int) -> tuple[int, ...]:
        """Which of ``n_bottoms`` a gradient can flow to; by default all of a compute layer's."""
        return tuple(range(n_bottoms)) if self.kind is Kind.COMPUTE else ()

    def n_indices(self, bottoms: Shapes) -> int:
        """How many classes, words or places numbers in its blobs tell apart; 0 where none do.

        A net's precision must hold all of them; the net sees to that.
        """
        return 0

    def macs(self, bottoms: Shapes) -> int:
        """How many multiply-adds one forward pass over the whole batch takes."""
        return 0

    def connections(self, bottoms: Shapes) -> int:
        """How many multiply-adds and biases a sample takes: LeCun's count of connections."""
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
    def measures(self) -> tuple[str, ...]:
        """The keys of what a loss or statistic measures, as :attr:`MeasureLayer.keys`."""
        return ("",) if self.kind in (Kind.LOSS, Kind.STATISTIC) else ()

    @property
    def store_key(self) -> str:
        """The key of its params in the store, ``param_key`` where there is one, else the name."""
        return str(getattr(self, "param_key", None) or self.name)

    def build(self, binding: Binding) -> Layer[Any]:
        """The layer that runs it, bound to the arrays of a ``binding``.

        It need not be defined where a ``Layer`` of this spec, ``class MineLayer(Layer[Mine])``,
        is in the same file: that is what runs it.
        """
        raise NotImplementedError

    if not TYPE_CHECKING:  # to a type checker every spec has one, which its Layer may bring
        build = abstractmethod(build)


S = TypeVar("S", bound=LayerSpec)


class Layer(OpenToOthers, Generic[S]):
    """A running layer: bound once, then called without arguments.

    The attributes set here cannot be assigned after ``setup``; all others belong to the layer.

    Args:
        spec: What the YAML says.
        binding: Its arrays; ``bottoms[i].diff`` is None where no gradient is wanted there.
    """

    _kept = (
        *("spec", "name", "bottoms", "tops", "params", "state", "scratch", "backend", "xp"),
        *("context", "dtype", "inputs", "expectations", "setup", "forward", "backward"),
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        let_spec_build(cls)

    def __init__(self, spec: S, binding: Binding) -> None:
        self.spec = spec
        self.name = binding.name
        self.bottoms, self.tops = tuple(binding.bottoms), tuple(binding.tops)
        self.params = MappingProxyType(binding.params)
        self.state, self.scratch = binding.state, binding.scratch
        self.backend, self.xp = binding.backend, binding.backend.xp
        self.context, self.dtype = binding.context, binding.dtype
        self.inputs = binding.inputs
        #: what ``setup`` expects of the data; the net settles it
        self.expectations: list[Expectation] = []
        self.setup()

    def setup(self) -> None:
        """Bind views and operations; nothing has been computed yet."""

    def bind_passes(self, *, forward: Call | None = None, backward: Call | None = None) -> None:
        """Let bare calls be the layer's ``forward`` and ``backward``; for ``setup``.

        By default, where one is not given, a pass stays the method of its name.
        """
        for name, call in (("forward", forward), ("backward", backward)):
            if call is not None:
                setattr(self, name, call)

    def forward(self) -> None:
        """Write every element of every top."""
        raise NotImplementedError

    def backward(self) -> None:
        """Assign every wanted bottom diff and param diff."""

    def forward_stages(self) -> list[PassStage]:
        """``forward`` in parts, where the batch is cut into shards and its spec meets them."""
        return [PassStage(self.forward)]

    def backward_stages(self) -> list[PassStage]:
        """``backward`` in parts.

        Diffs are those of this shard's mean loss, so their sum over its rows, once shared, is a
        mean over all rows of the batch. Divided by the number of this shard's rows it is on the
        scale of this shard's diffs.
        """
        return [PassStage(self.backward)]

    def start_pass(self) -> None:
        """An evaluation begins: the passes that follow make one over the whole data set."""

    def end_pass(self, *, is_whole: bool) -> None:
        """The evaluation has ended; before its time if not ``is_whole``."""

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
        if len(spec.measures) > 1:  # a single one is the class's, which may be the user's own
            self.keys = spec.measures
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
        return dict(zip(statistic_keys(self.name, self.keys), means, strict=True))


def statistic_keys(name: str, keys: Sequence[str]) -> list[str]:
    """What the numbers of a layer are called in statistics: ``accuracy``, ``accuracy.top5``."""
    return [f"{name}.{key}" if key else name for key in keys]


class LossLayer(MeasureLayer[S]):
    """A term of the objective. ``forward`` sets ``loss``, already multiplied by its weight.

    It is what ``backend.number`` gives; ``float(layer.loss)`` fetches it where it is on a device.
    """

    _open = frozenset(("loss",))
    loss: Number = 0.0
