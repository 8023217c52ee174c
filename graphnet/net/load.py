"""Loading nets: the public way from YAML, a dict or specs to a net that runs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.errors import DataError, SpecError, did_you_mean, one_of
from graphnet.layers.base import Phase
from graphnet.layers.memory_data import MemoryData
from graphnet.net.compiled import Keep, compile_net
from graphnet.net.net import Net
from graphnet.net.sources import FallbackWarning, fallback_text, resolve_data
from graphnet.net.spec import NetSpec, read_net
from graphnet.param import ParamStore

_PRECISIONS = ("float32", "float64")


def load_net(  # noqa: PLR0913  # the public signature is relied on
    source: Path | str | Mapping[str, Any] | Iterable[Any] | NetSpec,
    phase: Phase = "train",
    backend: str | Backend = "numpy",
    dtype: str = "float32",
    seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
    share: Net | None = None,
    keep: Keep = "all",
    *,
    threads: int | None = None,
    memory_limit: int | None = None,
    frozen: Collection[str] | None = None,
    user_code: bool = True,
) -> Net:
    """Load a net and give it memory, params filled by their initializers.

    Args:
        source: A YAML file; a dict of the same form; a list of layers (specs or dicts); or a
            net already read.
        phase: ``train`` or ``test``.
        backend: ``numpy``, ``cupy`` or ``auto``.
        dtype: ``float32`` or ``float64``.
        seed: Keys the initial values, the shuffle and every random layer.
        inputs: Arrays of shape ``(n, …)`` for the tops of MemoryData, by top name; referenced,
            not copied, where their dtype allows.
        share: A net whose params (and backend) this one uses.
        keep: ``all``: every named blob can be read after a pass; ``needed``: memory is shared by
            lifetime; a list of names: these can be read.
        threads: Default: as many as the machine has cores. Results do not depend on it.
        memory_limit: The most bytes this net may plan, and each that shares its params; a larger
            one is refused before anything is allocated. Default: what the machine has free.
        frozen: The names of the layers whose params do not learn, instead of those that are
            declared so; empty: all learn.
        user_code: Whether layer types may be classes named by a dotted path.

    Returns:
        The net, ready for ``forward()``.

    Warns:
        FallbackWarning: If the declared fall-back (``otherwise:``) is read in place of missing
            data. Nothing is downloaded here: ``graphnet data NAME`` does that, and ``solve`` on
            the command line.

    Raises:
        SpecError: If the YAML is wrong, with every problem at its line and column.
        TopologyError: If the layers do not form a usable graph.
        ShapeError: If a bottom does not fit its layer, or the shared params do not, or the net
            does not fit into memory.
        DataError: If a data source is missing or wrong.
        BackendError: If the backend cannot be had.
    """
    if phase not in ("train", "test"):
        raise SpecError(f"phase: expected 'train' or 'test', found {phase!r}")
    if dtype not in _PRECISIONS:
        raise SpecError(f"dtype: expected 'float32' or 'float64', found {dtype!r}")
    spec = source if isinstance(source, NetSpec) else read_net(source, user_code=user_code)
    if frozen is not None:
        spec = spec.with_frozen((frozen,) if isinstance(frozen, str) else frozen)
    resolved = resolve_data(spec)
    if resolved.fell_back:
        warnings.warn(fallback_text(resolved), FallbackWarning, stacklevel=2)
    spec = resolved.spec
    arrays = _arrays(inputs, spec)
    if share is not None:
        return share.share(spec, phase, keep, arrays)
    opened = backend if isinstance(backend, Backend) else open_backend(backend, threads)
    compiled = compile_net(spec, phase, opened, np.dtype(dtype), keep, memory_limit=memory_limit)
    store = ParamStore(opened, compiled.dtype, compiled.declared, seed)
    return Net(compiled, store, seed, arrays)


def _arrays(inputs: Mapping[str, Any] | None, spec: NetSpec) -> dict[str, np.ndarray]:
    """The arrays for tops of MemoryData layers, of any phase."""
    tops = {t for n in spec.data_nodes() if isinstance(n.spec, MemoryData) for t in n.tops}
    for name in inputs or {}:
        if name not in tops:
            hint = did_you_mean(name, tops) or (one_of(sorted(tops)) if tops else "")
            raise DataError(f"inputs: no MemoryData layer has the top '{name}'{hint}")
    return {name: np.asarray(value) for name, value in (inputs or {}).items()}
