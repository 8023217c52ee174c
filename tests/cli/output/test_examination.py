"""What ``graphnet test`` found, printed; the command is in test_test.py."""

from __future__ import annotations

import pytest

from graphnet.cli.output.examination import print_measures

MEAN = {"precision": 0.5, "recall": 0.25, "f1": 0.125}


def of_classes(names, confusion):
    each = [{"class": name, **MEAN, "support": 1000, "auc": 0.75} for name in names]
    return {
        "kind": "classes",
        "classes": names,
        "confusion": confusion,
        "per_class": each,
        "macro": MEAN,
        "weighted": MEAN,
        "auc": 0.9,
        "top_k": {"1": 0.5, "3": 0.75},
        "worst": [
            {
                "file": f,
                "row": 3,
                "label": names[0],
                "answer": names[1],
                "p_label": 0.1,
                "p_answer": p,
            }
            for f, p in (("a.h5", 0.9), ("b.h5", None))
        ],
    }


@pytest.fixture
def printed(capsys, monkeypatch):
    """The lines on a terminal of a width, or elsewhere."""

    def print_found(found, width=None):
        monkeypatch.setenv("COLUMNS", str(width))
        if width is not None:
            monkeypatch.setattr("graphnet.cli.output.terminal.is_terminal", lambda _: True)
        print_measures(found, "label")
        return capsys.readouterr().out.splitlines()

    return print_found


def test_few_classes(printed):
    """A line for each, the means, the whole confusion, the worst rows with their files."""
    found = printed(of_classes(["cat", "dog"], [[5, 1], [0, 4]]))
    assert found[1] == "2 classes of 'label'"
    assert found[3].split() == ["cat", "0.5000", "0.2500", "0.1250", "0.7500", "1,000"]
    assert found[5].split() == ["macro", "mean", "0.5000", "0.2500", "0.1250"]
    assert "AUC    0.9000" in found
    assert "top 3  0.7500" in found
    at = found.index("confusion: a line for what is right, a column for the answer")
    assert [line.split() for line in found[at + 1 : at + 4]] == [
        ["0", "1"],
        ["0", "cat", "5", "1"],
        ["1", "dog", ".", "4"],
    ]
    assert found[-1].split() == ["b.h5", "3", "cat", "0.1000", "dog", "nan"]


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("n", [2, 20, 30])
def test_it_fits_the_terminal(printed, width, n):
    """With names of any length; of many classes those that are worst."""
    names = [f"class with a very long name {i}" for i in range(n)]
    confusion = [[1000] * n for _ in range(n)]
    found = printed(of_classes(names, confusion), width)
    assert max(map(len, found)) <= width
    text = "\n".join(found)
    assert ("the 20 with the lowest F1" in text) == (n > 20)
    assert ("most confused" in text) == (n > 20)


def test_tags(printed):
    """Whole rows and elements, and the tags that are wrong in the worst rows."""
    found = of_classes(["red", "big"], None)
    found |= {"kind": "tags", "micro": MEAN, "exact": 0.5, "hamming": 0.25}
    found["worst"] = [{"file": None, "row": 7, "wrong": ["red"]}]
    lines = printed(found)
    assert lines[1] == "2 tags of 'label'"
    assert "rows all right  0.5000" in lines
    assert lines[-1].split() == ["7", "red"]


def test_numbers(printed):
    """Errors, and what the worst rows are and should be."""
    worst = [{"file": "a.h5", "row": 1, "label": [1.5, 2], "answer": [0.5, 3]}]
    found = {"kind": "numbers", "mae": 0.5, "rmse": 0.75, "r2": None, "worst": worst}
    lines = printed(found)
    assert lines[1:4] == ["MAE   0.5", "RMSE  0.75", "R²    none: too few rows"]
    assert lines[-1].split() == ["1", "1.5", "2", "0.5", "3"]
    assert printed(found | {"r2": 0.25, "worst": []})[3] == "R²    0.25"


def test_nothing(printed):
    """Of a net that nothing judges, and of answers that are too many."""
    assert printed({}) == []
    assert printed({"kind": "tags", "worst": []}) == []


def test_weights(printed):
    """It is said, and the last column is what rows weigh."""
    found = of_classes(["cat", "dog"], [[5.25, 1.0], [0.0, 4.5]]) | {"weights": "w"}
    found["per_class"][0]["support"] = 6.25
    lines = printed(found)
    assert lines[1] == "2 classes of 'label', rows weighed by 'w'"
    assert lines[2].split()[-1] == "weight"
    assert lines[3].split()[-1] == "6.2"
    assert ["0", "cat", "5.2", "1.0"] in [line.split() for line in lines]
