"""What runs are called beside each other."""

from __future__ import annotations

from support.made_runs import make_run

from graphnet.runs.found import read_run
from graphnet.runs.names import folder_names, labels


def runs_of(tmp_path, *names, **options):
    return [read_run(make_run(tmp_path / name, {}, **options)) for name in names]


def test_runs_are_called_by_what_they_were_declared_with(tmp_path):
    """Each setting that differs, and its value."""
    runs = [read_run(make_run(tmp_path / str(lr), {}, lr=lr)) for lr in (0.1, 0.01)]
    assert labels(runs) == ["base_lr 0.1", "base_lr 0.01"]


def test_labels_of_runs_alike_are_their_folders(tmp_path):
    """As few parts as tell them apart."""
    runs = runs_of(tmp_path, "a/x", "b/x")
    assert labels(runs) == ["a/x", "b/x"]
    assert labels(runs[:1]) == ["x"]
    assert folder_names(runs) == ["a/x", "b/x"]
