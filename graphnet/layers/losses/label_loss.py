"""What the losses over class labels share: weights, ignored labels and the divisor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.backend.calls import Call
from graphnet.backend.measures import Number, at_least_one
from graphnet.blob import Array, Shape, feature_size
from graphnet.layers.base import LossLayer, ScratchDecls, Shapes
from graphnet.layers.judging import Judgement
from graphnet.layers.losses.class_weights import ClassWeighed, weights_of_classes
from graphnet.layers.losses.labels import (
    ClassLabels,
    check_label_shape,
    label_scratch,
    memory,
    write_offsets,
)
from graphnet.layers.losses.weights import left_out, rows_counted, weights_of
from graphnet.layers.shape.axis import axis_of, with_size, without


class LabelLossSpec(ClassWeighed):
    """A loss of scores against one class label for each position.

    With ``cost`` of a position the loss is ``loss_weight / divisor · Σ weights[label] · cost``,
    with a third bottom each times its weight.

    Args:
        ignore_label: Positions with this label cost nothing; it need not be a class.
        divisor: ``valid`` (default: the positions not ignored), ``full`` (all positions),
            ``batch_size``, or ``none`` (1); what Caffe calls ``normalization``.
    """

    ignore_label: int | None = None
    divisor: Literal["valid", "full", "batch_size", "none"] = "valid"

    @property
    def loss_reduction(self) -> Literal["mean", "sum"]:
        return "sum" if self.divisor == "none" else "mean"

    @property
    def judges(self) -> Judgement | None:
        squash: Literal["softmax"] | None = None if self.softmax_axis is None else "softmax"
        return Judgement("classes", self.axis, squash, ignore_label=self.ignore_label)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        scores, label = bottoms[:2]
        check_label_shape(scores, label, self.axis)
        self.check_weights(bottoms, without(scores, axis_of(scores, self.axis)))
        if self.weights is not None:
            self.class_weights(scores)
        return []

    def positions(self, bottoms: Shapes) -> Shape:
        """The shape of the scores with a single class."""
        return with_size(bottoms[0], axis_of(bottoms[0], self.axis), 1)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        positions = self.positions(bottoms)
        decls = label_scratch(bottoms[0], self.axis) | {
            "coef": ScratchDecl(positions, lifetime="pass", blob=True),
            "cost": ScratchDecl(positions, blob=True),
        }
        if self.weights is not None:
            decls["weight_index"] = ScratchDecl(positions, "int64", blob=True)
            decls["weight_offset"] = ScratchDecl(positions, "int64", "forever", blob=True)
        return decls | self.weight_scratch(bottoms)

    def n_indices(self, bottoms: Shapes) -> int:
        return bottoms[0][axis_of(bottoms[0], self.axis)]


S = TypeVar("S", bound=LabelLossSpec)


class LabelLossLayer(LossLayer[S]):
    """Runs a :class:`LabelLossSpec`; a subclass writes the cost of each position."""

    def setup(self) -> None:
        spec, scratch = self.spec, self.scratch
        self.x: Any = self.bottoms[0].data  # NumPy 2.5's types refuse max(keepdims=True, out=…)
        self.dx = self.bottoms[0].diff
        axis = axis_of(self.x.shape, spec.axis)
        self.weights = weights_of(self, without(self.x.shape, axis))
        self.labels = ClassLabels(
            self.backend,
            self.x,
            self.bottoms[1].data,
            spec.axis,
            spec.ignore_label,
            scratch,
            without=left_out(self.weights, self.x.ndim, axis),
        )
        self.expectations.append(self.labels.expectation)
        self.axis = self.labels.axis
        self.coef, self.cost = scratch["coef"], scratch["cost"]  # of each position
        self.flat_index, self.flat_coef, self.flat_cost = map(
            memory, (self.labels.index, self.coef, self.cost)
        )
        self.weigh_coef: Call | None = None
        if self.weights is not None:
            self.weigh_coef = self.weights.over(self.coef, self.coef.shape[1:], self.axis)
        self.flat_dx: Any = None if self.dx is None else memory(self.dx)
        #: whether the coefficient of a row that counts may be 0
        self.may_cost_nothing = (
            spec.loss_weight == 0 or self.labels.ignores or spec.weights is not None
        )
        if spec.weights is not None:
            self.class_weights = weights_of_classes(self, self.x.shape)
            write_offsets(self.xp, scratch["weight_offset"], self.class_weights, self.axis)

    @abstractmethod
    def write_cost(self) -> None:
        """Write the cost of each position to ``cost``, given the labels."""

    def forward(self) -> None:
        if self.weights is not None:
            self.weights.read(self.context.n_valid)
        self.labels.read()
        divisor = self.divisor()
        self.write_coef(self.spec.loss_weight / at_least_one(divisor))
        self.write_cost()
        if self.may_cost_nothing or self.context.n_valid < len(self.coef):
            self.leave_out(self.cost)
        self.loss = self.backend.product_total(self.flat_cost, self.flat_coef)
        self.add(divisor, self.loss)

    def leave_out(self, values: Array) -> None:
        """Write 0 to the values of positions that cost nothing, whatever their scores are.

        A product with 0 would let infinite scores and NaN through.

        Args:
            values: A cost for each position, or a number for each of its classes.
        """
        nothing = self.labels.flag
        self.xp.equal(self.coef, 0, out=nothing)
        self.xp.copyto(values, 0, where=nothing)

    def finish_diff(self, combine: Callable[..., Any]) -> None:
        """Make the diff at each label ``combine(diff, coef)``, and 0 where nothing is counted."""
        self.backend.gather(self.flat_dx, self.flat_index, self.flat_cost)
        combine(self.flat_cost, self.flat_coef, out=self.flat_cost)
        self.backend.scatter(self.flat_dx, self.flat_index, self.flat_cost)
        if self.may_cost_nothing:
            self.leave_out(self.dx)

    def divisor(self) -> Number:
        """What the sum of the costs is divided by."""
        n_valid = self.context.n_valid
        match self.spec.divisor:
            case "valid":
                return self.labels.n_counted(n_valid)
            case "full":
                return rows_counted(self.weights, n_valid) * feature_size(self.coef.shape)
            case "batch_size":
                return rows_counted(self.weights, n_valid)
            case "none":
                return 1

    def write_coef(self, scale: Number) -> None:
        """Write what the cost of each position is multiplied by."""
        xp, coef = self.xp, self.coef
        if self.spec.weights is None:
            coef[...] = scale
        else:
            index = self.scratch["weight_index"]
            step = self.class_weights.strides[self.axis] // self.class_weights.itemsize
            xp.multiply(self.labels.classes, step, out=index)
            xp.add(index, self.scratch["weight_offset"], out=index)
            self.backend.gather(memory(self.class_weights), memory(index), self.flat_coef)
            xp.multiply(coef, scale, out=coef)
        if self.weigh_coef is not None:
            self.weigh_coef()
        if self.labels.ignores:
            xp.copyto(coef, 0, where=self.labels.ignored)
        if self.context.n_valid < len(coef):
            coef[self.context.n_valid :] = 0
