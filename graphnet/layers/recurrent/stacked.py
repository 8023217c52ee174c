"""The stacked matrix of a recurrent layer: how it is made of the params, and its diff of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeAlias

from graphnet.backend.calls import Call
from graphnet.layers.base import Layer
from graphnet.layers.recurrent.base import Recurrent

#: A param, its rows or elements, and the columns of the stacked matrix that they fill.
_Part: TypeAlias = tuple[str, slice, slice | int]


def stacking_back(layer: Layer[Recurrent]) -> list[Call]:
    """What copies the params to where diffs are multiplied with them on their way back.

    There is one matrix for x and one for h, or the part of it that a block reads; block after
    block, as params are: ``(rows, columns)``.
    """
    backs = {"weight_x": layer.scratch["back_x"], "weight_h": layer.scratch["back_h"]}
    return [
        partial(layer.xp.copyto, backs[name][rows], layer.params[name].data[source])
        for _, rows, parts in _blocks(layer)
        for name, source, _ in parts
        if name in backs
    ]


def stacking(layer: Layer[Recurrent]) -> tuple[list[Call], list[Call]]:
    """What copies the params into the stacked matrix, and its diff into the params' diffs.

    The matrix lies block by block and turned, ``(blocks, columns, output_dim)``; its diff row after
    row, ``(rows, columns)``. Rows of a sigmoid are halved, which is exact.
    """
    half = layer.backend.full((), 0.5, layer.dtype)
    xp, dweights = layer.xp, layer.scratch.get("dweights")
    stack: list[Call] = []
    unstack: list[Call] = []
    if dweights is not None:
        unstack = [partial(xp.add, dweights[0], of, dweights[0]) for of in dweights[1:]]
    for i, rows, parts in _blocks(layer):
        for name, source, cols in parts:
            param, target = layer.params[name], layer.scratch["weights"][i].T[:, cols]
            if layer.spec.blocks[i].is_sigmoid:
                stack.append(partial(xp.multiply, param.data[source], half, target))
            else:
                stack.append(partial(xp.copyto, target, param.data[source]))
            if dweights is not None and param.diff is not None:
                unstack.append(partial(xp.copyto, param.diff[source], dweights[0][rows, cols]))
    return stack, unstack


def _blocks(layer: Layer[Recurrent]) -> Iterator[tuple[int, slice, list[_Part]]]:
    """Each block of rows: its number, its rows, and the parts it is made of."""
    spec, h = layer.spec, layer.spec.output_dim
    shape = layer.bottoms[0].shape
    h_columns, one, x_columns = spec.column(shape)
    for i, block in enumerate(spec.blocks):
        gate = slice(block.gate * h, (block.gate + 1) * h)
        parts: list[_Part] = []
        if "x" in block.reads:
            parts.append(("weight_x", gate, x_columns))
        if "h" in block.reads:
            parts.append(("weight_h", gate, h_columns))
        if "r" in block.reads:
            parts.append(("weight_h", gate, spec.kept_column(shape)))
        if spec.bias:
            parts.append(("bias", slice(block.bias * h, (block.bias + 1) * h), one.start))
        yield i, slice(i * h, (i + 1) * h), parts
