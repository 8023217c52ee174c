"""Binding: what a layer is bound to when the net is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from graphnet.backend.base import Backend
from graphnet.blob import Array, Blob
from graphnet.layers.pass_context import PassContext
from graphnet.params.param import Param


@dataclass
class Binding:
    """The arrays and services a layer is bound to.

    Attributes:
        name: The layer's.
        bottoms: What it reads.
        tops: What it writes.
        params: What it learns, by name.
        state: What it keeps from pass to pass, by name, in the shapes declared.
        scratch: Its working memory, by name, in the shapes declared.
        backend: Where it runs.
        context: What the running pass is about.
        dtype: The net's precision.
        inputs: The arrays that were given to ``load_net``, ``(n, …)`` each, by top.
    """

    name: str
    bottoms: list[Blob]
    tops: list[Blob]
    params: Mapping[str, Param]
    state: Mapping[str, Array]
    scratch: Mapping[str, Array]
    backend: Backend
    context: PassContext
    dtype: np.dtype
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
