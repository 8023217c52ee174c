"""Small data files of every kind that a net can be made for."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np


def write_h5(path: Path, **columns: np.ndarray) -> Path:
    """A file with these data sets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            file[name] = values
    return path


def made_rows(kind: str, n: int = 240) -> dict[str, np.ndarray]:
    """The columns of rows that can be learned."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (n, 3)).astype("f4")
    unlike = (x * [1, 1000, 0.01] + [0, 5000, 0.01]).astype("f4")
    number = (300_000 + 50_000 * x[:, 0] + 40_000 * x[:, 1]).astype("f4")
    label = rng.integers(0, 2, n)
    text = (np.arange(n)[:, None] + np.arange(8)) % 10
    columns = {
        "classes": {"data": x, "label": (x[:, 0] > 0) * 1 + (x[:, 1] > 0)},
        "numbers": {"data": unlike, "label": number},
        "pair of numbers": {"inputs": x, "target": x[:, :2] - x[:, 1:]},
        "years": {"data": unlike, "label": (2000 + 3 * x[:, 0]).astype("i4")},
        "tags": {"data": unlike, "label": (x[:, :2] > 0).astype("u1")},
        "colour": {"data": pictures(rng, label, 255, 3, 12).astype("u1"), "label": label},
        "grey 16 bits": {"data": pictures(rng, label, 4095, 1, 16).astype("u2"), "label": label},
        "tiny": {"data": x[:, None, :, None].repeat(3, axis=3), "label": (x[:, 0] > 0) * 1},
        "no label": {"data": x @ rng.normal(0, 1, (3, 10)).astype("f4")},
        "symbols": {
            "text": text, "cont": np.tile([0] + 7 * [1], (n, 1)), "next": (text + 1) % 10
        },
        "pairs": {"data_a": x, "data_b": np.where(label[:, None], x, -x), "similar": label},
    }  # fmt: skip
    return columns[kind]


def pictures(
    rng: np.random.Generator, label: np.ndarray, most: int, n_channels: int, side: int
) -> np.ndarray:
    """Noise that is darker in class 1."""
    values = rng.integers(0, most + 1, (len(label), n_channels, side, side))
    return values >> label[:, None, None, None]


KINDS = {
    "classes": "mlp",
    "numbers": "mlp",
    "pair of numbers": "mlp",
    "years": "mlp",
    "tags": "mlp",
    "colour": "cnn",
    "grey 16 bits": "lenet",
    "tiny": "mlp",
    "no label": "autoencoder",
    "symbols": "lstm",
    "pairs": "siamese",
}
