"""Trials that Optuna proposes, by way of its journal in the sweep's directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graphnet.errors import MissingExtraError
from graphnet.installation import pip_install
from graphnet.random.keys import stream_key
from graphnet.solver.coffee.direction import Mode
from graphnet.tuning.space import SweepAxis, TrialSettings
from graphnet.tuning.sweep_folder import Trial

JOURNAL = "optuna.journal"
#: So many trials are proposed at a time, by what the ones before came to, for any number of
#: processes: the proposals do not depend on which of them ends first.
AT_A_TIME = 4
_NAME = "graphnet"


class Proposals:
    """A study of Optuna's, as far as it has come.

    What it proposes is a function of the seed and of what it was told: a study that was killed
    goes on as if it had not been.

    Args:
        folder: Of the sweep; the journal is there.
        axes: What is tried.
        mode: Whether higher values are better.
        seed: Of the proposals.

    Raises:
        MissingExtraError: If Optuna is not installed.
    """

    def __init__(self, folder: Path, axes: Sequence[SweepAxis], mode: Mode, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            raise MissingExtraError(
                f"--optuna needs Optuna: {error}\n  install it: {pip_install('optuna')}"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._optuna: Any = optuna
        backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
        self._axes, self._seed = axes, seed
        self._study: Any = optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=_NAME,
            direction="maximize" if mode == "max" else "minimize",
            load_if_exists=True,
        )

    def batches(self, n_trials: int) -> Iterator[dict[int, TrialSettings]]:
        """Settings by number of trial, a few at a time; :meth:`tell` comes before the next."""
        for first in range(0, n_trials, AT_A_TIME):
            numbers = range(first, min(first + AT_A_TIME, n_trials))
            yield {number: self._settings(number) for number in numbers}

    def _settings(self, number: int) -> TrialSettings:
        """The proposal of that number: an earlier one where it was made, else a new one."""
        made = self._study.get_trials(deepcopy=False)
        if number < len(made):
            if made[number].state.is_finished():
                return dict(made[number].params)
            trial = self._optuna.trial.Trial(self._study, made[number]._trial_id)  # noqa: SLF001
        else:
            trial = self._study.ask()
        return {axis.key: self._suggested(trial, number, axis) for axis in self._axes}

    def _suggested(self, trial: Any, number: int, axis: SweepAxis) -> Any:
        seed = stream_key(self._seed, f"optuna/{number}/{axis.key}") % 2**32
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
        if axis.values:
            return trial.suggest_categorical(axis.key, list(axis.values))
        suggest = trial.suggest_int if axis.is_whole else trial.suggest_float
        return suggest(axis.key, axis.low, axis.high, log=axis.is_log)

    def tell(self, trials: Sequence[Trial], key: str) -> None:
        """Tell it what trials came to, those it knows of left out."""
        states = self._optuna.trial.TrialState
        known = self._study.get_trials(deepcopy=False)
        for trial in sorted(trials, key=lambda t: t.number):
            if known[trial.number].state.is_finished():
                continue
            value = trial.value(key)
            if value is None:
                self._study.tell(trial.number, state=states.FAIL)
            else:
                self._study.tell(trial.number, value)
