"""A run with everything on that ranks could get wrong: its data, its net, what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

N_SAMPLES = 90
AUGMENTED = [
    {"type": "RandomCrop", "crop_size": [6, 6]},
    {"type": "RandomMirror"},
    {"type": "RandomShift", "shift": 1},
]
BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 3, "every_n_epoch": 1},
    {"type": "ValidationPerformance", "every_n_iter": 4},
    {"type": "Plateau", "key": "accuracy", "patience": 1, "gamma": 0.5},
    {"type": "Snapshot", "every_n_iter": 5, "keep_best": "accuracy"},
]


def write_data(folder: Path) -> None:
    """A training and a test file, streamed in chunks."""
    rng = np.random.default_rng(0)
    for name, n in (("train", N_SAMPLES), ("test", 23)):
        label = rng.integers(0, 3, n)
        x = rng.standard_normal((n, 1, 8, 8)) + label[:, None, None, None]
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("x", data=x.astype("float32"), chunks=(5, 1, 8, 8), compression=1)
            file.create_dataset("label", data=label, chunks=(5,))


def layers(batch_size: int = 64, *, sync: bool = False, bn: bool = True) -> list[dict[str, Any]]:
    """Shuffled, streamed and augmented data; convolution, BatchNorm, dropout."""
    train = {
        "name": "data",
        "type": "AsyncHDF5Data",
        "phase": "train",
        "source": "train.h5",
        "batch_size": batch_size,
        "shuffle": True,
        "prefetch": 3,
        "buffer_bytes": 8000,
        "transformers": {"x": AUGMENTED},
        "tops": ["x", "label"],
    }
    test = {
        "name": "test-data",
        "type": "HDF5Data",
        "phase": "test",
        "source": "test.h5",
        "batch_size": 4,
        "transformers": {"x": [{"type": "RandomCrop", "crop_size": [6, 6]}]},
        "tops": ["x", "label"],
    }
    chain = [
        {"name": "conv", "type": "Convolution", "n_filter": 4, "kernel": 3, "neuron": "ReLU"},
        *([{"name": "bn", "type": "BatchNorm", "sync": sync}] if bn else []),
        {"name": "ip", "type": "InnerProduct", "output_dim": 16},
        {"name": "out", "type": "InnerProduct", "output_dim": 3},
    ]
    found, blob = [], "x"
    for layer in chain:
        found.append({**layer, "bottoms": [blob], "tops": [layer["name"]]})
        blob = str(layer["name"])
        if blob == "ip":
            found.append({"name": "drop", "type": "Dropout", "bottoms": ["ip"]})
    ends = [
        {"name": "loss", "type": "SoftmaxLoss", "bottoms": ["out", "label"]},
        {"name": "accuracy", "type": "Accuracy", "bottoms": ["out", "label"]},
    ]
    return [train, test, *found, *ends]


def results(folder: Path) -> dict[str, bytes]:
    """The files a run leaves that do not depend on the clock."""
    names = [p for p in sorted((folder / "snapshots").iterdir()) if p.suffix == ".h5"]
    return {p.name: p.read_bytes() for p in (*names, folder / "statistics.jsonl")}
