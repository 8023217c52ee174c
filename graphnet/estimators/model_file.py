"""The file of an estimator: a model of graphnet's that says more; nothing in it is unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from graphnet.errors import SnapshotError, SpecError
from graphnet.estimators.declared import NetToFit
from graphnet.estimators.trained_net import TrainedNet
from graphnet.files.paths import shown
from graphnet.files.writing import Advice, explained, write_durably
from graphnet.net.spec import read_net
from graphnet.solver.record.snapshot_file import (
    Arrays,
    Contents,
    Meta,
    read,
    to_bytes,
    versions,
)
from graphnet.solver.record.stored_array import Stored
from graphnet.solver.record.weights import refuse_other


class Saveable(Protocol):
    """What is written of an estimator, and made again by its class."""

    net: Any
    _trained: TrainedNet

    def __init__(self, **settings: Any) -> None: ...

    def get_params(self) -> dict[str, Any]:
        """Its settings."""


E = TypeVar("E", bound=Saveable)

_KEY = "estimator"
#: Settings that the file has in another form, or cannot have.
_NOT_WRITTEN = ("net", "random_state")
#: What fitting has found that is written down as it is.
_FOUND = (
    *("n_features_in_", "n_iter_", "loss_", "n_outputs_", "_is_flat"),
    *("validation_scores_", "best_validation_score_", "best_epoch_"),
)
_ARRAYS = ("classes_", "feature_names_in_")


def save(estimator: Saveable, path: Path) -> None:
    """Write a fitted estimator.

    Raises:
        SpecError: If a setting cannot be written down.
        SnapshotError: If the file cannot be written, or one that is no model has the name.
    """
    trained, found = estimator._trained, vars(estimator)  # noqa: SLF001  # of this room
    settings = {k: v for k, v in estimator.get_params().items() if k not in _NOT_WRITTEN}
    about = {
        "class": type(estimator).__name__,
        "settings": settings,
        "own_net": estimator.net is not None,
        "found": {name: found[name] for name in _FOUND if name in found},
        "arrays": {name: _listed(name, found[name]) for name in _ARRAYS if name in found},
        "net": {k: v for k, v in vars(trained.net).items() if k != "spec"},
        "threads": trained.threads,
        "iter": trained.iter,
        "epochs": trained.epochs,
    }
    meta = Meta(
        kind="model",
        versions=versions(),
        backend=trained.backend,
        dtype=trained.dtype,
        seed=trained.seed,
        data={_KEY: json.loads(_json(about))},
    )
    contents = Contents(
        meta, trained.params, trained.state, trained.history, net_yaml=trained.net.spec.to_yaml()
    )
    advice = Advice(SnapshotError)
    with explained(path, advice):
        refuse_other(path)
    write_durably(path, to_bytes(contents), advice)


def load(cls: type[E], path: Path, *, user_code: bool) -> E:
    """The estimator that is in a file.

    Raises:
        SnapshotError: If the file cannot be read, or has no estimator of this class in it.
        SpecError: If its net has layers of the user's own, and they are not allowed.
    """
    contents = read(path)
    data = contents.meta.data
    about = data.get(_KEY) if isinstance(data, Mapping) else None
    if not isinstance(about, Mapping) or about.get("class") != cls.__name__:
        found = about.get("class") if isinstance(about, Mapping) else "a model without an estimator"
        raise SnapshotError(f"{shown(path)}: expected a {cls.__name__}, found {found}")
    spec = read_net(contents.net_yaml, user_code=user_code)
    try:
        net = about["net"]
        declared = NetToFit(
            spec, net["input"], net["label"], net["output"], tuple(net["row_shape"])
        )
        settings = dict(about["settings"])
        settings["hidden"] = _as_tuple(settings["hidden"])
        settings["input_shape"] = _as_tuple(settings["input_shape"])
        made = cls(**settings, net=contents.net_yaml if about["own_net"] else None)
        for name, value in about["found"].items():
            if name in _FOUND:
                setattr(made, name, value)
        for name, listed in about["arrays"].items():
            if name in _ARRAYS:
                setattr(made, name, np.array(listed["values"], dtype=listed["dtype"]))
        made._trained = TrainedNet(  # of this room
            declared,
            contents.meta.dtype,
            contents.meta.seed,
            contents.meta.backend,
            about["threads"],
            _read(contents.params),
            _read(contents.state),
            _read(contents.history),
            int(about["iter"]),
            int(about["epochs"]),
            float(about["found"]["loss_"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"{shown(path)}: its estimator is not as expected: {error!r}") from None
    return made


def _read(arrays: Mapping[str, Stored]) -> Arrays:
    """All of them in memory: the estimator can be copied and pickled."""
    return {name: np.asarray(array) for name, array in arrays.items()}


def _listed(name: str, array: np.ndarray) -> dict[str, Any]:
    """An array of numbers or texts, for JSON."""
    kind = array.dtype.kind
    is_text = kind == "O" and all(isinstance(value, str) for value in array.tolist())
    if kind not in "biufU" and not is_text:
        raise SpecError(f"{name}: values of {array.dtype} cannot be saved\n  use numbers or texts")
    return {"dtype": "object" if is_text else array.dtype.str, "values": array.tolist()}


def _json(about: dict[str, Any]) -> str:
    """The settings as JSON.

    Raises:
        SpecError: If one has no form in it.
    """
    for name, value in about["settings"].items():
        try:
            json.dumps(value, default=_number)
        except TypeError:
            raise SpecError(
                f"{name}: {value!r} cannot be saved\n  use texts, numbers, lists and dicts"
            ) from None
    return json.dumps(about, default=_number)


def _number(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
