"""The blobs that rows are given to, and what is known of the rows that each was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from graphnet.blob import Shape, shape_text
from graphnet.data.hdf5.reader import RECIPE
from graphnet.data.recipe.stored import Recipe, parse_recipe
from graphnet.errors import GraphnetError, ShapeError, SpecError
from graphnet.inference.trained import Trained
from graphnet.net.predicting.feed import Feed, feeders
from graphnet.net.predicting.predict import data_computed_with

_DATA = "data"  # what a recipe makes


@dataclass(frozen=True)
class FedBlob:
    """A blob, and what its rows are like as they are stored, before any transformer.

    Attributes:
        name: Of the blob.
        feed: Makes of such rows what the blob holds.
        shape: Of a row; None if nobody knows.
        dtype: Of its numbers; None if nobody knows.
        highest: The largest number in the rows first trained on, of floating-point pictures.
        recipe: How tables or pictures became such rows; None if the data was made otherwise.
    """

    name: str
    feed: Feed
    shape: Shape | None = None
    dtype: np.dtype | None = None
    highest: float | None = None
    recipe: Recipe | None = None

    @property
    def n_numbers(self) -> int | None:
        """How many numbers a row has."""
        return None if self.shape is None else prod(self.shape)

    def check(self, shape: Shape, where: str) -> None:
        """See that a row has the shape of those that the net has learned from.

        Raises:
            ShapeError: If it has another.
        """
        if self.shape is not None and shape != self.shape:
            raise ShapeError(
                f"{where}: a row of '{self.name}' is {shape_text(shape)},"
                f" and the net was made for {shape_text(self.shape)}"
            )


def fed_blobs(
    trained: Trained, names: Sequence[str], dtype: np.dtype, *, raw: bool = False
) -> list[FedBlob]:
    """The blobs that rows are given to.

    Args:
        trained: The net.
        names: Of the blobs. None at all: the data that the net computes with, beside its labels.
        dtype: The net's precision.
        raw: Whether rows are already what the blobs hold.

    Raises:
        SpecError: If there is no such blob.
    """
    spec = trained.spec
    nodes = feeders(spec)
    computed = [top for top in data_computed_with(spec) if top in nodes]
    chosen = list(names) or computed or list(nodes)[:1]
    if not chosen:
        raise SpecError(
            f"net '{spec.name}': the test phase has no data layer\n  name what is fed: --blob"
        )
    record = trained.record
    found = []
    for name in chosen:
        feed = Feed(name, nodes.get(name), dtype, record.means, raw=raw)
        layer = None if raw else record.of_top(name)
        if layer is None:
            found.append(FedBlob(name, feed))
            continue
        known = layer[1]
        text = known.attributes.get(RECIPE) if name == _DATA else None
        found.append(
            FedBlob(
                name,
                feed,
                known.shapes[name],
                np.dtype(known.types[name]) if name in known.types else None,
                known.highest.get(name),
                None if text is None else parse_recipe(text, str(trained.file)),
            )
        )
    return found


def declared_shape(trained: Trained, name: str) -> Shape | None:
    """The shape of a row in a blob, where its data layer says so; None where it does not."""
    node = feeders(trained.spec).get(name)
    if node is None:
        return None
    try:
        shapes = node.spec.top_shapes([])
    except GraphnetError:  # the net's data are not on this machine, and need not be
        return None
    return dict(zip(node.tops, shapes, strict=True))[name][1:]
