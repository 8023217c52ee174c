"""A net as other frameworks have it: one phase, its neurons as layers, no Splits."""

from __future__ import annotations

import numpy as np

from graphnet.layers.base import Phase
from graphnet.net.checks.name_rules import check_names
from graphnet.net.flow import infer_shapes, sort_layers
from graphnet.net.graph import NetGraph
from graphnet.net.passes import build_graph, expand_bottoms, insert_neurons, select_phase
from graphnet.net.spec import NetSpec


def plain_graph(spec: NetSpec, phase: Phase) -> NetGraph:
    """The graph of a phase in the order it runs, with all shapes.

    Raises:
        GraphnetError: If the net cannot be compiled.
    """
    nodes = select_phase(spec.nodes, phase)
    check_names(nodes, spec.nodes)
    graph = build_graph(expand_bottoms(nodes))
    insert_neurons(graph)
    sort_layers(graph)
    infer_shapes(graph, np.dtype(np.float32))
    return graph
