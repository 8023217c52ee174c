"""The memory plan: which bytes of one arena every blob, diff and scratch array gets.

Made from the layers' declarations alone, before any array exists. Time is counted in calls: the
forward of layer i of L is call i, its backward call 2L − 1 − i. Two arrays may share bytes when
no call lies in the life of both. Of a chain of four layers whose backward reads its bottom:

    call              0    1    2    3    4    5    6    7
    layer             0    1    2    3    3    2    1    0    forward, then backward
    data of top 0     x────x────────────────────────x         layer 1 reads it twice
    diff of top 0                                   x────x    layer 1 writes it, layer 0 reads it
    data of top 2               x────x────x
    diff of top 2                         x────x

Views (Split, Reshape) are arrays placed on the same bytes, and so are the bottom and the top of a
layer that declares that it may run over its bottom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import ALIGNMENT, Shape
from graphnet.layers.base import Kind
from graphnet.net.graph import BlobVertex, LayerVertex, NetGraph

DATA, DIFF, SCRATCH = "data", "diff", "scratch"
#: What an array is: ``("data", blob)``, ``("diff", blob)`` or ``("scratch", layer, name)``, where
#: blob and layer are vertices of the graph.
Key = tuple[Any, ...]


@dataclass
class Region:
    """Bytes that one array, or several that are meant to share them, occupy.

    ``lives`` are the spans of calls, both ends included, in which the contents matter.
    """

    n_bytes: int
    lives: list[tuple[int, int]] = field(default_factory=list)
    offset: int = 0

    def overlaps(self, other: Region) -> bool:
        """Whether both are alive in some call."""
        return any(a <= d and c <= b for a, b in self.lives for c, d in other.lives)

    def extend(self, first: int, last: int) -> None:
        """Make the contents matter from ``first`` to ``last`` as well, and all between."""
        starts, ends = zip(*self.lives, (first, last), strict=True)
        self.lives = [(min(starts), max(ends))]


@dataclass(frozen=True)
class MemoryPlan:
    """Where everything lies in the arena.

    Attributes:
        n_bytes: Size of the arena.
        offsets: Byte offset by key.
        scratch: What each layer declared.
        regions: The bytes of each array and when they matter, by key; arrays that are meant to
            share bytes have the same.
        shared: Blobs whose bytes are used again while the net runs, so that reading them
            afterwards would show something else.
    """

    n_bytes: int
    offsets: Mapping[Key, int]
    scratch: Mapping[LayerVertex, Mapping[str, ScratchDecl]]
    shared: frozenset[BlobVertex]
    regions: Mapping[Key, Region]


def plan_memory(graph: NetGraph, backend: Backend, dtype: np.dtype) -> MemoryPlan:
    """Plan the arena of a net.

    Args:
        graph: With everything but the plan.
        backend: Asked for the scratch its operations need.
        dtype: The net's precision.
    """
    planner = _Planner(graph, dtype)
    planner.add_blobs()
    planner.alias_views_and_overwrites()
    scratch = planner.add_scratch(backend)
    regions = list({id(r): r for r in planner.regions.values()}.values())
    n_bytes = place(regions)
    offsets = {key: region.offset for key, region in planner.regions.items()}
    return MemoryPlan(n_bytes, offsets, scratch, planner.shared(), planner.regions)


def place(regions: Sequence[Region]) -> int:
    """Give every region an offset, the largest first, each in the lowest gap; return the total."""
    placed: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.n_bytes):
        offset = 0
        for other in sorted((p for p in placed if p.overlaps(region)), key=lambda p: p.offset):
            if offset + region.n_bytes <= other.offset:
                break
            offset = max(offset, other.offset + _aligned(other.n_bytes))
        region.offset = offset
        placed.append(region)
    return max((r.offset + _aligned(r.n_bytes) for r in regions), default=0)


def _aligned(n_bytes: int) -> int:
    return -(-n_bytes // ALIGNMENT) * ALIGNMENT


class _Planner:
    """Collects regions and their lives."""

    def __init__(self, graph: NetGraph, dtype: np.dtype) -> None:
        self.layers, self.dtype = graph.layers, dtype
        self.end = 2 * len(self.layers)
        self.regions: dict[Key, Region] = {}
        self.overwritten: set[Key] = set()  # by the layer that runs over them

    def n_bytes(self, shape: Shape, dtype: str | None = None) -> int:
        return prod(shape) * np.dtype(dtype or self.dtype).itemsize

    def backward_call(self, layer: LayerVertex) -> int:
        return 2 * len(self.layers) - 1 - layer.index

    def outlives(self, key: Key) -> bool:
        return self.regions[key].lives[-1][1] == self.end and key not in self.overwritten

    def shared(self) -> frozenset[BlobVertex]:
        """The blobs whose data or diff is gone when the pass is over, or never comes up."""
        arrays = [key for key in self.regions if key[0] in (DATA, DIFF)]
        gone = {key[1] for key in arrays if not self.outlives(key)}
        return frozenset(gone).union(*(v.bottoms for v in self.layers if v.within))

    def add_blobs(self) -> None:
        """Every blob's data, and its diff where one is wanted."""
        for layer in self.layers:
            for top in layer.tops:
                # what a data layer gives may be written before the first call (Input)
                first = 0 if layer.kind is Kind.DATA else layer.index
                self.regions[DATA, top] = Region(top.n_bytes, [(first, layer.index)])
            bottoms = layer.bottoms
            for bottom in bottoms:
                self.regions[DATA, bottom].extend(layer.index, layer.index)
            if layer.runs_backward:
                reads, call = layer.running.backward_reads(), self.backward_call(layer)
                needed = [bottoms[b] for b in reads.bottoms if b < len(bottoms)]
                needed += [layer.tops[t] for t in reads.tops]
                for blob in needed:
                    self.regions[DATA, blob].extend(call, call)
                self.add_diffs(layer)
        for (kind, blob), region in self.regions.items():
            if blob.is_kept or (kind == DATA and not blob.readers):
                region.extend(self.end, self.end)

    def add_diffs(self, layer: LayerVertex) -> None:
        """A diff lives from its reader's backward to its producer's."""
        call = self.backward_call(layer)
        for bottom in layer.sends_to:
            if bottom.wants_gradient:
                region = Region(bottom.n_bytes, [(call, call)])
                region.extend(call, self.backward_call(bottom.producer))
                self.regions[DIFF, bottom] = region

    def merge(self, one: Key, other: Key) -> None:
        """Put two blobs' arrays on the same bytes."""
        a, b = self.regions[one], self.regions[other]
        if a is b:
            return
        for span in b.lives:
            a.extend(*span)
        for key, region in self.regions.items():
            if region is b:
                self.regions[key] = a

    def alias_views_and_overwrites(self) -> None:
        """Views share bytes always, overwriting layers where nobody misses what they destroy.

        Views come first: whether a layer may run over a blob depends on all who see its bytes.
        """
        for layer in self.layers:
            if layer.running.views:
                self.alias_views(layer)
        for layer in self.layers:
            bottoms, tops = layer.bottoms, layer.tops
            if layer.running.overwrites and len(bottoms) == len(tops) == 1:
                (bottom,), (top,) = bottoms, tops
                self.overwrite((DATA, bottom), (DATA, top), layer.index)
                if (DIFF, bottom) in self.regions and (DIFF, top) in self.regions:
                    self.overwrite((DIFF, top), (DIFF, bottom), self.backward_call(layer))

    def alias_views(self, layer: LayerVertex) -> None:
        bottom, tops = layer.bottoms[0], layer.tops
        for top in tops:
            self.merge((DATA, bottom), (DATA, top))
        diffs = [(DIFF, blob) for blob in (bottom, *tops)]
        if len(tops) == 1 and all(key in self.regions for key in diffs):
            self.merge(*diffs)

    def overwrite(self, old: Key, new: Key, call: int) -> None:
        """Put ``new``, which a call makes of ``old``, over it if nobody reads that later."""
        region = self.regions[old]
        if region.lives[-1][1] == call:
            self.overwritten.update(key for key, other in self.regions.items() if other is region)
            self.merge(old, new)

    def add_scratch(self, backend: Backend) -> dict[LayerVertex, dict[str, ScratchDecl]]:
        """What each layer and its operations declare."""
        declared: dict[LayerVertex, dict[str, ScratchDecl]] = {}
        for layer in self.layers:
            i, runs_backward = layer.index, layer.runs_backward
            declared[layer] = layer.running.scratch(
                layer.bottom_shapes, backend, backward=runs_backward
            )
            back = self.backward_call(layer)
            for name, decl in declared[layer].items():
                match decl.lifetime:
                    case "call":
                        lives = [(i, i), (back, back)] if runs_backward else [(i, i)]
                    case "pass":
                        lives = [(i, back if runs_backward else i)]
                    case "forever":
                        lives = [(0, self.end)]
                key = (SCRATCH, layer, name)
                self.regions[key] = Region(self.n_bytes(decl.shape, decl.dtype), lives)
        return declared
