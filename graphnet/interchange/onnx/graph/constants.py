"""Constants: what nodes compute of constants alone is computed when the file is read.

Exporters leave such nodes where shapes are put together. Every function looks at the size of what
it would make first, so that a small file cannot ask for much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.files.reading import TYPES, Attributes, tensor_array

#: The most numbers that one node may make of smaller ones, and all nodes of a file.
MOST, MOST_IN_ALL = 2**27, 2**28
_MOST_AXES = 32
_MOST_AXES = 32


@dataclass(frozen=True)
class ConstantNode:
    """A node whose inputs are all known.

    Attributes:
        inputs: They; None for one that is left out.
        attributes: Its own.
    """

    inputs: Sequence[np.ndarray | None]
    attributes: Attributes

    def array(self, i: int) -> np.ndarray:
        """An input that must be given."""
        return _given(self.inputs, i)


#: What a node makes of its inputs.
Fold: TypeAlias = Callable[[ConstantNode], np.ndarray]


def _checked(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape that may be made."""
    found = tuple(int(n) for n in shape)
    if any(n < 0 for n in found) or prod(found) > MOST:
        raise SpecError(f"would make a constant of shape {list(found)}")
    return found


def _given(inputs: Sequence[np.ndarray | None], i: int) -> np.ndarray:
    array = inputs[i] if i < len(inputs) else None
    if array is None:
        raise SpecError(f"has no input {i}")
    return array


def whole_numbers(array: np.ndarray) -> list[int]:
    """A list of whole numbers."""
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise SpecError("expected a list of whole numbers")
    return [int(n) for n in array.reshape(-1)]


def axes_of(
    inputs: Sequence[np.ndarray | None], attributes: Attributes, rank: int, i: int = 1
) -> list[int] | None:
    """Axes from an input or, in older opsets, an attribute; counted from the front."""
    found = attributes.wholes("axes")
    if len(inputs) > i and inputs[i] is not None:
        found = whole_numbers(_given(inputs, i))
    return None if found is None else [counted(axis, rank) for axis in found]


