"""How stored arrays become a param: turned round, in another order, added up.

A layout is a list of steps, each from arrays to arrays; what it comes to is known from the shapes
alone. An array that differs from the param by axes of size 1 alone fits as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from graphnet.blob import Shape

#: A layout as it stands in a map.
Layout: TypeAlias = tuple[str, ...]

_Arrays: TypeAlias = list[np.ndarray]


class _Step(NamedTuple):
    """What a step does.

    Attributes:
        shape: The shape it gives; None where it does not apply.
        apply: Does it.
        what: For people.
    """

    shape: Callable[[list[Shape]], Shape | None]
    apply: Callable[[_Arrays], np.ndarray]
    what: str


def _only(n_axes: int, made: Callable[[Shape], Shape]) -> Callable[[list[Shape]], Shape | None]:
    """For a step that takes one array of so many axes."""
    return lambda s: made(s[0]) if len(s) == 1 and len(s[0]) == n_axes else None


def _gates(n: int) -> Callable[[list[Shape]], Shape | None]:
    return lambda s: s[0] if len(s) == 1 and s[0] and s[0][0] % n == 0 else None


def _reordered(order: Sequence[int]) -> Callable[[_Arrays], np.ndarray]:
    """The blocks of rows in another order."""

    def apply(arrays: _Arrays) -> np.ndarray:
        parts = np.split(arrays[0], len(order))
        return np.concatenate([parts[i] for i in order])

    return apply


def _summed(shapes: list[Shape]) -> Shape | None:
    return shapes[0] if len(shapes) > 1 and len(set(shapes)) == 1 else None


def _gru_bias_shape(shapes: list[Shape]) -> Shape | None:
    fits = len(shapes) == 2 and shapes[0] == shapes[1] and len(shapes[0]) == 1  # noqa: PLR2004
    return (shapes[0][0] // 3 * 4,) if fits and shapes[0][0] % 3 == 0 else None


def _gru_bias(arrays: _Arrays) -> np.ndarray:
    """Those of r and z added up, those of n and of what r is multiplied with apart."""
    x, h = (array.reshape(3, -1) for array in arrays)
    return np.concatenate([x[0] + h[0], x[1] + h[1], x[2], h[2]])


#: The steps that turn round, by the number of axes.
TURNS = {2: "transposed", 4: "HWIO"}
#: By their names in a map.
STEPS = {
    "transposed": _Step(
        _only(2, lambda s: s[::-1]), lambda a: a[0].T, "(in, out) becomes (out, in)"
    ),
    "HWIO": _Step(
        _only(4, lambda s: (s[3], s[2], s[0], s[1])),
        lambda a: a[0].transpose(3, 2, 0, 1),
        "(kh, kw, in, out) becomes (out, in, kh, kw)",
    ),
    "sum": _Step(_summed, lambda a: sum(a[1:], start=a[0]), "the arrays are added up"),
    "gates ifgo": _Step(_gates(4), _reordered((0, 1, 3, 2)), "gates i, f, g, o become i, f, o, g"),
    "gru biases": _Step(_gru_bias_shape, _gru_bias, "the biases of x and h become r, z, n, u"),
}


def made_shape(layout: Layout, shapes: Sequence[Shape]) -> Shape | None:
    """The shape that a layout gives of arrays of these shapes; None where it does not apply."""
    found = list(shapes)
    for name in layout:
        shape = STEPS[name].shape(found)
        if shape is None:
            return None
        found = [shape]
    return found[0] if len(found) == 1 else None


def fits(layout: Layout, shapes: Sequence[Shape], target: Shape) -> bool:
    """Whether a layout makes an array of the wanted shape, except for axes of size 1."""
    made = made_shape(layout, shapes)
    return made is not None and _core(made) == _core(target)


def is_turned(layout: Layout) -> bool:
    """Whether a layout brings the outputs from the last axis to the first."""
    return not set(TURNS.values()).isdisjoint(layout)


def as_stored_or_turned(shapes: Sequence[Shape], target: Shape) -> Layout | None:
    """The layout of arrays of which nothing else is known; None if no single one fits."""
    tried: list[Layout] = [(), ("transposed",), ("HWIO",)]
    return next((layout for layout in tried if fits(layout, shapes, target)), None)


def _core(shape: Shape) -> Shape:
    return tuple(n for n in shape if n != 1)


def apply(layout: Layout, arrays: Sequence[np.ndarray], target: Shape) -> np.ndarray:
    """The array that a layout makes, in the wanted shape."""
    found = list(arrays)
    for name in layout:
        found = [STEPS[name].apply(found)]
    return found[0].reshape(target)
