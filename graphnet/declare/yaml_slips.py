"""From a YAML parser's complaint to the slip behind it, in plain words and with the cure.

The parser says what it expected where it could not go on. The slip is often elsewhere, such as at
a quote that was opened lines above.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters that look like a space: they come with text from web pages and word processors.
ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]")
ODD_QUOTES = "“”„‟‘’‚‛«»"

_DASH = re.compile(r"^[ ]*-(?=[A-Za-z_{\[\"'])", re.MULTILINE)
_COLON = re.compile(r"^[ ]*(?:- )?[A-Za-z_]\w*(?=:[^\s/\\:])", re.MULTILINE)
_EQUALS = re.compile(r"^[ ]*(?:- )?[A-Za-z_]\w* *(?==)", re.MULTILINE)
#: A word that stands for something, such as the number of a repetition, without quotes.
_BARE_WORD = re.compile(
    r"[^\s{}\[\],:\"']+\{[A-Za-z_]\w*(?:-1)?\}|\{[A-Za-z_]\w*(?:-1)?\}(?=[^\s,}\]])"
)
_CAFFE = re.compile(r"^[ ]*(?:layers?|input_shape|\w+_param)\s*\{", re.MULTILINE)


class Slip(NamedTuple):
    """A mistake in the text.

    Attributes:
        message: What is wrong, and on further lines how it is written right.
        at: The index of the character where it is.
    """

    message: str
    at: int


def find_slip(text: str, problem: str, context: str, at: int, opened: int) -> Slip:
    """What is wrong with a text that cannot be parsed.

    Args:
        text: The whole text.
        problem: What the parser complains of.
        context: What the parser was doing.
        at: The index of the character where it stopped.
        opened: The index of the character where it began what it was doing.
    """
    if caffe := _CAFFE.search(text):
        return Slip(
            "this looks like a prototxt of Caffe\n"
            "  import it: graphnet import caffe FILE --to FOLDER; in Python:"
            " interchange.load_caffe(FILE)",
            caffe.start(),
        )
    if "\t" in text[at : at + 1] or r"'\t'" in problem:
        indents = not text[text.rfind("\n", 0, at) + 1 : at].strip()
        cure = "indent with spaces, not tabs" if indents else "write a space instead"
        return Slip(f"a tab is not allowed here\n  {cure}", at)
    line = text.rfind("\n", 0, at) + 1
    if "expected ',' or" in problem and (bare := _BARE_WORD.search(text, line, at + 80)):
        said = f'a word in braces needs quotes within brackets\n  write "{bare[0]}"'
        return Slip(said, bare.start())
    if "quoted scalar" in context:
        if "end of stream" in problem or "document separator" in problem:
            return Slip("the quote that is opened here is never closed", opened)
        return Slip(
            f"{problem}\n  in double quotes a backslash begins an escape: write single quotes", at
        )
    for pattern, message in (
        (ODD_BLANKS, "this space is a special character, as copied from a page\n  type it again"),
        (_DASH, "an item of a list begins with a dash and a space\n  write '- ' instead of '-'"),
        (_COLON, "a space is missing after the colon\n  write 'key: value'"),
        (_EQUALS, "a colon and a space belong between a key and its value\n  write 'key: value'"),
    ):
        # from the line before that of `opened` to the end of that of `at`
        first = text.rfind("\n", 0, max(text.rfind("\n", 0, opened), 0)) + 1
        if slips := list(pattern.finditer(text, first, (text + "\n").find("\n", at))):
            return Slip(message, slips[-1].end())
    return Slip(_plain(problem, context, text, opened), at)


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
        return "a name is missing after this * or &\n  a text that begins with one needs quotes"
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
