"""NetEstimator: what the classifier and the regressor share."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from graphnet.errors import MissingExtraError, SpecError
from graphnet.estimators.declared import declared_net, layers_given, perceptron
from graphnet.estimators.trained_net import TrainedNet, TrainingRows
from graphnet.installation import pip_install
from graphnet.solver.load_solver import load_solver
from graphnet.solver.methods import METHODS
from graphnet.solver.spec import SolverSpec

try:
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as missing:
    raise MissingExtraError(
        f"the estimators need scikit-learn: {missing}\n  install it: {pip_install('sklearn')}"
    ) from missing

#: Keys of a solver that an estimator decides on.
_OWN_KEYS = ("coffee_breaks", "exp_dir", "on_error", "seed", "shards")
_SEEDS = 2**31 - 1


class NetEstimator(BaseEstimator):
    """An estimator whose model is a net; see :class:`Classifier` and :class:`Regressor`."""

    _of_classes: bool
    _trained: TrainedNet

    def __init__(  # noqa: PLR0913  # scikit-learn wants each setting as an argument
        self,
        hidden: Iterable[int] | int = (100,),
        net: Any = None,
        *,
        activation: Any = "ReLU",
        method: Any = "Adam",
        learning_rate: float = 0.001,
        momentum: float = 0.9,
        regu_coef: float = 0.0001,
        solver: Mapping[str, Any] | None = None,
        max_epoch: int = 200,
        batch_size: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = None,
        dtype: str | None = None,
        input_shape: Iterable[int] | None = None,
        backend: str = "numpy",
        threads: int | None = None,
    ) -> None:
        self.hidden = hidden
        self.net = net
        self.activation = activation
        self.method = method
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.regu_coef = regu_coef
        self.solver = solver
        self.max_epoch = max_epoch
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.input_shape = input_shape
        self.backend = backend
        self.threads = threads

    # --- what differs -------------------------------------------------------------------

    @abstractmethod
    def _learn_target(self, y: np.ndarray, *, keep: bool) -> None:
        """Find in y what the net's outputs mean, or with ``keep`` see that it is as before."""

    @abstractmethod
    def _encoded(self, y: np.ndarray) -> np.ndarray:
        """Y as the net's loss reads it."""

    @property
    @abstractmethod
    def _n_outputs(self) -> int:
        """How many numbers the net must give for a row."""

    @abstractmethod
    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        """Both as arrays, of as many rows."""

    @abstractmethod
    def _scored(self, outputs: np.ndarray, rows: TrainingRows) -> float:
        """How good outputs are for rows held out: larger is better."""

    # --- fitting ------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the net.

        Args:
            X: ``(n, …)``, real numbers.
            y: ``(n,)``, or for a regressor ``(n, k)``.
            sample_weight: ``(n,)``, at least 0: how much each row counts. Default: all the same.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If the data are not as described.
            SpecError: If the settings make no net or no solver.
            DivergedError: If the loss or a param became NaN or infinite.
        """
        X, y = self._checked(X, y, reset=True)
        weights = self._checked_weights(sample_weight, X)
        goes_on = self.warm_start and hasattr(self, "_trained")
        self._learn_target(y, keep=goes_on)
        if goes_on:
            self._trained.forget_history()
        else:
            self._trained = self._new_net(X)
        rows = self._rows(X, y, weights)
        held_out = None
        if self.early_stopping:
            rows, held_out = self._split(rows)
        self._train(rows, {"max_epoch": self.max_epoch}, held_out)
        return self

    def _partial_fit(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Self:
        is_first = not hasattr(self, "_trained")
        X, y = self._checked(X, y, reset=is_first)
        weights = self._checked_weights(sample_weight, X)
        self._learn_target(y if classes is None else np.asarray(classes), keep=not is_first)
        if is_first:
            self._trained = self._new_net(X)
        rows = self._rows(X, y, weights)
        # each call is the first epoch of its rows: their order comes from here
        order = np.random.default_rng((self._trained.seed, self._trained.iter))
        if self._batch(rows) < len(rows.x):
            rows = rows.taken(order.permutation(len(rows.x)))
        self._train(rows, {"max_epoch": 1}, None)
        return self

    def _train(
        self, rows: TrainingRows, length: Mapping[str, int], held_out: TrainingRows | None
    ) -> None:
        score: Callable[..., float] | None = None
        if held_out is not None:

            def score(outputs: Callable[[np.ndarray], np.ndarray]) -> float:
                return self._scored(outputs(held_out.x), held_out)

        trained = self._trained
        batch = self._batch(rows)
        patience = _whole("patience", self.patience)
        keeper = trained.train(
            rows, self._solver_spec(length), batch, score=score, patience=patience
        )
        self.n_iter_ = trained.epochs
        self.loss_ = trained.loss
        if keeper is not None:
            self.validation_scores_ = keeper.scores
            self.best_validation_score_ = keeper.best
            self.best_epoch_ = keeper.best_epoch

    def _batch(self, rows: TrainingRows) -> int:
        return min(_whole("batch_size", self.batch_size), len(rows.x))

    def _solver_spec(self, length: Mapping[str, int]) -> SolverSpec:
        keys: dict[str, Any] = {
            "method": self.method,
            "lr_policy": {"type": "Fixed", "base_lr": self.learning_rate},
            "regu_coef": self.regu_coef,
        }
        more = {} if self.solver is None else self.solver
        if not isinstance(more, Mapping):
            raise SpecError(f"solver: expected keys of a solver in a dict, found {more!r}")
        for key in _OWN_KEYS:
            if key in more:
                raise SpecError(f"solver: an estimator has no '{key}'\n  leave it out")
        method = more.get("method", self.method)
        known = METHODS.get(method) if isinstance(method, str) else None
        if known is not None and known.has_momentum:
            keys["mom_policy"] = {"type": "Fixed", "momentum": self.momentum}
        return load_solver({**keys, **length, **more}).spec

    def _new_net(self, X: np.ndarray) -> TrainedNet:
        shape = X.shape[1:]
        given = None if self.input_shape is None else tuple(self.input_shape)
        if self.net is None:
            declared = perceptron(
                _units(self.hidden),
                self.activation,
                self._n_outputs,
                shape if given is None else given,
                of_classes=self._of_classes,
            )
        else:
            declared = declared_net(layers_given(self.net), shape, given)
        dtype = self.dtype or ("float32" if X.dtype == np.float32 else "float64")
        made = TrainedNet(declared, str(dtype), self._seed(), self.backend, self.threads)
        found = made.n_outputs()
        if found != self._n_outputs:
            raise SpecError(
                f"net '{declared.spec.name}' gives {found} numbers for a row"
                f" ('{declared.output}'), but y needs {self._n_outputs}"
            )
        return made

    def _seed(self) -> int:
        if self.random_state is None:  # NumPy's global state is nobody's business here
            return secrets.randbelow(_SEEDS)
        if isinstance(self.random_state, int | np.integer) and self.random_state >= 0:
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(_SEEDS))

    # --- rows ---------------------------------------------------------------------------

    def _rows(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> TrainingRows:
        """What is trained on; rows without weight are left out."""
        rows = TrainingRows(self._shaped(X), self._encoded(y), weights)
        if weights is None:
            return rows
        counted = weights > 0
        rows = rows if counted.all() else rows.taken(np.flatnonzero(counted))
        return TrainingRows(rows.x, rows.y, weights[counted] / weights[counted].mean())

    def _shaped(self, X: np.ndarray) -> np.ndarray:
        """X in the shape that the net reads."""
        return X.reshape(len(X), *self._trained.net.row_shape)

    @staticmethod
    def _checked_weights(given: Any, X: np.ndarray) -> np.ndarray | None:
        if given is None:
            return None
        weights: np.ndarray = _check_sample_weight(given, X, dtype=np.float64)
        if (weights < 0).any():
            raise ValueError("sample_weight: weights are at least 0, and some are negative")
        if not weights.any():
            raise ValueError("sample_weight: all weights are zero, so nothing is to be learned")
        return weights

    def _split(self, rows: TrainingRows) -> tuple[TrainingRows, TrainingRows]:
        """The part that is trained on, and the part that is held out to be scored."""
        alike = rows.y if self._of_classes and np.bincount(rows.y).min(initial=2) > 1 else None
        train, test = train_test_split(
            np.arange(len(rows.x)),
            test_size=self.validation_fraction,
            random_state=self._trained.seed,
            stratify=alike,
        )
        return rows.taken(train), rows.taken(test)

    def _outputs(self, X: Any) -> np.ndarray:
        """What the net gives, ``(n, k)``."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32], allow_nd=True)
        return self._trained.outputs(self._shaped(X)).reshape(len(X), -1)

    # --- files and copies ---------------------------------------------------------------

    def save(self, path: Path | str) -> None:
        """Write the estimator into a file, without pickle; :meth:`load` reads it.

        The file is a model of graphnet's: ``graphnet predict`` and ``load_weights`` take it too.

        Args:
            path: The file; a model that is there is replaced when the new one is on the disk.

        Raises:
            NotFittedError: If it was not fitted.
            SpecError: If a setting cannot be written down.
            SnapshotError: If the file cannot be written, or one that is no model has the name.
        """
        from graphnet.estimators.model_file import save

        check_is_fitted(self)
        save(self, Path(path))

    @classmethod
    def load(cls, path: Path | str, *, user_code: bool = False) -> Self:
        """The estimator that :meth:`save` has written.

        Args:
            path: The file.
            user_code: Whether layers of its net may be classes of your own, which are imported.
                Default: no.

        Raises:
            SnapshotError: If the file cannot be read, or has no such estimator in it.
            SpecError: If its net has layers of your own, and ``user_code`` is not set.
        """
        from graphnet.estimators.model_file import load

        return load(cls, Path(path), user_code=user_code)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_trained")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


def _units(hidden: Any) -> tuple[Any, ...]:
    """The sizes of hidden layers; one number is one layer."""
    if isinstance(hidden, int | np.integer):
        return (hidden,)
    if isinstance(hidden, str | Mapping) or not hasattr(hidden, "__iter__"):
        raise SpecError(
            f"hidden: expected the units of each hidden layer, such as (100,), found {hidden!r}"
        )
    return tuple(hidden)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise SpecError(f"{name}: expected a whole number of at least 1, found {value!r}")
    return int(value)
