"""Values with the positions before the batch: ``(T, N, …)``, as recurrent nets and attention have.

graphnet's blobs are ``(N, T, …)``. A node that works number by number, or along the last axis
alone, does the same to both, and is given the blob as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnet.interchange.onnx.files.reading import Attributes
from graphnet.interchange.onnx.graph.values import Value

_TURNED = (1, 0)
_LEAST = 3  # axes
_MATRIX = 2  # axes
#: Operators that work number by number.
_BY_NUMBER = frozenset(
    (
        *("Abs", "Celu", "Clip", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu"),
        *("Log", "Mish", "Neg", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign"),
        *("Sqrt", "Swish", "Tanh", "ThresholdedRelu", "Add", "Sub", "Mul", "Div", "Max", "Min"),
        *("Mean", "Sum", "Pow", "Dropout"),
    )
)
#: Operators that may work along the last axis alone, and their axis where none is said.
_BY_ROW = {"LayerNormalization": -1, "Softmax": -1, "LogSoftmax": -1}
_NEW_SOFTMAX = 13  # the opset since which its axis is one


def batch_first(
    op: str, attributes: Attributes, inputs: Sequence[Value | np.ndarray | None], opset: int
) -> list[Value | np.ndarray | None] | None:
    """What a node reads, with the batch first, if it then does the same; else None.

    Args:
        op: Its operator.
        attributes: Its own.
        inputs: What it reads.
        opset: Of the file.
    """
    values = [x for x in inputs if isinstance(x, Value)]
    if not values or any(_rank(x) != _rank(values[0]) for x in values) or not _rank(values[0]):
        return None
    rank = _rank(values[0])
    if not _works_by_row(op, attributes, rank, opset):
        return None
    found: list[Value | np.ndarray | None] = []
    for i, x in enumerate(inputs):
        if isinstance(x, Value):
            found.append(_plain(x))
        elif op == "MatMul":
            if i != 1 or x is None or x.ndim != _MATRIX:
                return None
            found.append(x)
        elif x is None or x.ndim <= 1 or (x.ndim == rank - 1 and x.shape[0] == 1):
            found.append(x)
        elif x.ndim == rank:
            found.append(np.swapaxes(x, 0, 1))
        else:
            return None
    return found


def _works_by_row(op: str, attributes: Attributes, rank: int, opset: int) -> bool:
    """Whether an operator works number by number, or along the last axis."""
    if op in _BY_ROW:
        is_new = op == "LayerNormalization" or opset >= _NEW_SOFTMAX
        return is_new and attributes.whole("axis", _BY_ROW[op]) in (-1, rank - 1)
    return op == "MatMul" or op in _BY_NUMBER


def time_first(value: Value) -> Value:
    """What a node makes of such values, as ONNX has it."""
    return replace(value, axes=(*_TURNED, *range(2, len(value.shape))))


def _rank(value: Value) -> int:
    """How many axes a value has, if its first two are exchanged; else 0."""
    rank = len(value.shape)
    is_turned = rank >= _LEAST and value.axes == (*_TURNED, *range(2, rank))
    return rank if is_turned else 0


def _plain(value: Value) -> Value:
    return replace(value, axes=tuple(range(len(value.shape))))
