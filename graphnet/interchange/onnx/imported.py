"""An ONNX net as it is in graphnet: its layers, the arrays that fill them, a table of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from graphnet.blob import shape_text
from graphnet.interchange.onnx.graph.node_reader import LayerDict, MadeLayers
from graphnet.interchange.onnx.graph.values import Value
from graphnet.interchange.yaml_text import comment, document, item, ordered
from graphnet.layers import LAYER_TYPES
from graphnet.layers.base import LayerSpec
from graphnet.net.spec import NetSpec, read_net
from graphnet.net.yaml_form import layer_dict


@dataclass(frozen=True)
class NodeEntry:
    """A node, and what it became.

    Attributes:
        name: The node's.
        op: Its operator.
        layers: The names of its layers.
        notes: What is to be said of it.
    """

    name: str
    op: str
    layers: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class ImportedOnnx:
    """An ONNX net in graphnet.

    Attributes:
        name: Of the net.
        feed: The layer of its inputs.
        made: All other layers, and what fills them.
        takes: What each input is.
        entries: The nodes, in the order of the file.
        notes: What is to be said of the whole.
        gives: What each output is.
        neurons: Layers that became the ``neuron`` of others, and which.
    """

    name: str
    feed: LayerDict
    made: MadeLayers
    takes: Mapping[str, Value]
    entries: list[NodeEntry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gives: dict[str, Value] = field(default_factory=dict)
    neurons: dict[str, str] = field(default_factory=dict)

    def layers(self) -> list[LayerDict]:
        """All layers."""
        return [self.feed, *self.made.layers.values()]

    def spec(self) -> NetSpec:
        """The net."""
        return read_net({"name": self.name, "layers": self.layers()})

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """``params/LAYER/PARAM`` and ``state/LAYER/NAME``, and the values."""
        yield from ((f"params/{key}", array) for key, array in self.made.params.items())
        yield from ((f"state/{key}", array) for key, array in self.made.state.items())

    def join_neurons(self) -> None:
        """Write a neuron that alone reads what a layer makes as that layer's ``neuron``."""
        layers = self.made.layers
        readers: dict[str, list[str]] = {}
        for name, layer in layers.items():
            for blob in layer["bottoms"]:
                readers.setdefault(blob, []).append(name)
        for name, layer in list(layers.items()):
            tops = layer.get("tops", ())
            if name not in layers or len(tops) != 1 or not _takes_neuron(layer):
                continue
            found = readers.get(tops[0], [])
            neuron = layers.get(found[0]) if len(found) == 1 else None
            if neuron is None or not _is_neuron(neuron):
                continue
            keys = {k: v for k, v in neuron.items() if k not in ("name", "bottoms", "tops")}
            layer["neuron"], layer["tops"] = keys, neuron["tops"]
            self.neurons[found[0]] = name
            del layers[found[0]]

    # --- what is shown ------------------------------------------------------------------

    def rows(self) -> list[tuple[str, str, str, str]]:
        """What was done, node by node: its name, its operator, the layers, what fills them."""
        found = []
        for entry in self.entries:
            kinds = [
                f"neuron of {self.neurons[name]}"
                if name in self.neurons
                else self.made.layers[name]["type"]
                for name in entry.layers
                if name in self.neurons or name in self.made.layers
            ]
            shapes = [
                shape_text(array.shape)
                for part in (self.made.params, self.made.state)
                for key, array in part.items()
                if key.rpartition("/")[0] in entry.layers
            ]
            made = " + ".join(kinds) or "nothing"
            found.append((entry.name, entry.op, made, ", ".join(shapes)))
        return found

    def text(self, file: str) -> str:
        """The net as YAML."""
        lines = [*comment(f"From {file}, a net of ONNX.")]
        for note in self.notes:
            lines += comment(note)
        lines.append(next(iter(item({"name": self.name}, ""))).removeprefix("- {")[:-1])
        lines += ["", "layers:"]
        notes = {entry.layers[-1]: entry.notes for entry in self.entries if entry.layers}
        for layer in self.layers():
            for note in notes.get(layer["name"], ()):
                lines += comment(note, "  ")
            spec = read_net({"name": "n", "layers": [layer]}).nodes[0].spec
            lines += item(ordered(layer_dict(spec)))
        return document(lines)


def _class_of(layer: LayerDict) -> type[LayerSpec]:
    return LAYER_TYPES[layer["type"]]


def _takes_neuron(layer: LayerDict) -> bool:
    return "neuron" in _class_of(layer).model_fields and "neuron" not in layer


def _is_neuron(layer: LayerDict) -> bool:
    """Whether ``neuron`` can be this layer."""
    return layer["type"] in _NEURONS


#: What ``neuron`` takes, except for the Identity.
_NEURONS = frozenset(
    (
        *("ReLU", "LReLU", "ELU", "GELU", "Swish", "Hardswish", "Mish", "Softplus", "BNLL"),
        *("Sigmoid", "Tanh", "Exponential", "Exp", "Log"),
    )
)
