"""The net of an estimator: made of layer sizes, or the user's own without its data layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from graphnet.blob import Shape
from graphnet.errors import GraphnetError, SpecError, TopologyError
from graphnet.estimators.row_weights import RowWeights
from graphnet.layers.base import Kind, LayerSpec
from graphnet.layers.data.memory_data import MemoryData
from graphnet.net.predicting.predict import check_rows_apart, output_names, prediction_spec
from graphnet.net.spec import NetSpec, Node, read_net

#: The top that the training net reads sample weights from.
WEIGHTS = "sample-weight"
_OUTPUT = "prob"


@dataclass(frozen=True)
class NetToFit:
    """What is trained and predicted with: layers that compute, and losses.

    Attributes:
        spec: Without data layers.
        input: The blob that X is.
        label: The blob that y is.
        output: The blob that is predicted.
        row_shape: A row of X as the net reads it.
    """

    spec: NetSpec
    input: str
    label: str
    output: str
    row_shape: Shape

    def training_spec(self, n_rows: int, batch_size: int, *, weighted: bool) -> NetSpec:
        """The net with a MemoryData layer, of which a row is X, y and perhaps a weight.

        Args:
            n_rows: Of the training data.
            batch_size: Rows of a batch; where it takes all of them, their order is left alone.
            weighted: Whether there are sample weights.
        """
        tops = (self.input, self.label, *([WEIGHTS] if weighted else []))
        data = MemoryData(
            name=_unused("data", (n.name for n in self.spec.nodes)),
            phase="train",
            batch_size=batch_size,
            shuffle=batch_size < n_rows,
            tops=tops,
        )
        nodes = [Node.of(data)]
        for node in self.spec.nodes:
            nodes += self._weighed(node) if weighted and node.spec.kind is Kind.LOSS else [node]
        return self.spec.with_nodes(nodes)

    def _weighed(self, node: Node) -> list[Node]:
        """A loss, behind a layer that weighs the rows of each bottom that learns."""
        layers, bottoms = [], list(node.bottoms)
        for i in node.spec.differentiable(len(bottoms)):
            if bottoms[i] in (self.input, self.label):
                continue
            weighed = f"{node.name}.weighed{i}"
            layers.append(RowWeights(name=weighed, bottoms=(bottoms[i], WEIGHTS), tops=(weighed,)))
            bottoms[i] = weighed
        return [*map(Node.of, layers), replace(node, bottoms=tuple(bottoms))]

    def prediction_spec(self, batch_size: int) -> NetSpec:
        """The net from X to the output."""
        check_rows_apart(self.spec)
        return prediction_spec(self.spec, {self.input: self.row_shape}, batch_size)


def perceptron(
    hidden: Iterable[int], activation: str, n_outputs: int, row_shape: Shape, *, of_classes: bool
) -> NetToFit:
    """A net of fully connected layers.

    Args:
        hidden: The units of each hidden layer.
        activation: Their neurons.
        n_outputs: Classes, or numbers that are predicted.
        row_shape: Of a row of X.
        of_classes: Whether its outputs are the probabilities of classes.

    Raises:
        SpecError: If a layer cannot be made so.
    """
    layers: list[dict[str, Any]] = []
    below = "data"
    for i, units in enumerate(hidden, start=1):
        layers.append(_dense(f"ip{i}", below, units) | {"neuron": activation})
        below = f"ip{i}"
    last = f"ip{len(layers) + 1}"
    layers.append(_dense(last, below, n_outputs))
    loss = "SoftmaxLoss" if of_classes else "SquareLoss"
    layers.append({"name": "loss", "type": loss, "bottoms": [last, "label"]})
    if of_classes:
        layers.append(_softmax(_OUTPUT, last))
    spec = read_net({"name": "perceptron", "layers": layers})
    output = _OUTPUT if of_classes else last
    return NetToFit(_plain(spec.nodes, spec), "data", "label", output, row_shape)


def _dense(name: str, below: str, units: Any) -> dict[str, Any]:
    made = {"name": name, "type": "InnerProduct", "bottoms": [below], "tops": [name]}
    return made | {"output_dim": int(units) if hasattr(units, "__index__") else units}


def _softmax(name: str, scores: str) -> dict[str, Any]:
    made = {"name": name, "type": "Softmax", "phase": "test"}
    return made | {"bottoms": [scores], "tops": [name]}


def _plain(nodes: Iterable[Node], spec: NetSpec) -> NetSpec:
    """The net of these nodes, without what ties it to the text it was read from."""
    return replace(spec, solver=None).with_nodes(replace(n, origin=None) for n in nodes)


def declared_net(
    source: Path | str | Mapping[str, Any] | Iterable[Any] | NetSpec,
    row_shape: Shape,
    input_shape: Shape | None,
    *,
    user_code: bool = True,
) -> NetToFit:
    """A net of the user's own, whose data layers X and y take the place of.

    Args:
        source: As ``load_net`` takes it.
        row_shape: Of a row of X.
        input_shape: The shape the net reads a row in. Default: what its data layer declares where
            that has as many numbers, else ``row_shape``.
        user_code: Whether layer types may be classes named by a dotted path.

    Raises:
        SpecError: If it is no net, or X and y have no place in it.
        TopologyError: If no layer depends on X alone.
        ShapeError: If X cannot have ``input_shape``.
    """
    spec = source if isinstance(source, NetSpec) else read_net(source, user_code=user_code)
    losses = [n for n in spec.nodes if n.spec.kind is Kind.LOSS and n.spec.phase != "test"]
    compute = [n for n in spec.nodes if n.spec.kind is Kind.COMPUTE]
    if not losses:
        raise SpecError(f"net '{spec.name}' has no loss in phase train, so it learns nothing")
    made = {top for n in compute for top in n.tops if top not in n.bottoms}
    inputs = _read_but_not_made(compute, made)
    labels = [b for b in _read_but_not_made(losses, made) if b not in inputs]
    if len(inputs) != 1 or len(labels) != 1:
        raise SpecError(
            f"net '{spec.name}' reads {_listed(inputs)} for what it computes and"
            f" {_listed(labels)} for its losses alone\n"
            "  an estimator has one X and one y: give a net that reads one blob for each"
        )
    given = row_shape if input_shape is None else input_shape
    if input_shape is None:
        found = _declared_shape(spec, inputs[0])
        given = found if found is not None and prod(found) == prod(row_shape) else row_shape
    if prod(given) != prod(row_shape):
        raise SpecError(
            f"input_shape: {tuple(given)} is {prod(given)} numbers, but a row of X has"
            f" {prod(row_shape)}"
        )
    nodes = [n for n in spec.nodes if n in compute or n in losses]
    first = NetToFit(_plain(nodes, spec), inputs[0], labels[0], "", tuple(given))
    return replace(first, **_with_output(first, losses))


def _with_output(net: NetToFit, losses: list[Node]) -> dict[str, Any]:
    """The blob that is predicted; scores of a softmax get the Softmax that they lack."""
    outputs = output_names(net.prediction_spec(1))
    scores = {n.bottoms[0] for n in losses if n.spec.softmax_axis is not None}
    if len(outputs) == 1 and outputs[0] in scores:
        name = _unused(_OUTPUT, (t for n in net.spec.nodes for t in (n.name, *n.tops)))
        softmax = read_net([_softmax(name, outputs[0])]).nodes
        return {"spec": _plain([*net.spec.nodes, *softmax], net.spec), "output": name}
    if len(outputs) != 1 and _OUTPUT not in outputs:
        raise TopologyError(
            f"net '{net.spec.name}' gives {_listed(outputs)} in phase test, and an estimator"
            f" predicts by one of them\n  call that one '{_OUTPUT}'"
        )
    return {"output": outputs[0] if len(outputs) == 1 else _OUTPUT}


def _read_but_not_made(nodes: Iterable[Node], made: set[str]) -> list[str]:
    return list(dict.fromkeys(b for n in nodes for b in n.bottoms if b not in made))


def _declared_shape(spec: NetSpec, blob: str) -> Shape | None:
    """The shape of a row as a data layer gives it; None where it cannot be told."""
    for node in spec.data_nodes():
        if blob in node.tops:
            try:
                return tuple(node.spec.top_shapes([])[node.tops.index(blob)][1:])
            except GraphnetError:  # its data are not here, and need not be
                continue
    return None


def _unused(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    while name in known:
        name += "_"
    return name


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "nothing"


def layers_given(net: Any) -> Any:
    """``net`` as it can be read any number of times: an iterator's layers as a list."""
    is_list = isinstance(net, Iterable) and not isinstance(net, str | Mapping | LayerSpec)
    return list(net) if is_list else net
