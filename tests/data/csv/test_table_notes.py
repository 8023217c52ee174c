"""What is said of a table: the columns one by one where there is something to say."""

from graphnet.data.csv.column_roles import TableOptions
from graphnet.data.csv.table import CsvTable


def test_nothing_to_say(tmp_path):
    """Where all are numbers as they stand, the notes say enough."""
    (tmp_path / "a.csv").write_text("x,y,label\n1,2,0\n", "utf-8")
    assert CsvTable(tmp_path / "a.csv").column_table == []


def test_many_words(tmp_path):
    """Some are shown."""
    text = "x,y,label\n" + "".join(f"w{i % 9},{i},0\n" for i in range(18))
    (tmp_path / "a.csv").write_text(text, "utf-8")
    table = CsvTable(tmp_path / "a.csv", TableOptions())
    assert table.column_table == [
        ("x", "words: w0, w1, w2, w3, w4, w5 and 3 more", "0 to 8", ""),
        ("y", "numbers", "9", ""),
    ]
