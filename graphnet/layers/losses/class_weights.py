"""ClassWeighed: a loss of scores of classes, some of which may count more than others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator

from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.losses.mean_loss import MeanLoss
from graphnet.layers.shape.axis import FeatureAxis, axis_of, with_size


def _regular(weights: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        array = np.array(weights, np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if not array.size or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            "expected one finite number of at least 0 for each class, or nested lists of them in "
            "the shape of a sample"
        )
    return weights


class ClassWeighed(MeanLoss):
    """A loss of scores whose classes lie along an axis.

    Args:
        loss_weight: The factor of this loss in the objective. Default 1.
        axis: The axis of the classes, in ``(N, C, H, W)``. Default 1.
        weights: One number for each class, or nested lists of the shape of a sample. Default 1.
        normalize: How ``weights`` are scaled so that equal ones make no difference: ``local``
            (default: their mean over the classes is 1 at each place), ``global`` (their mean over
            a sample is 1), or ``no``.
    """

    loss_weight: float = 1.0
    axis: FeatureAxis = 1
    weights: Annotated[tuple[Any, ...], AfterValidator(_regular)] | None = None
    normalize: Literal["local", "global", "no"] = "local"

    def class_weights(self, scores: Shape) -> np.ndarray:
        """The normalised class weights, with as many axes as the scores; some of size 1.

        Raises:
            ShapeError: If they fit neither the classes nor a sample.
        """
        axis = axis_of(scores, self.axis)
        given, n_class = np.array(self.weights, np.float64), scores[axis]
        if given.shape == (n_class,):
            array = given.reshape(with_size((1,) * len(scores), axis, n_class))
        elif given.shape == scores[1:]:
            array = given[np.newaxis]
        else:
            raise ShapeError(
                f"'weights' has shape {shape_text(given.shape)}\n  expected {n_class}, one for "
                f"each class, or {shape_text(scores[1:])}, the shape of a sample"
            )
        if self.normalize == "no":
            return array
        total = array.sum(axis, keepdims=True) if self.normalize == "local" else array.sum()
        if not np.all(total):
            raise ShapeError("'weights' cannot be normalised: they add up to zero")
        # so that equal weights are 1
        mean = total / (n_class if self.normalize == "local" else array.size)
        return np.asarray(array / mean)


def weights_of_classes(layer: Any, scores: Shape) -> Array:
    """The normalised class weights of a :class:`ClassWeighed`, where its layer computes."""
    weights: Array = layer.backend.constant(layer.spec.class_weights(scores), layer.dtype)
    return weights
