"""The compile pipeline on one screen: from a declared net to everything but its memory.

    select_phase -> check_names -> expand_bottoms -> expand_neurons -> name_inplace
        -> rectify_pooled -> insert_splits -> build_graph -> check_topology -> infer_shapes
        -> gradient_flow -> plan_memory -> check_memory

Pure: ``graphnet check`` runs all of it, opening no data but a file's header.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Literal, TypeAlias

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Shape, shape_text
from graphnet.errors import (
    Problem,
    ShapeError,
    SpecError,
    TopologyError,
    did_you_mean,
    located,
    one_of,
)
from graphnet.layers.base import Phase
from graphnet.net.graph import (
    NO_GRADIENTS,
    GradientFlow,
    build_graph,
    check_topology,
    execution_order,
    gradient_flow,
    infer_shapes,
    stored_by_rows,
)
from graphnet.net.memory import MemoryPlan, plan_memory
from graphnet.net.memory_limit import available_bytes, check_memory
from graphnet.net.passes import (
    VERSION_MARK,
    check_names,
    expand_bottoms,
    expand_neurons,
    insert_splits,
    name_inplace,
    rectify_pooled,
    select_phase,
)
from graphnet.net.spec import NetSpec, Node
from graphnet.param import Declared, ParamDecl, StateDecl

#: ``all``: every named blob keeps memory of its own; ``needed``: memory is shared by lifetime;
#: a collection of names: these are kept, the rest is shared.
Keep: TypeAlias = Literal["all", "needed"] | Collection[str]


@dataclass(frozen=True)
class CompiledNet:
    """A net of one phase, compiled.

    Attributes:
        spec: As declared.
        phase: Which layers were selected.
        ordered: The plain layers in the order they run.
        shapes: Of every blob, by name.
        flow: Where gradients flow.
        plan: Where everything lies in memory.
        owners: By store key, the layer that declares it first.
        declared: What each store key holds.
        backend: Whose scratch was planned.
        dtype: The precision.
        memory_limit: The most bytes it was allowed to need; None: what the machine had.
    """

    spec: NetSpec
    phase: Phase
    ordered: tuple[Node, ...]
    shapes: Mapping[str, Shape]
    flow: GradientFlow
    plan: MemoryPlan
    owners: Mapping[str, str]
    declared: Mapping[str, Declared]
    backend: Backend
    dtype: np.dtype
    memory_limit: int | None = None

    @cached_property
    def by_rows(self) -> frozenset[str]:
        """The blobs that are stored sample after sample."""
        return stored_by_rows(self.ordered)

    @property
    def not_kept(self) -> frozenset[str]:
        """Blobs of the net that cannot be read: others use their bytes, or they do not come up."""
        tops = {top for node in select_phase(self.spec.nodes, self.phase) for top in node.tops}
        return self.plan.shared | (tops - self.shapes.keys())

    def bottom_shapes(self, node: Node) -> list[Shape]:
        """The shapes of a layer's bottoms."""
        return [self.shapes[b] for b in node.bottoms]

    def top_shapes(self, node: Node) -> list[Shape]:
        """The shapes of a layer's tops."""
        return [self.shapes[t] for t in node.tops]

    def declared_params(self, node: Node) -> dict[str, ParamDecl]:
        """The params a layer uses."""
        return node.spec.param_decls(self.bottom_shapes(node))

    def n_params(self, node: Node) -> int:
        """How many numbers its params hold; 0 for a layer that shares another's."""
        if self.owners.get(node.spec.store_key) != node.name:
            return 0
        return sum(prod(d.shape) for d in self.declared_params(node).values())

    def macs(self, node: Node) -> int:
        """Multiply-adds of its forward."""
        return node.spec.macs(self.bottom_shapes(node))

    def connections(self, node: Node) -> int:
        """Multiply-adds plus biases of one sample."""
        return node.spec.connections(self.bottom_shapes(node))

    def top_bytes(self, node: Node) -> int:
        """Bytes of its tops and their diffs, before memory is shared."""
        if node.spec.views:
            return 0
        size = sum(prod(self.shapes[t]) * (1 + (t in self.flow.wanted)) for t in node.tops)
        return size * self.dtype.itemsize

    @property
    def n_param_numbers(self) -> int:
        """How many numbers all params hold."""
        return sum(prod(p.shape) for d in self.declared.values() for p in d.params.values())

    @property
    def planned_bytes(self) -> int:
        """Blobs, diffs and scratch as planned, plus params and the diffs of those that learn."""
        return self.plan.n_bytes + param_bytes(self.declared, self.dtype)


