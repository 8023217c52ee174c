"""The net as one graph: its layers, its blobs, and who makes and who reads what.

    in ──▶ (data) ──▶ conv1 ──▶ (conv1) ──▶ pool1 ──▶ (pool1) ──▶ …
    layer   blob      layer      blob       layer      blob

A :class:`NetGraph` is a networkx graph with two kinds of vertices, :class:`LayerVertex` and
:class:`BlobVertex`. An edge from a blob to a layer is a bottom, one from a layer to a blob a top;
the edge's key is the position in the layer's list. Every question about who makes or reads a blob
is answered here and nowhere else. The passes edit the graph; once the net is compiled it is
frozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

import networkx as nx

from graphnet.blob import Shape
from graphnet.errors import GraphnetError, located
from graphnet.layers.base import Kind, LayerSpec
from graphnet.named import Named
from graphnet.net.spec import Node
from graphnet.params.param import StateDecl
from graphnet.sealed import refuse

if TYPE_CHECKING:
    _MultiDiGraph = nx.MultiDiGraph[Any]
else:  # networkx's own class takes no type of vertices
    _MultiDiGraph = nx.MultiDiGraph

#: Where a layer comes from: the declaration itself, a copy of it for one more bottom, its
#: ``neuron``, or the net, which adds the Splits.
Origin: TypeAlias = Literal["declared", "copy", "neuron", "split"]


#: What to do instead of changing the graph of a compiled net.
_INSTEAD = "change a copy, networkx.MultiDiGraph(net.graph), or the net's declaration"


class Vertex:
    """A layer or a blob of a net; it belongs to one graph, and is equal to itself alone.

    Attributes:
        name: As the YAML has it.
    """

    name: str
    graph: NetGraph

    def __setattr__(self, name: str, value: Any) -> None:
        if "graph" in self.__dict__ and nx.is_frozen(self.graph):
            raise GraphnetError(
                f"the {self} cannot be changed: '{name}' is what the net was compiled with\n"
                "  change the net's declaration and load it again"
            )
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        refuse(self, name)

    def __repr__(self) -> str:
        return f"<{self}>"


class BlobVertex(Vertex):
    """A blob: what one layer makes and others read.

    A blob that in-place layers replace is a chain of vertices of one name, one for each version;
    all but the last are internal.

    Attributes:
        name: As the YAML has it.
        is_internal: Whether no user can see it: an earlier version, or what a Split hands on.
        is_kept: Whether its values and its diff outlive the pass.
        shape: ``(N, …)``.
        n_bytes: Of its values.
        wants_gradient: Whether it has a diff.
        by_rows: Whether it lies in memory sample after sample, as a data layer reads it; the order
            of all others is the backend's.
    """

    def __init__(self, name: str, *, is_internal: bool = False) -> None:
        self.name, self.is_internal = name, is_internal
        self.is_kept = False
        self.shape: Shape = ()
        self.n_bytes = 0
        self.wants_gradient = False
        self.by_rows = False

    def __str__(self) -> str:
        return f"blob '{self.name}'"

    @property
    def producer(self) -> LayerVertex:
        """The layer that makes it."""
        producer: LayerVertex = next(self.graph.predecessors(self))
        return producer

    @property
    def replaces(self) -> BlobVertex | None:
        """The version over which an in-place layer wrote this one; None of the first."""
        sources = (b for layer in self.graph.predecessors(self) for b in layer.bottoms)
        return next((blob for blob in sources if blob.name == self.name), None)

    @property
    def readers(self) -> tuple[LayerVertex, ...]:
        """The layers that read it, each once, in order."""
        return tuple(sorted(self.graph.successors(self), key=attrgetter("index")))

    @property
    def reads(self) -> tuple[tuple[LayerVertex, int], ...]:
        """Each reader with the number of the bottom as which it reads the blob, in order."""
        edges = self.graph.out_edges(self, keys=True)
        reads = [(layer, slot) for _, layer, slot in edges]
        return tuple(sorted(reads, key=lambda read: (read[0].index, read[1])))


class LayerVertex(Vertex):
    """A layer.

    Attributes:
        name: Its own: ``conv1``, ``conv1.neuron``, ``conv1.2``, ``conv1.split``.
        spec: What was declared.
        running: What its layer is built from: another spec where one layer does another's work.
        declaration: The layer as declared (default: the spec); of a Split, whose top it is for.
        position: Where it was declared, for messages.
        origin: Where it comes from.
        of: The name of the declared layer it belongs to; "" of a Split.
        index: Its place in the list; of a compiled net, in the order of the forward pass.
        learns: Whether it has params that are not frozen.
        owns_params: Whether it is the first layer with its params.
        runs_backward: Whether its backward runs.
        within: The layer that does its work besides its own, in the same pass over memory.
    """

    def __init__(
        self,
        name: str,
        spec: LayerSpec,
        declaration: Node | None = None,
        origin: Origin = "declared",
    ) -> None:
        self.name, self.spec, self.declaration, self.origin = name, spec, declaration, origin
        self.running = spec
        self.position = declaration.position if declaration else None
        self.of = "" if origin == "split" else name
        self.index = 0
        self.learns = self.owns_params = self.runs_backward = False
        self.within: LayerVertex | None = None

    def __str__(self) -> str:
        return f"layer '{self.name}'"

    @property
    def type(self) -> str:
        """The type in the YAML."""
        return type(self.spec).__name__

    @property
    def kind(self) -> Kind:
        """Its role, which is data, compute, loss, statistic or output."""
        return self.spec.kind

    @property
    def subject(self) -> str:
        """How a message about it begins."""
        return f"{self} ({self.type}): "

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give what is raised inside a place: the key it is about, else where the layer begins."""
        try:
            yield
        except GraphnetError as error:
            at = self.declaration.at(error.about) if self.declaration else None
            with located(at, self.subject):
                raise

    @property
    def bottoms(self) -> tuple[BlobVertex, ...]:
        """The blobs it reads, in order."""
        return self.graph.bottoms(self)

    @property
    def tops(self) -> tuple[BlobVertex, ...]:
        """The blobs it makes, in order."""
        return self.graph.tops(self)

    @property
    def bottom_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the blobs it reads."""
        return tuple(blob.shape for blob in self.bottoms)

    @property
    def top_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the blobs it makes."""
        return tuple(blob.shape for blob in self.tops)

    @property
    def role(self) -> str:
        """Its type, and the layer that does its work besides its own."""
        return f"{self.type} within {self.within.name}" if self.within else self.type

    def can_send_to(self, slot: int) -> bool:
        """Whether a gradient can flow to its bottom number ``slot``, from 0."""
        return slot in self.spec.differentiable(len(self.bottoms))

    @property
    def sends_to(self) -> tuple[BlobVertex, ...]:
        """The bottoms to which it can send a gradient."""
        bottoms = self.bottoms
        return tuple(bottoms[b] for b in self.spec.differentiable(len(bottoms)))

    def state_key(self, decl: StateDecl) -> str:
        """The store key of a state (``decl``); what a batch hands to the next is not shared."""
        return self.name if decl.per_batch and not self.owns_params else self.spec.store_key

    @property
    def macs(self) -> int:
        """Multiply-adds of its forward over the whole batch."""
        return self.spec.macs(self.bottom_shapes)

    @property
    def connections(self) -> int:
        """Multiply-adds plus biases of one sample."""
        return self.spec.connections(self.bottom_shapes)

    @property
    def n_params(self) -> int:
        """How many numbers its params hold; 0 for a layer that shares another's."""
        if not self.owns_params:
            return 0
        return sum(prod(d.shape) for d in self.spec.param_decls(self.bottom_shapes).values())

    @property
    def n_bytes(self) -> int:
        """Bytes of its tops and their diffs, before memory is shared; 0 for views."""
        if self.spec.views:
            return 0
        return sum(top.n_bytes * (1 + top.wants_gradient) for top in self.tops)


