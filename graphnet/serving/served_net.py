"""ServedNet: a trained net that answers for rows as they are in the net's data files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import Column, contents_if_hdf5
from graphnet.data.pipeline import Pipeline
from graphnet.data.source import files
from graphnet.data.transformer import Samples
from graphnet.data.transformers import out_shape
from graphnet.declare.user_types import type_name
from graphnet.errors import GraphnetError, SpecError
from graphnet.layers.base import Kind
from graphnet.net.load_net import load_net
from graphnet.net.passes import select_phase
from graphnet.net.predict import (
    check_a_row_each,
    check_rows_apart,
    output_names,
    prediction_spec,
    run_batches,
)
from graphnet.net.spec import NetSpec, Node, read_net
from graphnet.serving.refusal import RefusalError
from graphnet.solver.record.snapshot_file import Contents
from graphnet.solver.record.weights import check_fits, upload

#: Rows that are computed at a time where there are several.
BATCH = 16
_UNPROCESSABLE = 422
_PICTURE_AXES = 3


@dataclass(frozen=True)
class ServedInput:
    """A blob that a request gives.

    Attributes:
        name: The blob.
        shape: Of a row as it is given, before any transformers.
        node: The data layer that gives it otherwise.
    """

    name: str
    shape: Shape
    node: Node

    @property
    def is_picture(self) -> bool:
        """Whether a row is a picture of one channel or three."""
        return len(self.shape) == _PICTURE_AXES and self.shape[0] in (1, 3)

    @property
    def is_scaled(self) -> bool:
        """Whether the layer scales it, so that pixels are given from 0 to 255."""
        return any(type_name(t) == "Scale" for t in self.node.spec.transformers_of(self.name))


class ServedNet:
    """A trained net.

    Attributes:
        name: The net's.
        inputs: What a request gives, by blob.
        outputs: The shape of a row of each output.
        classes: What the columns of the first output are called; empty if nobody knows.

    Args:
        spec: The net; its data need not be here if its layers say the shapes.
        contents: The params.
        file: Where they are from.
        classes: Instead of the names in its data.
        shapes: Of rows, by blob, where the net's data layers cannot say them.
        backend: Where it runs.
        threads: How many; None: one for each processor.

    Raises:
        GraphnetError: If the net cannot be compiled, or the params are not its own.
    """

    def __init__(  # made in one place
        self,
        spec: NetSpec,
        contents: Contents,
        file: Path,
        *,
        classes: Sequence[str] = (),
        shapes: Mapping[str, Shape] | None = None,
        backend: str = "auto",
        threads: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        self.name = spec.name
        self.inputs = _inputs(spec, shapes or {})
        fed = {
            name: out_shape(one.node.spec.transformers_of(name), one.shape)
            for name, one in self.inputs.items()
        }
        check_rows_apart(spec)
        outputs = output_names(prediction_spec(spec, fed, 1))
        more: dict[str, Any] = {"keep": outputs, "memory_limit": memory_limit}
        self._one = load_net(
            prediction_spec(spec, fed, 1), "test", backend, threads=threads, **more
        )
        check_a_row_each(self._one, outputs, 1)
        check_fits(self._one.store, contents, file)
        upload(self._one.store, contents.params, contents.state, file=file)
        self._many = load_net(prediction_spec(spec, fed, BATCH), "test", share=self._one, **more)
        self.outputs = {name: self._one.blobs[name].shape[1:] for name in outputs}
        n_classes = prod(self.outputs[outputs[0]])
        found = tuple(classes) or _names_in_data(spec)
        if classes and len(classes) != n_classes:
            raise SpecError(
                f"--classes: {len(classes)} names, but '{outputs[0]}' has {n_classes} numbers"
            )
        self.classes = found if len(found) == n_classes else ()
        self._pipelines = {
            name: _prepare(one, fed[name], self._one.compiled.dtype)
            for name, one in self.inputs.items()
        }

    @property
    def n_params(self) -> int:
        """Numbers in its params."""
        return int(self._one.compiled.n_param_numbers)

    def close(self) -> None:
        """Release threads."""
        for net in (self._many, self._one):
            net.close()

    def checked(self, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The rows of a request as arrays, in the shapes that the net takes.

        Args:
            given: Arrays or nested lists by blob; flat rows of as many numbers are reshaped.

        Raises:
            RefusalError: If blobs are missing or unknown, or values do not fit.
        """
        if not isinstance(given, Mapping):
            raise RefusalError(_UNPROCESSABLE, f"inputs: expected {self._wanted()}")
        for name in given:
            if name not in self.inputs:
                raise RefusalError(
                    _UNPROCESSABLE, f"inputs: there is no '{name}'; expected {self._wanted()}"
                )
        found = {}
        for name, one in self.inputs.items():
            if name not in given:
                raise RefusalError(
                    _UNPROCESSABLE, f"inputs: '{name}' is missing; expected {self._wanted()}"
                )
            found[name] = _rows(name, given[name], one.shape)
        counts = {len(array) for array in found.values()}
        if len(counts) > 1:
            raise RefusalError(_UNPROCESSABLE, "inputs: they have different numbers of rows")
        return found

    def _wanted(self) -> str:
        return ", ".join(f"'{n}': (n, {shape_text(i.shape)})" for n, i in self.inputs.items())

    def predict(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the net gives for rows that were checked; one call at a time."""
        n_rows = len(next(iter(rows.values())))
        arrays = {name: self._pipelines[name](array) for name, array in rows.items()}
        net, batch = (self._one, 1) if n_rows == 1 else (self._many, BATCH)
        with net.backend.computing():
            return run_batches(net, arrays, n_rows, batch, list(self.outputs))


def _inputs(spec: NetSpec, shapes: Mapping[str, Shape]) -> dict[str, ServedInput]:
    """The tops of the test phase's data layers that something computes with."""
    nodes = select_phase(spec.nodes, "test")
    read = {b for node in nodes if node.spec.kind is Kind.COMPUTE for b in node.bottoms}
    found = {}
    for node in nodes:
        for top in node.tops if node.spec.kind is Kind.DATA else ():
            if top in read:
                found[top] = ServedInput(top, _row_shape(node, top, shapes), node)
    if not found:
        raise SpecError(f"net '{spec.name}' computes nothing from its data in phase test")
    return found


def _row_shape(node: Node, top: str, shapes: Mapping[str, Shape]) -> Shape:
    if top in shapes:
        return tuple(shapes[top])
    try:
        if node.spec.transformers_of(top):
            return tuple(_stored_shape(node, top))
        return tuple(node.spec.top_shapes([])[node.tops.index(top)][1:])
    except GraphnetError as error:
        raise SpecError(
            f"the shape of a row of '{top}' is not known: {error}\n  say it: --shape {top}=1,28,28"
        ) from error


def _stored_shape(node: Node, top: str) -> Shape:
    """The shape of a row before the transformers."""
    stored: Mapping[str, Shape] = node.spec.sample_shapes()  # type: ignore[attr-defined]  # as those with transformers have
    return stored[top]


def _names_in_data(spec: NetSpec) -> tuple[str, ...]:
    """The names that ``graphnet data pack`` has written into the net's data, if they are here."""
    for node in spec.data_nodes():
        source = node.spec.data_source
        try:
            found = [contents_if_hdf5(path).class_names for path in files(source)] if source else []
        except GraphnetError:
            continue
        if found and found[0]:
            return tuple(found[0])
    return ()


def numbers(given: Any) -> np.ndarray | None:
    """Nested lists as an array; None where they are no numbers, or not equally long."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biuf" else None


def _rows(name: str, given: Any, shape: Shape) -> np.ndarray:
    """Rows as an array of that shape."""
    array = numbers(given)
    if array is None:
        raise RefusalError(_UNPROCESSABLE, f"'{name}': expected numbers in rows of equal length")
    wanted = f"'{name}': expected (n, {', '.join(map(str, shape))}), found {array.shape}"
    if array.ndim < 1 or not array.size:
        raise RefusalError(_UNPROCESSABLE, wanted)
    if array.shape[1:] != shape:
        if array.ndim != 2 or array.shape[1] != prod(shape):  # noqa: PLR2004  # flat rows
            raise RefusalError(_UNPROCESSABLE, wanted)
        array = array.reshape(len(array), *shape)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise RefusalError(_UNPROCESSABLE, f"'{name}': NaN and infinite numbers are refused")
    return array


def _prepare(one: ServedInput, shape: Shape, dtype: np.dtype) -> Any:
    """A function from rows as given to rows as the blob holds them."""
    column = Column(one.name, np.dtype("float32"), one.shape)
    transformers = one.node.spec.transformers_of(one.name)
    pipeline = Pipeline(
        column, transformers, BATCH, dtype, seed=0, layer=one.node.name, check_finite=False
    )
    part = np.empty((BATCH, *shape), dtype)
    samples = Samples(np.empty(BATCH, np.int64), np.zeros(BATCH, np.int64))
    finish = pipeline.bind(part, samples, lambda row: f"row {row}")
    receiver = pipeline.receiver(part)

    def prepare(rows: np.ndarray) -> np.ndarray:
        made = np.empty((len(rows), *shape), dtype)
        for first in range(0, len(rows), BATCH):
            np.minimum(np.arange(first, first + BATCH), len(rows) - 1, out=samples.rows)
            np.copyto(receiver, rows[samples.rows])
            finish()
            made[first : first + BATCH] = part[: len(rows) - first]
        return made

    return prepare


def net_of(contents: Contents, *, user_code: bool) -> NetSpec:
    """The net that a run, snapshot or model was of.

    Raises:
        SpecError: If it cannot be read.
    """
    return read_net(contents.net_yaml, user_code=user_code)
