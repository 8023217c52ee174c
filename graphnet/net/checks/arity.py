"""The numbers of bottoms and tops that a layer is given, against what it takes."""

from __future__ import annotations

from collections.abc import Sequence

from graphnet.declare.yaml_reader import Document, KeyPath
from graphnet.errors import Problem, SpecError
from graphnet.layers.base import Arity, Kind, LayerSpec, exactly


def check_arity(spec: LayerSpec, subject: str, document: Document, path: KeyPath) -> None:
    """See that a layer has the bottoms and tops it takes.

    Args:
        spec: The layer.
        subject: How a message about it begins.
        document: Where it was declared.
        path: Its place there.

    Raises:
        SpecError: If it has others.
    """
    problems = {}
    measures = spec.kind in (Kind.LOSS, Kind.STATISTIC)
    bottoms, tops = len(spec.bottoms), len(spec.tops)
    tops_left_out = tops == 0 and spec.in_place
    if spec.each_bottom:
        if bottoms == 0:
            problems["bottoms"] = "needs at least one bottom, found none"
        elif tops != bottoms and not tops_left_out:
            needed = "one top for each of its bottoms" if bottoms > 1 else "1 top"
            problems["tops"] = f"needs {needed}, found {_names(spec.tops)}"
    else:
        if bottoms not in spec.n_bottoms:
            needed = _of(spec.n_bottoms, "bottom")
            problems["bottoms"] = f"needs {needed}, found {_names(spec.bottoms)}"
            if measures and bottoms == 1:
                problems["bottoms"] += (
                    "\n  give it what the net computes, then what it is compared with"
                )
        if tops not in spec.n_tops and not tops_left_out:
            problems["tops"] = f"needs {_of(spec.n_tops, 'top')}, found {_names(spec.tops)}"
            if measures:
                problems["tops"] += "\n  leave out 'tops': what it measures has the layer's name"
    if problems:
        raise SpecError.of(
            Problem(subject + problem, document.at((*path, key)))
            for key, problem in problems.items()
        )


def _of(arity: Arity, what: str) -> str:
    """``1 bottom``, ``2 or more tops``, ``no tops``."""
    if arity == exactly(1):
        return f"1 {what}"
    return f"no {what}s" if arity == exactly(0) else f"{arity} {what}s"


def _names(blobs: Sequence[str]) -> str:
    return f"{len(blobs)}: {', '.join(blobs)}" if blobs else "none"
