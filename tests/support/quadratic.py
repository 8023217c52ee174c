"""A quadratic to try methods on: ``½ Σ a·w²``, whose gradient is ``a·w``, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graphnet.backend import open_backend
from graphnet.params.constraints import Constraint, NoCons
from graphnet.params.initializers import Constant
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore
from graphnet.params.regularizers import NoRegu, Regularizer
from graphnet.solver.methods.base import Method
from graphnet.solver.update import Updater

CURVATURE = np.array([1.0, 0.5, -2.0, 0.25])
START = np.array([1.0, -2.0, 0.5, 3.0])
LOCAL_LR = np.array([1.0, 1.0, 1.0, 2.0])  # three weights and a bias
N_UPDATES = 5


def make_store(
    regu: Regularizer = NoRegu(),  # noqa: B008  # frozen
    cons: Constraint = NoCons(),  # noqa: B008  # frozen
    dtype: str = "float64",
) -> ParamStore:
    """``ip/weight (1, 3)`` with the regularizer and constraint, ``ip/bias (1,)`` with rate 2."""
    declared = DeclaredParams(
        {
            "weight": ParamDecl((1, 3), Constant(), regu, cons),
            "bias": ParamDecl((1,), Constant(), NoRegu(), NoCons(), 2.0),
        },
        {},
    )
    store = ParamStore(open_backend("numpy", 1), np.dtype(dtype), {"ip": declared}, 0)
    store.data[...] = START
    return store


def descend(
    method: Method,
    *,
    lr: Callable[[int], float] = lambda _t: 0.1,
    momentum: Callable[[int], float] = lambda _t: 0.0,
    regu: Regularizer = NoRegu(),  # noqa: B008  # frozen
    regu_coef: float = 0.0,
) -> np.ndarray:
    """The params after each of five updates by the engine, ``(5, 4)``."""
    store = make_store(regu)
    updater = Updater(store, method, regu_coef)
    path = []
    for t in range(1, N_UPDATES + 1):
        store.diff[...] = CURVATURE * store.data
        updater.update(t, lr(t), momentum(t))
        path.append(store.data.copy())
    return np.array(path)


Rule = Callable[[float, float, float, int, list[float]], float]


def by_hand(
    rule: Rule,
    n_history: int,
    *,
    lr: Callable[[int], float] = lambda _t: 0.1,
    decay: float = 0.0,
) -> np.ndarray:
    """The same by a rule on single numbers: ``rule(w, g, r, t, history) -> w``.

    ``decay`` is c·2·coef of an L2 regularizer on the three weights.
    """
    path = np.empty((N_UPDATES, len(START)))
    for i, (a, start, local) in enumerate(zip(CURVATURE, START, LOCAL_LR, strict=True)):
        w, history = float(start), [0.0] * n_history
        for t in range(1, N_UPDATES + 1):
            g = a * w + (decay * w if i < 3 else 0.0)
            w = rule(w, g, lr(t) * local, t, history)
            path[t - 1, i] = w
    return path
