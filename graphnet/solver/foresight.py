"""What can be told before a run starts: what would stop it, and what it would do in vain."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

from graphnet.declare.yaml_reader import KeyPath
from graphnet.errors import Position, Problem, did_you_mean, listed
from graphnet.files.paths import is_there, shown, user_path
from graphnet.solver.coffee.base import CoffeeBreak, KeysOf
from graphnet.solver.lr_policy import FixedRate
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.spec import SolverSpec

Locate: TypeAlias = Callable[[KeyPath], Position | None]

#: No higher rate trains anything; methods that divide by the gradient's size have a lower limit.
_HIGHEST = {
    **dict.fromkeys(("Adam", "AdamW", "LAMB", "Lion", "Muon", "RMSProp"), 1.0),
    "ScheduleFreeAdamW": 1.0,
    "ScheduleFreeSGD": 100.0,
}
_HIGHEST_ELSE = 10.0
_USUAL = {
    **dict.fromkeys(("Adam", "AdamW", "LAMB", "Muon", "RMSProp"), 0.001),
    "Adadelta": 1.0,
    "Lion": 0.0001,
    "ScheduleFreeAdamW": 0.0025,
    "ScheduleFreeSGD": 1.0,
}


def unmet(
    breaks: Sequence[CoffeeBreak], spec: SolverSpec, keys_of: KeysOf, locate: Locate
) -> Iterator[Problem]:
    """What breaks need and will not find.

    Args:
        breaks: Those of the solver, first those that its YAML declares.
        spec: What the YAML says.
        keys_of: The statistics that a phase of the net measures.
        locate: Gives the place of a key in the YAML.
    """
    recorded = _recorded(breaks, keys_of)
    for i, one in enumerate(breaks):
        item: KeyPath = ("coffee_breaks", i)
        subject = f"coffee_breaks[{i}] ({type(one).__name__}): "
        if one.needs_folder and spec.exp_dir is None:
            said = f"a {type(one).__name__} needs a place\n  give the solver an exp_dir"
            yield Problem(subject + said, locate(item))
        if one.averaged and not spec.keeps_average:
            said = (
                "the solver keeps no average of the params\n  give it a decay, such as ema: 0.999"
            )
            yield Problem(subject + said, locate((*item, "averaged")))
        if one.restore_best and one.waits_for is not None:
            statistic = one.waits_for[1]
            if statistic not in (b.keep_best for b in breaks):
                said = f"restore_best needs the best snapshot by '{statistic}'"
                cure = f"\n  add to coffee_breaks: {{type: Snapshot, keep_best: {statistic}}}"
                yield Problem(subject + said + cure, locate((*item, "restore_best")))
        if one.waits_for is not None and recorded is not None and one.waits_for[1] not in recorded:
            key, statistic = one.waits_for
            said = f"key '{key}': nothing records '{statistic}'"
            hint = _cure(statistic, recorded, keys_of)
            yield Problem(subject + said + hint, locate((*item, key)))


#: What a break does something in.
_HOOKS = frozenset(("open", "enjoy", "finish", "close", "hear"))


def _recorded(breaks: Sequence[CoffeeBreak], keys_of: KeysOf) -> Collection[str] | None:
    """The statistics that the breaks will record; None if one may record anything."""
    found: list[str] = []
    for one in breaks:
        kinds = type(one).__mro__
        derived = takewhile(lambda kind: "records" not in vars(kind), kinds)
        does_more = any(_HOOKS & vars(kind).keys() for kind in derived)
        keys = None if does_more else one.records(keys_of)
        if keys is None:
            return None
        found += keys
    return dict.fromkeys(found)


def _of_training(keys: Collection[str]) -> list[str]:
    return [f"train.{key}" for key in keys]


def _cure(statistic: str, recorded: Collection[str], keys_of: KeysOf) -> str:
    if statistic in (keys_of("test") or ()):
        return "\n  add to coffee_breaks: {type: ValidationPerformance, every_n_epoch: 1}"
    if statistic in ("obj_val", "lr", *_of_training(keys_of("train") or ())):
        return "\n  add to coffee_breaks: {type: TrainingSummary, every_n_iter: 100}"
    if recorded:
        return did_you_mean(statistic, recorded) or f"\n  recorded are: {listed(recorded)}"
    return (
        "\n  a {type: ValidationPerformance, every_n_epoch: 1} records: "
        f"{', '.join(keys_of('test') or ()) or 'nothing'}"
    )


def places(spec: SolverSpec, locate: Locate) -> Iterator[Problem]:
    """What a run would stop at as things stand: nothing to load, or nowhere to write.

    Only a new run loads anything. What it loads may be another run that is still to be made.
    """
    is_new = spec.exp_dir is None or not snapshots_in(user_path(spec.exp_dir))
    if is_new and spec.load_from is not None and not is_there(user_path(spec.load_from)):
        said = f"load_from: there is no run, snapshot or model {shown(Path(spec.load_from))}"
        yield Problem(f"{said}\n  it must be there when this run starts", locate(("load_from",)))
    if spec.exp_dir is None:
        return
    folder = user_path(spec.exp_dir).absolute()
    nearest = next((f for f in (folder, *folder.parents) if is_there(f)), folder)
    if is_there(nearest) and not nearest.is_dir():
        said = f"exp_dir: {shown(nearest)} is a file\n  give each run a folder of its own"
        yield Problem(said, locate(("exp_dir",)))
    elif not os.access(nearest, os.W_OK):
        said = f"exp_dir: {spec.exp_dir} cannot be written: {shown(nearest)} does not allow it"
        yield Problem(said, locate(("exp_dir",)))


def doubts(spec: SolverSpec, locate: Locate) -> Iterator[Problem]:
    """What is legal in a solver but probably not meant."""
    method = type(spec.method).__name__
    last = spec.max_iter or 10_000
    times = sorted({1, 10, 100, 1000, max(last // 2, 1), max(last, 1)})
    highest = max(spec.lr_policy.value(t, 0) for t in times)
    limit, usual = _HIGHEST.get(method, _HIGHEST_ELSE), _USUAL.get(method, 0.01)
    at = locate(("lr_policy", "base_lr"))
    if highest == 0:
        yield Problem("lr_policy: the learning rate is always 0, so nothing is learned", at)
    elif highest > limit:
        said = f"lr_policy: a learning rate of {highest:g} hardly ever trains anything"
        yield Problem(f"{said} with {method}\n  usual is {usual:g}", at)
    if spec.method.average and not isinstance(spec.lr_policy, FixedRate):
        said = f"lr_policy: {method} is made for a rate that does not change"
        yield Problem(f"{said}\n  write {{type: Fixed, base_lr: …}}", locate(("lr_policy",)))
    if spec.swa is not None and spec.max_iter is not None and spec.swa.start > spec.max_iter:
        said = f"swa: starts at update {spec.swa.start:,}, and the run has {spec.max_iter:,}"
        yield Problem(f"{said}\n  until then it is the params themselves", locate(("swa", "start")))
