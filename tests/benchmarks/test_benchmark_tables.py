"""Tables, blocks of documents, and what follows from seconds."""

from __future__ import annotations

import pytest

from benchmarks import figures
from benchmarks.tables import Table, replace_blocks, write_document

TABLE = Table("k", "Title", ["net", "ms"], [["mnist", "4.1"], ["a", "12.0"]], ["c: none"])


def test_columns_are_aligned():
    """Names to the left, numbers to the right, notes below."""
    assert TABLE.text().splitlines() == [
        "Title",
        "net      ms",
        "-----------",
        "mnist   4.1",
        "a      12.0",
        "c: none",
    ]


def test_markdown_is_a_table():
    """With the rule that puts numbers to the right, and a paragraph for each note."""
    assert TABLE.markdown().splitlines() == [
        "| net | ms |",
        "|---|---:|",
        "| mnist | 4.1 |",
        "| a | 12.0 |",
        "",
        "c: none",
    ]


def document(one, two):
    return (
        f"# A\n\n<!-- measured: one -->\n{one}<!-- end -->\n\ntext\n\n"
        f"<!-- measured: two -->\n{two}<!-- end -->\n"
    )


def test_blocks_are_replaced_and_the_rest_stays(tmp_path):
    """Only the contents of the blocks named change, and doing it again changes nothing."""
    path = tmp_path / "doc.md"
    path.write_text(document("old\n", "old\n"))
    write_document(path, {"two": "new \\1"})
    assert path.read_text() == document("old\n", "\nnew \\1\n\n")
    write_document(path, {"two": "new \\1"})
    assert path.read_text() == document("old\n", "\nnew \\1\n\n")


def test_a_block_that_is_missing_is_named():
    """Figures that would be lost are a mistake."""
    with pytest.raises(ValueError, match="has no block '<!-- measured: three -->'"):
        replace_blocks(document("", ""), {"three": "x"})


ENTRY = {
    "net": "mnist",
    "batch": 64,
    "flops": 6e9,
    "rates": [1e11, 2e11, 1.5e11],
    "seconds": {"graphnet": [0.1, 0.2, 0.06], "PyTorch": [0.3, 0.2, 0.18], "other": [1, 1, 1]},
    "unavailable": {"compiled": "no compiler"},
}


def test_a_ratio_is_the_median_of_the_rounds_own():
    """So that what disturbs a round disturbs both of its sides."""
    assert figures.ratio(ENTRY, "PyTorch") == pytest.approx(3)
    assert figures.medians(ENTRY) == {"graphnet": 0.1, "PyTorch": 0.2, "other": 1}
    assert figures.fastest_peer(ENTRY) == "PyTorch"


def test_the_floor_is_the_arithmetic_at_the_highest_rate_seen():
    """6 GFLOP at 200 GFLOP/s are 30 ms, of 100 ms."""
    assert figures.floor_seconds(6e9, [1e11, 2e11]) == pytest.approx(0.03)
    assert figures.floor_share(ENTRY, "graphnet") == pytest.approx(0.3)


def test_who_was_not_measured_is_said_once_for_each_reason():
    """With the nets it concerns."""
    other = ENTRY | {"net": "iris"}
    assert figures.notes([ENTRY, ENTRY, other]) == [
        "compiled not measured (mnist, iris): no compiler"
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(41e-6, "41 µs"), (0.00412, "4.12 ms"), (0.25, "250 ms"), (1.5, "1.50 s")]
)
def test_seconds_are_in_the_unit_that_suits_them(seconds, text):
    """Three digits are enough."""
    assert figures.seconds_text(seconds) == text
