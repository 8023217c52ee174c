"""graphnet: a declarative, Mocha-style deep-learning engine.

    import graphnet as gn
    net = gn.load_net("nets/mnist.yaml")
    solver = gn.load_solver("solvers/mnist.yaml")
    gn.solve(solver, net)

Names are imported when they are first used, so that ``import graphnet`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnet import layers as layers
    from graphnet.blob import Blob as Blob
    from graphnet.errors import GraphnetError as GraphnetError
    from graphnet.gradcheck import GradientReport as GradientReport
    from graphnet.gradcheck import check_gradients as check_gradients
    from graphnet.net.load import load_net as load_net
    from graphnet.net.net import Net as Net
    from graphnet.param import Param as Param

__version__ = "0.1.0"

#: The public names and the modules they live in.
_PUBLIC = {
    "Blob": "graphnet.blob",
    "GradientReport": "graphnet.gradcheck",
    "GraphnetError": "graphnet.errors",
    "Net": "graphnet.net.net",
    "Param": "graphnet.param",
    "check_gradients": "graphnet.gradcheck",
    "load_net": "graphnet.net.load",
}

__all__ = [  # noqa: PLE0604  # the table above is the one list of names
    "__version__",
    "layers",
    *_PUBLIC,
]


def __getattr__(name: str) -> Any:
    if name == "layers":
        return importlib.import_module("graphnet.layers")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'graphnet' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
