"""What a run has recorded, from its files."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from support import fake_runs
from support.made_runs import make_run

import graphnet as gn
from graphnet.solver.load_history import load_history


def test_of_a_directory_and_of_a_file(tmp_path):
    """The same; numbers that are not finite too."""
    run = make_run(tmp_path / "run", {"loss": {1: 2.0, 2: 1.0}})
    with (run / "statistics.jsonl").open("a") as file:
        file.write('{"iter": 2, "key": "loss", "value": 0.5}\n')
        file.write('{"iter": 3, "key": "loss", "value": "NaN"}\n')
        file.write("half a li")
    for path in (run, str(run / "statistics.jsonl")):
        _, values = load_history(path)["loss"]
        assert values[:2].tolist() == [2.0, 0.5]
        assert isnan(values[2])


def test_where_there_is_none(tmp_path):
    """The message says what was expected."""
    with pytest.raises(gn.errors.SnapshotError, match="give a run's directory"):
        load_history(tmp_path)
    with pytest.raises(gn.errors.SpecError, match="load_history"):
        load_history(3)


def test_of_a_run_in_memory_and_of_its_files(tmp_path):
    """They are the same; a run found complete has its history as well."""
    states = [fake_runs.train(tmp_path, 10)[0] for _ in range(2)]
    on_disk = load_history(tmp_path)
    assert list(on_disk)
    for state in states:
        assert list(state.history) == list(on_disk)
        for key, (iters, values) in state.history.items():
            np.testing.assert_array_equal(iters, on_disk[key].iters)
            np.testing.assert_array_equal(values, on_disk[key].values)
