"""What is legal in a net but hardly meant: told before anything is trained, each at its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from graphnet.blob import shape_text
from graphnet.errors import Problem
from graphnet.layers.base import Kind
from graphnet.layers.channelwise.channels import channels_last_hint
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import BlobVertex, LayerVertex

#: What is odd about a layer; it is given the number of samples there are, by data layer.
_Doubt: TypeAlias = Callable[[LayerVertex, Mapping[str, int | None]], str]


def suspicions(net: CompiledNet, n_samples: Mapping[str, int | None]) -> list[Problem]:
    """What is hardly meant in a net, in the order of its layers.

    Args:
        net: The net.
        n_samples: How many there are, by data layer, where that is known. Of a net for testing,
            they are not looked at.
    """
    known = n_samples if net.phase == "train" else {}
    said = ((layer, doubt(layer, known)) for layer in net.layers for doubt in _DOUBTS)
    return [Problem(layer.subject + text, layer.position) for layer, text in said if text]


def _source(blob: BlobVertex) -> LayerVertex:
    """The layer that has computed a blob, whatever has passed it on since."""
    layer = blob.producer
    while layer.spec.views:
        layer = layer.bottoms[0].producer
    return layer


def _normalised_twice(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """A Softmax or Sigmoid before a loss that has it inside."""
    inside = layer.spec.normalises
    source = _source(layer.bottoms[0]) if inside else None
    if source is None or source.spec.makes != inside:
        return ""
    return (
        f"its scores come from {_named(source)}, and {layer.type} applies"
        f" {inside} itself\n  give it the bottom of that {inside}"
    )


#: The loss that takes the scores themselves, by what would make them probabilities.
_OF_SCORES = {"Softmax": "SoftmaxLoss", "Sigmoid": "SigmoidCrossEntropyLoss"}


def _never_normalised(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """A loss of probabilities that is given scores."""
    wanted = layer.spec.takes_normalised
    source = _source(layer.bottoms[0]) if wanted else None
    if source is None or source.spec.makes != "scores":
        return ""
    return (
        f"it takes probabilities, and {_named(source)} gives scores of any size\n"
        f"  put a {wanted} between them, or use {_OF_SCORES[wanted]}"
    )


def _cut_off(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """A ReLU on the scores of a loss."""
    source = _source(layer.bottoms[0]) if layer.spec.normalises else None
    if source is None or source.spec.makes != "rectified":
        return ""
    return (
        f"its scores come from {_named(source)}, which cuts off all below 0\n"
        f"  leave out the {source.type} of the last layer"
    )


def _one_class(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """A softmax over a single class."""
    axis = layer.spec.softmax_axis
    if axis is None or (shape := layer.bottoms[0].shape)[axis] != 1:
        return ""
    cure = "give the last layer one output for each class, or use SigmoidCrossEntropyLoss"
    return (
        f"its scores of shape {shape_text(shape)} are of one class, so it is always certain"
        f"\n  {cure}"
    )


def _channels_last(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """Pictures whose channels lie last, straight from the data."""
    if not layer.spec.takes_images:
        return ""
    shape = layer.bottoms[0].shape
    hint = channels_last_hint(shape)
    if not hint or _source(layer.bottoms[0]).kind is not Kind.DATA:
        return ""
    said = f"its bottom of shape {shape_text(shape)} looks like pictures with their channels last"
    return said + hint


def _batch_too_large(layer: LayerVertex, n_samples: Mapping[str, int | None]) -> str:
    """A batch of more samples than there are."""
    order, rows = layer.spec.row_order, n_samples.get(layer.name)
    if order is None or not rows or (batch := order.batch_size) <= rows:
        return ""
    return (
        f"its batch_size of {batch:,} is more than the {rows:,} samples there are, so each batch"
        f" has some of them twice\n  give {rows:,} at most"
    )


def _no_folder(layer: LayerVertex, _: Mapping[str, int | None]) -> str:
    """An output that cannot be written."""
    name = layer.spec.output_file
    if name is None or Path(name).parent.is_dir():
        return ""
    return f"there is no folder {Path(name).parent} for its file\n  make the folder first"


_DOUBTS: tuple[_Doubt, ...] = (
    _batch_too_large,
    _channels_last,
    _one_class,
    _normalised_twice,
    _never_normalised,
    _cut_off,
    _no_folder,
)


def _named(layer: LayerVertex) -> str:
    """A layer as a sentence names it; a neuron, by the layer that has it."""
    if layer.origin == "neuron":
        return f"the {layer.type} of layer '{layer.of}'"
    return f"layer '{layer.name}' ({layer.type})"
