"""Nielsen's 784-30-10 net written by hand in NumPy, as one would to teach it.

``vectorised`` handles a mini-batch at a time, ``by_sample`` one sample after another, as in the
first chapters of textbooks; neither avoids temporary arrays. Both do what nets/nielsen.yaml and
solvers/nielsen.yaml say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Train = Callable[["Params", Array, Array, Array, int, float], None]


@dataclass
class Params:
    """Weights ``(outputs, inputs)`` and biases of both layers."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array

    @classmethod
    def random(cls, seed: int = 0) -> Params:
        """Normally distributed, float32."""
        rng = np.random.default_rng(seed)
        shapes = (30, 784), (30,), (10, 30), (10,)
        return cls(*(rng.standard_normal(shape, dtype=np.float32) for shape in shapes))


def sigmoid(z: Array) -> Array:
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


def one_hot(labels: Array, n_class: int = 10) -> Array:
    """A row for each label."""
    return np.eye(n_class, dtype=np.float32)[labels.astype(np.int64)]


def vectorised(p: Params, x: Array, y: Array, order: Array, batch: int, lr: float) -> None:
    """One pass over the rows in this order, a mini-batch at a time.

    Args:
        p: Changed in place.
        x: ``(n, 784)``.
        y: ``(n, 10)``, one-hot.
        order: Of the rows; a last batch that is not full is left out.
        batch: Rows of an update.
        lr: The rate.
    """
    for start in range(0, len(order) - batch + 1, batch):
        rows = order[start : start + batch]
        a0, wanted = x[rows], y[rows]
        a1 = sigmoid(a0 @ p.w1.T + p.b1)
        a2 = sigmoid(a1 @ p.w2.T + p.b2)
        d2 = (a2 - wanted) * a2 * (1 - a2) / batch
        d1 = (d2 @ p.w2) * a1 * (1 - a1)
        p.w2 -= lr * (d2.T @ a1)
        p.b2 -= lr * d2.sum(axis=0)
        p.w1 -= lr * (d1.T @ a0)
        p.b1 -= lr * d1.sum(axis=0)


def by_sample(p: Params, x: Array, y: Array, order: Array, batch: int, lr: float) -> None:
    """The same, the gradients of a mini-batch added up one sample after another."""
    for start in range(0, len(order) - batch + 1, batch):
        sums = [np.zeros_like(param) for param in (p.w1, p.b1, p.w2, p.b2)]
        for row in order[start : start + batch]:
            a0 = x[row]
            a1 = sigmoid(p.w1 @ a0 + p.b1)
            a2 = sigmoid(p.w2 @ a1 + p.b2)
            d2 = (a2 - y[row]) * a2 * (1 - a2)
            d1 = (p.w2.T @ d2) * a1 * (1 - a1)
            gradients = np.outer(d1, a0), d1, np.outer(d2, a1), d2
            sums = [total + gradient for total, gradient in zip(sums, gradients, strict=True)]
        p.w1, p.b1, p.w2, p.b2 = (
            param - lr / batch * total
            for param, total in zip((p.w1, p.b1, p.w2, p.b2), sums, strict=True)
        )


LOOPS: dict[str, Train] = {"vectorised": vectorised, "by_sample": by_sample}
