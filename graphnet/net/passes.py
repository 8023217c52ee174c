"""The passes: from the declared layers to a graph of plain ones.

The first two rewrite the list of declared layers, the third makes the graph of it, the others edit
the graph. Each can be read, tested and broken alone. After the last one every layer has the
bottoms and tops it will run with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from graphnet.layers.base import LayerSpec, Phase
from graphnet.layers.shape.split import Split
from graphnet.net.graph import BlobVertex, LayerVertex, NetGraph
from graphnet.net.spec import Node


def select_phase(nodes: Iterable[Node], phase: Phase) -> list[Node]:
    """The layers of one phase: those that name it, and those that name none."""
    return [n for n in nodes if n.spec.phase in (None, phase)]


def expand_bottoms(nodes: Iterable[Node]) -> list[Node]:
    """A layer of several bottoms and as many tops becomes a copy for each, sharing the params."""
    result = []
    for node in nodes:
        if not node.spec.each_bottom or len(node.bottoms) == 1:
            result.append(node)
            continue
        for i, (bottom, top) in enumerate(zip(node.bottoms, node.tops, strict=True)):
            name = node.name if i == 0 else f"{node.name}.{i + 1}"
            result.append(replace(node, name=name, bottoms=(bottom,), tops=(top,)))
    return result


def build_graph(nodes: Sequence[Node]) -> NetGraph:
    """The graph of layers whose names have been checked.

    The in-place layers on one blob apply in list order: each reads one version of the blob and
    makes the next. Every other reader sees the last version. A bottom that no layer makes is a
    blob without a producer.
    """
    in_place: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for blob in dict.fromkeys(node.tops):
            if blob in node.bottoms:
                in_place[blob].append(node.name)
    versions = {
        blob: [*(BlobVertex(blob, is_internal=True) for _ in in_place[blob]), BlobVertex(blob)]
        for node in nodes
        for blob in (*node.bottoms, *node.tops)
    }

    def read(node: Node, blob: str) -> BlobVertex:
        return versions[blob][in_place[blob].index(node.name) if blob in node.tops else -1]

    def made(node: Node, blob: str) -> BlobVertex:
        return versions[blob][in_place[blob].index(node.name) + 1 if blob in node.bottoms else 0]

    graph = NetGraph()
    for node in nodes:
        layer = LayerVertex(node.name, node.spec, node)
        if node.name != node.spec.name:
            layer.origin, layer.of = "copy", node.spec.name
        bottoms = [read(node, blob) for blob in node.bottoms]
        graph.insert(layer, bottoms, [made(node, blob) for blob in node.tops])
    return graph


def insert_neurons(graph: NetGraph) -> None:
    """``neuron: ReLU`` becomes a layer in place right behind the layer that has it."""
    for layer in graph.layers:
        neuron = layer.spec.activation
        if neuron is None:
            continue
        behind, tops = layer, layer.tops
        before = [BlobVertex(top.name, is_internal=True) for top in tops]
        graph.connect(layer, layer.bottoms, before)
        for i, (blob, top) in enumerate(zip(before, tops, strict=True)):
            name = f"{layer.name}.neuron" + (f".{i + 1}" if i else "")
            spec = neuron.model_copy(
                update={"name": name, "bottoms": (top.name,), "tops": (top.name,)}
            )
            vertex = LayerVertex(name, spec, layer.declaration, "neuron")
            vertex.of = layer.of
            behind = graph.insert(vertex, [blob], [top], behind)


def pool_before_rectifying(graph: NetGraph) -> None:
    """Let a ReLU that only a max pooling reads run behind the pooling, on fewer elements.

    The result is the same: the maximum of what is cut off at a bound is the maximum, cut off; and
    a window all below the bound passes no gradient on either way. The blob between does not come
    up then, so it must not be one that is kept.
    """
    for layer in graph.layers:
        if not layer.spec.commutes_with_max:
            continue
        (bottom,), (between,) = layer.bottoms, layer.tops
        match between.readers:
            case [pooling] if pooling.spec.pools_maxima and not between.is_kept:
                tops = pooling.tops
                pooled = BlobVertex(tops[0].name, is_internal=True)
                graph.connect(layer, [], [])
                graph.connect(pooling, [bottom], [pooled])
                graph.connect(layer, [pooled], tops)
                graph.move(layer, behind=pooling)


def insert_splits(graph: NetGraph) -> None:
    """A blob that several layers may send a gradient to gets a Split, which adds them up.

    Readers that send none (Accuracy, a loss's label) keep reading the blob itself.
    """
    for layer in graph.layers:
        behind = layer
        for blob in layer.tops:
            reads = [(reader, slot) for reader, slot in blob.reads if reader.can_send_to(slot)]
            if len(reads) < 2:  # noqa: PLR2004  # one reader needs no Split
                continue
            branches = [BlobVertex(blob.name, is_internal=True) for _ in reads]
            for (reader, slot), branch in zip(reads, branches, strict=True):
                graph.replace_bottom(reader, slot, branch)
            spec = Split(
                name=f"{blob.name}.split", bottoms=(blob.name,), tops=(blob.name,) * len(reads)
            )
            split = LayerVertex(spec.name, spec, layer.declaration, "split")
            behind = graph.insert(split, [blob], branches, behind)


def fold_norms(graph: NetGraph, phase: Phase) -> None:
    """Let a convolution do the work of a BatchNorm that alone reads its top, where that pays.

    For a graph through which no gradients are sent, and whose shapes are known. The convolution
    may run before another layer that moves the statistics, so these are the norm's alone or those
    of norms that are constant too.
    """
    norms = {layer: layer.spec.constant_norm(phase) for layer in graph.layers}
    moved = {layer.spec.store_key for layer, norm in norms.items() if norm is None}
    for layer, norm in norms.items():
        if norm is not None and norm.key not in moved and (before := _made_for(layer)):
            _do_before(layer, before, before.running.normalised(norm, before.bottom_shapes))


def rectify_within(graph: NetGraph) -> None:
    """Let a layer apply, block by block, the ReLU that alone reads its top, if it can."""
    for layer in graph.layers:
        bound = layer.spec.cuts_off_at
        if bound is not None and (before := _made_for(layer)):
            _do_before(layer, before, before.running.rectified(bound))


def _made_for(layer: LayerVertex) -> LayerVertex | None:
    """The layer that could do this one's work; None if there is none.

    It makes the blob that this one alone reads, or does the work of the layer that makes it. That
    blob will never exist, so it must not be one that is kept. Both layers have to be graphnet's
    own, since a class derived from one of them may do more.
    """
    (between,) = layer.bottoms
    before = between.producer.within or between.producer
    is_alone = between.readers == (layer,) and not between.is_kept
    are_own = all(type(v.spec).__module__.startswith("graphnet.") for v in (layer, before))
    return before if is_alone and are_own else None


def _do_before(layer: LayerVertex, before: LayerVertex, running: LayerSpec | None) -> None:
    """Let the layer ``before`` do a layer's work by ``running`` another spec, if it has one."""
    if running is not None:
        before.running, layer.running, layer.within = running, layer.spec.done_before(), before