def compile_net(
    spec: NetSpec,
    phase: Phase,
    backend: Backend,
    dtype: np.dtype,
    keep: Keep = "all",
    *,
    memory_limit: int | None = None,
    has_params: bool = False,
    backward: bool | None = None,
) -> CompiledNet:
    """Compile a declared net for one phase.

    Args:
        spec: The net.
        phase: Which of its layers.
        backend: Asked for the scratch its operations need.
        dtype: The precision.
        keep: Which blobs outlive the pass.
        memory_limit: The most bytes the net may need. Default: what the machine has free.
        has_params: Whether its params are in memory already.
        backward: Whether gradients will be asked for. Default: in phase ``train``. Without, no
            diff and no scratch for one is planned.

    Raises:
        TopologyError: If the layers do not form a usable graph.
        ShapeError: If a bottom does not fit its layer, layers that share params disagree, or
            the net needs more memory than it may.
        SpecError: If ``keep`` names no blob of the net.
    """
    nodes = select_phase(spec.nodes, phase)
    if not nodes:
        raise TopologyError(f"net '{spec.name}' has no layers in phase {phase}", spec.position)
    check_names(nodes, spec.nodes)
    nodes = expand_bottoms(nodes)
    nodes = expand_neurons(nodes)
    nodes = name_inplace(nodes)
    kept = keeper(keep, [top for node in nodes for top in node.tops])
    nodes = rectify_pooled(nodes, kept)
    nodes = insert_splits(nodes)
    graph = build_graph(nodes)
    check_topology(graph)
    ordered = execution_order(graph)
    shapes = infer_shapes(ordered)
    owners, declared = collect_params(ordered, shapes)
    learns = {
        n.name: bool(declared[n.spec.store_key].params) and not n.spec.frozen
        if n.spec.store_key in declared
        else False
        for n in ordered
    }
    if backward is None:
        backward = phase == "train"
    flow = gradient_flow(ordered, learns) if backward else NO_GRADIENTS
    held = 0 if has_params else param_bytes(declared, dtype)
    limit = memory_limit
    if limit is None:
        limit = available_bytes() if backend.on_host else backend.free_bytes()
    check = partial(check_memory, limit, ordered, shapes, declared, dtype)
    # first without a plan, which itself takes long for blobs that no machine could hold
    check(held + max(map(prod, shapes.values()), default=0) * dtype.itemsize)
    plan = plan_memory(ordered, shapes, flow, backend, dtype, kept)
    check(held + plan.n_bytes)
    return CompiledNet(
        spec,
        phase,
        tuple(ordered),
        shapes,
        flow,
        plan,
        owners,
        declared,
        backend,
        dtype,
        memory_limit,
    )


def param_bytes(declared: Mapping[str, Declared], dtype: np.dtype) -> int:
    """What all params take, with the diffs of those that learn."""
    return dtype.itemsize * sum(
        prod(param.shape) * (1 if of_key.frozen else 2)
        for of_key in declared.values()
        for param in of_key.params.values()
    )


def keeper(keep: Keep, blobs: Collection[str]) -> Callable[[str], bool]:
    """Whether a blob, one of ``blobs``, is to outlive the pass.

    Raises:
        SpecError: If ``keep`` is another word, or names a blob that is not there.
    """
    if keep == "all":
        return lambda blob: VERSION_MARK not in blob
    if isinstance(keep, str) and keep != "needed":
        raise SpecError(
            f"keep: expected 'all', 'needed' or a list of blob names, found {keep!r}\n"
            f"  for one blob write keep=[{keep!r}]"
        )
    kept = frozenset(() if keep == "needed" else keep)
    known = [blob for blob in blobs if VERSION_MARK not in blob]
    for blob in sorted(kept.difference(known)):
        hint = did_you_mean(blob, known) or one_of(known)
        raise SpecError(f"keep: there is no blob '{blob}'{hint}")
    return kept.__contains__


def collect_params(
    ordered: Sequence[Node], shapes: Mapping[str, Shape]
) -> tuple[dict[str, str], dict[str, Declared]]:
    """Which layer owns each store key, and what the key holds.

    The first layer with a key declares its params; a later one must agree on names and shapes,
    and may leave some out (``bias: false``).

    Raises:
        ShapeError: If layers that share a key disagree.
    """
    owners: dict[str, str] = {}
    params: dict[str, dict[str, ParamDecl]] = {}
    state: dict[str, dict[str, StateDecl]] = {}
    frozen: dict[str, bool] = {}
    problems: list[Problem] = []
    for node in ordered:
        key, bottoms = node.spec.store_key, [shapes[b] for b in node.bottoms]
        with located(node.position, node.subject):
            declared, kept = node.spec.param_decls(bottoms), node.spec.state_decls(bottoms)
        if not declared and not kept:
            continue
        if key not in owners:
            owners[key], params[key], state[key] = node.name, dict(declared), dict(kept)
            frozen[key] = node.spec.frozen
            continue
        frozen[key] &= node.spec.frozen
        problems += [
            Problem(
                f"{node.subject}shares '{key}' with layer '{owners[key]}', but "
                + (
                    f"its {name} is {shape_text(decl.shape)}"
                    f" and there it is {shape_text(params[key][name].shape)}"
                    if name in params[key]
                    else f"there is no {name} there"
                ),
                node.position,
            )
            for name, decl in declared.items()
            if name not in params[key] or params[key][name].shape != decl.shape
        ]
    if problems:
        raise ShapeError.of(problems)
    return owners, {k: Declared(params[k], state[k], frozen[k]) for k in owners}
