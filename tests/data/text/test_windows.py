"""Windows of a text."""

import numpy as np
import pytest

from graphnet.data.sets import docs_text
from graphnet.data.text.windows import TextPart, check_source, own_symbols, text_of
from graphnet.errors import DataError

TEXT = "abcdefghij\nabcdefghij\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(TEXT.encode())
    return str(path)


def windows(source, *, steps=4, stride=4, part=None, symbols=None, names=("text", "next")):
    return TextPart(source, names, steps, stride, part, symbols)


def rows(part):
    """The windows as text."""
    return [["".join(part.symbols[i] for i in row) for row in array] for array in part.arrays]


@pytest.mark.parametrize(
    ("properties", "text", "following"),
    [
        ({}, ["abcd", "efgh", "ij\na", "bcde", "fghi"], ["bcde", "fghi", "j\nab", "cdef", "ghij"]),
        ({"steps": 9, "stride": 11}, ["abcdefghi"] * 2, ["bcdefghij"] * 2),
        ({"part": ":9"}, ["abcd", "efgh"], ["bcde", "fghi"]),
        ({"part": "50%:", "stride": 6}, ["abcd", "ghij"], ["bcde", "hij\n"]),
        ({"part": ":7", "stride": 1}, ["abcd", "bcde", "cdef"], ["bcde", "cdef", "defg"]),
    ],
    ids=str,
)
def test_windows(file, properties, text, following):
    """Each begins a stride after the one before; what follows lies a symbol further."""
    assert rows(windows(file, **properties)) == [text, following]


def test_windows_alone(file):
    """Without what follows, the last symbol may be in a window."""
    assert rows(windows(file, names=("text",), part=":8")) == [["abcd", "efgh"]]


def test_they_are_views(file):
    """Overlapping windows take no memory of their own."""
    part = windows(file, stride=1)
    assert np.shares_memory(part.arrays[0], part.arrays[1])


def test_bytes(tmp_path):
    """All 256, whatever they are."""
    path = tmp_path / "b.bin"
    path.write_bytes(bytes([0, 255, 10, 13, 200]))
    part = windows(str(path), steps=2, stride=2, symbols="")
    assert [array.tolist() for array in part.arrays] == [
        [[0, 255], [10, 13]],
        [[255, 10], [13, 200]],
    ]
    assert part.where(1) == f"{path}, byte 2"
    assert part.symbols == ""


def test_where(file):
    """The line and column at which a window begins."""
    assert windows(file, part="2:").where(3) == f"{file}:2:4"


def test_symbols_are_those_of_the_whole_text(file):
    """So that two parts of it have the same numbers."""
    assert windows(file, part=":6").symbols == "\nabcdefghij"
    assert rows(windows(file, part=":5", symbols="jihgfedcba\n"))[0] == ["abcd"]


@pytest.mark.parametrize("data", [TEXT.replace("\n", "\r\n").encode(), TEXT.encode("utf-16")])
def test_a_text_is_the_same_however_it_is_stored(tmp_path, data):
    """Ends of lines, and encodings that say what they are."""
    path = tmp_path / "t.txt"
    path.write_bytes(data)
    assert text_of(str(path)) == TEXT


def test_the_text_that_comes_with_graphnet():
    """Its splits, in its own symbols."""
    source = "dataset:docs-text/test"
    assert own_symbols(source, "") == docs_text.SYMBOLS
    part = windows(source, steps=64, stride=64)
    streams = docs_text.docs_text()["test"]
    assert part.n_rows == len(streams["text"])
    of_stream = part.arrays[0].reshape(32, -1, 64).swapaxes(0, 1).reshape(-1, 64)
    np.testing.assert_array_equal(of_stream, streams["text"])
    following = part.arrays[1].reshape(32, -1, 64).swapaxes(0, 1).reshape(-1, 64)
    np.testing.assert_array_equal(following, streams["next"])


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"steps": 22}, "22 symbols, and a window of 22 needs 23"),
        ({"part": ":3"}, "3 symbols, and a window of 4 needs 5"),
        ({"part": "9:3"}, "part '9:3' selects nothing of the 22 symbols"),
        ({"symbols": "abc"}, r"t.txt:1:4: the character 'd' is none of the 3 symbols"),
    ],
)
def test_texts_that_do_not_fit(file, properties, message):
    """Say what there is and what is needed."""
    with pytest.raises(DataError, match=message):
        windows(file, **properties)


def test_an_empty_text(tmp_path):
    """Too short as well."""
    (tmp_path / "t.txt").write_bytes(b"")
    with pytest.raises(DataError, match="0 symbols"):
        windows(str(tmp_path / "t.txt"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("dataset:mnist/train", "is no text"),
        ("dataset:docs-text/valid", "there is no data set"),
        (" ", "the source is blank"),
    ],
)
def test_sources_that_are_no_text(source, message):
    """Known without opening anything."""
    with pytest.raises(DataError, match=message):
        check_source(source)
