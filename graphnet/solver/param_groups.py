"""ParamGroup: params that are updated otherwise than their layers say, chosen by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from graphnet.blob import Shape
from graphnet.declare.fields import Model, NonNegativeFloat
from graphnet.declare.yaml_reader import KeyPath
from graphnet.errors import Position, Problem, did_you_mean, listed
from graphnet.params.param import DeclaredParams, Param, ParamStore
from graphnet.params.regularizers import L2Regu, NoRegu, Regularizer

#: What stands for all params of one axis.
VECTORS = "vectors"


def _several(value: object) -> object:
    """One text stands for a list of it."""
    return (value,) if isinstance(value, str) else value


#: Which params: names, wildcards, or :data:`VECTORS`.
ParamNames: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_several)
]


def is_meant(patterns: Iterable[str], key: str, name: str, shape: Shape) -> bool:
    """Whether a param is among those that patterns name.

    Args:
        patterns: A param's name such as ``bias``, its layer and name such as ``ip1/bias``, either
            with the wildcards ``*``, ``?`` and ``[…]``; or ``vectors``: all params of one axis.
        key: Of the param in the store: its layer's name.
        name: Its name.
        shape: Its shape.
    """
    return any(
        len(shape) == 1
        if pattern == VECTORS
        else fnmatchcase(f"{key}/{name}" if "/" in pattern else name, pattern)
        for pattern in patterns
    )


class ParamGroup(Model):
    """Params that are updated otherwise than their layers say.

    Args:
        params: Which: the name of a param in all layers (``bias``), a layer and a name
            (``ip1/bias``), either with wildcards (``embed*/*``), or ``vectors``: all params of one
            axis, which are biases and what normalising layers learn. One, or a list.
        decay: The coefficient of an L2 regularizer in the place of their own, multiplied by
            ``regu_coef``; 0: they have none. Default: their own.
        lr: Their rate relative to the solver's, in the place of their own. Default: their own.
    """

    params: ParamNames
    decay: NonNegativeFloat | None = None
    lr: NonNegativeFloat | None = None

    @model_validator(mode="after")
    def _check(self) -> ParamGroup:
        if not self.params:
            raise ValueError("params: names none\n  give a name, such as bias, or vectors")
        if self.decay is None and self.lr is None:
            raise ValueError("says nothing of its params\n  give 'decay' or 'lr'")
        return self


#: How a param is updated: its rate relative to the solver's, and its regularizer.
Treated: TypeAlias = tuple[float, Regularizer]


def treated(store: ParamStore, groups: Sequence[ParamGroup]) -> Callable[[Param], Treated]:
    """How each param of a store is updated; of several groups that name it, the last counts."""
    found: dict[int, Treated] = {}
    for key, name, param in store.items():
        lr, regu = param.decl.lr, param.decl.regu
        for group in groups:
            if is_meant(group.params, key, name, param.decl.shape):
                lr = lr if group.lr is None else group.lr
                if group.decay is not None:
                    regu = L2Regu(coef=group.decay) if group.decay else NoRegu()
        found[id(param)] = (lr, regu)
    return lambda param: found[id(param)]


def without_params(
    chosen: Sequence[tuple[KeyPath, Sequence[str]]],
    declared: Mapping[str, DeclaredParams],
    locate: Callable[[KeyPath], Position | None],
) -> Iterator[Problem]:
    """Each pattern that no param of a net fits.

    Args:
        chosen: Patterns, each behind the place of its key in the solver.
        declared: The params of the net.
        locate: Gives the place of a key in the solver's YAML.
    """
    there = [(key, n, decl.shape) for key, d in declared.items() for n, decl in d.params.items()]
    names = dict.fromkeys(name for _, name, _ in there)
    for path, patterns in chosen:
        for pattern in patterns:
            if any(is_meant((pattern,), *param) for param in there):
                continue
            known = [f"{key}/{n}" for key, n, _ in there] if "/" in pattern else [*names, VECTORS]
            hint = did_you_mean(pattern, known) or f"\n  there are: {listed(known)}"
            where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]
            yield Problem(f"{where}: no param of the net fits '{pattern}'{hint}", locate(path))
