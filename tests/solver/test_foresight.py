"""What a run would stop at, told before it starts."""

from __future__ import annotations

import os

import pytest

import graphnet as gn
from graphnet.declare.yaml_reader import parse_yaml
from graphnet.errors import SpecError
from graphnet.solver.coffee import COFFEE_BREAKS
from graphnet.solver.load_solver import parse_solver

NET = {"train": ["loss"], "test": ["loss", "accuracy", "accuracy.top5"]}
VALIDATED = "- {type: ValidationPerformance, every_n_iter: 1}\n"
SUMMARY = "- {type: TrainingSummary, every_n_iter: 1}\n"
HEAD = "max_iter: 3\nexp_dir: run\ncoffee_breaks:\n"


def solver_of(text):
    return parse_solver(parse_yaml(text, "s.yaml"))


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (
            VALIDATED + "- {type: Snapshot, every_n_iter: 1, keep_best: acc, mode: max}\n",
            "s.yaml:5:48: coffee_breaks[1] (Snapshot): key 'keep_best': nothing records 'acc'",
        ),
        (
            VALIDATED + "- {type: Snapshot, every_n_iter: 1, keep_best: acuracy, mode: max}\n",
            "nothing records 'acuracy'\n  did you mean 'accuracy'?",
        ),
        (
            VALIDATED + "- {type: EarlyStopping, key: val_loss, patience: 3}\n",
            (
                "s.yaml:5:30: coffee_breaks[1] (EarlyStopping): key 'key': nothing records"
                " 'val_loss'\n  did you mean 'loss'?"
            ),
        ),
        (
            VALIDATED + "- {type: Plateau, key: zzz, mode: min}\n",
            "nothing records 'zzz'\n  recorded are: loss, accuracy, accuracy.top5",
        ),
        (
            "- {type: DecayOnValidation, key: acc}\n",
            "a {type: ValidationPerformance, every_n_epoch: 1} records: loss, accuracy, accuracy.t",
        ),
        (
            VALIDATED + "- {type: Plateau, key: accuracy, restore_best: true}\n",
            (
                "s.yaml:5:48: coffee_breaks[1] (Plateau): restore_best needs the best snapshot by"
                " 'accuracy'\n  add to coffee_breaks: {type: Snapshot, keep_best: accuracy}"
            ),
        ),
        (
            "- {type: DecayOnValidation, key: accuracy}\n",
            (
                "nothing records 'accuracy'\n"
                "  add to coffee_breaks: {type: ValidationPerformance, every_n_epoch: 1}"
            ),
        ),
        (
            VALIDATED + "- {type: Plateau, key: train.loss}\n",
            (
                "nothing records 'train.loss'\n"
                "  add to coffee_breaks: {type: TrainingSummary, every_n_iter: 100}"
            ),
        ),
    ],
)
def test_statistics_that_nothing_records(breaks, message):
    """At the value, with what was meant or what is missing."""
    with pytest.raises(SpecError) as caught:  # noqa: PT011  # the message is looked at
        solver_of(HEAD + breaks).check_breaks(NET.get)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "breaks",
    [
        VALIDATED + "- {type: Snapshot, keep_best: accuracy.top5}\n",
        SUMMARY + "- {type: Plateau, key: train.loss}\n",
        SUMMARY + "- {type: Plateau, key: obj_val}\n",
        SUMMARY + "- {type: DivergenceGuard, every_n_iter: 1}\n",
    ],
)
def test_statistics_that_are_recorded(breaks):
    """By the one break or the other."""
    solver_of(HEAD + breaks).check_breaks(NET.get)


def test_what_cannot_be_told_is_not():
    """A break of the user's own, and a net that does not say, may record anything."""

    class Own(gn.CoffeeBreak):
        """One's own."""

        def enjoy(self, net, state, lounge):
            """Record what nobody knows of before."""

    solver = solver_of(HEAD + VALIDATED + "- {type: Plateau, key: f1, mode: max}\n")
    solver.check_breaks(lambda _: None)
    solver.add_coffee_break(Own(), every_n_iter=1)
    solver.check_breaks(NET.get)


class Scores(gn.CoffeeBreak):
    """Says what it records, what it keeps, and that it needs a folder."""

    needs_folder = True
    keep_best = "f1"

    def records(self, keys_of):
        """Two kinds."""
        return ["f1", *(f"my.{key}" for key in keys_of("test"))]

    def enjoy(self, net, state, lounge):
        """Record."""


