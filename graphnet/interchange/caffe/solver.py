"""A Caffe solver as a solver of graphnet that takes the same steps.

Caffe counts its updates from 0 and graphnet from 1: the rate of Caffe's iteration i is that of
graphnet's t = i + 1, and the numbers of a policy are those that make both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from graphnet.errors import SpecError, did_you_mean
from graphnet.interchange.caffe.files.message import Message
from graphnet.interchange.caffe.further_tests import FurtherTest

_METHODS = ("AdaDelta", "AdaGrad", "Adam", "Nesterov", "RMSProp", "SGD")
_POLICIES = ("exp", "fixed", "inv", "multistep", "poly", "sigmoid", "step")
_MOST_STEPS = 10_000
#: What says where and how Caffe runs; graphnet's commands say that.
_ELSEWHERE = (
    *("solver_mode", "device_id", "debug_info", "layer_wise_reduce", "snapshot_format"),
    *("snapshot_diff", "snapshot_prefix", "snapshot_after_train", "average_loss"),
    *("test_compute_loss", "test_initialization", "weights"),
)


@dataclass
class MadeSolver:
    """A solver of graphnet.

    Attributes:
        values: What its YAML has.
        notes: What is to be said of each key.
        decay: The regularizer that weight decay is, for the net.
    """

    values: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    decay: str = "L2Regu"

    def note(self, key: str, text: str) -> None:
        """Say something of a key."""
        self.notes.setdefault(key, []).append(text)


def decay_of(solver: Message) -> str:
    """The regularizer that weight decay is.

    Raises:
        SpecError: If Caffe has none of that name.
    """
    kind = solver["regularization_type"]
    if kind not in ("L1", "L2"):
        _refuse(solver, "regularization_type", f"'{kind}', expected 'L1' or 'L2'")
    return f"{kind}Regu"


def _refuse(solver: Message, name: str, why: str) -> NoReturn:
    raise SpecError(f"solver: {name}: {why}", solver.at(name))


def translate_solver(
    solver: Message, *, tests: bool, further: Sequence[FurtherTest] = ()
) -> MadeSolver:
    """The solver of graphnet that follows the same path.

    Args:
        solver: In the present form.
        tests: Whether the net measures something in its test phase.
        further: The test nets behind the first.

    Raises:
        SpecError: If Caffe would refuse it, or graphnet cannot do the same.
    """
    nets = [n for n in ("net", "net_param", "train_net", "train_net_param") if solver.has(n)]
    if len(nets) != 1:
        named = "no net" if not nets else f"more than one net: {', '.join(nets)}"
        raise SpecError(
            f"solver: names {named}\n  expected one of: net, net_param, train_net, train_net_param",
            solver.at(nets[1]) if nets else solver.position,
        )
    made = MadeSolver(decay=decay_of(solver))
    made.values["method"] = _method(solver)
    if not solver.has("max_iter"):
        made.note("max_iter", "Caffe's default: nothing is trained")
    made.values["max_iter"] = solver["max_iter"] or 0
    made.values["lr_policy"] = _lr_policy(solver, made)
    if made.values["method"]["type"] in ("SGD", "Nesterov") and solver["momentum"]:
        made.values["mom_policy"] = {"type": "Fixed", "momentum": solver["momentum"]}
    decay = solver["weight_decay"] or 0.0
    made.values["regu_coef"] = decay / 2 if made.decay == "L2Regu" else decay
    if decay and made.decay == "L2Regu":
        made.note(
            "regu_coef", f"half of weight_decay {decay:g}: graphnet's L2 gradient is 2·coef·w"
        )
    if solver["iter_size"] < 1:
        _refuse(solver, "iter_size", f"{solver['iter_size']}, expected at least 1")
    _clip(solver, made)
    if solver["iter_size"] > 1:
        made.values["iter_size"] = solver["iter_size"]
    if solver["random_seed"] >= 0:
        made.note("seed", "graphnet draws other numbers from it than Caffe")
        made.values["seed"] = solver["random_seed"]
    _breaks(solver, made, further, tests=tests)
    said = [name for name in _ELSEWHERE if solver.has(name)]
    if said:
        made.note("method", f"of no effect here: {', '.join(said)}")
    return made


def _method(solver: Message) -> dict[str, Any]:
    kind = solver["type"]
    if kind not in _METHODS:
        hint = did_you_mean(kind, _METHODS) or f"\n  expected one of: {', '.join(_METHODS)}"
        _refuse(solver, "type", f"Caffe has no method '{kind}'{hint}")
    momentum, delta = solver["momentum"] or 0.0, solver["delta"]
    if kind in ("AdaGrad", "RMSProp") and momentum:
        _refuse(solver, "momentum", f"{kind} has none\n  remove it")
    if kind not in ("SGD", "Nesterov") and delta <= 0:
        _refuse(solver, "delta", f"{delta:g}, expected more than 0")
    if kind == "RMSProp" and not 0 <= solver["rms_decay"] < 1:
        _refuse(solver, "rms_decay", f"{solver['rms_decay']:g}, expected from 0 to less than 1")
    match kind:
        case "AdaDelta":
            return {"type": "Adadelta", "rho": momentum, "epsilon": delta}
        case "AdaGrad":
            return {"type": "Adagrad", "epsilon": delta}
        case "RMSProp":
            return {"type": "RMSProp", "rho": solver["rms_decay"], "epsilon": delta}
        case "Adam":
            betas = {"beta1": momentum, "beta2": solver["momentum2"]}
            return {"type": "Adam", **betas, "epsilon": delta}
    return {"type": kind}


def _lr_policy(solver: Message, made: MadeSolver) -> dict[str, Any]:
    kind = solver["lr_policy"] or ""
    if kind not in _POLICIES:
        hint = did_you_mean(kind, _POLICIES) or f"\n  expected one of: {', '.join(_POLICIES)}"
        said = f"Caffe has no policy '{kind}'" if kind else "is missing"
        _refuse(solver, "lr_policy", f"{said}{hint}")
    if not solver.has("base_lr"):
        made.note("lr_policy", "there is no base_lr, so the rate is 0 as in Caffe")
    base = solver["base_lr"] or 0.0
    policy = _POLICY[kind](solver, base)
    if kind != "fixed":
        made.note("lr_policy", f"Caffe's '{kind}' of {_said(solver, kind)}, counted from 0;"
                               " graphnet counts from 1")  # fmt: skip
    return policy


def _said(solver: Message, kind: str) -> str:
    names = ("base_lr", "gamma", "power", "stepsize", "stepvalue", "max_iter")
    used = {
        "step": ("base_lr", "gamma", "stepsize"),
        "multistep": ("base_lr", "gamma", "stepvalue"),
        "exp": ("base_lr", "gamma"),
        "inv": ("base_lr", "gamma", "power"),
        "poly": ("base_lr", "power", "max_iter"),
        "sigmoid": ("base_lr", "gamma", "stepsize"),
    }[kind]
    given = {name: solver[name] for name in names if name in used and solver.has(name)}
    return ", ".join(f"{name} {value}" for name, value in given.items()) or "its defaults"


def _gamma(solver: Message) -> float:
    gamma = float(solver["gamma"] or 0.0)
    if gamma < 0:
        _refuse(solver, "gamma", f"{gamma:g}, expected at least 0")
    return gamma


def _stepsize(solver: Message) -> int:
    size = int(solver["stepsize"] or 0)
    if size <= 0:
        name = "stepsize" if solver.has("stepsize") else "lr_policy"
        _refuse(solver, name, f"stepsize is {size}, expected more than 0")
    return size


def _fixed(_solver: Message, base: float) -> dict[str, Any]:
    return {"type": "Fixed", "base_lr": base}


def _step(solver: Message, base: float) -> dict[str, Any]:
    size, last = _stepsize(solver), solver["max_iter"] or 0
    if last // size > _MOST_STEPS:
        _refuse(solver, "stepsize", f"{last // size:,} steps\n  choose 'exp' instead")
    values = list(range(size + 1, last + 1, size))
    if not values:
        return _fixed(solver, base)
    return {"type": "MultiStep", "base_lr": base, "gamma": _gamma(solver), "stepvalues": values}


def _multistep(solver: Message, base: float) -> dict[str, Any]:
    values: list[int] = []
    for value in solver["stepvalue"]:  # one step in an iteration at most
        values.append(max(value + 1, (values or [0])[-1] + 1))
    if not values:
        return _fixed(solver, base)
    return {"type": "MultiStep", "base_lr": base, "gamma": _gamma(solver), "stepvalues": values}


def _exp(solver: Message, base: float) -> dict[str, Any]:
    gamma = _gamma(solver)
    if gamma == 0:
        return {"type": "MultiStep", "base_lr": base, "gamma": 0.0, "stepvalues": [2]}
    return {"type": "Exp", "base_lr": base / gamma, "gamma": gamma}


def _inv(solver: Message, base: float) -> dict[str, Any]:
    gamma, power = _gamma(solver), solver["power"] or 0.0
    if gamma >= 1 or power < 0:
        why = "graphnet's Inv follows Caffe's for gamma below 1 and power of at least 0"
        _refuse(solver, "gamma" if gamma >= 1 else "power", why)
    first = 1 - gamma  # 1 + γ(t − 1) = (1 − γ) · (1 + γ / (1 − γ) · t)
    return {"type": "Inv", "base_lr": base * first**-power, "gamma": gamma / first, "power": power}


def _poly(solver: Message, base: float) -> dict[str, Any]:
    last, power = solver["max_iter"] or 0, solver["power"] or 0.0
    if power < 0 or not last:
        _refuse(solver, "lr_policy", "poly needs a max_iter and a power of at least 0")
    # 1 − (t − 1) / M = (M + 1) / M · (1 − t / (M + 1))
    first = ((last + 1) / last) ** power
    return {"type": "Poly", "base_lr": base * first, "power": power, "max_iter": last + 1}


def _sigmoid(solver: Message, base: float) -> dict[str, Any]:
    size = _stepsize(solver) + 1
    return {"type": "Sigmoid", "base_lr": base, "gamma": _gamma(solver), "stepsize": size}


_POLICY: Mapping[str, Callable[[Message, float], dict[str, Any]]] = {
    "fixed": _fixed,
    "step": _step,
    "multistep": _multistep,
    "exp": _exp,
    "inv": _inv,
    "poly": _poly,
    "sigmoid": _sigmoid,
}


def _clip(solver: Message, made: MadeSolver) -> None:
    limit, n = solver["clip_gradients"], solver["iter_size"]
    if limit == 0:
        _refuse(solver, "clip_gradients", "0 makes every gradient 0\n  remove it")
    if limit > 0:
        made.values["clip_gradients"] = limit / n
        if n > 1:
            made.note("clip_gradients", f"{limit:g} for the sum of {n} batches, which Caffe clips;"
                                        " graphnet clips their mean")  # fmt: skip


def _breaks(
    solver: Message, made: MadeSolver, further: Sequence[FurtherTest], *, tests: bool
) -> None:
    """What is done on the way: printing, testing, snapshots."""
    breaks: list[dict[str, Any]] = []
    if solver["display"]:
        breaks.append({"type": "TrainingSummary", "every_n_iter": solver["display"]})
    n_tests, every = solver["test_iter"], solver["test_interval"]
    if n_tests and every <= 0:
        _refuse(solver, "test_iter", "there is no test_interval\n  say how often it is tested")
    others = [test.name for test in further if test.source is None]
    if others:
        made.note(
            "coffee_breaks",
            f"Caffe has {1 + len(further)} test nets; graphnet's net has one test phase, which is"
            f" the first: {' and '.join(others)} {'differ' if others[1:] else 'differs'} in more"
            " than the data",
        )
    if n_tests and tests:
        breaks.append({"type": "ValidationPerformance", "every_n_iter": every})
        breaks += [
            {"type": "ValidationPerformance", "every_n_iter": every, "name": test.name,
             "source": test.source}
            for test in further
            if test.source is not None
        ]  # fmt: skip
        made.note(
            "coffee_breaks",
            f"Caffe tests {n_tests[0]} batches, graphnet all of the test data, each sample once",
        )
    elif n_tests:
        made.note("coffee_breaks", "the net measures nothing in its test phase")
    if solver["snapshot"]:
        breaks.append({"type": "Snapshot", "every_n_iter": solver["snapshot"]})
    if solver["snapshot"] or solver["snapshot_after_train"]:
        made.values["exp_dir"] = "run"
        made.note("exp_dir", "where snapshots go, relative to this file")
    if breaks:
        made.values["coffee_breaks"] = breaks
    elif "coffee_breaks" in made.notes:
        made.notes.setdefault("max_iter", []).extend(made.notes.pop("coffee_breaks"))
