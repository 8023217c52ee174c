"""Text that every stream can show."""

import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import graphnet
from graphnet.readable import (
    ERRORS,
    JSON_ERRORS,
    fitted,
    readable,
    readable_json,
    visible,
    write_line,
)

PACKAGE = Path(graphnet.__file__).parent
ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "cp850", "cp932", "koi8-r", "utf-8", "utf-16"]


def stream_of(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ip1 → ip1", "ip1 -> ip1"),
        ("16×4", "16x4"),
        ("2·0.0005·w", "2*0.0005*w"),
        ("12 µs … 3 σ", "12 us ... 3 sigma"),
        ("✓ ✗", "ok x"),
        ("┌─┬╴│█", "+-+-|#"),
        ("caf\xe9", r"caf\xe9"),
        ("data-\udcff.h5", r"data-\xff.h5"),
        ("\U0001f600", r"\U0001f600"),
    ],
)
def test_in_ascii(text, expected):
    """Something that says the same, else an escape."""
    assert readable(text, stream_of("ascii")) == expected


def test_what_can_be_shown_stays():
    """Each encoding has its own characters."""
    assert readable("16×4 → µ", stream_of("latin-1")) == "16×4 -> µ"
    assert readable("16×4 → ·", stream_of("cp437")) == "16x4 -> ·"
    assert readable("16×4 → ·", stream_of("utf-8")) == "16×4 → ·"
    assert readable("16×4", io.StringIO()) == "16×4"
    assert readable("16×4", None) == "16×4"


def test_a_name_that_is_no_text_in_unicode():
    """UTF-8 has no half characters."""
    assert readable("a\udcc3b\ud800", stream_of("utf-8")) == r"a\xc3b\ud800"


@given(st.text(st.characters()), st.sampled_from(ENCODINGS))
def test_any_text_in_any_encoding(text, encoding):
    """It can be written, in as many lines; what is ASCII is unchanged."""
    stream = stream_of(encoding)
    shown = readable(text, stream)
    stream.write(shown)
    assert shown.count("\n") == text.count("\n")
    if text.isascii():
        assert shown == text


@given(st.text(st.characters()), st.sampled_from([*ENCODINGS, "shift_jis", "utf_8", "utf-7"]))
@example("\xa2", "cp932")  # cents, that come back in their wide form
@example("\xa5", "shift_jis")  # yen, that come back as a backslash
def test_json_stays_json(text, encoding):
    """With the same value, whatever the stream can show."""
    written = json.dumps({"name": text}, ensure_ascii=False)
    shown = readable_json(written, stream_of(encoding))
    assert json.loads(shown.encode(encoding).decode(encoding)) == {"name": text}


def test_every_character_of_the_package_has_a_likeness():
    """What graphnet itself prints needs no escapes."""
    texts = [p.read_text("utf-8") for p in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.json"))]
    characters = {c for text in texts for c in text if not c.isascii()}
    strange = {c for c in characters if "\\" in c.encode("ascii", ERRORS).decode("ascii")}
    assert not strange, {unicodedata.name(c, hex(ord(c))) for c in strange}


class Refusing(io.StringIO):
    """A stream on a full disk."""

    def write(self, text):
        """Never."""
        raise OSError(28, "No space left on device")


def test_a_line_harms_nobody():
    """Whatever is the matter with the stream."""
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed, Refusing()):
        write_line(stream, "x")
    stream = stream_of("ascii")
    write_line(stream, "a → b")
    assert stream.buffer.getvalue() == b"a -> b\n"


def test_an_unknown_encoding_is_left_to_its_stream():
    """A stream of the user's own may say anything."""
    stream = io.StringIO()
    stream_class = type("Odd", (io.StringIO,), {"encoding": "no-such-encoding"})
    assert readable("→", stream_class()) == "→"
    assert readable("→", stream) == "→"


def test_the_handlers_are_for_encoding_alone():
    """Bytes that are no text are another matter."""
    for errors in (ERRORS, JSON_ERRORS):
        with pytest.raises(UnicodeDecodeError, match=re.escape("can't decode byte 0xff")):
            b"\xff".decode("ascii", errors)


@pytest.mark.parametrize(
    ("width", "line"),
    [(None, "aaa  bbb  ccc"), (13, "aaa  bbb  ccc"), (12, "aaa  ccc"), (7, "ccc"), (1, "ccc")],
)
def test_a_line_leaves_parts_out_until_it_fits(width, line):
    """In the order given; empty parts are none, and what must stay stays."""
    parts = {"a": "aaa", "b": "bbb", "c": "ccc", "d": ""}
    assert fitted(parts, width, ["b", "a"]) == line


def test_nothing_in_a_line_steers_a_terminal():
    """A name may hold escape sequences: they are shown as escapes, and never carried out."""
    hostile = "a\x1b[31mred\x07\r\x9b2J\x7f"
    assert visible(f"{hostile}\n\tb") == "a\\x1b[31mred\\x07\\x0d\\x9b2J\\x7f\n\tb"
    assert visible("a\n\tb", in_line=True) == "a\\n\\tb"
    stream = io.StringIO()
    write_line(stream, hostile)
    assert stream.getvalue().rstrip("\n").isprintable()
