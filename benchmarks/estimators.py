"""Measures the estimators beside scikit-learn's perceptrons: accuracy and fit time in one run.

    python -m benchmarks.estimators [--doc docs/estimators.md]

Both sides have the same hidden layers, epochs, batches, rate and L2 coefficient, train by Adam in
the precision of the data (float64), and are scored on rows held out. They take turns; the time is
the median of the rounds, and the score the mean over seeds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from benchmarks import machine
from benchmarks.tables import Table, write_document

BATCH, L2 = 32, 0.0001
#: By name: its loader in sklearn.datasets, hidden layers, epochs, rate, whether of classes.
CASES: dict[str, tuple[str, tuple[int, ...], int, float, bool]] = {
    "Iris": ("load_iris", (20,), 100, 0.01, True),
    "digits": ("load_digits", (100,), 30, 0.001, True),
    "diabetes": ("load_diabetes", (20,), 30, 0.001, False),
}


def parts(loader: str, *, of_classes: bool) -> list[np.ndarray]:
    """Training and test rows and targets, scaled by the training rows."""
    import sklearn.datasets
    from sklearn.model_selection import train_test_split

    x, y = getattr(sklearn.datasets, loader)(return_X_y=True)
    stratify = y if of_classes else None
    x, x_test, y, y_test = train_test_split(x, y, random_state=0, stratify=stratify)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation == 0] = 1
    if not of_classes:
        y, y_test = ((part - y.mean()) / y.std() for part in (y, y_test))
    return [(x - mean) / deviation, y, (x_test - mean) / deviation, y_test]


def sides(name: str) -> dict[str, Callable[[int], Any]]:
    """What makes an estimator of a seed, by its name."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    _, hidden, epochs, rate, of_classes = CASES[name]
    ours = gn.Classifier if of_classes else gn.Regressor
    theirs = MLPClassifier if of_classes else MLPRegressor
    return {
        f"gn.{ours.__name__}": lambda seed: ours(
            hidden, max_epoch=epochs, batch_size=BATCH, learning_rate=rate, regu_coef=L2,
            random_state=seed,
        ),
        theirs.__name__: lambda seed: theirs(
            hidden_layer_sizes=hidden, max_iter=epochs, batch_size=BATCH, learning_rate_init=rate,
            alpha=L2, random_state=seed, n_iter_no_change=epochs,
        ),
    }  # fmt: skip


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Scores and seconds of both sides."""
    x, y, x_test, y_test = parts(CASES[name][0], of_classes=CASES[name][4])
    made = sides(name)
    found: dict[str, Any] = {side: {"scores": [], "seconds": []} for side in made}
    for seed in range(rounds):
        for side, make in made.items():
            estimator = make(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that there could have been more epochs
                start = time.perf_counter()
                estimator.fit(x, y)
                found[side]["seconds"].append(time.perf_counter() - start)
            found[side]["scores"].append(float(estimator.score(x_test, y_test)))
    return {"name": name, "rows": len(x), "sides": found}


def table(entries: list[dict[str, Any]]) -> Table:
    """What was measured, as the documentation shows it."""
    rows = [
        [
            f"{entry['name']} ({entry['rows']:,} rows)",
            side,
            f"{statistics.mean(of['scores']):.3f}",
            f"{statistics.stdev(of['scores']):.3f}",
            f"{statistics.median(of['seconds']) * 1000:.0f} ms",
        ]
        for entry in entries
        for side, of in entry["sides"].items()
    ]
    header = ["data", "estimator", "score held out", "its deviation", "fit"]
    return Table("estimators", "accuracy (diabetes: R²) and fit time", header, rows)


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=7, help="seeds; default 7")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--doc", type=Path, help="replace the measured block of this document")
    options = parser.parse_args()
    about = machine.describe()
    entries = [measure(name, options.rounds) for name in CASES]
    made = table(entries)
    print(made.text())
    if machine.is_busy(about):
        print(f"the machine was busy (load {about['load']}): the times tell little")
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "entries": entries}, indent=1) + "\n")
    if options.doc:
        write_document(options.doc, {made.key: made.markdown()})


if __name__ == "__main__":
    main()
