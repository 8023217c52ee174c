"""Tokens of a byte-pair tokenizer."""

import sys

import numpy as np
import pytest

from graphnet.data.text import tokens
from graphnet.data.text.tokens import Tokens, pieces, train_tokens, write_tokens
from graphnet.errors import DataError, MissingExtraError, SpecError

TEXT = "the cat sat on the mat\n\n  the hat,\nthe bat; that's größe 😀\n" * 20


@pytest.fixture
def trained(tmp_path):
    """Tokens learned from the text."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    write_tokens(train_tokens(TEXT, 300), tmp_path / "t.json")
    return Tokens(tmp_path / "t.json")


def test_a_text_comes_back(trained):
    """Also one that it has not learned from; in fewer tokens than bytes."""
    for text in (TEXT, "", "zebra\r\n\t Ω\0"):
        numbers = trained.numbers_of(text, "t")
        assert numbers.dtype == np.uint16
        assert trained.text_of(numbers.tolist()) == text
    assert len(trained.numbers_of(TEXT, "t")) < len(TEXT.encode()) / 2


def test_names(trained):
    """What each token says; half a character is spelled as in the file."""
    assert trained.n == len(trained.names) == len(set(trained.names))
    (number,) = trained.numbers_of(" the", "t")
    assert trained.names[number] == " the"
    first, *_ = trained.numbers_of("😀", "t") if len(trained.numbers_of("😀", "t")) > 1 else (0,)
    assert "\ufffd" not in trained.names[first]


def test_the_same_text_gives_the_same_file():
    """Bit for bit; with fewer tokens where there are no more pairs."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    assert train_tokens(TEXT, 280) == train_tokens(TEXT, 280)
    assert train_tokens(TEXT, 280) != train_tokens(TEXT, 290)


def test_where_tokens_begin(trained):
    """The character of the text, of each token."""
    numbers, said = trained.numbers_of(TEXT, "t").tolist(), 0
    for index in range(60):
        if "\ufffd" not in trained.text_of(numbers[:index]):
            assert trained.begin_of(TEXT, index) == len(trained.text_of(numbers[:index]))
            said += 1
    assert said > 30
    assert trained.begin_of(TEXT, len(numbers)) == len(TEXT)


def test_pieces(trained, monkeypatch):
    """A long text is cut where its tokens are cut anyway, so that they are the same."""
    whole = trained.numbers_of(TEXT, "whole").tolist()
    places = [trained.begin_of(TEXT, i) for i in range(0, len(whole), 7)]
    monkeypatch.setattr(tokens, "_PIECE", 50)
    parts = pieces(TEXT)
    assert len(parts) > 10
    assert "".join(parts) == TEXT
    assert not any(part[0].isspace() for part in parts)
    assert trained.numbers_of(TEXT, "parts").tolist() == whole
    assert [trained.begin_of(TEXT, i) for i in range(0, len(whole), 7)] == places
    assert pieces("a\n" * 60 + "\n" * 60) == ["a\n" * 26, "a\n" * 26, "a\n" * 8 + "\n" * 60]
    assert pieces("x" * 200) == ["x" * 200]


def test_what_is_refused(tmp_path, trained):
    """Too few tokens, nothing to learn from, files that are no tokenizers."""
    with pytest.raises(DataError, match="255 tokens are too few\n  expected at least 256"):
        train_tokens(TEXT, 255)
    with pytest.raises(DataError, match="the text is empty"):
        train_tokens("", 300)
    with pytest.raises(SpecError, match=r"t\.json"):
        write_tokens("{}", trained.path)
    with pytest.raises(DataError, match=r"cannot read .*none\.json"):
        Tokens(tmp_path / "none.json")
    for wrong in (b"{}", b"\xff", b'{"model": {"type": "BPE", "vocab": {}, "merges": ["a b"]}}'):
        (tmp_path / "w.json").write_bytes(wrong)
        with pytest.raises(DataError, match=r"w\.json is no tokenizer(.|\n)*data tokenizer TEXT"):
            Tokens(tmp_path / "w.json")


def test_without_the_package(tmp_path, monkeypatch):
    """What to install."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(MissingExtraError, match=r"pip install .*\[tokens\]"):
        Tokens(tmp_path / "t.json")
    with pytest.raises(MissingExtraError, match=r"pip install .*\[tokens\]"):
        train_tokens(TEXT, 300)
