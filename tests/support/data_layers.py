"""Data files for tests, and data layers bound to arrays of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from graphnet.backend import open_backend
from graphnet.blob import Blob
from graphnet.layers.base import Binding, PassContext
from graphnet.layers.data.batch_data import BatchLayer, BatchSpec


def write_h5(path: Path, options: Mapping[str, Any] | None = None, **arrays: Any) -> Path:
    """An HDF5 file with these data sets, all created with the same options."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=np.asarray(values), **(options or {}))
    return path


def numbered(path: Path, start: int, n: int, **options: Any) -> Path:
    """Rows whose ``data`` (2 values) and ``label`` say their number, from ``start`` on."""
    numbers = np.arange(start, start + n)
    data = np.stack([numbers, -numbers], axis=1).astype(np.float32)
    return write_h5(path, options, data=data, label=numbers.astype(np.uint16))


def layer_of(
    spec: BatchSpec,
    *,
    dtype: str = "float32",
    seed: int = 0,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> BatchLayer[Any]:
    """The layer of a spec, bound as a net would bind it."""
    backend = open_backend("numpy", threads=1)
    tops = [
        Blob(name, backend.empty_blob(shape, np.dtype(dtype)))
        for name, shape in zip(spec.tops, spec.top_shapes([]), strict=True)
    ]
    binding = Binding(
        name=spec.name,
        bottoms=[],
        tops=tops,
        params={},
        state={},
        scratch={},
        backend=backend,
        context=PassContext("train", seed),
        dtype=np.dtype(dtype),
        inputs=inputs or {},
    )
    layer = spec.build(binding)
    assert isinstance(layer, BatchLayer)
    return layer


def labels(layer: BatchLayer[Any], n_forward: int) -> list[int]:
    """The labels of the next batches, one after the other."""
    found: list[int] = []
    for _ in range(n_forward):
        layer.forward()
        found += layer.tops[-1].data.astype(int).tolist()
    return found
