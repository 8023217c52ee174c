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
    from graphnet.solver.coffee.base import CoffeeBreak as CoffeeBreak
    from graphnet.solver.coffee.decay_on_validation import DecayOnValidation as DecayOnValidation
    from graphnet.solver.coffee.divergence_guard import DivergenceGuard as DivergenceGuard
    from graphnet.solver.coffee.early_stopping import EarlyStopping as EarlyStopping
    from graphnet.solver.coffee.plateau import Plateau as Plateau
    from graphnet.solver.coffee.snapshot import Snapshot as Snapshot
    from graphnet.solver.coffee.training_summary import TrainingSummary as TrainingSummary
    from graphnet.solver.coffee.validation_performance import (
        ValidationPerformance as ValidationPerformance,
    )
    from graphnet.solver.load import load_solver as load_solver
    from graphnet.solver.solver import Solver as Solver
    from graphnet.solver.solver import solve as solve
    from graphnet.solver.spec import SolverSpec as SolverSpec
    from graphnet.solver.weights import load_weights as load_weights
    from graphnet.solver.weights import save_model as save_model
    from graphnet.timing import time_net as time_net

__version__ = "0.1.0"

#: The public names and the modules they live in.
_PUBLIC = {
    "Blob": "graphnet.blob",
    "CoffeeBreak": "graphnet.solver.coffee.base",
    "DecayOnValidation": "graphnet.solver.coffee.decay_on_validation",
    "DivergenceGuard": "graphnet.solver.coffee.divergence_guard",
    "EarlyStopping": "graphnet.solver.coffee.early_stopping",
    "GradientReport": "graphnet.gradcheck",
    "GraphnetError": "graphnet.errors",
    "Net": "graphnet.net.net",
    "Param": "graphnet.param",
    "Plateau": "graphnet.solver.coffee.plateau",
    "Snapshot": "graphnet.solver.coffee.snapshot",
    "Solver": "graphnet.solver.solver",
    "SolverSpec": "graphnet.solver.spec",
    "TrainingSummary": "graphnet.solver.coffee.training_summary",
    "ValidationPerformance": "graphnet.solver.coffee.validation_performance",
    "check_gradients": "graphnet.gradcheck",
    "load_net": "graphnet.net.load",
    "load_solver": "graphnet.solver.load",
    "load_weights": "graphnet.solver.weights",
    "save_model": "graphnet.solver.weights",
    "solve": "graphnet.solver.solver",
    "time_net": "graphnet.timing",
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
        from graphnet.installation import in_the_way

        message = "\n".join(
            filter(None, [f"module 'graphnet' has no attribute '{name}'", in_the_way()])
        )
        raise AttributeError(message)
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
