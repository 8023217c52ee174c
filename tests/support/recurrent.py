"""What the tests of LSTM, RNN and GRU share: a naive loop, the cases, a run over several batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from support.layer_case import LayerCase, Rig

from graphnet.layers.recurrent import Recurrent

State = dict[str, np.ndarray]
#: ``step(x, state, params)``: the state after a step of one sample; its "hidden" is the output.
Step = Callable[[np.ndarray, State, dict[str, np.ndarray]], State]

CONT = np.array([[0, 1, 1, 0, 1], [1, 0, 0, 1, 1], [1, 1, 1, 1, 1]])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, as it is defined."""
    return 1 / (1 + np.exp(-x))


def by_loop(spec: Recurrent, step: Step) -> Callable[..., list[np.ndarray]]:
    """The reference: sample by sample, step by step, from the state zero."""

    def reference(bottoms: list[np.ndarray], params: dict[str, np.ndarray]) -> list[np.ndarray]:
        x = bottoms[0]
        cont = bottoms[1] if len(bottoms) > 1 else np.ones(x.shape[:2])
        y = np.empty((*x.shape[:2], spec.output_dim))
        params = {"bias": np.zeros(4 * spec.output_dim), **params}
        for i, sequence in enumerate(x):
            start = {name: np.zeros(spec.output_dim) for name in spec.carried}
            state = start
            for t, features in enumerate(sequence):
                state = step(features.ravel(), state if cont[i, t] else start, params)
                y[i, t] = state["hidden"]
        return [y]

    return reference


def cases(kind: type[Recurrent], step: Step) -> list[LayerCase]:
    """Every property of a recurrent layer, and the smallest and oddest shapes."""

    def case(label: str, bottoms: list[Any], **properties: Any) -> LayerCase:
        properties = {"output_dim": 3} | properties
        names = ("x", "cont")[: len(bottoms)]
        spec = kind(name="layer", bottoms=names, tops=("h",), **properties)
        return LayerCase(spec, bottoms, by_loop(spec, step), label=label)

    return [
        case("plain", [(2, 5, 4)]),
        case("features of several axes", [(2, 3, 2, 1, 2)]),
        case("no feature axis", [(2, 3)]),
        case("one step", [(3, 1, 2)]),
        case("one sample", [(1, 4, 2)]),
        case("smallest", [(1, 1, 1)], output_dim=1),
        case("no bias", [(2, 3, 2)], bias=False),
        case("stateful", [(2, 3, 2)], stateful=True),
        case("cont", [(3, 5, 2), CONT]),
        case("cont, one step", [(2, 1, 2), [[0], [1]]], bias=False),
    ]


def in_batches(case: LayerCase, n_batches: int, **options: Any) -> list[tuple[np.ndarray, State]]:
    """The tops, and the state left, of a run over consecutive parts of the time axis."""
    parts = [np.split(v, n_batches, axis=1) for v in case.values()]
    rig = Rig(case, [p[0] for p in parts], **options)
    rig.reset_state()
    made = []
    for values in zip(*parts, strict=True):
        rig.values = list(values)
        rig.fill_bottoms()
        rig.layer.forward()
        left = {name: array.copy() for name, array in rig.state.items()}
        made.append((rig.copy(rig.tops[0].data), left))
    return made
