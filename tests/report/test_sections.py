"""The sections of a report."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from support.made_runs import make_run

from graphnet.inference.examination.classes import ClassExaminer
from graphnet.inference.examination.numbers import NumberExaminer
from graphnet.inference.examination.tags import TagExaminer
from graphnet.inference.examination.worst import WorstRow
from graphnet.report import sections
from graphnet.report.answers import Answers
from graphnet.runs.found import read_run
from graphnet.timing import LayerTime, StepTime


def classes(labels, answers, n, worst=(), pictures=None, names=()):
    examiner = ClassExaminer(n, 1, None, None, names, 0)
    examiner.add(0, np.eye(n, dtype=np.float32)[answers], np.array(labels))
    return Answers(examiner.measures(), len(labels), worst, pictures)


def numbers(truth, answers):
    truth, answers = (np.array(x, np.float64)[:, None] for x in (truth, answers))
    examiner = NumberExaminer(lambda x: x, 0)
    examiner.add(0, answers, truth)
    return Answers(examiner.measures(), len(truth), points=examiner.kept)


def cells(html):
    """The texts of all cells, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [
        [re.sub("<[^>]*>", "", c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", r)]
        for r in rows
    ]


def test_outcome_has_the_best_and_the_last(tmp_path):
    """And every start, the one that was killed too."""
    run = make_run(
        tmp_path / "r",
        {"accuracy": {10: 0.5, 20: 0.9, 30: 0.75}, "lr": {10: 0.1}},
        outcome=None,
        starts=((0, 20, 65.0), (20, 30, 1.0)),
    )
    found = cells(sections.outcome(read_run(run)))
    assert ["accuracy", "0.75", "30", "0.9", "20"] in found
    assert not any(row[0] == "lr" for row in found)
    assert found[-1][1:] == ["20", "", "", "running or killed"]
    assert found[-2][1:3] == ["0", "20"]


def test_a_run_that_has_recorded_nothing(tmp_path):
    """Says so."""
    assert "Nothing was recorded" in sections.outcome(read_run(make_run(tmp_path / "r", {})))


def test_asked_is_what_the_solver_says(tmp_path):
    """With both files as they are."""
    run = read_run(make_run(tmp_path / "r", {}, lr=0.25))
    html = sections.asked(run, {"solver.yaml": "a: <b>"})
    assert ["lr_policy.base_lr", "0.25"] in cells(html)
    assert "a: &lt;b&gt;" in html


def test_a_matrix_of_classes():
    """Counts, recall by row, precision by column, names where they are known."""
    html = sections.mistakes(classes([0, 0, 1, 1], [0, 1, 1, 1], 3, names=["cat", "dog", "2"]))
    assert "3 of 4 answers are right: 75.00%" in html
    found = [row for row in cells(html) if len(row) == 5]
    assert found[1] == ["0 cat", "1", "1", "0", "50.0%"]
    assert found[2] == ["1 dog", "0", "2", "0", "100.0%"]
    assert found[3] == ["2", "0", "0", "0", ""]
    assert found[4] == ["precision", "100.0%", "66.7%", "", ""]
    assert ["F1, mean of the classes", "0.7333"] in cells(html)


def test_many_classes_are_listed_by_mistake():
    """The most frequent first; what is right is no mistake."""
    html = sections.mistakes(classes([5, 5, 5, 7, 1], [6, 6, 5, 8, 1], 40))
    found = [row for row in cells(html) if len(row) == 4]
    assert found[1:] == [["5", "6", "2", "3"], ["7", "8", "1", "1"]]


def test_tags():
    """Each by itself, and whole rows."""
    examiner = TagExaminer(0.5, None, ["red", "round"], 4)
    examiner.add(0, np.array([[0.9, 0.1], [0.2, 0.7]]), np.array([[1, 0], [1, 1]]))
    found = Answers(examiner.measures(), 2, examiner.worst.rows[:1])
    rows = cells(sections.mistakes(found))
    assert ["rows all right", "50.00%"] in rows
    assert ["red", "1.0000", "0.5000", "0.6667", "", "2"] in rows
    assert cells(sections.worst(found))[1] == ["1", "red"]


def test_numbers_have_no_matrix():
    """Errors and R² as they are defined."""
    html = sections.mistakes(numbers([1, 2, 3, 4], [1, 2, 3, 6]))
    found = dict(row for row in cells(html) if len(row) == 2)
    assert found == {
        "rows": "4",
        "mean absolute error": "0.5",
        "root of the mean squared error": "1",
        "R²": "0.2000",
    }
    assert "<svg" in html


def test_answers_that_are_not_finite():
    """Are no points of a picture."""
    html = sections.mistakes(numbers([1, 2], [np.nan, np.inf]))
    assert "No answer is finite" in html
    assert "<svg" in sections.mistakes(numbers([1, 2], [np.nan, 2]))


def test_the_worst_as_pictures_and_as_a_table():
    """Where there are no pictures; and where nothing is wrong, that is said."""
    wrong = [WorstRow(7, 0.9, {"label": "b", "answer": "c"})]
    html = sections.worst(classes([1], [2], 3, wrong, {7: np.eye(4)[None]}))
    assert "row 7" in html
    assert "is b" in html
    html = sections.worst(classes([1], [2], 3, wrong))
    assert cells(html)[1] == ["7", "b", "c", "0.9"]
    assert "No answer is wrong" in sections.worst(classes([1], [1], 3))
    assert sections.worst(numbers([1], [1])) == ""
    far = replace(numbers([1], [3]), worst=[WorstRow(0, 2, {"label": [1.0], "answer": [3.0]})])
    assert cells(sections.worst(far))[1] == ["0", "1", "3", "2"]


def test_an_embedding_where_there_are_features():
    """Finite ones."""
    features = np.random.default_rng(0).random((6, 4))
    whole = classes([0, 1, 2, 0, 1, 2], [0] * 6, 3)
    seen = replace(whole, features=features, feature_labels=np.array([0, 1, 2, 0, 1, 2]))
    assert sections.embedding(seen).count(">2</text>") >= 2
    features[2, 1] = np.inf
    assert sections.embedding(seen) == ""
    assert sections.embedding(whole) == ""


def test_filters_that_can_be_seen():
    """Of a convolution, or of a dense layer that reads pictures; else nothing."""
    rng = np.random.default_rng(0)
    assert "conv/filter: 8" in sections.filters("conv/filter", rng.random((8, 3, 5, 5)), None)
    assert "64 of 70" in sections.filters("conv/filter", rng.random((70, 1, 5, 5)), None)
    assert "ip/weight: 4" in sections.filters("ip/weight", rng.random((4, 36)), (1, 6, 6))
    assert sections.filters("ip/weight", rng.random((4, 36)), None) == ""
    assert sections.filters("ip/weight", rng.random((4, 35)), (1, 6, 6)) == ""
    assert sections.filters("conv/filter", rng.random((8, 16, 5, 5)), None) == ""


def test_gradients_beside_what_they_move():
    """Roots of mean squares, their ratio, and how much is 0."""
    pairs = {"a/w": (np.full(4, 2.0), np.array([0.0, 0.0, 1.0, 1.0])), "b": (np.zeros(2),) * 2}
    found = cells(sections.gradients(pairs, 8))
    assert found[1] == ["a/w", "4", "2", "0.707", "3.54e-01", "50.0%"]
    assert found[2] == ["b", "2", "0", "0", "", "100.0%"]


def test_timing_names_every_layer():
    """With its part of the step."""
    layers = (LayerTime("a<b", "ReLU", 1.0, 2.0, 0.75, 0, 0, "memory"),)
    html = sections.timing(StepTime(layers, 4.0, 50.0, 10.0), 16)
    assert ["a&lt;b", "ReLU", "1.000", "2.000", "75.0%", ""] in cells(html)


def test_sources_with_fingerprints(tmp_path):
    """By layer and file."""
    run = read_run(make_run(tmp_path / "r", {}))
    found = cells(sections.sources(run, {"a": {"x.h5": "abc"}}))
    assert ["a", "dataset:x/train"] in found
    assert ["a", "x.h5", "abc"] in found


def test_how_to_run_it_again(tmp_path):
    """As the shell takes it."""
    run = read_run(make_run(tmp_path / "r", {}))
    assert "<pre>graphnet solve &#x27;a b&#x27;</pre>" in sections.machine(
        run, "graphnet solve 'a b'", ""
    )