class MoreScores(Scores):
    """Has a hook of its own, which may record anything."""

    def finish(self, net, state, lounge):
        """Record more."""


def test_a_break_of_ones_own_takes_part():
    """What it declares is held against the others; what it does not declare may be anything."""
    text = HEAD + "- {type: Plateau, key: KEY, mode: max}\n"
    for key, said in (("f1", ""), ("my.accuracy", ""), ("f11", "did you mean 'f1'?")):
        solver = solver_of(text.replace("KEY", key))
        solver.add_coffee_break(Scores(), every_n_iter=1)
        problems = [str(p) for p in solver.unmet(NET.get)]
        assert len(problems) == bool(said), problems
        assert all(said in problem for problem in problems)
        solver.add_coffee_break(MoreScores(), every_n_iter=1)
        assert not solver.unmet(NET.get)
    best = solver_of(HEAD + "- {type: Plateau, key: f1, mode: max, restore_best: true}\n")
    assert len(best.unmet(NET.get)) == 2
    best.add_coffee_break(Scores(), every_n_iter=1)
    assert not best.unmet(NET.get)
    bare = solver_of("max_iter: 3\n")
    bare.add_coffee_break(Scores(), every_n_iter=1)
    (problem,) = bare.unmet(NET.get)
    assert "a Scores needs a place\n  give the solver an exp_dir" in str(problem)


def test_every_break_of_graphnet_says_what_it_records():
    """None is left to be guessed."""
    for cls in COFFEE_BREAKS.values():
        assert "records" in vars(cls), cls


def test_a_snapshot_needs_a_place():
    """As ``check`` says before the run does."""
    solver = solver_of("max_iter: 3\ncoffee_breaks: [{type: Snapshot, every_n_iter: 1}]\n")
    with pytest.raises(SpecError, match=r"s.yaml:2:17: .*needs a place\n  give the solver an exp_"):
        solver.check_breaks(NET.get)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_does_not_allow_it(tmp_path):
    """Nobody trains for hours to find it out."""
    (tmp_path / "closed").mkdir(mode=0o500)
    (found,) = solver_of(f"max_iter: 3\nexp_dir: {tmp_path / 'closed' / 'run'}\n").places()
    assert "cannot be written" in str(found)


def test_places(tmp_path, monkeypatch):
    """What is not there to be loaded, and a file in the way of the run's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert [str(p) for p in solver_of("max_iter: 3\nexp_dir: file/a\nload_from: b\n").places()] == [
        (
            "s.yaml:3:12: load_from: there is no run, snapshot or model b\n"
            "  it must be there when this run starts"
        ),
        "s.yaml:2:10: exp_dir: file is a file\n  give each run a folder of its own",
    ]
    assert not solver_of("max_iter: 3\nexp_dir: new/a\nload_from: file\n").places()
    (tmp_path / "new" / "a" / "snapshots").mkdir(parents=True)
    text = "max_iter: 3\nexp_dir: new/a\nload_from: b\n"
    assert len(solver_of(text).places()) == 1
    (tmp_path / "new" / "a" / "snapshots" / "snapshot-000003.h5").touch()
    assert not solver_of(text).places()  # it goes on, and loads nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr_policy: {type: Fixed, base_lr: 1e9}", "s.yaml:2:35: lr_policy: a learning rate of 1e"),
        ("lr_policy: {type: Fixed, base_lr: 0}", "the learning rate is always 0, so nothing is"),
        ("method: Adam\nlr_policy: {type: Fixed, base_lr: 3}", "with Adam\n  usual is 0.001"),
        (
            "lr_policy: {type: Warmup, length: 2, policy: {type: Fixed, base_lr: 30}}",
            "a learning rate of 30 hardly",
        ),
    ],
)
def test_rates_that_are_hardly_meant(text, message):
    """So high that nothing trains, or nothing at all."""
    (found,) = solver_of(f"max_iter: 3\n{text}\n").doubts()
    assert message in str(found)


@pytest.mark.parametrize(
    "text", ["", "method: Adam", "method: Adadelta", "lr_policy: {type: Fixed, base_lr: 2}"]
)
def test_rates_that_may_be_meant(text):
    """The defaults, and what is high but has been used."""
    assert not solver_of(f"max_iter: 3\n{text}\n").doubts()
