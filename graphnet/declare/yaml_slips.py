"""What usually lies behind a YAML parser's complaint: its words in plain ones, with the cure.

The parser knows what it had expected where it could not go on; the slip is often elsewhere, such
as a quote that was opened lines above.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: What looks like a blank and is none: it comes along with text from web pages and word processors.
ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]")
ODD_QUOTES = "“”„‟‘’‚‛«»"

_DASH = re.compile(r"^[ ]*-(?=[A-Za-z_{\[\"'])", re.MULTILINE)
_COLON = re.compile(r"^[ ]*(?:- )?[A-Za-z_]\w*(?=:[^\s/\\:])", re.MULTILINE)
_EQUALS = re.compile(r"^[ ]*(?:- )?[A-Za-z_]\w* *(?==)", re.MULTILINE)
_CAFFE = re.compile(r"^[ ]*(?:layers?|input_shape|\w+_param)\s*\{", re.MULTILINE)


class Slip(NamedTuple):
    """A slip.

    Attributes:
        message: What is wrong, and on further lines how it is written right.
        at: The index of the character where it is.
    """

    message: str
    at: int


def find_slip(text: str, problem: str, context: str, at: int, opened: int) -> Slip:
    """What is wrong with a text that cannot be parsed.

    Args:
        text: All of it.
        problem: The parser's words.
        context: What it was doing.
        at: The index of the character where it could not go on.
        opened: That of the character where it began what it was doing.
    """
    if _CAFFE.search(text):
        return Slip(
            "this looks like a prototxt of Caffe\n"
            "  here a net is YAML: - {name: ip1, type: InnerProduct, output_dim: 10, …}",
            _CAFFE.search(text).start(),  # type: ignore[union-attr]
        )
    if "\t" in text[at : at + 1] or r"'\t'" in problem:
        indents = not text[text.rfind("\n", 0, at) + 1 : at].strip()
        cure = "indent with spaces, not tabs" if indents else "write a blank instead"
        return Slip(f"a tab is not allowed here\n  {cure}", at)
    if "quoted scalar" in context:
        if "end of stream" in problem or "document separator" in problem:
            return Slip("the quote that is opened here is never closed", opened)
        return Slip(
            f"{problem}\n  in double quotes a backslash begins an escape: write single quotes", at
        )
    for pattern, message in (
        (ODD_BLANKS, "a blank here is no plain one, as copied from a page\n  type it again"),
        (_DASH, "an item of a list begins with a dash and a blank\n  write '- ' instead of '-'"),
        (_COLON, "a blank is missing behind the colon\n  write 'key: value'"),
        (_EQUALS, "a key and its value are parted by a colon and a blank\n  write 'key: value'"),
    ):
        slip = _last(pattern, text, _line_before(text, opened), at)
        if slip is not None:
            return Slip(message, slip)
    return Slip(_plain(problem, context, text, opened), at)


def _line_before(text: str, at: int) -> int:
    """Where the line before that of ``at`` begins."""
    return text.rfind("\n", 0, max(text.rfind("\n", 0, at), 0)) + 1


def _last(pattern: re.Pattern[str], text: str, first: int, end: int) -> int | None:
    """Where a slip ends that is the last in the lines from index ``first`` to that of ``end``."""
    stop = text.find("\n", end)
    found = list(pattern.finditer(text, first, len(text) if stop < 0 else stop))
    return found[-1].end() if found else None


def _plain(problem: str, context: str, text: str, opened: int) -> str:
    """The parser's words in plain ones."""
    if "expected <block end>" in problem:
        return (
            "this line does not fit those above it\n"
            "  what belongs together begins in the same column"
        )
    if "mapping values are not allowed" in problem:
        return (
            "a colon is not expected here\n"
            "  a ': ' inside a value needs quotes, or a line above is indented differently"
        )
    if "could not find expected ':'" in problem:
        return "a key without a colon, in the line above\n  write 'key: value'"
    if "undefined alias" in problem:
        name = problem.rpartition("alias ")[2].strip("'")
        return (
            f"nothing above has the anchor '&{name}' that '*{name}' stands for\n"
            "  a text that begins with * needs quotes"
        )
    if "while scanning an alias" in context or "while scanning an anchor" in context:
        return "a name is missing behind this * or &\n  a text that begins with one needs quotes"
    if "cannot start any token" in problem:
        return f"a value cannot begin with {problem.split()[2]}\n  put the value in quotes"
    if "another document" in problem:
        return "a second document begins here\n  a file holds one net or one solver: remove '---'"
    if "expected ',' or" in problem:
        line, column = text.count("\n", 0, opened) + 1, opened - text.rfind("\n", 0, opened)
        bracket = text[opened : opened + 1]
        return (
            f"{problem}\n  a comma is missing, or the '{bracket}' of line {line}, column {column}"
            " is not closed"
        )
    return problem + (f" ({context})" if context else "")
