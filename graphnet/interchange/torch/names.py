"""What PyTorch calls params, and how it has them: so that ``load_state_dict`` takes a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from graphnet.interchange.weights.exporting import Written
from graphnet.interchange.weights.matching import Needed

_WORDS = {
    "filter": "weight",
    "scale": "weight",
    "slope": "weight",
    "mean": "running_mean",
    "variance": "running_var",
    "weight_x": "weight_ih_l0",
    "weight_h": "weight_hh_l0",
}
#: Of a layer that PyTorch does not have, params keep their names.
_OWN = ("Scale", "Bias")


def torch_names(needed: Sequence[Needed]) -> Mapping[str, Written]:
    """``conv1.weight``, ``bn1.running_mean``, ``lstm.weight_ih_l0`` and so on.

    A recurrent layer's bias becomes the two that PyTorch adds up.
    """
    return dict(pair for each in needed for pair in _of_param(each))


def _of_param(each: Needed) -> Iterator[tuple[str, Written]]:
    is_lstm, is_gru = each.layer_type == "LSTM", each.layer_type == "GRU"
    if each.name == "bias" and (is_lstm or is_gru or each.layer_type == "RNN"):
        n = each.shape[0] // 4 * 3 if is_gru else each.shape[0]
        halves = (_gru_bias_x, _gru_bias_h) if is_gru else (_gates if is_lstm else _same, _zeros)
        for word, make in zip(("bias_ih_l0", "bias_hh_l0"), halves, strict=True):
            yield f"{each.key}.{word}", Written(each, (n,), make)
        return
    word = each.name if each.layer_type in _OWN else _WORDS.get(each.name, each.name)
    yield f"{each.key}.{word}", Written(each, each.shape, _gates if is_lstm else None)


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _zeros(values: np.ndarray) -> np.ndarray:
    return np.zeros_like(values)


def _gates(values: np.ndarray) -> np.ndarray:
    """Rows of the gates i, f, o, g as i, f, g, o."""
    i, f, o, g = np.split(values, 4)
    return np.concatenate([i, f, g, o])


def _gru_bias_x(values: np.ndarray) -> np.ndarray:
    """Of r, z, n, u: what is added to the products with x."""
    return values[: len(values) // 4 * 3]


def _gru_bias_h(values: np.ndarray) -> np.ndarray:
    """And to those with h."""
    r, z, _, u = np.split(values, 4)
    return np.concatenate([np.zeros_like(r), np.zeros_like(z), u])
