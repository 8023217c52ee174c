"""The search for cliffs: what it measures and what it makes of figures; no time is asserted."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cliffs.graphnet_worker import Worker, net_of, passes_of
from benchmarks.cliffs.settings import NOT_MEASURED, Setting, settings
from benchmarks.cliffs.sweep import nanoseconds, ratio, tables
from benchmarks.suite import GRAPHNET, TORCH, TORCH_LAST
from graphnet.layers import LAYER_TYPES

SMALLEST = {
    kind: min((s for s in settings() if s.type == kind), key=lambda s: s.size)
    for kind in {s.type for s in settings()}
}


def test_every_layer_type_is_measured_or_said_not_to_be():
    """A new type cannot be forgotten."""
    assert SMALLEST.keys() | NOT_MEASURED == LAYER_TYPES.keys()
    assert not SMALLEST.keys() & NOT_MEASURED


def test_settings_have_names_of_their_own():
    """A row of the table is one setting."""
    names = [str(setting) for setting in settings()]
    assert len(set(names)) == len(names)
    assert str(Setting({"type": "Pooling", "kernel": 2}, ((1, 3, 4, 4),))) in (
        "Pooling kernel: 2 on 1×3×4×4"
    )


@pytest.mark.parametrize("kind", sorted(SMALLEST))
def test_each_type_runs_by_itself(kind):
    """Its passes are found and can be called again and again."""
    passes = passes_of(net_of(SMALLEST[kind], 1))
    assert len(passes) == (2 if kind not in NO_BACKWARD else 1)
    with np.errstate(all="ignore"):  # what is in a diff that nobody has written is not defined
        for run in passes:
            run()


NO_BACKWARD = {
    *("Accuracy", "Argmax", "BinaryAccuracy", "Index2Onehot", "MeanIoU", "PoolingMask"),
    *("Threshold", "Within"),
}


def test_the_worker_gives_seconds_of_each_pass():
    """Forward and backward, each setting made once."""
    worker = Worker({"threads": 1, "seconds": 1e-4})
    at = settings().index(SMALLEST["ReLU"])
    for _ in range(2):  # made once, measured twice
        seconds = worker.measure(at)
        assert len(seconds) == 2
        assert all(s > 0 for s in seconds)


def entry(setting, *seconds, elements=100_000):
    given = {GRAPHNET: seconds[0]} | dict(zip((TORCH, TORCH_LAST), seconds[1:], strict=False))
    return {"setting": setting, "type": setting.split()[0], "elements": elements} | {
        "pass": "forward",
        "seconds": {name: [s, s] for name, s in given.items()},
    }


def test_a_ratio_is_to_the_fastest_layout():
    """PyTorch at its best, or nothing without PyTorch."""
    assert ratio(entry("ReLU on 2", 2.0, 3.0, 1.0)) == 0.5
    assert ratio(entry("ReLU on 2", 2.0)) is None


def test_the_cost_is_by_element():
    """A millisecond for a thousand elements is a microsecond each."""
    assert nanoseconds(entry("ReLU on 2", 1e-3, elements=1000)) == pytest.approx(1000)


def test_tables_name_types_and_cliffs():
    """One row a type and pass, and the worst settings by name."""
    found = [
        entry("ReLU on 2", 1e-4, 1e-4),
        entry("ReLU on 3", 1e-3, 1e-4),
        entry("RBF on 2", 1e-4),
    ]
    by_type, worst = tables(found)
    assert list(by_type.rows) == [
        ["ReLU, forward", "2", "1", "10", "0.10", "0.55"],
        ["RBF, forward", "1", "1", "1", "", ""],
    ]
    assert worst.rows[0] == ["ReLU on 3, forward", "10", "0.10"]
    assert worst.notes == ["1 of 2 passes lie below 0.2."]
