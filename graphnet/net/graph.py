"""The graph: layers as a networkx DAG, the order they run in, the shapes of all blobs.

With ``draw.py`` the only user of networkx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import networkx as nx

from graphnet.blob import Shape
from graphnet.errors import ShapeError, TopologyError, located
from graphnet.layers.base import Kind
from graphnet.net.spec import Node


def build_graph(nodes: Sequence[Node]) -> nx.MultiDiGraph[str]:
    """A graph with a vertex per layer (its ``node``) and an edge per blob read (its ``blob``)."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    makers = {top: node.name for node in nodes for top in node.tops}
    for index, node in enumerate(nodes):
        graph.add_node(node.name, node=node, index=index)
    for node in nodes:
        for bottom in node.bottoms:
            graph.add_edge(makers[bottom], node.name, blob=bottom)
    return graph


def check_topology(graph: nx.MultiDiGraph[str]) -> None:
    """There is no cycle.

    Raises:
        TopologyError: With the path of one.
    """
    try:
        cycle = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return
    path = cycle[0][0]
    for source, target, key in cycle:
        path += f" -[{graph.edges[source, target, key]['blob'].split('#')[0]}]-> {target}"
    node: Node = graph.nodes[cycle[0][0]]["node"]
    raise TopologyError(
        f"the layers form a cycle: {path}\n"
        f"  a bottom must come from a layer nearer the data; check the bottoms of '{node.name}'",
        node.position,
    )


def execution_order(graph: nx.MultiDiGraph[str]) -> list[Node]:
    """A topological order that keeps to the order of the list wherever it can."""
    names = nx.lexicographical_topological_sort(graph, key=lambda n: graph.nodes[n]["index"])
    return [graph.nodes[name]["node"] for name in names]


def infer_shapes(ordered: Sequence[Node]) -> dict[str, Shape]:
    """The shape of every blob, from the specs alone (a data layer may read its file's header).

    Raises:
        ShapeError: With the layer and its position.
    """
    shapes: dict[str, Shape] = {}
    for node in ordered:
        with located(node.position, node.subject):
            tops = node.spec.top_shapes([shapes[b] for b in node.bottoms])
            _check_top_shapes(tops, len(node.tops))
        shapes.update(zip(node.tops, tops, strict=True))
    return shapes


def _check_top_shapes(found: object, n_tops: int) -> None:
    """See that there is a shape for each top: a layer may be the user's own.

    Raises:
        ShapeError: Otherwise.
    """
    if (
        isinstance(found, list | tuple)
        and len(found) == n_tops
        and all(isinstance(s, tuple) and all(isinstance(n, Integral) for n in s) for s in found)
    ):
        return
    raise ShapeError(
        f"its top_shapes() gave {found!r}\n"
        f"  expected a list of {n_tops}: for each top a tuple of whole numbers, batch axis first"
    )


def stored_by_rows(ordered: Sequence[Node]) -> frozenset[str]:
    """The blobs that lie in memory sample after sample, as a data layer reads them.

    They are those all of whose readers take them so; the order of all others is the backend's.
    """
    given = {top for node in ordered if node.spec.kind is Kind.DATA for top in node.tops}
    others = {b for node in ordered if not node.spec.takes_rows for b in node.bottoms}
    return frozenset(given - others)


@dataclass(frozen=True)
class GradientFlow:
    """Where gradients flow.

    Attributes:
        wanted: The blobs that get a diff.
        backward: The layers whose backward runs.
        unreached: Layers with params that learn, which no loss reaches.
    """

    wanted: frozenset[str]
    backward: frozenset[str]
    unreached: tuple[Node, ...]


#: Of a net that only runs forward.
NO_GRADIENTS = GradientFlow(frozenset(), frozenset(), ())


def gradient_flow(ordered: Sequence[Node], learns: Mapping[str, bool]) -> GradientFlow:
    """Which blobs lie between a param that learns and a loss.

    Args:
        ordered: The layers in execution order.
        learns: By layer name, whether it has params that are not frozen.
    """
    below: set[str] = set()  # blobs that depend on a param that learns
    for node in ordered:
        differentiable = node.spec.differentiable(len(node.bottoms))
        if learns[node.name] or any(node.bottoms[b] in below for b in differentiable):
            below.update(node.tops)
    wanted: set[str] = set()
    backward: set[str] = set()
    for node in reversed(ordered):
        is_loss = node.spec.kind.value == "loss"
        reached = is_loss or any(top in wanted for top in node.tops)
        sends = [b for b in node.spec.differentiable(len(node.bottoms)) if node.bottoms[b] in below]
        if reached and (sends or learns[node.name]):
            backward.add(node.name)
            wanted.update(node.bottoms[b] for b in sends)
    unreached = tuple(n for n in ordered if learns[n.name] and n.name not in backward)
    return GradientFlow(frozenset(wanted), frozenset(backward), unreached)
