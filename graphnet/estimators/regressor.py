"""Regressor: a net that predicts numbers, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from graphnet.estimators.net_estimator import NetEstimator
from graphnet.estimators.trained_net import TrainingRows

# net_estimator has seen that it is installed
from sklearn.base import RegressorMixin  # isort: skip
from sklearn.metrics import r2_score  # isort: skip
from sklearn.utils.validation import column_or_1d, validate_data  # isort: skip

_PAIR = 2


class Regressor(RegressorMixin, NetEstimator):
    """A net that predicts numbers, as an estimator of scikit-learn (extra ``sklearn``).

    It is trained by Adam on half the squared distance unless told otherwise. Neither X nor y is
    scaled: put a ``StandardScaler`` before it, and a ``TransformedTargetRegressor`` around it
    where y is far from 0 or large. Nothing is written, and nothing global is changed.

    Args:
        hidden: The units of each hidden layer. Default ``(100,)``.
        net: A net of your own instead; see :class:`Classifier`, also for all other arguments.
        activation: The neurons of hidden layers. Default ReLU.
        method: The update rule. Default Adam.
        learning_rate: Default 0.001.
        momentum: For SGD and Nesterov. Default 0.9.
        regu_coef: Multiplies the regularizers: L2 on weights. Default 0.0001.
        solver: Further keys of a solver.
        max_epoch: Passes over the data. Default 200.
        batch_size: TrainingRows of a batch; no more than there are. Default 200.
        early_stopping: Whether a part of the data is held out and scored (R²) after each epoch.
        validation_fraction: The part that is held out. Default 0.1.
        patience: After how many epochs without a better score the training ends. Default 10.
        warm_start: Whether ``fit`` goes on from the params it has found before. Default false.
        random_state: A number: the same result each time. Default: another each time.
        dtype: ``float32`` or ``float64``. Default: float32 where X is, else float64.
        input_shape: The shape in which the net reads a row of X.
        backend: ``numpy``, ``cupy`` or ``auto``. Default numpy.
        threads: Default: one for each processor. Results do not depend on it.

    Attributes:
        n_outputs_: Numbers that are predicted for a row.
        n_features_in_: Columns of X.
        n_iter_: Epochs of the last training.
        loss_: The loss of its last batch.
        validation_scores_, best_validation_score_, best_epoch_: With ``early_stopping``.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 4))
        >>> model = gn.Regressor(hidden=(20,), random_state=0).fit(X, X[:, 0])
        >>> model.predict(X[:5]).shape
        (5,)
    """

    _of_classes = False

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once over these rows; the method's memory stays from call to call.

        Args:
            X: ``(n, …)``.
            y: ``(n,)`` or ``(n, k)``.
            sample_weight: ``(n,)``. Default: all the same.

        Returns:
            The estimator itself.
        """
        return self._partial_fit(X, y, None, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The numbers predicted for each row: ``(n,)`` or ``(n, k)``, as y was."""
        found = self._outputs(X)
        return found[:, 0] if self._is_flat else found

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=[np.float64, np.float32],
            multi_output=True,
            y_numeric=True,
            allow_nd=True,
        )
        if y.ndim == _PAIR and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _learn_target(self, y: np.ndarray, *, keep: bool) -> None:
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if not keep:
            self.n_outputs_, self._is_flat = n_outputs, y.ndim == 1
        elif n_outputs != self.n_outputs_:
            raise ValueError(f"y has {n_outputs} columns, and had {self.n_outputs_} before")

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        return y.reshape(len(y), -1).astype(self._trained.dtype)

    @property
    def _n_outputs(self) -> int:
        return self.n_outputs_

    def _scored(self, outputs: np.ndarray, rows: TrainingRows) -> float:
        found = outputs.reshape(len(outputs), -1)
        return float(r2_score(rows.y, found, sample_weight=rows.weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
