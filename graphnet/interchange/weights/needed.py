"""What a net has to be filled with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from graphnet.backend import open_backend
from graphnet.errors import TopologyError
from graphnet.interchange.weights.matching import Needed
from graphnet.net.compiled import CompiledNet, compile_net
from graphnet.net.passes import select_phase
from graphnet.net.sources import resolve_data
from graphnet.net.spec import NetSpec, read_net
from graphnet.params.param import ParamDecl, StateDecl

#: What a net is read from, as by :func:`graphnet.load_net`.
NetSource: TypeAlias = Path | str | Mapping[str, Any] | Iterable[Any] | NetSpec


def spec_of(net: NetSource) -> NetSpec:
    """The net of a YAML file or text, a dict, a list of layers; or one that is read already."""
    return net if isinstance(net, NetSpec) else read_net(net)


def compiled_phases(spec: NetSpec) -> list[CompiledNet]:
    """A net in each of its phases. Nothing is allocated.

    Raises:
        GraphnetError: If it cannot be compiled, or the shapes of its data are not known.
    """
    spec = resolve_data(spec).spec
    backend, dtype = open_backend("numpy", 1), np.dtype("float32")
    made = [
        compile_net(spec, phase, backend, dtype, "needed", has_params=True, backward=False)
        for phase in ("test", "train")
        if select_phase(spec.nodes, phase)
    ]
    if not made:
        raise TopologyError(f"net '{spec.name}' has no layers", spec.position)
    return made


def needed_by(nets: Iterable[CompiledNet]) -> list[Needed]:
    """Params and running statistics, each once; what batches hand on is no part of a model."""
    found: dict[str, Needed] = {}
    for net in nets:
        types: dict[str, str] = {}
        for layer in net.layers:
            types.setdefault(layer.spec.store_key, layer.type)
        for key, of_key in net.declared.items():
            state = {n: d.shape for n, d in of_key.state.items() if not d.per_batch}
            shapes = {n: d.shape for n, d in of_key.params.items()} | state
            for i, (name, shape) in enumerate(shapes.items()):
                group = "state" if name in state else "params"
                each = Needed(key, name, group, shape, types.get(key, ""), i)
                found.setdefault(each.path, each)
    return list(found.values())


def declarations(nets: Iterable[CompiledNet]) -> dict[str, ParamDecl | StateDecl]:
    """What is declared of each, by its path."""
    found: dict[str, ParamDecl | StateDecl] = {}
    for net in nets:
        for key, of_key in net.declared.items():
            found |= {f"{key}/{name}": decl for name, decl in of_key.params.items()}
            found |= {f"{key}/{name}": decl for name, decl in of_key.state.items()}
    return found
