"""Loading nets: the public way from YAML, a dict or specs to a net that runs."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.backend.precision import PRECISIONS
from graphnet.declare.arguments import expect, expect_one_of, spelled_out, whole_number
from graphnet.declare.lossless import real_array
from graphnet.errors import DataError, GraphnetWarning, SpecError, did_you_mean, one_of
from graphnet.layers.base import Phase
from graphnet.net.checks.in_step import chance_meetings, drifting
from graphnet.net.compiled import Keep, compile_net
from graphnet.net.net import Net
from graphnet.net.sources import FallbackWarning, fallback_text, resolve_data
from graphnet.net.spec import NetSpec, read_net
from graphnet.params.param import ParamStore

_DTYPES = ("float32", "float64")
_DEFAULTS = {"backend": "numpy", "dtype": "float32", "seed": 0, "precision": "float32"}


@spelled_out
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
    precision: str = "float32",
) -> Net:
    """Load a net and give it memory, params filled by their initializers.

    Args:
        source: A YAML file, or YAML text of several lines; a dict of the same form; a list of
            layers (specs or dicts); or a net already read.
        phase: ``train`` or ``test``.
        backend: ``numpy``, ``cupy`` or ``auto``.
        dtype: ``float32`` or ``float64``.
        seed: Keys the initial values, the shuffle and every random layer.
        inputs: Arrays of shape ``(n, …)`` for the tops of MemoryData, by top name; referenced,
            not copied, where their dtype allows. Default: none.
        share: A net whose params this one uses, and with them its backend, threads, precision
            and seed: what is given of these must be what that net has, or be left out. A net
            that is trained and hands state from batch to batch cannot share: load it first.
            Default: it has params of its own.
        keep: ``all``: every named blob can be read after a pass; ``needed``: memory is shared by
            lifetime; a list of names: these can be read.
        threads: Default: as many as the machine has cores. Results do not depend on it.
        memory_limit: The most bytes this net may plan, and each that shares its params; a larger
            one is refused before anything is allocated. Default: what the machine has free.
        frozen: The names of the layers whose params do not learn, instead of those that are
            declared so; empty: all learn. Default: as declared.
        user_code: Whether layer types may be classes named by a dotted path.
        precision: To what the operands of products and convolutions are rounded, in a net of dtype
            float32: ``float16``, ``bfloat16``, or ``float32``: they stay as they are.

    Returns:
        The net, ready for ``forward()``.

    Warns:
        FallbackWarning: If the declared fall-back (``otherwise:``) is read in place of missing
            data. Nothing is downloaded here: ``graphnet data NAME`` does that, and ``solve`` on
            the command line.
        GraphnetWarning: If rows of two data layers meet at random, since each shuffles by
            itself, or drift apart: see ``order_key``.

    Raises:
        SpecError: If the YAML is wrong, with every problem at its line and column.
        TopologyError: If the layers do not form a usable graph.
        ShapeError: If a bottom does not fit its layer, or the shared params do not, or the net
            does not fit into memory.
        DataError: If a data source is missing or wrong.
        BackendError: If the backend is not available.

    Example:
        >>> net = gn.load_net("iris/net.yaml")
        >>> net.forward()
        >>> net.blobs["ip1"].data.shape
        (16, 10)
        >>> gn.load_net([
        ...     gn.layers.Input(name="in", batch_size=2, shapes={"x": [3]}, tops=["x"]),
        ...     gn.layers.InnerProduct(name="ip", output_dim=4, bottoms=["x"], tops=["y"]),
        ... ]).params["ip"]["weight"].data.shape
        (4, 3)
    """
    expect_one_of("phase", phase, ("train", "test"))
    named = getattr(dtype, "__name__", dtype)
    expect(named in _DTYPES, "dtype", "'float32' or 'float64'", dtype)
    expect_one_of("precision", precision, PRECISIONS)
    if precision != "float32" and named != "float32":
        raise SpecError(
            f"precision: '{precision}', but products that are rounded are added up in float32, and"
            f" dtype is '{named}'\n  leave one of them out"
        )
    seed = whole_number("seed", seed, 0)
    threads = None if threads is None else whole_number("threads", threads, 1)
    if memory_limit is not None:
        memory_limit = whole_number("memory_limit, in bytes", memory_limit, 1)
    fits = share is None or isinstance(share, Net)
    expect(fits, "share", "a net that load_net has made", share)
    spec = source if isinstance(source, NetSpec) else read_net(source, user_code=user_code)
    if frozen is not None:
        spec = spec.with_frozen((frozen,) if isinstance(frozen, str) else frozen)
    resolved = resolve_data(spec)
    if resolved.fell_back:
        warnings.warn(fallback_text(resolved), FallbackWarning, stacklevel=3)
    arrays = _arrays(inputs, resolved.spec)
    spec = resolved.spec.with_nodes(
        replace(n, spec=n.spec.shaped_for(arrays)) for n in resolved.spec.nodes
    )
    if share is not None:
        asked = {"backend": backend, "dtype": dtype, "seed": seed, "precision": precision}
        _check_as_shared(share, asked, threads)
        return _warned(share.share(spec, phase, keep, arrays, memory_limit=memory_limit))
    opened = _opened(backend, threads, precision)
    if opened.precision != "float32" and named != "float32":
        raise SpecError(
            f"dtype: '{named}', but the products of the backend are added up in float32: its"
            f" precision is '{opened.precision}'"
        )
    compiled = compile_net(spec, phase, opened, np.dtype(dtype), keep, memory_limit=memory_limit)
    store = ParamStore(opened, compiled.dtype, compiled.declared, seed)
    return _warned(Net(compiled, store, seed, arrays))


def _opened(backend: str | Backend, threads: int | None, precision: str) -> Backend:
    """The backend of that name, or the one that is given, of that precision.

    Raises:
        BackendError: If there is none of that name, or it is not available.
        SpecError: If the one that is given has another precision.
    """
    if not isinstance(backend, Backend):
        return open_backend(backend, threads, precision)
    if precision not in ("float32", backend.precision):
        raise SpecError(
            f"precision: '{precision}', but the backend that is given has '{backend.precision}'"
            "\n  open it so: open_backend(NAME, threads, precision)"
        )
    return backend


def _warned(net: Net) -> Net:
    """The net; what is hardly meant about its data layers has been said."""
    layers = net.compiled.layers
    for text in (*chance_meetings(layers), *drifting(layers, net.layers)):
        warnings.warn(f"net '{net.name}': {text}", GraphnetWarning, stacklevel=3)
    return net


def _check_as_shared(share: Net, given: Mapping[str, Any], threads: int | None) -> None:
    """See that nothing is asked for that the net whose params are used does not have."""
    backend, here = given["backend"], share.backend
    has = {"backend": here.name, "dtype": str(share.compiled.dtype), "seed": share.context.seed}
    has["precision"] = here.precision
    # what equals the default cannot be told from what was left out
    asked = {name: value for name, value in given.items() if value != _DEFAULTS[name]}
    if (isinstance(backend, Backend) and backend is here) or backend == "auto":
        asked.pop("backend", None)
    if threads is not None:
        asked["threads"], has["threads"] = threads, getattr(here, "threads", None)
    for name, value in asked.items():
        if value != has[name]:
            raise SpecError(
                f"{name}: {value!r}, but the net given as share has {has[name]!r}, and params"
                f" have one {name}\n  leave it out, or load that net with it"
            )


def _arrays(inputs: Mapping[str, Any] | None, spec: NetSpec) -> dict[str, np.ndarray]:
    """The arrays for tops of MemoryData layers, of any phase."""
    tops = {t for n in spec.data_nodes() if n.spec.takes_arrays for t in n.tops}
    fits = inputs is None or isinstance(inputs, Mapping)
    named = ", ".join(f"'{top}': array" for top in sorted(tops)) or "'top': array"
    expect(fits, "inputs", "arrays by the names of tops", inputs, f"write inputs={{{named}}}")
    for name in inputs or {}:
        if name not in tops:
            hint = did_you_mean(name, tops) or (one_of(sorted(tops)) if tops else "")
            raise DataError(f"inputs: no MemoryData layer has the top '{name}'{hint}")
    return {name: real_array(value, f"inputs: '{name}'") for name, value in (inputs or {}).items()}
