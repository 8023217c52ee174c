"""One node of an ONNX graph: what its translator sees, and the layers that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NoReturn, TypeAlias

import numpy as np

from graphnet.blob import Shape
from graphnet.declare.names import free_name
from graphnet.errors import SpecError, located
from graphnet.interchange.onnx.files.reading import Attributes, shortest
from graphnet.interchange.onnx.graph.values import Value
from graphnet.net.spec import read_net

LayerDict: TypeAlias = dict[str, Any]
_BLOCK = 2**20  # numbers


@dataclass
class MadeLayers:
    """The layers that have been made, and what fills them.

    Attributes:
        layers: By name, in order.
        params: The values of ``layer/param``,
        state: and of running statistics.
        shapes: Of blobs.
        blobs: The names of blobs that are taken.
        constants: Of the whole graph, by name.
        fed: The names of inputs.
        states: Those of them that are what a batch hands to the next.
        following: The outputs that are.
        values: What each value of the graph is; None where a node is wrong.
        is_open: Whether any number of samples will do.
        alone: The blobs that one node alone reads, with the operator and the layer that made them.
    """

    layers: dict[str, LayerDict] = field(default_factory=dict)
    params: dict[str, np.ndarray] = field(default_factory=dict)
    state: dict[str, np.ndarray] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    fed: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    following: set[str] = field(default_factory=set)
    values: Mapping[str, Value | np.ndarray | None] = field(default_factory=dict)
    is_open: bool = False
    alone: dict[str, tuple[str, str]] = field(default_factory=dict)

    def fresh_blob(self, name: str) -> str:
        """A name for a blob that no other has."""
        found = free_name(name, self.blobs)
        self.blobs.add(found)
        return found

    def fresh_layer(self, name: str) -> str:
        """A name for a layer that no other has."""
        return free_name(name, self.layers)


class NodeReader:
    """One node.

    Args:
        op: Its operator.
        name: What its layer is called.
        attributes: Its own.
        opset: Of the file.
        inputs: What each input is: a blob, a constant, or None where it is left out.
        outputs: The blobs that its outputs may be called; empty where one is left out.
        made: Where its layers go.
        names: What ONNX calls its inputs.

    Attributes:
        results: What each output has become.
        notes: What is to be said of it.
        own: The names of its layers.
    """

    def __init__(
        self,
        op: str,
        name: str,
        attributes: Attributes,
        opset: int,
        inputs: Sequence[Value | np.ndarray | None],
        outputs: Sequence[str],
        made: MadeLayers,
        names: Sequence[str] = (),
    ) -> None:
        self.op, self.name, self.opset = op, name, opset
        self.inputs, self.outputs, self.made = inputs, outputs, made
        self.attributes, self.names = attributes, names
        self.results: dict[int, Value] = {}
        self.notes: list[str] = []
        self.own: list[str] = []

    def refuse(self, why: str) -> NoReturn:
        """Say that graphnet has no equal."""
        raise SpecError(why)

    # --- what it reads ------------------------------------------------------------------

    def has(self, i: int) -> bool:
        """Whether an input is given."""
        return i < len(self.inputs) and self.inputs[i] is not None

    def is_constant(self, i: int) -> bool:
        """Whether an input is a constant."""
        return self.has(i) and isinstance(self.inputs[i], np.ndarray)

    def raw(self, i: int) -> Value:
        """An input that is a blob, its axes as they come."""
        found = self.inputs[i] if i < len(self.inputs) else None
        if not isinstance(found, Value):
            what = "a constant" if self.is_constant(i) else "not given"
            self.refuse(f"its input {i} is {what}, and graphnet's layer reads a blob there")
        return found

    def value(self, i: int, *, cut: bool = False) -> Value:
        """An input that is a blob, its axes as in ONNX.

        Args:
            i: Which input.
            cut: Whether it may be whole numbers.
        """
        found = self.raw(i)
        if found.kind != "float" and not cut:
            self.refuse("computes with whole numbers; graphnet's layers compute with others")
        return self.straight(found)

    def straight(self, value: Value) -> Value:
        """A value whose blob has its axes in ONNX's order: turned round if need be."""
        if not value.blob:
            self.refuse("reads the state that a layer hands to its next batch")
        if value.is_plain:
            return value
        if value.axes[:1] != (0,):
            self.refuse("reads a value whose batch axis is not the first; graphnet's always is")
        order = [axis for axis in value.axes[1:] if axis is not None]
        if order != sorted(order):
            value = self.layer("Permute", value, word="turned", axes=order, axes_of=value)
        return self.reshaped(value, value.logical[1:], word="shaped")

    def constant(self, i: int, what: str) -> np.ndarray:
        """An input that must be a constant."""
        if not self.is_constant(i):
            there = "computed" if self.has(i) else "not given"
            self.refuse(f"its {what} is {there}, and graphnet's layers have it fixed")
        found = self.inputs[i]
        return np.asarray(found)

    def numbers(self, i: int, what: str) -> np.ndarray:
        """A constant in float32, all of it finite."""
        with np.errstate(over="ignore"):
            found = self.constant(i, what).astype(np.float32, copy=False)
        if not _all_finite(found):
            self.refuse(f"its {what} has a value that is not finite")
        return found

    def number(self, i: int, what: str) -> float:
        """A constant that is one number."""
        found = self.constant(i, what)
        if found.size != 1:
            self.refuse(f"its {what} is {found.size} numbers, expected one")
        (value,) = found.reshape(-1).tolist()
        return shortest(value) if found.dtype == np.float32 else float(value)

    def wholes(self, i: int, what: str) -> list[int]:
        """A constant that is a list of whole numbers."""
        found = self.constant(i, what)
        if found.dtype.kind not in "iu" or found.ndim > 1:
            self.refuse(f"its {what} is no list of whole numbers")
        return [int(n) for n in found.reshape(-1)]

    def axis(self, default: int, rank: int, *, name: str = "axis") -> int:
        """An axis of a sample, counted from the front.

        Raises:
            SpecError: If it is the batch axis, or there is none.
        """
        found = self.attributes.whole(name, default)
        if not -rank <= found < rank:
            self.refuse(f"has axis {found} of a value with {rank} axes")
        return self.not_batch(found % rank)

    def not_batch(self, axis: int) -> int:
        """See that an axis is none of the batch."""
        if axis == 0:
            self.refuse("works along the batch axis, which no layer of graphnet does")
        return axis

    def expect(self, name: str, default: Any, *also: Any) -> None:
        """See that an attribute has the only value that graphnet has."""
        if isinstance(default, str):
            found: Any = self.attributes.text(name, default)
        elif isinstance(default, float):
            found = self.attributes.number(name, default)
        else:
            found = self.attributes.whole(name, default)
        if found not in (default, *also):
            self.refuse(f"has {name}: {found}, and graphnet knows {default} alone")

    # --- what it makes ------------------------------------------------------------------

    def layer(
        self,
        kind: str,
        *bottoms: Value,
        word: str = "",
        out: int | None = None,
        tops: Sequence[str] = (),
        **keys: Any,
    ) -> Value:
        """A layer; what its first top is.

        Args:
            kind: Its type.
            bottoms: What it reads.
            word: Behind the node's name, for one that is not what the node is.
            out: Which output of the node its top is; None: a blob between its layers.
            tops: The names of its tops instead.
            keys: Its properties.
        """
        axes_of = keys.pop("axes_of", None)
        name = self.made.fresh_layer(f"{self.name}.{word}" if word else self.name)
        if not tops:
            named = self.outputs[out] if out is not None else ""
            tops = [named or self.made.fresh_blob(f"{self.name}.{word or 'it'}")]
        made: LayerDict = {"name": name, "type": kind, **keys}
        made |= {"bottoms": [b.blob for b in bottoms], "tops": list(tops)}
        with located(None):
            node = read_net({"name": "n", "layers": [made]}).nodes[0]
            shapes = node.spec.top_shapes([self.made.shapes[b.blob] for b in bottoms])
        self.made.layers[name] = made
        self.own.append(name)
        self.made.shapes.update(zip(tops, shapes, strict=True))
        self.made.blobs.update(tops)
        value = Value.plain(tops[0], shapes[0])
        if axes_of is not None:  # its axes of size 1 that the blob has not stay
            ranks = iter(range(1, len(value.shape)))
            axes = tuple(a if a in (0, None) else next(ranks) for a in axes_of.axes)
            value = Value(value.blob, value.shape, axes)
        if out is not None:
            self.results[out] = value
        return value

    def fill(self, param: str, array: np.ndarray, *, state: bool = False) -> None:
        """The values of a param of the last layer."""
        group = self.made.state if state else self.made.params
        group[f"{self.own[-1]}/{param}"] = np.asarray(array, np.float32)

    def give(self, value: Value, out: int = 0) -> None:
        """Let an output be a value that is there."""
        self.results[out] = value

    def reshaped(
        self, value: Value, sample: Sequence[int], word: str = "shaped", out: int | None = None
    ) -> Value:
        """A value whose blob is seen in another shape; itself where that is the one it has."""
        shape = (value.shape[0], *sample)
        if shape == value.shape:
            plain = Value.plain(value.blob, value.shape)
            if out is not None:
                self.give(plain, out)
            return plain
        if prod(shape) != prod(value.shape) or 0 in shape:
            self.refuse(f"cannot see a blob of shape {list(value.shape)} as {list(shape)}")
        return self.layer("Reshape", value, word=word, out=out, shape=list(sample))


def _all_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite, looked at part by part: a large array is not made twice."""
    if array.size <= _BLOCK or not array.ndim:
        return bool(np.isfinite(array).all())
    return all(_all_finite(part) for part in array)


#: Translates a node of one operator.
FromOnnx: TypeAlias = Callable[[NodeReader], None]
#: What translates each operator.
Operators: TypeAlias = Mapping[str, FromOnnx]
