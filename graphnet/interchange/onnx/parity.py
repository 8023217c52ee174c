"""Running what was exported: onnxruntime's numbers against graphnet's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from types import MappingProxyType

import numpy as np

from graphnet.errors import SpecError
from graphnet.interchange.onnx.deploying import ROWS, Deployed
from graphnet.interchange.onnx.files.library import runtime
from graphnet.layers.base import Kind
from graphnet.net.graph import BlobVertex
from graphnet.net.net import Net

#: Of the largest number of an output, how far one may be off.
_FAR = 1e-3


@dataclass(frozen=True)
class Parity:
    """How far apart the numbers are.

    Attributes:
        blob: Where they are furthest apart.
        difference: The largest difference there.
        relative: The same as a part of the largest number of that blob.
        n_rows: How many rows were fed.
    """

    blob: str
    difference: float
    relative: float
    n_rows: int


def compare(
    file: bytes | Path,
    net: Deployed,
    given: Mapping[str, str],
    running: Net,
    outside: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Parity:
    """Run a file in onnxruntime and its net here, on the same random numbers.

    Args:
        file: The file, or what stands in it.
        net: What it was made of.
        given: What the file calls the blobs that the net gives.
        running: The same net with the same params.
        outside: The large constants, if they are inputs of it.

    Raises:
        SpecError: If onnxruntime cannot run it, or gives something else.
    """
    fed = inputs_for(net, np.random.default_rng(0))
    try:
        found = run_file(file, fed, outside)
    except Exception as error:
        raise SpecError(f"onnxruntime cannot run what was made: {error}") from error
    for name, array in fed.items():
        running.backend.upload(array, running.fed(name))
    running.forward()
    worst = Parity(net.outputs[0], 0.0, 0.0, ROWS)
    for name in net.outputs:
        ours = running.backend.download(running.blobs[name].data)
        far = difference(found[given[name]], ours)
        size = float(np.max(np.abs(ours), initial=0.0, where=np.isfinite(ours)))
        relative = far / size if size else far
        if relative > worst.relative:
            worst = Parity(name, far, relative, ROWS)
    if worst.relative > _FAR:
        raise SpecError(
            f"blob '{worst.blob}' is not the same in onnxruntime: the largest difference is"
            f" {worst.difference:.3g}\n  nothing was written; this is a fault of graphnet's or of"
            " onnxruntime's: please report it"
        )
    return worst


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of two arrays; infinite where they are not of one shape."""
    if found.shape != expected.shape:
        return inf
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.subtract(found, expected, dtype=np.float64))
    return float(np.max(np.nan_to_num(apart, nan=inf), initial=0.0, where=~same))


def run_file(
    file: bytes | Path,
    fed: Mapping[str, np.ndarray],
    outside: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, np.ndarray]:
    """What onnxruntime makes of the inputs; those that are not given are zeros.

    ``outside`` are inputs, too, which are not copied.
    """
    onnxruntime = runtime()
    if onnxruntime is None:
        raise SpecError("onnxruntime is not installed")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # of errors it raises an exception
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # which holds more than is computed with
    model = str(file) if isinstance(file, Path) else file
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = len(next(iter(fed.values())))
    given = {**fed, **outside}
    for each in session.get_inputs():
        if each.name not in given:
            given[each.name] = np.zeros((rows, *each.shape[1:]), np.float32)
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, given), strict=True))


def inputs_for(net: Deployed, draw: np.random.Generator, low: float = 0.0) -> dict[str, np.ndarray]:
    """Random values for the inputs of a net, of a kind that their readers can take.

    Args:
        net: What is fed.
        draw: Where they come from.
        low: The least of those that may be any numbers; from 0 on, logarithms have a value.
    """
    fed = {}
    for blob in (top for layer in net.graph.layers for top in layer.tops):
        if blob.producer.kind is not Kind.DATA:
            continue
        most, flags = _read_as(blob)
        values: np.ndarray
        if flags:
            values = draw.integers(0, 2, blob.shape)
        elif most:
            values = draw.integers(0, most, blob.shape)
        else:
            values = draw.uniform(low, 1, blob.shape)
        fed[blob.name] = np.asarray(values, np.float32)
    return fed


def _read_as(blob: BlobVertex) -> tuple[int, bool]:
    """How many indices a blob tells apart, or 0; whether it says where sequences go on."""
    for reader, slot in blob.reads:
        if reader.spec.views:
            for top in reader.tops:
                found = _read_as(top)
                if any(found):
                    return found
        elif reader.kind is Kind.COMPUTE and slot not in reader.spec.differentiable(slot + 1):
            n = reader.spec.n_indices(reader.bottom_shapes)
            if n:
                return n, False
            if slot:
                return 0, True
    return 0, False
