"""The params and the state of a small net, for tests that need no net."""

from __future__ import annotations

import numpy as np

from graphnet.backend import open_backend
from graphnet.params.constraints import NoCons
from graphnet.params.initializers import Constant, Gaussian
from graphnet.params.param import DeclaredParams, ParamDecl, ParamStore, StateDecl
from graphnet.params.regularizers import L2Regu, NoRegu

N_IN, N_OUT = 3, 2


def fake_store(dtype="float64", seed=0, regu=L2Regu(), cons=NoCons()):  # noqa: B008  # frozen
    """A store with two learning layers, one frozen one, and two kinds of state."""
    ip = {
        "weight": ParamDecl((N_OUT, N_IN), Gaussian(), regu, cons),
        "bias": ParamDecl((N_OUT,), Constant(), NoRegu(), NoCons(), 2.0),
    }
    state = {"mean": StateDecl((N_IN,)), "carried": StateDecl((2,), 0.5, per_batch=True)}
    stem = {"scale": ParamDecl((N_IN,), Constant(value=1.5))}
    out = {"scale": ParamDecl((N_OUT,), Constant(value=1.0), regu)}
    declared = {
        "ip": DeclaredParams(ip, state),
        "stem": DeclaredParams(stem, {}, frozen=True),
        "out": DeclaredParams(out, {}),
    }
    return ParamStore(open_backend("numpy", 1), np.dtype(dtype), declared, seed)
