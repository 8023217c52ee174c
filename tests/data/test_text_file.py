"""How text files are decoded."""

import pytest

from graphnet.data.text_file import decoded_lines, encoding_of, is_text, known_encoding
from graphnet.errors import DataError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks(tmp_path, encoding, end):
    """The mark tells the encoding, and is no part of the text; any end of a line is one."""
    path = tmp_path / "a.txt"
    path.write_bytes(f"é1{end}b{end}".encode(encoding))
    found, lines = decoded_lines(path)
    assert found.removesuffix("-sig") == encoding.removesuffix("-sig")
    assert list(lines) == [f"é1{end}", f"b{end}"]
    assert is_text(path.read_bytes())


def test_given(tmp_path):
    """What has no mark is read as it is said to be written."""
    path = tmp_path / "a.txt"
    path.write_bytes("é\n".encode("latin-1"))
    assert list(decoded_lines(path, "Latin-1")[1]) == ["é\n"]
    assert list(decoded_lines(path, "cp1252")[1]) == ["é\n"]
    path.write_bytes("\ufeffa".encode())
    assert list(decoded_lines(path, "utf8")[1]) == ["a"]


def test_what_cannot_be_decoded(tmp_path):
    """The line and the byte are named, and what to do."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\n\xe9\n")
    with pytest.raises(DataError, match=r"a\.txt:3: byte e9 is not text in UTF-8\n  .*--encoding"):
        list(decoded_lines(path)[1])
    path.write_bytes("a\n".encode("utf-16-le") + b"\0")
    with pytest.raises(DataError, match=r"zero bytes.*\n .*--encoding utf-16-le"):
        decoded_lines(path)
    path.write_bytes("a\n".encode("utf-16") + b"\0")
    with pytest.raises(DataError, match=r"a\.txt, after line \d: byte 00 is not text in UTF-16"):
        list(decoded_lines(path)[1])
    with pytest.raises(DataError, match=r"cannot read .*b\.txt: No such file"):
        decoded_lines(tmp_path / "b.txt")


@pytest.mark.parametrize("name", ["nonsense", "base64", "", "\0"])
def test_no_such_encoding(name):
    """Named, with examples."""
    with pytest.raises(DataError, match=r"there is no encoding '.*'\n  expected one such as utf-8"):
        known_encoding(name)


def test_binary():
    """Zero bytes are none of a text."""
    assert not is_text(b"a\0b")
    assert is_text(b"a\tb\r\n\xe9")
    assert encoding_of(b"\xff\xfe\0\0") == "utf-32"
