"""graphnet: a declarative, Mocha-style deep-learning engine.

    import graphnet as gn
    net = gn.load_net("nets/mnist.yaml")
    solver = gn.load_solver("solvers/mnist.yaml")
    gn.solve(solver, net)

Names are imported when they are first used, so that ``import graphnet`` costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphnet import errors as errors
    from graphnet import interchange as interchange
    from graphnet import layers as layers
    from graphnet.backend.base import Backend as Backend
    from graphnet.backend.base import ScratchDecl as ScratchDecl
    from graphnet.blob import Blob as Blob
    from graphnet.data import transformers as transformers
    from graphnet.data.transformer import Transformer as Transformer
    from graphnet.errors import BackendError as BackendError
    from graphnet.errors import BatchError as BatchError
    from graphnet.errors import BreakError as BreakError
    from graphnet.errors import DataError as DataError
    from graphnet.errors import DivergedError as DivergedError
    from graphnet.errors import GraphnetError as GraphnetError
    from graphnet.errors import LostRankError as LostRankError
    from graphnet.errors import MissingExtraError as MissingExtraError
    from graphnet.errors import RankError as RankError
    from graphnet.errors import ShapeError as ShapeError
    from graphnet.errors import SnapshotError as SnapshotError
    from graphnet.errors import SpecError as SpecError
    from graphnet.errors import TopologyError as TopologyError
    from graphnet.errors import UnknownNameError as UnknownNameError
    from graphnet.errors import UserCodeError as UserCodeError
    from graphnet.estimators.classifier import Classifier as Classifier
    from graphnet.estimators.regressor import Regressor as Regressor
    from graphnet.gradcheck import GradientReport as GradientReport
    from graphnet.gradcheck import check_gradients as check_gradients
    from graphnet.layers.base import Arity as Arity
    from graphnet.layers.base import Binding as Binding
    from graphnet.layers.base import Kind as Kind
    from graphnet.layers.base import Layer as Layer
    from graphnet.layers.base import LayerSpec as LayerSpec
    from graphnet.layers.base import LossLayer as LossLayer
    from graphnet.layers.base import MeasureLayer as MeasureLayer
    from graphnet.layers.base import PassContext as PassContext
    from graphnet.layers.base import Reads as Reads
    from graphnet.layers.base import at_least as at_least
    from graphnet.layers.base import exactly as exactly
    from graphnet.layers.data.data_layer import DataLayer as DataLayer
    from graphnet.layers.learned import Learned as Learned
    from graphnet.net.evaluation import Evaluation as Evaluation
    from graphnet.net.graph import BlobVertex as BlobVertex
    from graphnet.net.graph import LayerVertex as LayerVertex
    from graphnet.net.graph import NetGraph as NetGraph
    from graphnet.net.load_net import load_net as load_net
    from graphnet.net.net import Net as Net
    from graphnet.net.spec import NetSpec as NetSpec
    from graphnet.params import constraints as constraints
    from graphnet.params import initializers as initializers
    from graphnet.params import regularizers as regularizers
    from graphnet.params.constraints import Constraint as Constraint
    from graphnet.params.initializers import Initializer as Initializer
    from graphnet.params.param import Param as Param
    from graphnet.params.param import ParamDecl as ParamDecl
    from graphnet.params.param import StateDecl as StateDecl
    from graphnet.params.regularizers import Regularizer as Regularizer
    from graphnet.solver import lr_policy as lr_policy
    from graphnet.solver import methods as methods
    from graphnet.solver import mom_policy as mom_policy
    from graphnet.solver.coffee.base import CoffeeBreak as CoffeeBreak
    from graphnet.solver.coffee.csv_log import CSVLog as CSVLog
    from graphnet.solver.coffee.decay_on_validation import DecayOnValidation as DecayOnValidation
    from graphnet.solver.coffee.divergence_guard import DivergenceGuard as DivergenceGuard
    from graphnet.solver.coffee.early_stopping import EarlyStopping as EarlyStopping
    from graphnet.solver.coffee.gradient_noise import GradientNoise as GradientNoise
    from graphnet.solver.coffee.plateau import Plateau as Plateau
    from graphnet.solver.coffee.snapshot import Snapshot as Snapshot
    from graphnet.solver.coffee.spike_guard import SpikeGuard as SpikeGuard
    from graphnet.solver.coffee.tensorboard import TensorBoard as TensorBoard
    from graphnet.solver.coffee.training_summary import TrainingSummary as TrainingSummary
    from graphnet.solver.coffee.validation_performance import (
        ValidationPerformance as ValidationPerformance,
    )
    from graphnet.solver.history import Curve as Curve
    from graphnet.solver.history import History as History
    from graphnet.solver.load_history import load_history as load_history
    from graphnet.solver.load_solver import load_solver as load_solver
    from graphnet.solver.lounge import CoffeeLounge as CoffeeLounge
    from graphnet.solver.methods.base import Method as Method
    from graphnet.solver.policy import Policy as Policy
    from graphnet.solver.record.weights import load_weights as load_weights
    from graphnet.solver.record.weights import save_model as save_model
    from graphnet.solver.request import Request as Request
    from graphnet.solver.solver import Solver as Solver
    from graphnet.solver.solver import solve as solve
    from graphnet.solver.spec import SolverSpec as SolverSpec
    from graphnet.solver.state import RunInfo as RunInfo
    from graphnet.solver.state import SolverState as SolverState
    from graphnet.timing import time_net as time_net

__version__ = "0.1.0"

#: The public modules: except for `interchange`, their classes are what YAML names in `type:`.
_MODULES = {
    "constraints": "graphnet.params.constraints",
    "errors": "graphnet.errors",
    "interchange": "graphnet.interchange",
    "initializers": "graphnet.params.initializers",
    "layers": "graphnet.layers",
    "lr_policy": "graphnet.solver.lr_policy",
    "methods": "graphnet.solver.methods",
    "mom_policy": "graphnet.solver.mom_policy",
    "regularizers": "graphnet.params.regularizers",
    "transformers": "graphnet.data.transformers",
}

#: The public names by the modules they live in.
_NAMES = {
    "graphnet.backend.base": "Backend ScratchDecl",
    "graphnet.blob": "Blob",
    "graphnet.data.transformer": "Transformer",
    "graphnet.errors": (
        "BackendError BatchError BreakError DataError DivergedError GraphnetError "
        "LostRankError MissingExtraError RankError ShapeError SnapshotError SpecError "
        "TopologyError UnknownNameError UserCodeError"
    ),
    "graphnet.estimators.classifier": "Classifier",
    "graphnet.estimators.regressor": "Regressor",
    "graphnet.gradcheck": "GradientReport check_gradients",
    "graphnet.layers.base": (
        "Arity Binding Kind Layer LayerSpec LossLayer MeasureLayer PassContext Reads at_least "
        "exactly"
    ),
    "graphnet.layers.data.data_layer": "DataLayer",
    "graphnet.layers.learned": "Learned",
    "graphnet.net.evaluation": "Evaluation",
    "graphnet.net.graph": "BlobVertex LayerVertex NetGraph",
    "graphnet.net.load_net": "load_net",
    "graphnet.net.net": "Net",
    "graphnet.net.spec": "NetSpec",
    "graphnet.params.constraints": "Constraint",
    "graphnet.params.initializers": "Initializer",
    "graphnet.params.param": "Param ParamDecl StateDecl",
    "graphnet.params.regularizers": "Regularizer",
    "graphnet.solver.coffee.base": "CoffeeBreak",
    "graphnet.solver.coffee.csv_log": "CSVLog",
    "graphnet.solver.coffee.decay_on_validation": "DecayOnValidation",
    "graphnet.solver.coffee.divergence_guard": "DivergenceGuard",
    "graphnet.solver.coffee.early_stopping": "EarlyStopping",
    "graphnet.solver.coffee.gradient_noise": "GradientNoise",
    "graphnet.solver.coffee.plateau": "Plateau",
    "graphnet.solver.coffee.snapshot": "Snapshot",
    "graphnet.solver.coffee.spike_guard": "SpikeGuard",
    "graphnet.solver.coffee.tensorboard": "TensorBoard",
    "graphnet.solver.coffee.training_summary": "TrainingSummary",
    "graphnet.solver.coffee.validation_performance": "ValidationPerformance",
    "graphnet.solver.history": "Curve History",
    "graphnet.solver.load_history": "load_history",
    "graphnet.solver.load_solver": "load_solver",
    "graphnet.solver.lounge": "CoffeeLounge",
    "graphnet.solver.methods.base": "Method",
    "graphnet.solver.policy": "Policy",
    "graphnet.solver.record.weights": "load_weights save_model",
    "graphnet.solver.request": "Request",
    "graphnet.solver.solver": "Solver solve",
    "graphnet.solver.spec": "SolverSpec",
    "graphnet.solver.state": "RunInfo SolverState",
    "graphnet.timing": "time_net",
}
_PUBLIC = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [  # noqa: PLE0604  # the tables above are the one list of names
    "__version__",
    *_MODULES,
    *_PUBLIC,
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _PUBLIC:
        from graphnet.installation import in_the_way

        said = f"module 'graphnet' has no attribute '{name}'"
        message = "\n".join(filter(None, [said, in_the_way()]))
        # Python adds the nearest name
        raise AttributeError(message, name=name, obj=sys.modules[__name__])
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
