"""Params: the learnable arrays of a run, and the store that owns them.

All params of a run lie in one flat buffer, and so do the diffs of those that learn:

    data   | learn, rate and regularizer A | learn, B | … | frozen |
    diff   | as data                       |          | … |

Layers hold views of them. The training net and its test nets share the store, whose keys are the
names of layers, or ``param_key`` where layers share params.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array, Blob, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.named import Named
from graphnet.params.constraints import Constraint, NoCons
from graphnet.params.filling import fill
from graphnet.params.initializers import Constant, Initializer
from graphnet.params.regularizers import NoRegu, Regularizer
from graphnet.random.keys import stream_key
from graphnet.sealed import Sealed


@dataclass(frozen=True)
class ParamDecl:
    """What a layer declares of a param before any memory exists.

    Attributes:
        shape: ``(output_dim, fan_in)``, ``(n_filter, C/n_group, kh, kw)``, ``(n,)`` …
        init: How it is filled.
        regu: Its regularizer; multiplied by the solver's ``regu_coef``.
        cons: What is enforced after updates.
        lr: Its learning rate relative to the solver's.

    Raises:
        ShapeError: If it would have no elements, or its initializer cannot fill the shape.
    """

    shape: Shape
    init: Initializer = field(default_factory=Constant)
    regu: Regularizer = field(default_factory=NoRegu)
    cons: Constraint = field(default_factory=NoCons)
    lr: float = 1.0

    def __post_init__(self) -> None:
        if 0 in self.shape:
            raise ShapeError(
                f"a param would have the shape {shape_text(self.shape)}, which holds no elements\n"
                "  a bottom has an empty axis"
            )
        self.init.check(self.shape)


@dataclass(frozen=True)
class StateDecl:
    """Persistent state of a layer that is not learned: running statistics, recurrent state.

    Attributes:
        shape: Its shape, C-contiguous.
        fill: Its value at the start of a run.
        per_batch: True for state carried from one batch to the next (recurrent state), which
            an evaluation starts afresh; False for running statistics, which it uses.
    """

    shape: Shape
    fill: float = 0.0
    per_batch: bool = False


class Param(Blob):
    """A learnable array: ``data`` and ``diff`` as in a blob, and what was declared of it.

    ``diff`` is None while the param is frozen. ``decl`` has its rate, regularizer and the like,
    which are declared with the layer and do not change.
    """

    decl: ParamDecl

    def __init__(
        self, name: str, data: Array, diff: Array | None = None, decl: ParamDecl | None = None
    ) -> None:
        super().__init__(name, data, diff)
        vars(self)["decl"] = ParamDecl(()) if decl is None else decl

    @property
    def _no_diff(self) -> str:
        return "it is frozen"


@dataclass(frozen=True)
class DeclaredParams:
    """What is declared of the params and state under one key of the store.

    ``frozen``: no layer that uses the key wants it to learn.
    """

    params: Mapping[str, ParamDecl]
    state: Mapping[str, StateDecl]
    frozen: bool = False


class ParamStore(Sealed):
    """Owner of all params, their diffs and the persistent state of one run.

    Attributes:
        data: All trainable params, then all frozen ones, flat; those of equal rate and
            regularizer lie together.
        diff: The diffs of the trainable ones, flat.
        params: ``params[key][name]``.
        state: ``state[key][name]``.
        declared: What it was made from.

    Args:
        backend: Where the arrays live.
        dtype: Their precision.
        declared: What each key holds, in the order of the net.
        seed: Keys the initial values, together with the param's name.
    """

    def __init__(
        self, backend: Backend, dtype: np.dtype, declared: Mapping[str, DeclaredParams], seed: int
    ) -> None:
        self.backend, self.dtype, self.seed = backend, dtype, seed
        params: dict[str, dict[str, Param]] = {k: {} for k, d in declared.items() if d.params}
        learning, frozen = _layout(declared)
        n_learning = sum(prod(decl.shape) for _, _, decl in learning)
        n_frozen = sum(prod(decl.shape) for _, _, decl in frozen)
        self.data = backend.zeros((n_learning + n_frozen,), dtype)
        self.diff = backend.zeros((n_learning,), dtype)
        offset = 0
        for key, name, decl in (*learning, *frozen):
            span = slice(offset, offset + prod(decl.shape))
            diff = self.diff[span].reshape(decl.shape) if span.stop <= n_learning else None
            params[key][name] = Param(name, self.data[span].reshape(decl.shape), diff, decl)
            offset = span.stop
        self._trainable = [params[key][name] for key, name, _ in learning]
        # in the order declared, for whoever walks them
        self.params = param_table(
            {key: {n: named[n] for n in declared[key].params} for key, named in params.items()}
        )
        self.state = _state_table(
            {
                key: {n: backend.full(s.shape, s.fill, dtype) for n, s in d.state.items()}
                for key, d in declared.items()
                if d.state
            }
        )
        self.declared = declared
        self.state_decls = {key: d.state for key, d in declared.items() if d.state}
        self.initialize()

    def initialize(self) -> None:
        """Fill every param by its initializer, as a fresh run does."""
        for key, name, param in self.items():
            rng = np.random.Generator(
                np.random.Philox(key=stream_key(self.seed, f"init/{key}/{name}"))
            )
            # the solver looks for what is not finite
            with self.backend.computing(), np.errstate(over="ignore"):
                fill(self.backend, param.data, param.decl.init.parts(rng, param.decl.shape))

    def twin(self) -> ParamStore:
        """A store of the same params (not copies), with diffs and state of its own."""
        twin = copy.copy(self)
        diff, spans, own = self.backend.zeros(self.diff.shape, self.dtype), self.spans(), {}
        params: dict[str, dict[str, Param]] = {key: {} for key in self.params}
        for key, name, param in self.items():
            span = spans.get(id(param))
            its_diff = None if span is None else diff[span].reshape(param.decl.shape)
            own[id(param)] = params[key][name] = Param(name, param.data, its_diff, param.decl)
        state = {
            key: {name: array.copy() for name, array in named.items()}
            for key, named in self.state.items()
        }
        vars(twin).update(
            diff=diff,
            params=param_table(params),
            state=_state_table(state),
            _trainable=[own[id(param)] for param in self._trainable],
        )
        return twin

    def items(self) -> Iterator[tuple[str, str, Param]]:
        """``(key, name, param)`` in the order of the net."""
        for key, named in self.params.items():
            for name, param in named.items():
                yield key, name, param

    def spans(self) -> dict[int, slice]:
        """Where each param that learns lies in ``diff`` and arrays like it, by its ``id``."""
        spans, start = {}, 0
        for param in self._trainable:
            spans[id(param)] = slice(start, start + prod(param.decl.shape))
            start = spans[id(param)].stop
        return spans

    def trainable(self) -> list[Param]:
        """The params that learn, in the order they lie in ``data`` and ``diff``."""
        return self._trainable


class Misfit(NamedTuple):
    """A param or state that one net needs and another lacks, or has in another shape.

    Attributes:
        key: In the store.
        name: Of the param or state.
        here: The shape needed.
        there: The shape found; None where there is none.
    """

    key: str
    name: str
    here: Shape
    there: Shape | None


def misfits(
    needed: Mapping[str, DeclaredParams], given: Mapping[str, DeclaredParams]
) -> list[Misfit]:
    """What a net needs of params and state that another does not have, or in another shape."""
    found = []
    for key, declared in needed.items():
        there = _shapes(given[key]) if key in given else {}
        found += [
            Misfit(key, name, shape, there.get(name))
            for name, shape in _shapes(declared).items()
            if there.get(name) != shape
        ]
    return found


def _shapes(declared: DeclaredParams) -> dict[str, Shape]:
    """The shapes of params, and of the state that belongs to the run.

    State that one batch hands to the next belongs to a net.
    """
    params = {name: decl.shape for name, decl in declared.params.items()}
    return params | {n: decl.shape for n, decl in declared.state.items() if not decl.per_batch}


def param_table(params: Mapping[str, Mapping[str, Param]]) -> Named[Named[Param]]:
    """``table["ip"]["weight"]``."""
    cure = "copy values into one: net.params[layer][name].data = values"
    return Named(
        "layer with params named",
        {key: Named(f"param of '{key}' named", named, cure) for key, named in params.items()},
        cure,
    )


def _state_table(state: Mapping[str, Mapping[str, Array]]) -> Named[Named[Array]]:
    cure = "copy values into one: store.state[layer][name][...] = values"
    return Named(
        "layer with state named",
        {key: Named(f"state of '{key}' named", named, cure) for key, named in state.items()},
        cure,
    )


_Placed: TypeAlias = tuple[str, str, ParamDecl]


def _layout(declared: Mapping[str, DeclaredParams]) -> tuple[list[_Placed], list[_Placed]]:
    """The params that learn and the frozen ones, each in the order they lie in the buffer.

    Those with the same rate and regularizer lie together, so that few calls update them all.
    """
    placed = [(key, name, decl) for key, d in declared.items() for name, decl in d.params.items()]
    learning = [p for p in placed if not declared[p[0]].frozen]
    alike = list(dict.fromkeys((decl.lr, decl.regu) for _, _, decl in learning))
    learning.sort(key=lambda p: alike.index((p[2].lr, p[2].regu)))  # stable
    return learning, [p for p in placed if declared[p[0]].frozen]
