"""What is drawn of a net: a box for each declared layer, a label for each blob.

A layer that works in place on a blob, and the ``neuron`` of a layer, is a line in the box of the
layer that makes the blob. A diagram of both phases has the layers of both; those of one alone say
so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import BaseModel

from graphnet.layers.base import LayerSpec, Phase
from graphnet.net.compiled import CompiledNet
from graphnet.net.graph import BlobVertex, LayerVertex, NetGraph
from graphnet.net.passes import build_graph, select_phase
from graphnet.net.spec import NetSpec

#: Keys that a box does not repeat: other parts of the picture show them, or nobody looks for them.
_SHOWN_ELSEWHERE = frozenset(
    (*LayerSpec.model_fields, "neuron", "param_key", "otherwise", "transformers")
)
#: The room of layers that are the user's own, in ``Box.room``.
OWN = "own"


class BoxKey(NamedTuple):
    """A declared layer: names need only differ within a phase."""

    name: str
    phase: Phase | None


@dataclass(frozen=True)
class Box:
    """A declared layer.

    Attributes:
        key: Its name, and the phase if it is declared for one.
        type: Its YAML type.
        room: The kind of layer, by which it is coloured: the folder of ``graphnet/layers`` that it
            is from, or :data:`OWN`.
        settings: What was declared for it, ``n_filter 20``.
        folded: The layers that work in place on what it makes: ``ReLU``, ``Dropout ratio 0.5``.
        is_frozen: Whether its params do not learn.
        shares_with: The layer whose params it uses.
        n_params: How many numbers its params hold; 0 where it shares another's.
        macs: Multiply-adds of one sample.
        n_bytes: Of its tops and their diffs, before memory is shared.
        summary: What its type does, in a line.
        parts: The names of the layers that it runs as.
        times: How many layers of a repeated block it stands for; what they cost is added up.
    """

    key: BoxKey
    type: str
    room: str
    settings: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    is_frozen: bool = False
    shares_with: str | None = None
    n_params: int = 0
    macs: int = 0
    n_bytes: int = 0
    summary: str = ""
    parts: tuple[str, ...] = ()
    times: int = 1


class BlobKey(NamedTuple):
    """A blob: layers of two phases may each make one of the same name."""

    name: str
    producer: BoxKey


@dataclass
class DrawnBlob:
    """A blob, after all layers that work on it in place.

    Attributes:
        key: Its name and the box that makes it.
        shape: Of one sample, ``20×24×24``; empty for one number.
        readers: The boxes that read it.
    """

    key: BlobKey
    shape: str
    readers: list[BoxKey] = field(default_factory=list)


@dataclass(frozen=True)
class DrawnBlock:
    """A block that is repeated, and drawn once.

    Attributes:
        name: The repetition's.
        count: How often it is repeated.
        boxes: What it consists of.
    """

    name: str
    count: int
    boxes: tuple[BoxKey, ...]

    @property
    def text(self) -> str:
        """What is said of it."""
        return f"{self.count} × {self.name}"


@dataclass(frozen=True)
class Diagram:
    """A net to be drawn.

    Attributes:
        title: The net's name.
        phases: Which are drawn.
        boxes: By key, in the order the layers run.
        blobs: By key, in the order they are made.
        blocks: Those that are drawn once, and stand for several.
    """

    title: str
    phases: tuple[Phase, ...]
    boxes: Mapping[BoxKey, Box]
    blobs: Mapping[BlobKey, DrawnBlob]
    blocks: tuple[DrawnBlock, ...] = ()


def diagram(nets: Sequence[CompiledNet], declared: NetSpec | None = None) -> Diagram:
    """The diagram of a net.

    Args:
        nets: The net compiled for one phase, or for each of two.
        declared: The net as its user knows it, where it was compiled with a data layer's
            fall-back. Default: as it was compiled.
    """
    boxes: dict[BoxKey, Box] = {}
    blobs: dict[BlobKey, DrawnBlob] = {}
    for compiled in nets:
        _add_phase(compiled, boxes, blobs)
    title = nets[0].spec.name
    for node in declared.nodes if declared else ():
        key = BoxKey(node.name, node.spec.phase)
        if key in boxes:
            boxes[key] = replace(boxes[key], settings=tuple(_settings(node.spec)))
    return Diagram(title, tuple(net.phase for net in nets), boxes, blobs)


def _add_phase(
    compiled: CompiledNet, boxes: dict[BoxKey, Box], blobs: dict[BlobKey, DrawnBlob]
) -> None:
    """Add the layers and blobs of one phase; what the other phase has is left as it is."""
    graph = build_graph(select_phase(compiled.spec.nodes, compiled.phase))
    graph.sort()
    by_declared = _by_declared_layer(compiled.graph)
    owners = {
        layer.spec.store_key: layer.of for layer in compiled.graph.layers if layer.owns_params
    }
    #: the box that makes each version of a blob
    maker: dict[BlobVertex, BoxKey] = {}
    for layer in graph.layers:
        runs_as = by_declared.get(layer.name, [])
        if (host := _host(layer, graph, maker)) is not None:
            maker[layer.tops[0]] = host
            boxes[host] = _with_folded(boxes[host], layer, runs_as)
            continue
        key = BoxKey(layer.name, layer.spec.phase)
        if key not in boxes:
            boxes[key] = _box(key, layer, runs_as, owners)
        maker.update(dict.fromkeys(layer.tops, key))
        for bottom in dict.fromkeys(layer.bottoms):
            blob = BlobKey(bottom.name, maker[bottom])
            found = blobs.setdefault(blob, _blob(blob, compiled.graph))
            if key not in found.readers:
                found.readers.append(key)
    for vertex, producer in maker.items():
        if not vertex.is_internal:
            blob = BlobKey(vertex.name, producer)
            blobs.setdefault(blob, _blob(blob, compiled.graph))


def _host(layer: LayerVertex, graph: NetGraph, maker: Mapping[BlobVertex, BoxKey]) -> BoxKey | None:
    """The box that a layer in place is a line of; None for any other layer."""
    bottoms, tops = graph.bottoms(layer), graph.tops(layer)
    if len(bottoms) != 1 or len(tops) != 1 or bottoms[0].name != tops[0].name:
        return None
    return maker[bottoms[0]]


def _by_declared_layer(graph: NetGraph) -> dict[str, list[LayerVertex]]:
    """What each declared layer runs as: itself, its copies, its neurons."""
    found: dict[str, list[LayerVertex]] = {}
    for layer in graph.layers:
        found.setdefault(layer.of, []).append(layer)
    return found


def _blob(key: BlobKey, graph: NetGraph) -> DrawnBlob:
    vertex = graph.blobs.get(key.name)
    if vertex is None:  # where a ReLU runs behind the pooling, what it would have made
        vertex = next((blob for blob in graph.all_blobs if blob.name == key.name), None)
    shape = () if vertex is None else vertex.shape[1:]
    return DrawnBlob(key, "×".join(map(str, shape)))


def _box(
    key: BoxKey, layer: LayerVertex, runs_as: Iterable[LayerVertex], owners: Mapping[str, str]
) -> Box:
    spec = layer.spec
    owner = owners.get(spec.store_key)
    box = Box(
        key,
        layer.type,
        room_of(spec),
        tuple(_settings(spec)),
        is_frozen=spec.frozen,
        shares_with=owner if owner not in (None, layer.name) else None,
        summary=(type(spec).__doc__ or "").strip().partition("\n")[0],
    )
    box = _with_costs(box, runs_as)
    neuron = spec.activation
    return box if neuron is None else replace(box, folded=(_folded_text(neuron),))


def _with_folded(box: Box, layer: LayerVertex, runs_as: Iterable[LayerVertex]) -> Box:
    """A box with one more layer that works in place on what it makes; each once."""
    text = _folded_text(layer.spec)
    if layer.spec.phase is not None and box.key.phase is None:
        text += f" ({layer.spec.phase})"
    if text in box.folded:
        return box
    return _with_costs(replace(box, folded=(*box.folded, text)), runs_as)


def _with_costs(box: Box, layers: Iterable[LayerVertex]) -> Box:
    listed = list(layers)
    return replace(
        box,
        parts=(*box.parts, *(layer.name for layer in listed)),
        n_params=box.n_params + sum(layer.n_params for layer in listed),
        macs=box.macs + sum(_macs_of_a_sample(layer) for layer in listed),
        n_bytes=box.n_bytes + sum(layer.n_bytes for layer in listed),
    )


def _macs_of_a_sample(layer: LayerVertex) -> int:
    shapes = [*layer.bottom_shapes, *layer.top_shapes]
    return layer.macs // max(1, shapes[0][0]) if shapes and shapes[0] else layer.macs


def room_of(spec: LayerSpec) -> str:
    """The folder of ``graphnet/layers`` that a layer is from; :data:`OWN` for the user's own."""
    module = type(spec).__module__
    return module.split(".")[2] if module.startswith("graphnet.layers.") else OWN


def _folded_text(spec: LayerSpec) -> str:
    return " ".join((type(spec).__name__, *_settings(spec)))


def _settings(spec: LayerSpec) -> list[str]:
    """What the user has said of a layer, as it is written in the YAML."""
    learned = {f"{name}_{key}" for name in spec.learned for key in ("init", "regu", "cons", "lr")}
    found, values = [], dict(spec)
    for name, info in type(spec).model_fields.items():
        if name not in spec.model_fields_set or name in _SHOWN_ELSEWHERE or name in learned:
            continue
        text = _value(values[name])
        if text:
            found.append(f"{info.alias or name} {text}")
    return found


def _value(value: Any) -> str:
    """A number, a word or a size; nothing for what takes more than a few words to say."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, tuple | list) and all(isinstance(v, int | float) for v in value):
        return "×".join(f"{v:g}" for v in value)
    if isinstance(value, BaseModel):
        return type(value).__name__
    return ""


def kinds(boxes: Iterable[Box]) -> list[str]:
    """The rooms that occur, each once, in order."""
    return list(dict.fromkeys(box.room for box in boxes))
