"""InfogainLoss: a cross-entropy that says how much each confusion of classes matters."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import read_array
from graphnet.errors import DataError, ShapeError
from graphnet.files.paths import user_path
from graphnet.layers.base import Arity, ScratchDecls, Shapes
from graphnet.layers.losses.label_loss import LabelLossLayer, LabelLossSpec
from graphnet.layers.losses.labels import memory
from graphnet.layers.number_traits import Normaliser
from graphnet.layers.shape.axis import axis_of


class InfogainLoss(LabelLossSpec):
    """The mean of −Σ_k H[label, k] · log softmax(x)[k] over the positions.

    With the unit matrix for H it is SoftmaxLoss. The loss is ``loss_weight / divisor · Σ
    weights[label] · cost``, and so is the number it reports; over several batches that is
    weighted by the divisors. Rows that only fill up the last batch count nowhere.

    Bottoms:
        0: scores ``(N, C, …)``, not normalised.
        1: labels ``(N, …)`` or ``(N, 1, …)``: one for each position, whole numbers from 0 to C − 1.
        2: without ``H`` and ``H_file`` the matrix ``(C, C)``; no gradient flows to it.
        last: weights ``(N,)`` or of the labels' first axes, if not all count alike; 0 leaves out.
    Args:
        H: The matrix: for each true class (row) what saying each class (column) is worth.
        H_file: An HDF5 file with that matrix as data set ``H``, in place of ``H``.
    Example:
        - {name: ip, type: InnerProduct, output_dim: 3, bottoms: [data], tops: [ip]}
        - {name: loss, type: InfogainLoss, H: [[1, 0.2, 0], [0.2, 1, 0], [0, 0, 3]],
           bottoms: [ip, label]}
    Source:
        Caffe ``InfogainLoss``, which bounds probabilities by 1e-20.
    """

    n_bottoms: ClassVar[Arity] = Arity(2, 4)
    normalises: ClassVar[Normaliser] = "Softmax"

    type: Literal["InfogainLoss"] = "InfogainLoss"
    H: tuple[tuple[float, ...], ...] | None = None
    H_file: str | None = None

    @model_validator(mode="after")
    def _check_matrix(self) -> InfogainLoss:
        if self.H is not None and self.H_file is not None:
            raise ValueError("either 'H' or 'H_file' is needed, not both")
        if len(self.bottoms) < self.n_plain:
            raise ValueError("'H', 'H_file' or a third bottom is needed: the matrix")
        if len(self.bottoms) > self.n_plain + 1:
            raise ValueError(
                f"'{'H' if self.H_file is None else 'H_file'}' is the matrix: of the bottoms behind"
                " the labels there are only the weights"
            )
        if self.H is not None and any(len(row) != len(self.H) for row in self.H):
            raise ValueError(
                f"'H' has {len(self.H)} rows, of which not all are as long"
                "\n  expected a square matrix: a row and a column for each class"
            )
        return self

    @property
    def matrix_is_bottom(self) -> bool:
        """Whether the matrix is the third bottom."""
        return self.H is None and self.H_file is None

    @property
    def n_plain(self) -> int:
        return 2 + self.matrix_is_bottom

    @property
    def softmax_axis(self) -> int:
        return self.axis

    def relative_to(self, folder: Path) -> Self:
        if self.H_file is None:
            return self
        path = folder.absolute() / user_path(self.H_file)
        return self.model_copy(update={"H_file": str(path)})

    def matrix(self, scores: Shape) -> np.ndarray:
        """H, for scores of this shape.

        Raises:
            ShapeError: If it does not have a row and a column for each class.
            DataError: If its file cannot be read, or has numbers that are not finite.
        """
        if self.H_file is None:
            found, where = np.array(self.H), "'H'"
        else:
            found, where = read_array(Path(self.H_file), "H"), f"{self.H_file}: the data set 'H'"
        n_class = scores[axis_of(scores, self.axis)]
        if found.shape != (n_class, n_class):
            raise ShapeError(
                f"{where} has shape {shape_text(found.shape)}, but scores of shape "
                f"{shape_text(scores)} have {n_class} classes along axis {self.axis}"
                f"\n  expected {n_class}×{n_class}"
            )
        if not np.isfinite(found).all():
            raise DataError(f"{where} holds numbers that are not finite")
        return found

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        if self.H is not None:
            self.matrix(bottoms[0])
        if self.matrix_is_bottom:
            n_class = bottoms[0][axis_of(bottoms[0], self.axis)]
            if bottoms[2] != (n_class, n_class):
                raise ShapeError(
                    f"bottom 2 has the shape {shape_text(bottoms[2])}, expected"
                    f" {n_class}×{n_class}: a row and a column for each class"
                )
        return super().top_shapes(bottoms)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        x, positions = bottoms[0], self.positions(bottoms)
        return super().scratch(bottoms, backend, backward=backward) | {
            "probability": ScratchDecl(x, lifetime="pass", blob=True),
            "worth": ScratchDecl(x, lifetime="pass", blob=True),
            "total_worth": ScratchDecl(positions, lifetime="pass", blob=True),
            "log": ScratchDecl(x, blob=True),
            "along": ScratchDecl(positions, blob=True),
            "place": ScratchDecl(x, "int64", blob=True),
            "worthless": ScratchDecl(x, "bool", blob=True),
        }


class InfogainLossLayer(LabelLossLayer[InfogainLoss]):
    """Runs :class:`InfogainLoss`; ``worth`` is the row of H that each position's label picks."""

    def setup(self) -> None:
        super().setup()
        xp, self.n_class = self.xp, self.x.shape[self.axis]
        self.matrix = self.backend.zeros((self.n_class, self.n_class), self.dtype)
        self.given = self.bottoms[2].data if self.spec.matrix_is_bottom else None
        if self.given is None:
            self.backend.upload(self.spec.matrix(self.x.shape).astype(self.dtype), self.matrix)
        self.flat_matrix = memory(self.matrix)
        along = (1,) * self.axis + (self.n_class,) + (1,) * (self.x.ndim - self.axis - 1)
        self.columns = xp.arange(self.n_class).reshape(along)
        self.probability, self.worth, self.total_worth, self.log, self.along, self.place = (
            self.scratch[name]
            for name in ("probability", "worth", "total_worth", "log", "along", "place")
        )
        self.flat_place, self.flat_worth = memory(self.place), memory(self.worth)
        self.worthless, axes_sum, axes = (
            self.scratch["worthless"],
            self.backend.axes_sum,
            (self.axis,),
        )
        self.add_worth = axes_sum(self.worth, axes, self.total_worth)
        self.add_probability = axes_sum(self.probability, axes, self.along)
        self.add_cost = axes_sum(self.log, axes, self.cost)

    def write_cost(self) -> None:
        xp, log, along, probability = self.xp, self.log, self.along, self.probability
        if self.given is not None:
            xp.copyto(self.matrix, self.given)
        xp.multiply(self.labels.classes, self.n_class, out=self.place)
        xp.add(self.place, self.columns, out=self.place)
        self.backend.gather(self.flat_matrix, self.flat_place, self.flat_worth)
        self.add_worth()

        self.x.max(axis=self.axis, keepdims=True, out=along)
        xp.subtract(self.x, along, out=log)
        xp.exp(log, out=probability)
        self.add_probability()
        xp.divide(probability, along, out=probability)
        xp.log(along, out=along)
        xp.subtract(along, log, out=log)  # −log softmax(x)
        # what is worth nothing costs nothing, even where its probability is 0 and its logarithm −∞
        xp.equal(self.worth, 0, out=self.worthless)
        xp.copyto(log, 0, where=self.worthless)
        xp.multiply(log, self.worth, out=log)
        self.add_cost()

    def backward(self) -> None:
        """Assign dx = coef · (softmax(x) · Σ_k H[label, k] − H[label])."""
        xp, dx = self.xp, self.dx
        if dx is None:
            return
        xp.multiply(self.probability, self.total_worth, out=dx)
        xp.subtract(dx, self.worth, out=dx)
        xp.multiply(dx, self.coef, out=dx)
        if self.may_cost_nothing:
            self.leave_out(dx)
