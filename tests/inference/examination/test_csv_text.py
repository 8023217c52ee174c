"""What was found, as CSV."""

from __future__ import annotations

from graphnet.inference.examination.csv_text import measures_csv

ONE = {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 3, "auc": None}


def test_a_line_for_each_class():
    """And what its rows were taken for."""
    each = [{"class": "a,b", **ONE}, {"class": "c", **ONE}]
    found = {"classes": ["a,b", "c"], "confusion": [[3, 0], [1, 2]], "per_class": each}
    assert measures_csv(found, ",").splitlines() == [
        'class,precision,recall,f1,support,auc,"taken for a,b",taken for c',
        '"a,b",0.5,1,0.666666667,3,,3,0',
        "c,0.5,1,0.666666667,3,,1,2",
    ]
    del found["confusion"]
    assert measures_csv(found, ";").splitlines()[0] == "class;precision;recall;f1;support;auc"


def test_a_line_for_each_measure():
    """Of numbers."""
    found = {"samples": 3, "statistics": {"loss": None}, "kind": "numbers", "mae": 0.5}
    assert measures_csv(found, "\t").splitlines() == [
        *("measure\tvalue", "loss\t", "samples\t3", "mae\t0.5"),
    ]
