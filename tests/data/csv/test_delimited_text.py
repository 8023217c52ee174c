"""Rows of tables of text in the dialects that programs write."""

import pytest

from graphnet.data.csv.delimited_text import DelimitedText
from graphnet.errors import DataError


def read(tmp_path, content, delimiter=None, encoding=None):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return DelimitedText(path, delimiter, encoding)


@pytest.mark.parametrize("mark", ["\t", ";", "|", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_dialects(tmp_path, mark, end, encoding):
    """The mark between columns is found, in any encoding that its first bytes tell."""
    text = f'größe{mark}label{end}{end}1.5{mark}"a{mark}b{end}c"{end}2{mark}d'
    found = read(tmp_path, text.encode(encoding))
    assert found.delimiter == mark
    assert list(found) == [
        (1, ["größe", "label"]),
        (3, ["1.5", f"a{mark}b{end}c"]),
        (5, ["2", "d"]),
    ]
    assert list(found) == list(found)


def test_which_mark(tmp_path):
    """The first that parts all lines alike, tabs and semicolons before commas; or as it is said."""
    assert read(tmp_path, "1,5;2,5\n1,5;3,5\n").delimiter == ";"
    assert read(tmp_path, "a;b,c\n1,2\n").delimiter == ","
    assert read(tmp_path, "sep=;\n1,5;2\n").delimiter == ";"
    assert list(read(tmp_path, "sep=;\n1,5;2\n")) == [(2, ["1,5", "2"])]
    assert read(tmp_path, "1;2\n", "tab").delimiter == "\t"
    assert read(tmp_path, "1;2\n", "\\t").delimiter == "\t"
    assert read(tmp_path, "1:2\n", ":").delimiter == ":"
    assert read(tmp_path, "1\n2\n").delimiter == ","
    long = "".join(f"{i},{i}\n" for i in range(1000)) + "1;2;3\n"
    assert read(tmp_path, long).delimiter == ","


def test_blanks(tmp_path):
    """Several are as one, and those at the ends are none."""
    found = read(tmp_path, "  1  2 3 \n4 5   6\n")
    assert found.delimiter == " "
    assert [row for _, row in found] == [["1", "2", "3"], ["4", "5", "6"]]
    assert "separated by spaces" in found.described()


def test_comments(tmp_path):
    """Lines that begin with #, wherever a row could begin; not those within quotes."""
    found = read(tmp_path, '# a "quoted, b\n#x,y\n1,"a\n# b"\n#2,3\n4,c\n')
    assert list(found) == [(3, ["1", "a\n# b"]), (6, ["4", "c"])]
    assert (found.n_comments, found.comment) == (3, "#x,y\n")
    assert found.split("a,b") == ["a", "b"]


def test_blank_lines_and_blank_rows(tmp_path):
    """A blank line is no row; a row of blank cells is one, and not dropped."""
    assert [row for _, row in read(tmp_path, "1,2\n \n\n,\n")] == [["1", "2"], ["", ""]]
    assert list(read(tmp_path, "")) == []


@pytest.mark.parametrize(
    ("text", "line"), [('1,2\n3,"x\n5,6\n', 2), ('1,2\n3,"x"y\n', 2), ("1," + "2" * 200_000, 1)]
)
def test_what_is_no_row(tmp_path, text, line):
    """An open quote does not swallow the rest of the file."""
    with pytest.raises(DataError, match=rf"a\.csv:{line}: not a row of a table: .*\n  is a quote"):
        list(read(tmp_path, text))


@pytest.mark.parametrize("mark", ["", "ab", '"', "\n", "1", "a", ".", "-"])
def test_no_such_mark(tmp_path, mark):
    """One that could be part of a cell."""
    with pytest.raises(DataError, match=r"--delimiter .*: expected one character"):
        read(tmp_path, "1,2\n", mark)


def test_encodings(tmp_path):
    """What has no mark is UTF-8, or what the user says."""
    content = "é,label\n1,2\n".encode("cp1252")
    with pytest.raises(DataError, match=r"a\.csv:1: byte e9 is not text in UTF-8\n  .*--encoding"):
        read(tmp_path, content)
    assert next(iter(read(tmp_path, content, encoding="cp1252"))) == (1, ["é", "label"])
