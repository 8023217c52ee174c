"""What the tests of LSTM, RNN and GRU share: their steps written out, a naive loop, the cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from support.layer_case import LayerCase, Rig

from graphnet.layers.recurrent.base import Recurrent
from graphnet.layers.recurrent.gru import GRU
from graphnet.layers.recurrent.lstm import LSTM
from graphnet.layers.recurrent.reset_first_gru import ResetFirstGRU
from graphnet.layers.recurrent.rnn import RNN

State = dict[str, np.ndarray]
#: The state after a step of one sample, by its features, the state before, and the params.
Step = Callable[[np.ndarray, State, dict[str, np.ndarray]], State]

#: Sequences that start anywhere, at a batch's first step or not.
CONT = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 1, 1], [1, 1, 1, 1, 1]])

#: A part of the state goes on.
PARTS = np.array([[0.25, 1, 0.5, 0, 1], [1, 0.125, 1, 0.75, 0.5], [0.5, 1, 1, 1, 0.25]])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, as it is defined."""
    return 1 / (1 + np.exp(-x))


def lstm_step(x: np.ndarray, state: State, params: dict[str, np.ndarray]) -> State:
    """One sample, the gates written out."""
    pre = params["weight_x"] @ x + params["weight_h"] @ state["hidden"] + params["bias"]
    i, f, o, g = np.split(pre, 4)
    cell = sigmoid(f) * state["cell"] + sigmoid(i) * np.tanh(g)
    return {"hidden": sigmoid(o) * np.tanh(cell), "cell": cell}


def rnn_step(x: np.ndarray, state: State, params: dict[str, np.ndarray]) -> State:
    """One sample."""
    pre = params["weight_x"] @ x + params["weight_h"] @ state["hidden"] + params["bias"]
    return {"hidden": np.tanh(pre)}


def gru_step(x: np.ndarray, state: State, params: dict[str, np.ndarray]) -> State:
    """One sample, the gates written out."""
    x_r, x_z, x_n = np.split(params["weight_x"] @ x, 3)
    h_r, h_z, h_n = np.split(params["weight_h"] @ state["hidden"], 3)
    b_r, b_z, b_n, b_u = np.split(params["bias"], 4)
    r, z = sigmoid(x_r + h_r + b_r), sigmoid(x_z + h_z + b_z)
    candidate = np.tanh(x_n + b_n + r * (h_n + b_u))
    return {"hidden": (1 - z) * candidate + z * state["hidden"]}


def reset_first_step(x: np.ndarray, state: State, params: dict[str, np.ndarray]) -> State:
    """One sample: the candidate sees what the reset gate lets through."""
    h, size = state["hidden"], len(state["hidden"])
    of_gates, of_n = params["weight_h"][: 2 * size], params["weight_h"][2 * size :]
    x_r, x_z, x_n = np.split(params["weight_x"] @ x + params["bias"], 3)
    h_r, h_z = np.split(of_gates @ h, 2)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    return {"hidden": (1 - z) * np.tanh(x_n + of_n @ (r * h)) + z * h}


STEPS: dict[type[Recurrent], Step] = {
    GRU: gru_step,
    LSTM: lstm_step,
    RNN: rnn_step,
    ResetFirstGRU: reset_first_step,
}


def by_loop(spec: Recurrent) -> Callable[..., list[np.ndarray]]:
    """The reference: sample by sample, step by step, from the state zero."""
    step, size = STEPS[type(spec)], spec.output_dim

    def reference(bottoms: list[np.ndarray], params: dict[str, np.ndarray]) -> list[np.ndarray]:
        x = bottoms[0]
        cont = bottoms[1] if len(bottoms) > 1 else np.ones(x.shape[:2])
        firsts = bottoms[2:] or [np.zeros((len(x), size))] * len(spec.carried)
        y, lasts = np.empty((*x.shape[:2], size)), []
        n_bias = 4 * size if isinstance(spec, GRU) else len(params["weight_h"])
        params = {"bias": np.zeros(n_bias), **params}
        for i, sequence in enumerate(x):
            state = {name: of_all[i] for name, of_all in zip(spec.carried, firsts, strict=True)}
            for t, features in enumerate(sequence):
                kept = {name: cont[i, t] * values for name, values in state.items()}
                state = step(features.ravel(), kept, params)
                y[i, t] = state["hidden"]
            lasts.append(list(state.values()))
        return [y, *(np.array(of_all) for of_all in zip(*lasts, strict=True))][: len(spec.tops)]

    return reference


def case(kind: type[Recurrent], label: str, bottoms: list[Any], **properties: Any) -> LayerCase:
    """A case of a layer; 3 hidden units where nothing else is said."""
    names = ("x", "cont", *kind.carried)[: len(bottoms)]
    keys = {"output_dim": 3, "tops": ("h",), **properties}
    spec = kind(name="layer", bottoms=names, **keys)
    return LayerCase(spec, bottoms, by_loop(spec), label=label)


def cases(kind: type[Recurrent]) -> list[LayerCase]:
    """Every property of a recurrent layer, and the smallest and oddest shapes."""
    states = [(3, 3)] * len(kind.carried)
    tops = ("h", *(f"last {name}" for name in kind.carried))
    return [
        case(kind, "plain", [(2, 5, 4)]),
        case(kind, "features of several axes", [(2, 3, 2, 1, 2)]),
        case(kind, "no feature axis", [(2, 3)]),
        case(kind, "many features", [(2, 3, 13)], output_dim=1),
        case(kind, "one step", [(3, 1, 2)]),
        case(kind, "one sample", [(1, 4, 2)]),
        case(kind, "smallest", [(1, 1, 1)], output_dim=1),
        case(kind, "no bias", [(2, 3, 2)], bias=False),
        case(kind, "stateful", [(2, 3, 2)], stateful=True),
        case(kind, "cont", [(3, 5, 2), CONT]),
        case(kind, "cont, one step", [(2, 1, 2), np.array([[0], [1]])], bias=False),
        case(kind, "parts of the state", [(3, 5, 2), PARTS], partial_resets=True),
        case(kind, "last states", [(2, 4, 2)], tops=tops),
        case(kind, "states", [(3, 5, 2), CONT, *states], tops=tops),
        case(kind, "states in", [(3, 5, 2), CONT[::-1], *states]),
        case(kind, "states, in parts", [(3, 5, 2), PARTS, *states], tops=tops, partial_resets=True),
        case(kind, "states, one step", [(3, 1, 2), PARTS[:, 2:3], *states], partial_resets=True),
    ]


def in_batches(of: LayerCase, n_batches: int) -> np.ndarray:
    """The top of a run over consecutive parts of the time axis, one batch each, put together."""
    parts = [np.split(values, n_batches, axis=1) for values in of.values()]
    rig = Rig(of, [p[0] for p in parts])
    rig.reset_state()
    tops = []
    for values in zip(*parts, strict=True):
        rig.values = list(values)
        rig.fill_bottoms()
        rig.layer.forward()
        tops.append(rig.copy(rig.tops[0].data))
    return np.concatenate(tops, axis=1)
