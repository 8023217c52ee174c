"""The memory plan: which bytes of one arena every blob, diff and scratch array gets.

Made from the layers' declarations alone, before any array exists. Time is counted in calls: the
forward of layer i of L is call i, its backward call 2L − 1 − i. Two arrays may share bytes when
no call lies in the life of both; a layer that declares it may run over its bottom's memory, and
the views of Split and Reshape, are nothing but arrays placed on the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape
from graphnet.layers.base import Kind
from graphnet.net.graph import GradientFlow
from graphnet.net.spec import Node

ALIGNMENT = 64  # bytes: a cache line, and the width of the widest vector registers

DATA, DIFF, SCRATCH = "data", "diff", "scratch"
#: What an array is: ``("data", blob)``, ``("diff", blob)`` or ``("scratch", layer, name)``.
Key = tuple[str, ...]


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
        scratch: What each layer declared, by layer name.
        shared: Blobs whose bytes are used again while the net runs, so that reading them
            afterwards would show something else.
    """

    n_bytes: int
    offsets: Mapping[Key, int]
    scratch: Mapping[str, Mapping[str, ScratchDecl]]
    shared: frozenset[str]


def plan_memory(
    ordered: Sequence[Node],
    shapes: Mapping[str, Shape],
    flow: GradientFlow,
    backend: Backend,
    dtype: np.dtype,
    keeps: Callable[[str], bool],
) -> MemoryPlan:
    """Plan the arena of a net.

    Args:
        ordered: The layers in execution order.
        shapes: Of every blob.
        flow: Which blobs have diffs and which layers run backward.
        backend: Asked for the scratch its operations need.
        dtype: The net's precision.
        keeps: Whether a blob's data and diff are to outlive the pass.
    """
    planner = _Planner(ordered, shapes, flow, dtype, keeps)
    planner.add_blobs()
    planner.alias_views_and_overwrites()
    scratch = planner.add_scratch(backend)
    regions = list({id(r): r for r in planner.regions.values()}.values())
    n_bytes = place(regions)
    offsets = {key: region.offset for key, region in planner.regions.items()}
    data = {k[1]: r for k, r in planner.regions.items() if k[0] == DATA}
    shared = frozenset(
        blob
        for blob, region in data.items()
        if any(not planner.outlives(r) for r in (region, planner.regions.get((DIFF, blob), region)))
    )
    return MemoryPlan(n_bytes, offsets, scratch, shared)


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

    def __init__(
        self,
        ordered: Sequence[Node],
        shapes: Mapping[str, Shape],
        flow: GradientFlow,
        dtype: np.dtype,
        keeps: Callable[[str], bool],
    ) -> None:
        self.ordered, self.shapes, self.flow, self.dtype = ordered, shapes, flow, dtype
        self.keeps = keeps
        self.end = 2 * len(ordered)
        self.regions: dict[Key, Region] = {}

    def n_bytes(self, shape: Shape, dtype: str | None = None) -> int:
        return prod(shape) * np.dtype(dtype or self.dtype).itemsize

    def backward_call(self, i: int) -> int:
        return 2 * len(self.ordered) - 1 - i

    def outlives(self, region: Region) -> bool:
        return region.lives[-1][1] == self.end

    def add_blobs(self) -> None:
        """Every blob's data, and its diff where one is wanted."""
        read: set[str] = set()
        for i, node in enumerate(self.ordered):
            for top in node.tops:
                # what a data layer gives may be written before the first call (Input)
                first = 0 if node.spec.kind is Kind.DATA else i
                region = Region(self.n_bytes(self.shapes[top]), [(first, i)])
                self.regions[DATA, top] = region
            for bottom in node.bottoms:
                self.regions[DATA, bottom].extend(i, i)
                read.add(bottom)
            if node.name in self.flow.backward:
                reads, call = node.spec.backward_reads(), self.backward_call(i)
                needed = [node.bottoms[b] for b in reads.bottoms if b < len(node.bottoms)]
                needed += [node.tops[t] for t in reads.tops]
                for blob in needed:
                    self.regions[DATA, blob].extend(call, call)
                self.add_diffs(i, node)
        for key, region in self.regions.items():
            blob = key[1]
            if self.keeps(blob) or (blob not in read and key[0] == DATA):
                region.extend(self.end, self.end)

    def add_diffs(self, i: int, node: Node) -> None:
        """A diff lives from its reader's backward to its producer's."""
        call = self.backward_call(i)
        for bottom in node.bottoms:
            if bottom in self.flow.wanted and bottom not in self._not_sent(node):
                producer = next(k for k, n in enumerate(self.ordered) if bottom in n.tops)
                region = Region(self.n_bytes(self.shapes[bottom]), [(call, call)])
                region.extend(call, self.backward_call(producer))
                self.regions[DIFF, bottom] = region

    def _not_sent(self, node: Node) -> set[str]:
        sends = {node.bottoms[b] for b in node.spec.differentiable(len(node.bottoms))}
        return set(node.bottoms) - sends

    def merge(self, kind: str, one: str, other: str) -> None:
        """Put two blobs' arrays on the same bytes."""
        a, b = self.regions[kind, one], self.regions[kind, other]
        if a is b:
            return
        for span in b.lives:
            a.extend(*span)
        for key, region in self.regions.items():
            if region is b:
                self.regions[key] = a

    def alias_views_and_overwrites(self) -> None:
        """Views share bytes always, overwriting layers where nobody misses what they destroy."""
        for i, node in enumerate(self.ordered):
            if node.spec.views:
                for top in node.tops:
                    self.merge(DATA, node.bottoms[0], top)
                diffs = [(DIFF, blob) in self.regions for blob in (*node.bottoms, *node.tops)]
                if len(node.tops) == 1 and all(diffs):
                    self.merge(DIFF, node.bottoms[0], node.tops[0])
            elif node.spec.overwrites and len(node.bottoms) == len(node.tops) == 1:
                self.alias_overwrite(i, node)

    def alias_overwrite(self, i: int, node: Node) -> None:
        (bottom,), (top,) = node.bottoms, node.tops
        if self.regions[DATA, bottom].lives[-1][1] == i:
            self.merge(DATA, bottom, top)
        diffs = [self.regions.get((DIFF, blob)) for blob in (bottom, top)]
        if None not in diffs and self.regions[DIFF, top].lives[-1][1] == self.backward_call(i):
            self.merge(DIFF, bottom, top)

    def add_scratch(self, backend: Backend) -> dict[str, dict[str, ScratchDecl]]:
        """What each layer and its operations declare."""
        declared: dict[str, dict[str, ScratchDecl]] = {}
        for i, node in enumerate(self.ordered):
            bottoms = [self.shapes[b] for b in node.bottoms]
            runs_backward = node.name in self.flow.backward
            declared[node.name] = node.spec.scratch(bottoms, backend, backward=runs_backward)
            back = self.backward_call(i)
            for name, decl in declared[node.name].items():
                match decl.lifetime:
                    case "call":
                        lives = [(i, i), (back, back)] if runs_backward else [(i, i)]
                    case "pass":
                        lives = [(i, back if runs_backward else i)]
                    case "forever":
                        lives = [(0, self.end)]
                key = (SCRATCH, node.name, name)
                self.regions[key] = Region(self.n_bytes(decl.shape, decl.dtype), lives)
        return declared
