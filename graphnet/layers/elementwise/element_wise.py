"""ElementWise: sums, differences, products, quotients and maxima of blobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.rectifier import rectifier
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import (
    Arity,
    Layer,
    Reads,
    ScratchDecls,
    Shapes,
    at_least,
)
from graphnet.layers.rectifying import Rectifying, pass_on

_PAIR = 2


class ElementWise(Rectifying):
    """Combine blobs of one shape element by element; nothing is broadcast.

    ``Subtract`` and ``Divide`` take two bottoms, the others any number from two. Of equal maxima
    the first bottom takes the gradient.

    Bottoms:
        each: ``(N, …)``, all of one shape.
    Tops:
        0: the same shape.
    Args:
        operation: ``Add`` (default), ``Subtract``, ``Multiply``, ``Divide`` or ``Max``.
        coef: For ``Add``: what each bottom is multiplied by first. Default 1 for each.
    Example:
        - {name: residual, type: ElementWise, bottoms: [x, branch], tops: [sum]}
        - {name: mean, type: ElementWise, coef: [0.5, 0.5], bottoms: [x, sum], tops: [mean]}
    Source:
        Mocha ``ElementWiseLayer`` (two bottoms, no Max), Caffe ``Eltwise``.
    """

    n_bottoms: ClassVar[Arity] = at_least(_PAIR)

    type: Literal["ElementWise"] = "ElementWise"
    operation: Literal["Add", "Subtract", "Multiply", "Divide", "Max"] = "Add"
    coef: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _check(self) -> ElementWise:
        n = len(self.bottoms)
        if self.operation in ("Subtract", "Divide") and n > _PAIR:
            raise ValueError(f"{self.operation} takes two bottoms, found {n}")
        if self.coef is not None and self.operation != "Add":
            raise ValueError(f"'coef' has no meaning with operation: {self.operation}")
        if self.coef is not None and n and len(self.coef) != n:
            raise ValueError(f"{n} bottoms need as many coef, found {len(self.coef)}")
        return self

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        for other in bottoms[1:]:
            if other != bottoms[0]:
                raise ShapeError(
                    f"bottoms of shapes {shape_text(bottoms[0])} and {shape_text(other)} cannot be "
                    "combined element by element\n  expected equal shapes: nothing is broadcast"
                )
        return [bottoms[0]]

    @property
    def can_rectify(self) -> bool:
        return self.operation == "Add" and self.coef is None

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        if self.operation == "Add" and any(abs(c) != 1 for c in (self.coef or ())[1:]):
            return {"term": ScratchDecl(bottoms[0], blob=True)}
        if self.operation == "Max" and backward:
            return {
                "wins": ScratchDecl(bottoms[0], "bool", blob=True),
                "beats": ScratchDecl(bottoms[0], "bool", blob=True),
            }
        return {}

    def backward_reads(self) -> Reads:
        every = tuple(range(len(self.bottoms)))
        return {
            "Add": self.reads_of_rectifier(Reads()),
            "Subtract": Reads(),
            "Multiply": Reads(bottoms=every),
            "Divide": Reads(bottoms=(1,), tops=(0,)),
            "Max": Reads(bottoms=every),
        }[self.operation]

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * (len(bottoms) - 1) if self.operation == "Multiply" else 0


class ElementWiseLayer(Layer[ElementWise]):
    """Runs :class:`ElementWise`."""

    def setup(self) -> None:
        (y,), data = self.tops, [x.data for x in self.bottoms]
        self.coef = self.spec.coef or (1.0,) * len(data)
        bind, scratch = self.backend.elementwise, list(self.scratch.values())
        functions: dict[str, Callable[..., None]] = {
            "Add": self.add,
            "Subtract": _subtract,
            "Multiply": _multiply,
            "Divide": _divide,
            "Max": _maximum,
        }
        combine = functions[self.spec.operation]
        if self.spec.operation == "Add":
            data = [*scratch, *data]
        sent, bound = [x.diff for x in self.bottoms if x.diff is not None], self.spec.bound
        if bound is not None:
            rectify, differentiate = rectifier(bound, self.backend.operand(bound, self.dtype))
            combine = partial(_add_and_cut, combine, rectify)
            if sent:
                back = partial(pass_on, differentiate)
                self.bind_passes(backward=bind(back, y.data, y.diff, *sent))
        self.bind_passes(forward=bind(combine, y.data, *data))
        self.gradients = [
            self.gradient(i, x.diff) for i, x in enumerate(self.bottoms) if x.diff is not None
        ]

    def gradient(self, i: int, dx: Array) -> Callable[[], None]:
        """The call that assigns the diff of bottom ``i``."""
        (y,), data = self.tops, [x.data for x in self.bottoms]
        bind, others = self.backend.elementwise, data[:i] + data[i + 1 :]
        match self.spec.operation:
            case "Add":
                return bind(_scaled(self.coef[i]), y.diff, dx)
            case "Subtract":
                return bind(_scaled(-1.0 if i else 1.0), y.diff, dx)
            case "Multiply":
                return bind(_multiply, dx, y.diff, *others)
            case "Divide" if i == 0:
                return bind(_divide, dx, y.diff, data[1])
            case "Divide":
                return bind(_minus_quotient, y.diff, y.data, data[1], dx)
            case "Max":
                wins, beats = self.scratch["wins"], self.scratch["beats"]
                return bind(_won(i), y.diff, wins, beats, dx, *data)

    def add(self, xp: Any, y: Array, *arrays: Array) -> None:
        """Σ coef · x, for a block of elements; a scratch block comes first where there is one."""
        term, x = (arrays[0], arrays[1:]) if self.scratch else (None, arrays)
        first = x[0] if self.coef[0] == 1 else xp.multiply(x[0], self.coef[0], out=y)
        for c, other in zip(self.coef[1:], x[1:], strict=True):
            if c == 1:
                xp.add(first, other, out=y)
            elif c == -1:
                xp.subtract(first, other, out=y)
            else:
                xp.multiply(other, c, out=term)
                xp.add(first, term, out=y)
            first = y

    def backward(self) -> None:
        for gradient in self.gradients:
            gradient()


def _add_and_cut(add: Any, rectify: Any, xp: Any, y: Array, *arrays: Array) -> None:
    add(xp, y, *arrays)
    rectify(xp, y, y)


def _subtract(xp: Any, y: Array, a: Array, b: Array) -> None:
    xp.subtract(a, b, out=y)


def _multiply(xp: Any, y: Array, a: Array, *others: Array) -> None:
    for b in others:
        a = xp.multiply(a, b, out=y)


def _divide(xp: Any, y: Array, a: Array, b: Array) -> None:
    xp.divide(a, b, out=y)


def _maximum(xp: Any, y: Array, a: Array, *others: Array) -> None:
    for b in others:
        a = xp.maximum(a, b, out=y)


def _minus_quotient(xp: Any, dy: Array, y: Array, b: Array, dx: Array) -> None:
    """−dy · y / b, the derivative of y = a / b by b."""
    xp.multiply(dy, y, out=dx)
    xp.divide(dx, b, out=dx)
    xp.negative(dx, out=dx)


def _scaled(c: float) -> Callable[..., None]:
    def scaled(xp: Any, dy: Array, dx: Array) -> None:
        if c == 1:
            xp.copyto(dx, dy)
        else:
            xp.multiply(dy, c, out=dx)

    return scaled


def _won(i: int) -> Callable[..., None]:
    """Pass dy where bottom ``i`` is the first of the maxima."""

    def won(xp: Any, dy: Array, wins: Array, beats: Array, dx: Array, *x: Array) -> None:
        wins.fill(True)
        for j, other in enumerate(x):
            if j != i:
                (xp.greater if j < i else xp.greater_equal)(x[i], other, out=beats)
                xp.logical_and(wins, beats, out=wins)
        xp.copyto(dx, wins)
        xp.multiply(dx, dy, out=dx)

    return won
