"""A net as it is deployed: inputs for data, probabilities for losses, nothing that measures.

What an ONNX file holds is this net, and the parity run holds it against this net in graphnet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graphnet.errors import GraphnetError, Problem, SpecError, did_you_mean, listed
from graphnet.interchange.plain_graph import plain_graph
from graphnet.layers.base import Kind, Phase
from graphnet.layers.data.input import Input
from graphnet.layers.elementwise.softmax import Softmax
from graphnet.layers.neurons.identity import Identity
from graphnet.layers.neurons.sigmoid import Sigmoid
from graphnet.net.graph import BlobVertex, LayerVertex, NetGraph
from graphnet.net.passes import select_phase
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, Node

#: Rows of a batch, wherever a number is needed.
ROWS = 3
#: Losses of which a deployed net has the probabilities.
_SIGMOID_LOSS = "SigmoidCrossEntropyLoss"
#: Layers that act by chance in every phase, and are left out.
_NOISE = "RandomMask"


@dataclass
class Deployed:
    """A net to be deployed.

    Attributes:
        spec: Its layers, none with a phase.
        graph: The graph of them.
        outputs: The blobs it gives.
        notes: What is otherwise than in the net it was made of.
    """

    spec: NetSpec
    graph: NetGraph
    outputs: list[str]
    notes: list[str] = field(default_factory=list)


def deployed(spec: NetSpec, phase: Phase, gives: Sequence[str] = ()) -> Deployed:
    """A net in one phase as it is deployed.

    Data layers become Inputs, of the tops that something reads. A loss that takes a softmax, or a
    sigmoid, becomes that; other losses, statistics and outputs are left out. What nobody reads,
    a Silence included, and what output layers hand out, the net gives.

    Args:
        spec: Of both phases.
        phase: Which one.
        gives: Blobs that the net gives instead; what they do not depend on is left out.

    Raises:
        GraphnetError: If the net is wrong, or nothing in it computes.
    """
    nodes = select_phase(resolve_data(spec, offline=True, phase=phase).spec.nodes, phase)
    notes: list[str] = []
    handed = {b for n in nodes if n.spec.hands_out for b in n.bottoms}
    ends = [n for n in nodes if n.spec.kind is Kind.OUTPUT and not n.spec.hands_out]
    silent = {b for node in ends for b in node.bottoms} - handed
    kept: list[Node] = []
    for node in nodes:
        if node.spec.kind is Kind.LOSS:
            kept += _of_loss(node, [*nodes, *kept], notes)
        elif node.spec.type == _NOISE:
            notes.append(f"{node.name}: a deployed net is given no noise: nothing is masked")
            kept.append(_replaced(node, Identity(name=node.name)))
        elif node.spec.kind in (Kind.COMPUTE, Kind.DATA):
            kept.append(node)
    measured = {b for n in nodes if n.spec.measures for b in n.bottoms}
    whole, graph = _compiled(spec, kept, phase)
    idle = _only_measured(graph, measured)
    if idle:
        whole, graph = _compiled(spec, [n for n in kept if n.name not in idle], phase)
    if gives:
        check_known(gives, graph)
        needed = _needed(graph, gives)
        whole, graph = _compiled(spec, [n for n in whole.nodes if n.name in needed], phase)
    outputs = list(gives) or [
        blob.name
        for blob in graph.blobs.values()
        if blob.producer.kind is not Kind.DATA and (not blob.readers or blob.name in handed)
        if blob.name not in silent
    ]
    if not outputs:
        raise SpecError(f"phase {phase} gives nothing: every blob is read", spec.position)
    return Deployed(whole, graph, outputs, notes)


def _compiled(spec: NetSpec, nodes: Sequence[Node], phase: Phase) -> tuple[NetSpec, NetGraph]:
    """The net of these layers, its data layers as Inputs, and its graph.

    Raises:
        GraphnetError: If none of them computes.
    """
    if all(node.spec.kind is Kind.DATA for node in nodes):
        raise SpecError(f"phase {phase} has no layer that computes", spec.position)
    read = {b for node in nodes for b in node.bottoms}
    whole = spec.with_nodes(n for node in nodes if (n := _fed(node, read)) is not None)
    return whole, plain_graph(whole, phase)


def _only_measured(graph: NetGraph, measured: set[str]) -> set[str]:
    """The layers that only make labels: no param lies above them, and losses alone read them."""
    learned: set[BlobVertex] = set()
    for layer in graph.layers:
        params = layer.spec.param_decls(layer.bottom_shapes) or layer.spec.borrowed_params()
        if params or learned.intersection(layer.bottoms):
            learned.update(layer.tops)
    idle: set[LayerVertex] = set()
    for layer in reversed(graph.layers):
        reads_none = all(idle.issuperset(top.readers) for top in layer.tops)
        was_measured = any(top.name in measured or top.readers for top in layer.tops)
        is_fixed = layer.kind is Kind.COMPUTE and not learned.intersection(layer.tops)
        if is_fixed and reads_none and was_measured:
            idle.add(layer)
    return {layer.of or layer.name for layer in idle}


def check_known(blobs: Sequence[str], graph: NetGraph) -> None:
    """See that layers compute these blobs.

    Raises:
        SpecError: Otherwise.
    """
    computed = [b.name for b in graph.blobs.values() if b.producer.kind is not Kind.DATA]
    for name in blobs:
        if name not in computed:
            hint = did_you_mean(name, computed) or f"\n  there is: {listed(computed)}"
            raise SpecError(f"no layer computes a blob '{name}'{hint}")


def _needed(graph: NetGraph, blobs: Sequence[str]) -> set[str]:
    """The declared layers that blobs depend on."""
    found: set[LayerVertex] = set()
    to_see = [graph.blob(name).producer for name in blobs]
    while to_see:
        layer = to_see.pop()
        if layer not in found:
            found.add(layer)
            to_see += [blob.producer for blob in layer.bottoms]
    return {layer.of or layer.name for layer in found}


def _of_loss(node: Node, nodes: Sequence[Node], notes: list[str]) -> list[Node]:
    """What a deployed net has for a loss."""
    bottom, axis = node.bottoms[0], node.spec.softmax_axis
    if axis is None and node.spec.type != _SIGMOID_LOSS:
        return []
    taken = {b for n in nodes for b in (*n.bottoms, *n.tops)}
    kind = "Sigmoid" if axis is None else "Softmax"
    if any(n.spec.type == kind and bottom in n.bottoms for n in nodes):
        return []
    top = "prob" if "prob" not in taken else f"{node.name}.prob"
    notes.append(f"{node.name}: the {kind} of its loss gives '{top}'")
    made = (
        Sigmoid(name=node.name, bottoms=(bottom,), tops=(top,))
        if axis is None
        else Softmax(name=node.name, axis=axis, bottoms=(bottom,), tops=(top,))
    )
    return [replace(node, spec=made, bottoms=(bottom,), tops=(top,))]


def _replaced(node: Node, spec: Identity) -> Node:
    """The node with another layer between the same blobs."""
    made = spec.model_copy(update={"bottoms": node.spec.bottoms, "tops": node.spec.tops})
    return replace(node, spec=made)


def _fed(node: Node, read: set[str]) -> Node | None:
    """A data layer as an Input of what is read; None where nothing is."""
    if node.spec.kind is not Kind.DATA:
        return replace(node, spec=node.spec.model_copy(update={"phase": None}))
    with node.located():
        shapes = dict(zip(node.tops, node.spec.top_shapes([]), strict=True))
    tops = tuple(top for top in node.tops if top in read)
    if not tops:
        return None
    made = Input(
        name=node.name, batch_size=ROWS, shapes={t: shapes[t][1:] for t in tops}, tops=tops
    )
    return replace(node, spec=made, tops=tops)


def all_problems(found: Sequence[GraphnetError]) -> SpecError:
    """One error of many."""
    problems: list[Problem] = [problem for error in found for problem in error.problems]
    return SpecError.of(problems)
