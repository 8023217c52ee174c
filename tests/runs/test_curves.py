"""Tests of graphnet.runs.curves."""

from math import isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.made_runs import make_run

from graphnet.draw.shapes import Text, Trace
from graphnet.errors import SpecError
from graphnet.runs.curves import (
    MOST_POINTS,
    labels,
    picture_of,
    seconds_by_iteration,
    smoothed,
    thinned,
)
from graphnet.runs.found import read_run

STATISTICS = {
    "obj_val": {i: 1 / i for i in range(1, 101)},
    "lr": dict.fromkeys(range(1, 101), 0.1),
    "loss": {50: 0.3, 100: 0.2},
    "accuracy": {50: 0.8, 100: 0.9},
    "epoch": {100: 4.0},
}


def run_of(path, **options):
    return read_run(make_run(path, STATISTICS, **options))


def panels(picture):
    return {
        g.name: [s for s in g.shapes if isinstance(s, Trace)]
        for g in picture.groups
        if g.kind == "panel"
    }


def test_panels_of_one_run(tmp_path):
    """The losses together, each other statistic, the rate; the training loss smoothed too."""
    found = panels(picture_of([run_of(tmp_path / "a")]))
    assert list(found) == ["loss", "accuracy", "lr"]
    lines = [t for t in found["loss"] if t.look.startswith("series")]
    assert [(t.is_faint, len(t.points)) for t in lines] == [(True, 100), (False, 100), (False, 2)]
    assert len({t.look for t in lines}) == 2


def test_several_runs_are_told_apart_by_what_differs(tmp_path):
    """The legend names settings, each run has a colour."""
    runs = [run_of(tmp_path / name, lr=lr) for name, lr in (("a", 0.1), ("b", 0.01))]
    assert labels(runs) == ["base_lr 0.1", "base_lr 0.01"]
    picture = picture_of(runs)
    (legend,) = (g for g in picture.groups if g.kind == "legend")
    assert [s.text for s in legend.shapes if isinstance(s, Text)] == labels(runs)
    accuracy = [t.look for t in panels(picture)["accuracy"] if t.look.startswith("series")]
    assert accuracy == ["series0", "series1"]


def test_labels_of_runs_alike_are_their_folders(tmp_path):
    """As few parts as tell them apart."""
    runs = [run_of(tmp_path / name) for name in ("a/x", "b/x")]
    assert labels(runs) == ["a/x", "b/x"]
    assert labels(runs[:1]) == ["x"]


@pytest.mark.parametrize(
    ("over", "title"), [("iter", "iteration"), ("epoch", "epoch"), ("time", "seconds")]
)
def test_what_x_is(tmp_path, over, title):
    """Iterations, epochs as recorded, or the time the record tells."""
    picture = picture_of([run_of(tmp_path / "a")], over)
    (axis,) = (g for g in picture.groups if g.kind == "axis")
    assert axis.name == title


def test_time_without_the_pause(tmp_path):
    """What lies between two starts does not count."""
    run = run_of(tmp_path / "a", starts=[(0, 50, 2.0), (50, 100, 6.0)])
    assert seconds_by_iteration(run.starts) == [(0, 0), (50, 2), (50, 2), (100, 8)]


def test_mistakes(tmp_path):
    """Name what there is, and the way out."""
    run = run_of(tmp_path / "a")
    with pytest.raises(SpecError, match=r"no run has recorded 'acc'\n  did you mean 'accuracy'"):
        picture_of([run], keys=["acc"])
    del run.statistics["epoch"]
    with pytest.raises(SpecError, match="it has recorded no statistic 'epoch'"):
        picture_of([run], "epoch")


def test_nothing_recorded(tmp_path):
    """A picture that says so."""
    picture = picture_of([read_run(make_run(tmp_path / "a", {}))])
    texts = [s.text for g in picture.groups for s in g.shapes if isinstance(s, Text)]
    assert "nothing recorded yet" in texts


def test_values_that_are_not_finite_are_gaps(tmp_path):
    """The line stops and goes on."""
    values = {i: nan if i == 5 else float(i) for i in range(10)}
    run = read_run(make_run(tmp_path / "a", {"accuracy": values}))
    lines = [t for t in panels(picture_of([run]))["accuracy"] if t.look == "series0"]
    assert [len(t.points) for t in lines] == [5, 4]


@given(st.lists(st.floats(allow_nan=True), max_size=4000))
def test_thinning_keeps_the_extremes(values):
    """A peak of one iteration is seen."""
    points = [(float(i), v) for i, v in enumerate(values)]
    found = thinned(points)
    assert len(found) <= MOST_POINTS
    assert found == sorted(found, key=lambda p: p[0])
    finite = [v for v in values if isfinite(v)]
    if finite:
        kept = [v for _, v in found if isfinite(v)]
        assert (min(kept), max(kept)) == (min(finite), max(finite))


def test_smoothing():
    """Leaves a constant alone from the first value on, and a gap a gap."""
    points = [(float(i), 3.0) for i in range(50)]
    assert [y for _, y in smoothed(points)] == pytest.approx([3.0] * 50)
    steps = smoothed([(float(i), float(i > 100)) for i in range(400)])
    ys = [y for _, y in steps]
    assert ys == sorted(ys)
    assert 0 < ys[101] < 0.5 < ys[-1] <= 1
    assert not isfinite(smoothed([(0, 1.0), (1, nan), (2, 1.0)])[1][1])
