"""Tests of graphnet.runs.settings."""

import pytest
from support.made_runs import make_run

from graphnet.runs.settings import differences, read_settings, short_keys, value_text


def test_settings_are_flat(tmp_path):
    """Layers go by name, breaks by type, two of one type by number; the place is left out."""
    path = make_run(tmp_path / "run", {})
    (path / "solver.yaml").write_text(
        "method: {type: SGD}\nexp_dir: runs\ncoffee_breaks:\n"
        "- {type: Snapshot, keep_last: 2}\n- {type: Snapshot, keep_last: 3}\nsteps: [1, 2]\n"
    )
    assert read_settings(path) == {
        "name": "small",
        "layers.ip.name": "ip",
        "layers.ip.type": "InnerProduct",
        "layers.ip.output_dim": 10,
        "method.type": "SGD",
        "coffee_breaks.Snapshot.type": "Snapshot",
        "coffee_breaks.Snapshot.keep_last": 2,
        "coffee_breaks.Snapshot.1.type": "Snapshot",
        "coffee_breaks.Snapshot.1.keep_last": 3,
        "steps": [1, 2],
    }


@pytest.mark.parametrize(
    "text", ["{", "a: &x [*x]\n", "\xff\n", "- 1\n", "!!python/object:os.x {}"]
)
def test_what_cannot_be_read_says_nothing(tmp_path, text):
    """And runs no code."""
    path = make_run(tmp_path / "run", {})
    (path / "net.yaml").write_text(text, encoding="latin-1")
    assert "method.type" in read_settings(path)


def test_differences():
    """Keys that not all have alike, in order."""
    assert differences([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}]) == {
        "b": [2, 3],
        "c": [None, 4],
    }
    assert differences([{"a": 1}]) == {}


def test_short_keys():
    """As few words as tell them apart."""
    keys = ["layers.a.n", "layers.b.n", "lr_policy.base_lr"]
    assert list(short_keys(keys).values()) == ["a.n", "b.n", "base_lr"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "true"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        ([1, 2.5], "[1, 2.5]"),
        ("a", "a"),
    ],
)
def test_values(value, text):
    """As tables show them."""
    assert value_text(value) == text
