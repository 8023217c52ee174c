"""YesNoLoss: a loss of independent yes-no targets, whose yes may count more than their no."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Binding, ScratchDecls, Shapes
from graphnet.layers.losses.pair import row_shape
from graphnet.layers.losses.pair_loss import PairLoss, PairLossLayer


def _regular(weight: float | tuple[float, ...]) -> float | tuple[float, ...]:
    array = np.array(weight, np.float64)
    if not array.size or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError("expected a finite number of at least 0, or one for each tag")
    return weight


class YesNoLoss(PairLoss):
    """A loss of a pair whose second bottom holds the probability of yes, tag by tag.

    Args:
        positive_weight: What the yes of a target costs as many times as its no: a number, or one
            for each tag along axis 1 of bottom 0. More than 1 for what is rare. Default 1.
    """

    positive_weight: Annotated[float | tuple[float, ...], AfterValidator(_regular)] = 1.0

    @property
    def is_weighted(self) -> bool:
        """Whether yes and no cost differently."""
        return self.positive_weight != 1

    def positive(self, each: Array | None) -> Any:
        """The positive weight of a block of elements: that of ``each``, or one for all."""
        return self.positive_weight if each is None else each

    @property
    def weighs_tags(self) -> bool:
        """Whether each tag has a positive weight of its own."""
        return isinstance(self.positive_weight, tuple)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        if isinstance(self.positive_weight, tuple):
            n, found = len(self.positive_weight), bottoms[0][1:2]
            if found != (n,):
                tags = f"{found[0]}, one for each tag along axis 1" if found else "one number"
                raise ShapeError(
                    f"'positive_weight' has {n} numbers, but bottom 0 the shape "
                    f"{shape_text(bottoms[0])}\n  expected {tags}"
                )
        return super().top_shapes(bottoms)

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        decls = super().scratch(bottoms, backend, backward=backward)
        if self.weighs_tags:
            shape = row_shape(bottoms)
            decls = {**decls, "positive": ScratchDecl(shape, lifetime="forever", blob=True)}
        return decls

    def build(self, binding: Binding) -> PairLossLayer:
        return YesNoLossLayer(self, binding)


class YesNoLossLayer(PairLossLayer):
    """Runs any :class:`YesNoLoss`."""

    spec: YesNoLoss

    def factors(self) -> list[Array]:
        """The positive weight of each element, if tags have their own."""
        if not self.spec.weighs_tags:
            return []
        positive = self.scratch["positive"]
        n_tags = self.bottoms[0].shape[1]
        each = np.repeat(self.spec.positive_weight, positive.shape[1] // n_tags)
        self.xp.copyto(positive, self.backend.constant(each, self.dtype)[None])
        return [positive]
