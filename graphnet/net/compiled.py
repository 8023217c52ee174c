"""The compile pipeline on one screen: from a declared net to everything but its memory.

    select_phase -> check_names -> expand_bottoms -> build_graph
        -> insert_neurons -> pool_before_rectifying -> insert_splits -> sort_layers
        -> infer_shapes -> send_gradients or fold_norms -> rectify_within
        -> plan_memory -> check_memory

``graphnet check`` runs all of it, opening no data but a file's header.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Literal, TypeAlias

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import shape_text
from graphnet.control_groups import FreeMemory
from graphnet.declare.arguments import expect_one_of
from graphnet.declare.names import clashes
from graphnet.declare.validation import describe
from graphnet.errors import (
    Problem,
    ShapeError,
    SpecError,
    TopologyError,
    did_you_mean,
    one_of,
)
from graphnet.layers.base import Kind, Phase
from graphnet.net.checks.contract import check_class, declared_class
from graphnet.net.checks.memory_limit import check_kept, check_memory
from graphnet.net.checks.name_rules import check_names
from graphnet.net.checks.shared_params import check_contradictions
from graphnet.net.flow import (
    check_indices,
    infer_shapes,
    note_params,
    send_gradients,
    sort_layers,
    store_by_rows,
)
from graphnet.net.graph import LayerVertex, NetGraph
from graphnet.net.memory import MemoryPlan, plan_memory
from graphnet.net.outputs import refuse_to_lose_data
from graphnet.net.passes import (
    build_graph,
    expand_bottoms,
    fold_norms,
    insert_neurons,
    insert_splits,
    pool_before_rectifying,
    rectify_within,
    select_phase,
)
from graphnet.net.spec import NetSpec
from graphnet.params.param import DeclaredParams, ParamDecl, StateDecl

#: ``all``: every named blob keeps memory of its own; ``needed``: memory is shared by lifetime;
#: a collection of names: these are kept, the rest is shared.
Keep: TypeAlias = Literal["all", "needed"] | Collection[str]


@dataclass(frozen=True)
class CompiledNet:
    """A net of one phase, compiled.

    Attributes:
        spec: As declared.
        phase: Which layers were selected.
        graph: Its layers and blobs, frozen.
        layers: In the order they run.
        plan: Where everything lies in memory.
        declared: What each store key holds.
        backend: Whose scratch was planned.
        dtype: The precision.
        memory_limit: The most bytes it was allowed to need; None: what the machine had.
    """

    spec: NetSpec
    phase: Phase
    graph: NetGraph
    plan: MemoryPlan
    declared: Mapping[str, DeclaredParams]
    backend: Backend
    dtype: np.dtype
    memory_limit: int | None = None

    @cached_property
    def layers(self) -> tuple[LayerVertex, ...]:  # noqa: D102
        return tuple(self.graph.layers)

    @property
    def not_kept(self) -> frozenset[str]:
        """Blobs that cannot be read: others use their bytes, or they are never computed."""
        tops = {top for node in select_phase(self.spec.nodes, self.phase) for top in node.tops}
        blobs = self.graph.blobs
        return frozenset(top for top in tops if blobs.get(top) in {None, *self.plan.shared})

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
        SpecError: If ``keep`` names no blob of the net, or there is no such phase.
    """
    expect_one_of("phase", phase, ("train", "test"))
    nodes = select_phase(spec.nodes, phase)
    if not nodes:
        raise TopologyError(f"net '{spec.name}' has no layers in phase {phase}", spec.position)
    check_names(nodes, spec.nodes)
    check_contradictions(spec.nodes)
    refuse_to_lose_data(spec)
    graph = build_graph(expand_bottoms(nodes))
    mark_kept(graph, keep)
    insert_neurons(graph)
    pool_before_rectifying(graph)
    insert_splits(graph)
    sort_layers(graph)
    infer_shapes(graph, dtype)
    check_indices(graph, dtype)
    store_by_rows(graph)
    owners, declared = collect_params(graph)
    note_params(graph, owners, declared)
    check_places(graph, owners, declared)
    if phase == "train" if backward is None else backward:
        send_gradients(graph)
    else:
        fold_norms(graph, phase)
    rectify_within(graph)
    check_classes(graph)
    held = 0 if has_params else param_bytes(declared, dtype)
    limit = None if memory_limit is None else FreeMemory(memory_limit, "memory_limit")
    check = partial(check_memory, limit or backend.free_memory(), graph, declared, dtype)
    # before planning, which takes long for blobs that no machine could hold
    check(held + max((blob.n_bytes for blob in graph.all_blobs), default=0))
    plan = plan_memory(graph, backend, dtype)
    check(held + plan.n_bytes)
    if backend.name == "numpy":  # of another backend the limit is the device's
        check_kept(limit or backend.free_memory(), graph, held + plan.n_bytes)
    graph.freeze()
    return CompiledNet(spec, phase, graph, plan, declared, backend, dtype, memory_limit)