def counted(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises:
        SpecError: If there is none.
    """
    if not -rank <= axis < rank:
        raise SpecError(f"has axis {axis} of a value with {rank} axes")
    return axis % rank


def new_shape(target: Sequence[int], shape: Sequence[int], *, allow_zero: bool) -> tuple[int, ...]:
    """What Reshape makes of a shape."""
    made = []
    for i, n in enumerate(target):
        if n == 0 and not allow_zero:
            if i >= len(shape):
                raise SpecError(f"keeps axis {i} of a value with {len(shape)} axes")
            made.append(shape[i])
        else:
            made.append(n)
    if made.count(-1) == 1:
        rest = prod(n for n in made if n != -1)
        made[made.index(-1)] = prod(shape) // rest if rest > 0 else -1
    if any(n < 0 for n in made) or prod(made) != prod(shape):
        raise SpecError(f"cannot see the shape {list(shape)} as {list(target)}")
    return tuple(made)


def unsqueezed(shape: Sequence[Any], axes: Sequence[int], one: Any) -> list[Any]:
    """A shape with further axes of size 1, at their places in the new one."""
    made = list(shape)
    for axis in sorted(axes):
        made.insert(axis, one)
    return made


def _constant(n: ConstantNode) -> np.ndarray:
    tensor = n.attributes.tensor("value")
    if tensor is not None:
        return tensor_array(tensor)
    if "value_floats" in n.attributes:
        return np.array(n.attributes.numbers("value_floats"), np.float32)
    if "value_float" in n.attributes:
        return np.array(n.attributes.number("value_float", 0), np.float32)
    if "value_ints" in n.attributes:
        return np.array(n.attributes.wholes("value_ints"), np.int64)
    if "value_int" in n.attributes:
        return np.array(n.attributes.whole("value_int", 0), np.int64)
    raise SpecError("has no value that graphnet can take")


def _filled(n: ConstantNode) -> np.ndarray:
    tensor = n.attributes.tensor("value")
    value = np.zeros(1, np.float32) if tensor is None else tensor_array(tensor)
    return np.full(_checked(whole_numbers(n.array(0))), value.reshape(-1)[0], value.dtype)


def _cast(n: ConstantNode) -> np.ndarray:
    kind = n.attributes.whole("to", 0)
    if kind not in TYPES:
        raise SpecError(f"makes numbers of type {kind}, which graphnet has not")
    with np.errstate(all="ignore"):
        return n.array(0).astype(TYPES[kind][0])


def _gather(n: ConstantNode) -> np.ndarray:
    data, index = n.array(0), n.array(1)
    axis = counted(n.attributes.whole("axis", 0), data.ndim)
    _checked((*data.shape[:axis], *index.shape, *data.shape[axis + 1 :]))
    return np.take(data, index.astype(np.int64), axis=axis)


def _reshape(n: ConstantNode) -> np.ndarray:
    array = n.array(0)
    allow = bool(n.attributes.whole("allowzero", 0))
    target = whole_numbers(n.array(1))
    return array.reshape(new_shape(target, array.shape, allow_zero=allow))


def _unsqueeze(n: ConstantNode) -> np.ndarray:
    array, given = n.array(0), n.attributes.wholes("axes")
    if given is None:
        given = whole_numbers(n.array(1))
    if len(given) > _MOST_AXES:
        raise SpecError(f"has {len(given)} axes")
    rank = array.ndim + len(given)
    return array.reshape(unsqueezed(array.shape, [counted(a, rank) for a in given], 1))


def _squeeze(n: ConstantNode) -> np.ndarray:
    array = n.array(0)
    axes = axes_of(n.inputs, n.attributes, array.ndim)
    return np.squeeze(array, None if axes is None else tuple(axes))


def _transpose(n: ConstantNode) -> np.ndarray:
    return np.transpose(n.array(0), n.attributes.wholes("perm"))


def _concat(n: ConstantNode) -> np.ndarray:
    arrays = [n.array(i) for i in range(len(n.inputs))]
    if sum(array.size for array in arrays) > MOST:
        raise SpecError("would make too large a constant")
    return np.concatenate(arrays, counted(n.attributes.whole("axis", 0), arrays[0].ndim))


def slice_parts(
    inputs: Sequence[np.ndarray | None], attributes: Attributes, shape: Sequence[int]
) -> dict[int, slice]:
    """What a Slice keeps along each axis that it cuts, counted from the front."""
    if len(inputs) > 1:
        lists = [whole_numbers(_given(inputs, i)) for i in (1, 2)]
        more = [None if len(inputs) <= i or inputs[i] is None else inputs[i] for i in (3, 4)]
        axes, steps = (None if a is None else whole_numbers(a) for a in more)
    else:
        lists = [attributes.wholes(name) or [] for name in ("starts", "ends")]
        axes, steps = attributes.wholes("axes"), None
    starts, ends = lists
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise SpecError("has other numbers of starts, ends, axes and steps, or a step of 0")
    found = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        at = counted(axis, len(shape))
        n = shape[at]
        if step < 0 and end < -n:
            found[at] = slice(start, None, step)
        else:
            found[at] = slice(start, end, step)
    return found


def _slice(n: ConstantNode) -> np.ndarray:
    array = n.array(0)
    parts = slice_parts(n.inputs, n.attributes, array.shape)
    return array[tuple(parts.get(axis, slice(None)) for axis in range(array.ndim))]


def _range(n: ConstantNode) -> np.ndarray:
    start, stop, step = (n.array(i).reshape(-1)[0] for i in range(3))
    if step == 0 or not np.isfinite([start, stop, step]).all():
        raise SpecError("has no finite range")
    _checked([max(0, int(np.ceil((float(stop) - float(start)) / float(step))))])
    return np.arange(start, stop, step)


def _expand(n: ConstantNode) -> np.ndarray:
    array = n.array(0)
    shape = np.broadcast_shapes(array.shape, _checked(whole_numbers(n.array(1))))
    return np.broadcast_to(array, _checked(shape)).copy()


def _tile(n: ConstantNode) -> np.ndarray:
    array, repeats = n.array(0), whole_numbers(n.array(1))
    if len(repeats) != array.ndim:
        raise SpecError("has not one number for each axis")
    _checked([size * k for size, k in zip(array.shape, repeats, strict=True)])
    return np.tile(array, repeats)


def _elementwise(function: Callable[..., Any]) -> Fold:
    def folded(n: ConstantNode) -> np.ndarray:
        arrays = [n.array(i) for i in range(len(n.inputs))]
        _checked(np.broadcast_shapes(*(array.shape for array in arrays)))
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays), arrays[0].dtype)

    return folded


def _divide(a: np.ndarray, b: np.ndarray) -> Any:
    """ONNX divides whole numbers towards 0."""
    return np.divide(a, b) if a.dtype.kind == "f" else np.trunc(np.divide(a, b))


def _shape_of(n: ConstantNode) -> np.ndarray:
    shape = n.array(0).shape
    stop = n.attributes.whole("end", len(shape))
    return np.array(shape[slice(n.attributes.whole("start", 0), stop)], np.int64)


def _triangle(n: ConstantNode) -> np.ndarray:
    whole, k = n.array(0), 0
    if len(n.inputs) > 1 and n.inputs[1] is not None:
        (k,) = whole_numbers(n.inputs[1])
    return np.triu(whole, k) if n.attributes.whole("upper", 1) else np.tril(whole, k)


def _truth(function: Callable[..., Any]) -> Fold:
    """An operator whose result is true or false."""

    def folded(n: ConstantNode) -> np.ndarray:
        arrays = [n.array(i) for i in range(len(n.inputs))]
        _checked(np.broadcast_shapes(*(array.shape for array in arrays)))
        return np.asarray(function(*arrays), bool)

    return folded


def _where(n: ConstantNode) -> np.ndarray:
    condition, one, other = (n.array(i) for i in range(3))
    _checked(np.broadcast_shapes(condition.shape, one.shape, other.shape))
    return np.where(condition.astype(bool), one, other)


def _modulo(n: ConstantNode) -> np.ndarray:
    function = np.fmod if n.attributes.whole("fmod", 0) else np.mod
    return _elementwise(function)(n)


#: What is computed of constants, by operator.
FOLDS: Mapping[str, Fold] = MappingProxyType(
    {
        "Abs": _elementwise(np.abs),
        "Add": _elementwise(np.add),
        "And": _truth(np.logical_and),
        "Cast": _cast,
        "Ceil": _elementwise(np.ceil),
        "Concat": _concat,
        "Constant": _constant,
        "ConstantOfShape": _filled,
        "Equal": _truth(np.equal),
        "Div": _elementwise(_divide),
        "Exp": _elementwise(np.exp),
        "Expand": _expand,
        "Floor": _elementwise(np.floor),
        "Gather": _gather,
        "Identity": lambda n: n.array(0),
        "Max": _elementwise(lambda *arrays: np.maximum.reduce(np.broadcast_arrays(*arrays))),
        "Min": _elementwise(lambda *arrays: np.minimum.reduce(np.broadcast_arrays(*arrays))),
        "Mod": _modulo,
        "Mul": _elementwise(np.multiply),
        "Neg": _elementwise(np.negative),
        "Not": _truth(np.logical_not),
        "Or": _truth(np.logical_or),
        "Pow": _elementwise(np.power),
        "Range": _range,
        "Reciprocal": _elementwise(np.reciprocal),
        "Reshape": _reshape,
        "Shape": _shape_of,
        "Slice": _slice,
        "Sqrt": _elementwise(np.sqrt),
        "Squeeze": _squeeze,
        "Sub": _elementwise(np.subtract),
        "Tile": _tile,
        "Transpose": _transpose,
        "Trilu": _triangle,
        "Unsqueeze": _unsqueeze,
        "Where": _where,
    }
)


def fold(op: str, node: ConstantNode) -> np.ndarray | None:
    """What a node makes of constants; None if that is not known.

    Raises:
        SpecError: If it is wrong.
    """
    if op not in FOLDS:
        return None
    try:
        return np.asarray(FOLDS[op](node))
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError) as error:
        raise SpecError(f"cannot be computed: {error}") from error


def fold_all(op: str, node: ConstantNode, n_outputs: int) -> list[np.ndarray] | None:
    """What a node of several outputs makes of constants; None if that is not known.

    Raises:
        SpecError: If it is wrong.
    """
    if op == "Split":
        return _split(node, n_outputs)
    found = fold(op, node)
    return None if found is None else [found]


def _split(n: ConstantNode, n_parts: int) -> list[np.ndarray]:
    """The parts of an array, views of it."""
    whole = n.array(0)
    axis = counted(n.attributes.whole("axis", 0), whole.ndim)
    sizes = n.attributes.wholes("split")
    if len(n.inputs) > 1 and n.inputs[1] is not None:
        sizes = whole_numbers(n.inputs[1])
    length = whole.shape[axis]
    if sizes is None:  # equal ones, the last one smaller if need be
        most = -(-length // n_parts)
        sizes = [most] * (n_parts - 1) + [length - most * (n_parts - 1)]
    if len(sizes) != n_parts or min(sizes) < 0 or sum(sizes) != length:
        raise SpecError(f"cannot split {length} places into {sizes}")
    return np.split(whole, np.cumsum(sizes)[:-1], axis=axis)
