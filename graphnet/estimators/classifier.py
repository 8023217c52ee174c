"""Classifier: a net that tells classes apart, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from graphnet.estimators.net_estimator import NetEstimator
from graphnet.estimators.trained_net import TrainingRows

# net_estimator has seen that it is installed
from sklearn.base import ClassifierMixin  # isort: skip
from sklearn.metrics import accuracy_score  # isort: skip
from sklearn.utils.multiclass import check_classification_targets  # isort: skip
from sklearn.utils.validation import column_or_1d, validate_data  # isort: skip


class Classifier(ClassifierMixin, NetEstimator):
    """A net that tells classes apart, as an estimator of scikit-learn (extra ``sklearn``).

    It is trained by Adam on the cross-entropy of a softmax unless told otherwise. Inputs are not
    scaled: put a ``StandardScaler`` before it. Nothing is written, and nothing global is changed.

    Args:
        hidden: The units of each hidden layer. Default ``(100,)``.
        net: A net of your own instead: a YAML file or text, a dict, layers or a NetSpec, as
            ``load_net`` takes it. X and y take the place of its data layers.
        activation: The neurons of hidden layers, as ``neuron:`` of a layer. Default ReLU.
        method: The update rule, as a solver's ``method``. Default Adam.
        learning_rate: Default 0.001.
        momentum: For SGD and Nesterov. Default 0.9.
        regu_coef: Multiplies the regularizers: L2 on weights. Default 0.0001.
        solver: Further keys of a solver, such as ``{"clip_gradients": 5}``; they replace those
            that are made of the other arguments.
        max_epoch: Passes over the data. Default 200.
        batch_size: TrainingRows of a batch; no more than there are. Default 200.
        early_stopping: Whether a part of the data is held out and scored after each epoch; the
            params with the best score are kept. Default false.
        validation_fraction: The part that is held out. Default 0.1.
        patience: After how many epochs without a better score the training ends. Default 10.
        warm_start: Whether ``fit`` goes on from the params it has found before. Default false.
        random_state: A number: the same result each time. Default: another each time.
        dtype: ``float32`` or ``float64``. Default: float32 where X is, else float64.
        input_shape: The shape in which the net reads a row of X. Default: what a data layer of
            ``net`` declares if that is as many numbers, else X's.
        backend: ``numpy``, ``cupy`` or ``auto``. Default numpy.
        threads: Default: one for each processor. Results do not depend on it.

    Attributes:
        classes_: The classes, sorted; columns of ``predict_proba`` are in this order.
        n_features_in_: Columns of X.
        n_iter_: Epochs of the last training.
        loss_: The loss of its last batch.
        validation_scores_, best_validation_score_, best_epoch_: With ``early_stopping``: the
            accuracy after each epoch, the best of them, and after how many epochs.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(100, 4))
        >>> model = gn.Classifier(hidden=(20,), random_state=0).fit(X, X[:, 0] > 0)
        >>> model.predict_proba(X[:5]).shape
        (5, 2)
    """

    _of_classes = True

    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Go once over these rows; the method's memory stays from call to call.

        Args:
            X: ``(n, …)``.
            y: ``(n,)``.
            classes: All classes there will be, ``(classes,)``; needed in the first call where y
                lacks some. Default: those of y.
            sample_weight: ``(n,)``. Default: all the same.

        Returns:
            The estimator itself.
        """
        return self._partial_fit(X, y, classes, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row of ``X (n, …)``: ``(n,)``."""
        best = self.predict_proba(X).argmax(axis=1)
        found: np.ndarray = self.classes_[best]
        return found

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of rows ``X (n, …)``: ``(n, classes)``, ordered as ``classes_``."""
        return self._outputs(X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of the probabilities of rows ``X (n, …)``: ``(n, classes)``."""
        with np.errstate(divide="ignore"):
            logarithms: np.ndarray = np.log(self.predict_proba(X))
        return logarithms

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=[np.float64, np.float32],
            multi_output=True,
            allow_nd=True,
        )
        check_classification_targets(y)
        return X, column_or_1d(y, warn=True)

    def _learn_target(self, y: np.ndarray, *, keep: bool) -> None:
        found = np.unique(y)
        if not keep:
            self.classes_ = found
        elif not np.isin(found, self.classes_).all():
            strange = [c for c in found.tolist() if c not in self.classes_.tolist()]
            raise ValueError(
                f"y has classes that were not there in the first call: {strange}; give all of them"
                " to the first partial_fit as classes, or fit anew"
            )

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        known = np.isin(y, self.classes_)
        if not known.all():
            raise ValueError(f"y has the class {y[~known][0]!r}, which is not among classes")
        return np.searchsorted(self.classes_, y)

    @property
    def _n_outputs(self) -> int:
        return len(self.classes_)

    def _scored(self, outputs: np.ndarray, rows: TrainingRows) -> float:
        found = outputs.reshape(len(outputs), -1).argmax(axis=1)
        return float(accuracy_score(rows.y, found, sample_weight=rows.weights))