class FixedNotes(dict[str, Any]):
    """What the graph of a compiled net says of itself, of a vertex or of an edge, for networkx."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"the graph of a compiled net cannot be assigned anything\n  {_INSTEAD}")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (self.copy(),)  # a copy is the user's own


class NetGraph(_MultiDiGraph):
    """Layers and blobs of a net as a networkx graph.

    Beside the attributes of the vertices themselves, a compiled net's graph has for networkx's own
    functions: ``kind`` ("layer" or "blob") and ``name`` of every vertex, ``type`` of layers,
    ``shape`` of blobs.
    """

    _node: dict[Any, dict[str, Any]]  # where networkx keeps what it notes of vertices and edges
    _adj: dict[Any, dict[Any, dict[int, dict[str, Any]]]]
    _is_sealed = False  # networkx makes its views of this class, frozen before they are finished

    def __setattr__(self, name: str, value: Any) -> None:
        if self._is_sealed and name[0] != "_":
            refuse(self, name, _INSTEAD)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if self._is_sealed and name[0] != "_":
            refuse(self, name, _INSTEAD)
        super().__delattr__(name)

    # --- asking -------------------------------------------------------------------------

    @property
    def layers(self) -> tuple[LayerVertex, ...]:
        """Every layer; of a compiled net in the order they run."""
        layers = (vertex for vertex in self if isinstance(vertex, LayerVertex))
        return tuple(sorted(layers, key=attrgetter("index")))

    @property
    def all_blobs(self) -> tuple[BlobVertex, ...]:
        """Every blob, internal ones too, in the order they are made."""
        return tuple(top for layer in self.layers for top in self.tops(layer))

    @property
    def blobs(self) -> Mapping[str, BlobVertex]:
        """The blobs a user can see, by name, in the order they are made."""
        return Named("blob", {b.name: b for b in self.all_blobs if not b.is_internal})

    def layer(self, name: str) -> LayerVertex:
        """The layer of that name.

        Raises:
            UnknownNameError: If there is none.
        """
        return Named("layer", {layer.name: layer for layer in self.layers})[name]

    def blob(self, name: str) -> BlobVertex:
        """The blob of that name.

        Raises:
            UnknownNameError: If there is none.
        """
        return self.blobs[name]

    def bottoms(self, layer: LayerVertex) -> tuple[BlobVertex, ...]:
        """The blobs a layer reads, in order."""
        edges = self.in_edges(layer, keys=True)
        return tuple(blob for blob, _, _ in sorted(edges, key=lambda edge: edge[2]))

    def tops(self, layer: LayerVertex) -> tuple[BlobVertex, ...]:
        """The blobs a layer makes, in order."""
        edges = self.out_edges(layer, keys=True)
        return tuple(blob for _, blob, _ in sorted(edges, key=lambda edge: edge[2]))

    # --- editing ------------------------------------------------------------------------

    def insert(
        self,
        layer: LayerVertex,
        bottoms: Sequence[BlobVertex],
        tops: Sequence[BlobVertex],
        behind: LayerVertex | None = None,
    ) -> LayerVertex:
        """Add a layer from ``bottoms`` to ``tops``, ``behind`` another; by default at the end."""
        self.move(layer, behind)
        self.add_node(layer)
        self.connect(layer, bottoms, tops)
        return layer

    def connect(
        self, layer: LayerVertex, bottoms: Sequence[BlobVertex], tops: Sequence[BlobVertex]
    ) -> None:
        """Give a layer other bottoms and tops; blobs that no layer knows any more go."""
        before = {*self.bottoms(layer), *self.tops(layer)}
        self.remove_edges_from(list(self.in_edges(layer, keys=True)))
        self.remove_edges_from(list(self.out_edges(layer, keys=True)))
        for vertex in (layer, *bottoms, *tops):
            vertex.graph = self
        for slot, blob in enumerate(bottoms):
            self.add_edge(blob, layer, slot)
        for slot, blob in enumerate(tops):
            self.add_edge(layer, blob, slot)
        self.remove_nodes_from([blob for blob in before if not self.degree(blob)])

    def replace_bottom(self, layer: LayerVertex, slot: int, blob: BlobVertex) -> None:
        """Let a layer read another blob as its bottom number ``slot``, from 0."""
        bottoms = list(self.bottoms(layer))
        bottoms[slot] = blob
        self.connect(layer, bottoms, self.tops(layer))

    def move(self, layer: LayerVertex, behind: LayerVertex | None) -> None:
        """Put a layer behind another one in the list, or at its end.

        The list decides the order wherever the edges leave a choice.
        """
        listed = [other for other in self.layers if other is not layer]
        listed.insert(len(listed) if behind is None else listed.index(behind) + 1, layer)
        _number(listed)

    def sort(self) -> None:
        """Put the layers in the order they run: the list's, wherever the edges leave a choice."""
        # blobs come before all layers: each is there the moment it is made
        order = nx.lexicographical_topological_sort(self, key=lambda v: getattr(v, "index", -1))
        _number(vertex for vertex in order if isinstance(vertex, LayerVertex))

    def freeze(self) -> None:
        """Note what networkx's functions may ask for, and allow no more changes."""
        for vertex in self:
            kind = "layer" if isinstance(vertex, LayerVertex) else "blob"
            own = {"type": vertex.type} if kind == "layer" else {"shape": vertex.shape}
            self._node[vertex] = FixedNotes(kind=kind, name=vertex.name, **own)
        for start, end, slot in self.edges(keys=True):
            self._adj[start][end][slot] = FixedNotes()
        self.graph = FixedNotes()
        nx.freeze(self)
        self._is_sealed = True


def _number(layers: Iterable[LayerVertex]) -> None:
    for index, layer in enumerate(layers):
        layer.index = index
