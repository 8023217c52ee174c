"""What a column of labels asks for."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from support.made_data import made_rows, write_h5

from graphnet.starters.seen import see_data
from graphnet.starters.target import target_of


@pytest.mark.parametrize(
    ("label", "kind", "n_outputs"),
    [
        ([0, 1, 2] * 20, "classes", 3),
        ([0.0, 1.0] * 20, "classes", 2),
        ([0, 0, 0, 0, 0], "classes", 2),
        ([-1, 1] * 20, "numbers", 1),
        ([0.5, 1.5] * 20, "numbers", 1),
        ([1990, 2000, 2010] * 20, "numbers", 1),
        ([[0, 1, 1], [1, 0, 0]] * 20, "tags", 3),
        ([[0.5, 1.0], [1.0, 2.0]] * 20, "numbers", 2),
    ],
)
def test_kind(label, kind, n_outputs, tmp_path):
    """Whole numbers from 0 are classes; others are learned as numbers."""
    values = np.array(label)
    path = write_h5(tmp_path / "x.h5", data=np.arange(len(values) * 1.0), label=values)
    seen = see_data(str(path))
    found = target_of(seen, seen.columns["label"])
    assert (found.kind, found.n_outputs) == (kind, n_outputs)


def test_large_numbers_are_brought_near_1(tmp_path):
    """Others are learned as they are."""
    seen = see_data(str(write_h5(tmp_path / "x.h5", **made_rows("numbers"))))
    found = target_of(seen, seen.columns["label"])
    assert found.mean == pytest.approx(300_000, rel=0.1)
    assert found.std == pytest.approx(64_000, rel=0.2)
    seen = see_data(str(write_h5(tmp_path / "y.h5", **made_rows("pair of numbers"))))
    found = target_of(seen, seen.columns["target"])
    assert (found.mean, found.std) == (0, 1)


def test_names_of_classes(tmp_path):
    """All that the file names are classes, also those without a row."""
    path = write_h5(tmp_path / "x.h5", data=np.arange(40.0), label=np.arange(40) % 2)
    with h5py.File(path, "a") as file:
        file.attrs["classes"] = '["cat", "dog", "owl"]'
    seen = see_data(str(path))
    found = target_of(seen, seen.columns["label"])
    assert found.n_outputs == 3
    assert found.text.endswith("in 3 classes (cat, dog, owl)")