def param_bytes(declared: Mapping[str, DeclaredParams], dtype: np.dtype) -> int:
    """What all params take, with the diffs of those that learn."""
    return dtype.itemsize * sum(
        prod(param.shape) * (1 if of_key.frozen else 2)
        for of_key in declared.values()
        for param in of_key.params.values()
    )


def mark_kept(graph: NetGraph, keep: Keep) -> None:
    """Mark the blobs that outlive the pass.

    Raises:
        SpecError: If ``keep`` is another word, or names a blob that is not there.
    """
    if keep not in ("all", "needed") and (
        isinstance(keep, str) or not isinstance(keep, Collection)
    ):
        one = f"\n  for one blob write keep=[{keep!r}]" if isinstance(keep, str) else ""
        raise SpecError(
            f"keep: expected 'all', 'needed' or a list of blob names, found {describe(keep)}{one}"
        )
    blobs = graph.blobs
    names = {"all": blobs, "needed": ()}[keep] if isinstance(keep, str) else frozenset(keep)
    for name in sorted(names):
        if name not in blobs:
            hint = did_you_mean(name, blobs) or one_of(list(blobs))
            raise SpecError(f"keep: there is no blob '{name}'{hint}")
        blobs[name].is_kept = True


def check_classes(graph: NetGraph) -> None:
    """See that each layer's class can do what will be asked of it.

    Raises:
        SpecError: At the layer, naming class, file and method.
    """
    for layer in graph.layers:
        cls = declared_class(layer.spec)
        if cls is not None:
            with layer.located():
                check_class(cls, runs_backward=layer.runs_backward)


def check_places(
    graph: NetGraph, owners: Mapping[str, str], declared: Mapping[str, DeclaredParams]
) -> None:
    """See that a snapshot has a place of its own for all that belongs to each layer.

    Raises:
        SpecError: At each layer whose params or sums would lie within another's.
    """
    layers = {layer.name: layer for layer in graph.layers}
    kept = [
        (owners.get(key, key), f"{group}/{key}/{name}")  # what is carried is under the layer's name
        for key, held in declared.items()
        for group, names in (("params", held.params), ("state", held.state))
        for name in names
    ]
    measured = (Kind.LOSS, Kind.STATISTIC)
    kept += [(name, f"statistics/{name}") for name, v in layers.items() if v.kind in measured]
    problems = [
        Problem(
            f"{layers[inner].subject}what belongs to it would lie within "
            f"'{path.partition('/')[2]}' of layer '{outer}', so no snapshot could hold both\n"
            "  give one of the two layers another name",
            layers[inner].position,
        )
        for outer, inner, path in clashes(kept)
    ]
    if problems:
        raise SpecError.of(dict.fromkeys(problems))


def collect_params(graph: NetGraph) -> tuple[dict[str, str], dict[str, DeclaredParams]]:
    """Which layer owns each store key, and what the key holds.

    The first layer with a key declares its params; a later one must agree on names and shapes,
    and may leave some out (``bias: false``). What it hands from batch to batch is its own, under
    its name.

    Raises:
        ShapeError: If layers that share a key disagree.
    """
    owners: dict[str, str] = {}
    params: dict[str, dict[str, ParamDecl]] = {}
    state: dict[str, dict[str, StateDecl]] = {}
    frozen: dict[str, bool] = {}
    problems: list[Problem] = []
    for layer in graph.layers:
        key, bottoms = layer.spec.store_key, layer.bottom_shapes
        with layer.located():
            declared, kept = layer.spec.param_decls(bottoms), layer.spec.state_decls(bottoms)
        if not declared and not kept:
            continue
        if key not in owners:
            owners[key], params[key], state[key] = layer.name, dict(declared), dict(kept)
            frozen[key] = layer.spec.frozen
            continue
        frozen[key] &= layer.spec.frozen
        carried = {name: decl for name, decl in kept.items() if decl.per_batch}
        if carried:
            params[layer.name], state[layer.name], frozen[layer.name] = {}, carried, True
        for name, decl in declared.items():
            there = params[key].get(name)
            if there is None:
                differs = f"there is no {name} there"
            elif there.shape != decl.shape:
                here = shape_text(decl.shape)
                differs = f"its {name} is {here} and there it is {shape_text(there.shape)}"
            else:
                continue
            text = f"{layer.subject}shares '{key}' with layer '{owners[key]}', but {differs}"
            problems.append(Problem(text, layer.position))
    if problems:
        raise ShapeError.of(problems)
    return owners, {k: DeclaredParams(params[k], state[k], frozen[k]) for k in params}
