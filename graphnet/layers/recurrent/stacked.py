"""The stacked matrix of a recurrent layer: how it is made of the params, and its diff of theirs."""

from __future__ import annotations

from functools import partial

from graphnet.backend.calls import Call
from graphnet.layers.base import Layer
from graphnet.layers.recurrent.base import Recurrent


def turning(layer: Layer[Recurrent]) -> list[Call]:
    """What writes the transposed matrix that diffs are multiplied with on their way back."""
    weights, back = layer.scratch["weights"], layer.scratch["weights_back"]
    h, two = layer.spec.output_dim, layer.backend.full((), 2.0, layer.dtype)
    blocks = [slice(i * h, (i + 1) * h) for i in range(len(layer.spec.blocks))]
    return [
        partial(layer.xp.multiply, weights[rows].T, two, back[:, rows])
        if block.is_sigmoid
        else partial(layer.xp.copyto, back[:, rows], weights[rows].T)
        for block, rows in zip(layer.spec.blocks, blocks, strict=True)
    ]


def stacking(layer: Layer[Recurrent]) -> tuple[list[Call], list[Call]]:
    """What copies the params into the stacked matrix, and its diff into the params' diffs.

    Rows of a sigmoid are halved, which is exact.
    """
    half = layer.backend.full((), 0.5, layer.dtype)
    xp, h = layer.xp, layer.spec.output_dim
    x_columns, one, h_columns = layer.spec.column(layer.bottoms[0].shape)
    weights, dweights = layer.scratch["weights"], layer.scratch.get("dweights")
    kept = layer.spec.kept_column(layer.bottoms[0].shape)
    stack: list[Call] = []
    unstack: list[Call] = []
    if dweights is not None:
        unstack = [partial(xp.add, dweights[0], of, dweights[0]) for of in dweights[1:]]
    for i, block in enumerate(layer.spec.blocks):
        parts = []
        if "x" in block.reads:
            parts.append(("weight_x", block.gate, x_columns))
        if "h" in block.reads:
            parts.append(("weight_h", block.gate, h_columns))
        if "r" in block.reads:
            parts.append(("weight_h", block.gate, kept))
        if layer.spec.bias:
            parts.append(("bias", block.bias, one.start))
        for name, index, cols in parts:
            param, rows = layer.params[name], slice(index * h, (index + 1) * h)
            here = slice(i * h, (i + 1) * h), cols
            if block.is_sigmoid:
                stack.append(partial(xp.multiply, param.data[rows], half, weights[here]))
            else:
                stack.append(partial(xp.copyto, weights[here], param.data[rows]))
            if dweights is not None and param.diff is not None:
                unstack.append(partial(xp.copyto, param.diff[rows], dweights[0][here]))
    return stack, unstack
