"""The inputs of an ONNX graph: their shapes, and where they have the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from graphnet.blob import Shape
from graphnet.errors import SpecError
from graphnet.interchange.onnx.graph.values import Axes

_MOST = 2**31  # numbers of an input
_FLOATS = (1, 10, 11, 16)  # of ONNX's types
_SEQUENTIAL = ("LSTM", "GRU", "RNN")  # operators that read (T, N, D)


@dataclass(frozen=True)
class GraphInput:
    """An input.

    Attributes:
        name: In ONNX.
        shape: Of its blob, the batch first.
        axes: Where the axes are that ONNX counts.
        is_float: Whether it is no whole number.
        is_open: Whether it is open along the batch axis.
        notes: What is to be said of it.
    """

    name: str
    shape: Shape
    axes: Axes
    is_float: bool
    is_open: bool
    notes: tuple[str, ...]


def find_inputs(given: Sequence[Any], nodes: Sequence[Any]) -> list[GraphInput]:
    """The inputs as blobs, all of one batch size.

    Raises:
        SpecError: With what is wrong with each.
    """
    problems, found = [], []
    sizes: dict[str, int | None] = {}
    for each in given:
        kind = each.type.tensor_type
        dims = [_size(dim) for dim in kind.shape.dim]
        is_open = each.type.WhichOneof("value") != "tensor_type" or not kind.HasField("shape")
        turned = len(dims) == 3 and (  # noqa: PLR2004  # (T, N, D)
            _is_time_first(each.name, nodes) or [n is None for n in dims] == [False, True, False]
        )
        axes: Axes = (1, 0, 2) if turned else tuple(range(len(dims)))
        if is_open or not dims:
            problems.append(f"input '{each.name}': has no shape that graphnet can take")
            continue
        sizes[each.name] = dims[axes.index(0)]
        inner = [dims[axes.index(axis)] for axis in range(1, len(dims))]
        if any(n is None for n in inner):
            shown = ", ".join("?" if n is None else str(n) for n in dims)
            problems.append(
                f"input '{each.name}': its shape ({shown}) is open along more than the batch axis"
                "\n  give it sizes: onnx.tools.update_model_dims"
            )
            continue
        is_float = kind.elem_type in _FLOATS
        found.append((each.name, tuple(n or 0 for n in inner), axes, is_float))
    known = {n for n in sizes.values() if n is not None}
    if len(known) > 1:
        shown = ", ".join(f"'{name}' {n}" for name, n in sizes.items())
        problems.append(f"the inputs have different batch sizes: {shown}")
    batch = next(iter(known), 1)
    for name, sample, *_ in found:
        if min(*sample, batch, 1) < 1 or prod(sample) * batch > _MOST:
            problems.append(f"input '{name}': has the shape {[batch, *sample]}")
    if problems:
        raise _several(problems)
    said = "its axes are (T, N, …) in ONNX, and (N, T, …) here"
    return [
        GraphInput(
            name,
            (batch, *sample),
            axes,
            is_float,
            sizes[name] is None,
            (said,) if axes[0] == 1 else (),
        )
        for name, sample, axes, is_float in found
    ]


def _several(messages: Sequence[str]) -> SpecError:
    """One error of many messages."""
    errors = [SpecError(message) for message in messages]
    return SpecError.of(problem for error in errors for problem in error.problems)


def _size(dim: Any) -> int | None:
    """None where it is open."""
    return int(dim.dim_value) if dim.WhichOneof("value") == "dim_value" else None


def _is_time_first(name: str, nodes: Sequence[Any]) -> bool:
    """Whether a recurrent operator reads it as it is."""
    return any(
        node.op_type in _SEQUENTIAL
        and node.input[:1] == [name]
        and not any(a.name == "layout" and a.i for a in node.attribute)
        for node in nodes
    )
