"""What became of a net's layers in each phase, and both phases as one list of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphnet.errors import Problem
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.layers.reading import LayerDict, Made
from graphnet.layers.base import Phase
from graphnet.params.param import ParamDecl, StateDecl


@dataclass
class Translated:
    """One Caffe layer and what it became in a phase.

    Attributes:
        index: Of the layer in the file.
        message: The layer.
        made: What became of it.
        params: The declarations of its params and state, where its shapes are known.
    """

    index: int
    message: Message
    made: Made
    params: dict[tuple[str, str], ParamDecl | StateDecl] = field(default_factory=dict)


@dataclass
class PhaseNet:
    """A net in one phase.

    Attributes:
        layers: Its layers in order.
        problems: What could not be translated.
        lacks_inputs: Whether that is because no layer of the phase makes a bottom, and all else
            is well.
        time_first: Caffe's blobs that are ``(T, N, …)`` there and ``(N, T, …)`` here.
    """

    layers: list[Translated] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lacks_inputs: bool = True
    time_first: frozenset[str] = frozenset()


def merge_phases(phases: Mapping[Phase, PhaseNet]) -> Iterator[tuple[Translated, list[LayerDict]]]:
    """The layers of both phases in the order of the file; those of one phase alone say so.

    Args:
        phases: By graphnet's names of them.

    Yields:
        The Caffe layer, and the layers of graphnet to be written.
    """
    by_index: dict[int, dict[Phase, Translated]] = {}
    for name, net in phases.items():
        for found in net.layers:
            by_index.setdefault(found.index, {})[name] = found
    for _, entries in sorted(by_index.items()):
        made = [entry.made.all_layers() for entry in entries.values()]
        if len(entries) == len(phases) and all(layers == made[0] for layers in made):
            yield next(iter(entries.values())), made[0]
            continue
        for phase, entry in entries.items():
            yield entry, [_in_phase(layer, phase) for layer in entry.made.all_layers()]


def _in_phase(layer: LayerDict, phase: Phase) -> LayerDict:
    head = {"name": layer["name"], "type": layer["type"], "phase": phase}
    return head | {key: value for key, value in layer.items() if key not in head}
