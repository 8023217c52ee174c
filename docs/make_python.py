# ruff: noqa: INP001  # a script, not a module of a package
"""Writes docs/python.md, the public names of the package, which Sphinx fills from docstrings.

Run it from the root of the repository after changing ``graphnet/__init__.py``:
``python docs/make_python.py``.
"""

from __future__ import annotations

from pathlib import Path

import graphnet as gn

OUTPUT = Path(__file__).with_name("python.md")

INTRODUCTION = """\
<!-- Made by docs/make_python.py; change that instead. -->

# Python

`import graphnet as gn` gives all of this; a name is imported when it is first used. The specs of
layers are `gn.layers.Convolution(…)` and so on, with the properties of [the catalogue](layers.md);
methods, policies, initializers, regularizers, constraints and transformers are in `gn.methods`,
`gn.lr_policy`, `gn.mom_policy`, `gn.initializers`, `gn.regularizers`, `gn.constraints` and
`gn.transformers`, with the properties of [Solver files](solver.md). The examples run as they stand
behind `import numpy as np` in a folder where `graphnet new iris --like iris` was said.
"""

#: The headings, and what stands under them.
GROUPS = {
    "Nets": "load_net Net Evaluation NetSpec Blob Param",
    "Training": (
        "load_solver Solver SolverSpec solve SolverState RunInfo CoffeeLounge Request "
        "load_weights save_model History Curve load_history"
    ),
    "Coffee breaks": (
        "CoffeeBreak TrainingSummary ValidationPerformance Snapshot EarlyStopping Plateau "
        "DecayOnValidation DivergenceGuard SpikeGuard GradientNoise TensorBoard CSVLog"
    ),
    "Estimators": "Classifier Regressor",
    "The graph": "NetGraph LayerVertex BlobVertex",
    "Looking and checking": "check_gradients GradientReport time_net",
    "A layer of your own": (
        "LayerSpec Layer LossLayer MeasureLayer DataLayer Arity exactly at_least Kind Reads "
        "Learned Binding ParamDecl StateDecl ScratchDecl PassContext Backend"
    ),
    "Values": "Method Policy Initializer Regularizer Constraint Transformer",
    "Errors": (
        "GraphnetError SpecError TopologyError ShapeError DataError BatchError SnapshotError "
        "BreakError DivergedError BackendError RankError UserCodeError UnknownNameError "
        "MissingExtraError LostRankError"
    ),
}


def page() -> str:
    """The whole page."""
    modules = gn._MODULES  # noqa: SLF001  # which have pages of their own
    left = {name for name in gn.__all__ if name not in modules and not name.startswith("__")}
    parts = [INTRODUCTION]
    for title, names in GROUPS.items():
        parts += [f"## {title}\n", *(f"{entry(name, title)}\n" for name in names.split())]
        left -= set(names.split())
    if left:
        raise ValueError(f"names that belong nowhere: {sorted(left)}")
    parts += ["## Other frameworks\n"]
    names = (f"interchange.{name}" for name in gn.interchange.__all__)
    parts += [f"{entry(name, 'Other frameworks')}\n" for name in names]
    return "\n".join(parts)


def entry(name: str, group: str) -> str:
    """Where Sphinx puts a name's docstring."""
    kind = "autoclass" if name[0].isupper() else "autofunction"
    members = ["   :members:"] * (kind == "autoclass" and group != "Errors")
    return "\n".join(["```{eval-rst}", f".. {kind}:: graphnet.{name}", *members, "```"])


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
