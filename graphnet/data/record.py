"""What a run records of its samples, so that its net can be fed others without its data files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field, ValidationError

from graphnet.blob import PICTURE_AXES, Shape
from graphnet.data.hdf5.reader import CLASSES, HDF5File, text_attributes
from graphnet.data.table import Part
from graphnet.declare.fields import Model
from graphnet.errors import GraphnetError

#: By how many rows the scale of pictures is told that are stored as floating-point numbers.
_LOOKED_AT = 64


class LayerRecord(Model):
    """What the stored samples of one data layer are like.

    Args:
        phase: ``train`` or ``test``; None: of both.
        shapes: The shape of one stored sample, before any transformer, by top.
        types: The type of its numbers as they are stored, by top.
        highest: The largest number in the first rows, by top; of floating-point pictures alone.
        classes: What whole numbers stand for, in order from 0, by top.
        attributes: The texts that were recorded when the file was packed, by their names.
    """

    model_config = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="constants")

    phase: str | None = None
    shapes: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    types: dict[str, str] = Field(default_factory=dict)
    highest: dict[str, float] = Field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class DataRecord:
    """What a run's data layers read.

    Attributes:
        layers: By the name of the data layer.
        means: What transformers subtract that stands in a file, by ``LAYER/TOP/INDEX``.
    """

    layers: Mapping[str, LayerRecord] = field(default_factory=dict)
    means: Mapping[str, np.ndarray] = field(default_factory=dict)

    def to_json(self) -> str:
        """All but the means, as text; blank if there is nothing."""
        if not self.layers:
            return ""
        plain = {name: json.loads(one.model_dump_json()) for name, one in self.layers.items()}
        return json.dumps(plain, ensure_ascii=False)

    @classmethod
    def read(cls, text: str, means: Mapping[str, np.ndarray]) -> DataRecord:
        """What :meth:`to_json` wrote, less what a newer graphnet describes in another way."""
        try:
            found = json.loads(text or "{}")
        except (ValueError, RecursionError):
            found = {}
        layers = {}
        for name, value in found.items() if isinstance(found, dict) else ():
            try:
                layers[name] = LayerRecord.model_validate_json(json.dumps(value))
            except (GraphnetError, ValidationError, ValueError):
                continue
        return cls(layers, means)

    def of_top(self, top: str, phase: str = "test") -> tuple[str, LayerRecord] | None:
        """The layer that gives a top, and its name: of the phase if there is one, else of any."""
        having = [(n, r) for n, r in self.layers.items() if top in r.shapes]
        return next((one for one in having if one[1].phase in (None, phase)), None) or next(
            iter(having), None
        )

    def classes(self, top: str) -> tuple[str, ...]:
        """What the whole numbers of a top stand for; empty if nobody said.

        The files of the training part are asked first: they are what the net has learned from.
        """
        layers = sorted(self.layers.values(), key=lambda one: one.phase == "test")
        return next((one.classes[top] for one in layers if one.classes.get(top)), ())


def record_of(part: Part) -> LayerRecord:
    """What the rows of a file, or of arrays in memory, are like."""
    attributes = text_attributes(part.path) if isinstance(part, HDF5File) else {}
    shapes = {c.name: c.shape for c in part.columns}
    return LayerRecord(
        shapes=shapes,
        types={c.name: str(c.dtype) for c in part.columns},
        highest=_highest(part),
        classes=class_names(attributes.get(CLASSES, ""), shapes),
        attributes={k: v for k, v in attributes.items() if k != CLASSES},
    )


def class_names(text: str, shapes: Mapping[str, Shape]) -> dict[str, tuple[str, ...]]:
    """The names of classes by top, of the attribute ``classes`` of a file.

    Args:
        text: In JSON: a list, which is of ``label`` or of the only top with one number a row; or
            lists by the names of data sets.
        shapes: Of a row, by top.
    """
    try:
        found: Any = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    if isinstance(found, dict):
        return {top: tuple(n) for top, n in found.items() if top in shapes and _are_names(n)}
    single = [top for top, shape in shapes.items() if shape in ((), (1,))]
    tops = ["label"] if "label" in shapes else single if len(single) == 1 else []
    return {top: tuple(found) for top in tops if _are_names(found)}


def _are_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(n, str) for n in value)


def _highest(part: Part) -> dict[str, float]:
    """The largest of the first rows' numbers, of pictures stored as floating-point numbers."""
    n = min(_LOOKED_AT, part.n_rows)
    wanted = [c.dtype.kind == "f" and len(c.shape) == PICTURE_AXES for c in part.columns]
    if not any(wanted):
        return {}
    rows = [np.empty((n, *c.shape), c.dtype) for c in part.columns]
    try:
        part.read(0, n, rows)
    finally:
        part.close()
    found = zip(part.columns, rows, wanted, strict=True)
    return {c.name: float(values.max()) for c, values, is_wanted in found if is_wanted}
