"""Caffe's text format (.prototxt): protobuf's, read by its rules, with errors at line and column.

layer { name: "conv1"  type: "Convolution"  convolution_param { num_output: 20 } }
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from graphnet.data.text_file import is_text
from graphnet.errors import Position, SpecError, did_you_mean, did_you_mean_file, one_of
from graphnet.files.reading import read_regular
from graphnet.interchange.caffe.files.message import Message, float32
from graphnet.interchange.caffe.files.schema import ENUMS, KINDS, Field

_RANGES = {"i32": (-(2**31), 2**31 - 1), "u32": (0, 2**32 - 1), "i64": (-(2**63), 2**63 - 1)}
_BOOLS = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
_ESCAPES = dict(zip("abfnrtv\\'\"?", "\a\b\f\n\r\t\v\\'\"?", strict=True))

_BLANK = re.compile(r"[ \t\r\n\v\f]+")
_COMMENT = re.compile(r"#([^\n]*)")
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?"
_TOKEN = re.compile(
    rf"(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>0[xX][0-9a-fA-F]+|{_NUMBER})|(?P<quote>['\"])"
    r"|(?P<mark>[{}<>\[\]:;,\-])"
)
_STRING = {quote: re.compile(rf"{quote}((?:[^{quote}\\\n]|\\[^\n])*){quote}") for quote in "'\""}
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\'\"?])|(?P<octal>[0-7]{1,3})|[xX](?P<hex>[0-9a-fA-F]{1,2})"
    r"|u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8})|(?P<bad>.?))"
)


@dataclass(frozen=True)
class Token:
    """A word, number, text or mark; ``kind`` is ``end`` behind the last one."""

    kind: str
    text: str
    index: int


#: What is said of a solver given as a net, and of a net given as a solver.
_OTHER_FILE = {
    ("NetParameter", "SolverParameter"): "\n  this is a solver: give its net, and it by --solver",
    ("SolverParameter", "NetParameter"): "\n  this is a net, not a solver",
}


def _owner(field: str) -> str:
    """Which kind of file has a field, if it is one alone."""
    owners = [kind for kind in ("NetParameter", "SolverParameter") if field in KINDS[kind].fields]
    return owners[0] if len(owners) == 1 else ""


def read_text(path: Path, kind: str) -> Message:
    """Read a file as a message of a kind.

    Raises:
        SpecError: If it cannot be read, or with what is wrong at its line and column.
    """
    try:
        data = read_regular(path)
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file{did_you_mean_file(path)}") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        cure = "save it as UTF-8" if is_text(data) else "a .caffemodel is given as the weights"
        raise SpecError(
            f"the file is not UTF-8 text\n  {cure}",
            Position(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n")),
        ) from None
    return parse_text(text, str(path), kind)


def parse_text(text: str, file: str, kind: str) -> Message:
    """Parse text as a message of a kind; ``file`` is the name used in messages.

    Raises:
        SpecError: With what is wrong at its line and column.
    """
    return _Parser(text, file).whole(kind)


class _Parser:
    """Reads one text, token by token."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.comments: list[tuple[int, str]] = []  # with the index where each begins
        self.left = 0  # where the token before ends
        self.depth = 0
        self.end = 0
        self.token = Token("end", "", 0)
        self.advance()

    # --- places and tokens --------------------------------------------------------------

    def at(self, index: int) -> Position:
        """Line and column of a character."""
        line = bisect_right(self.starts, index)
        return Position(self.file, line, index - self.starts[line - 1] + 1)

    def refuse(self, message: str, index: int | None = None) -> NoReturn:
        """Stop, with what is wrong where the token is."""
        raise SpecError(message, self.at(self.token.index if index is None else index))

    def advance(self) -> Token:
        """Go on to the next token; the one left behind."""
        left = self.token
        self.left = index = self.end
        while index < len(self.text):
            if blank := _BLANK.match(self.text, index):
                index = blank.end()
            elif comment := _COMMENT.match(self.text, index):
                self.comments.append((index, comment[1].rstrip()))
                index = comment.end()
            else:
                break
        self.token = self.scan(index)
        return left

    def scan(self, index: int) -> Token:
        """The token that begins there."""
        if index >= len(self.text):
            self.end = index
            return Token("end", "", index)
        found = _TOKEN.match(self.text, index)
        if found is None:
            odd = self.text[index]
            fix = "\n  a comment begins with #" if odd == "/" else ""
            if odd == "\ufeff":
                fix = "\n  save the file as UTF-8 without a byte order mark"
            self.refuse(f"the character {odd!a} cannot stand here{fix}", index)
        kind = str(found.lastgroup)
        if kind == "quote":
            return self.scan_string(index)
        self.end = found.end()
        if kind == "number" and re.match(r"[A-Za-z_0-9.]", self.text[self.end : self.end + 1]):
            self.refuse("a number ends here, and something follows it\n  put a space between",
                        self.end)  # fmt: skip
        return Token(kind, found[0], index)

    def scan_string(self, index: int) -> Token:
        found = _STRING[self.text[index]].match(self.text, index)
        if found is None:
            line_end = self.text.find("\n", index)
            cut = self.text[index : len(self.text) if line_end < 0 else line_end]
            self.refuse(
                f"the text that begins here has no end in its line: {cut[:40]}"
                f"\n  close it with {self.text[index]}, or write \\n for a new line",
                index,
            )
        self.end = found.end()
        return Token("string", found[1], index)

    def found(self) -> str:
        """How a message names the token."""
        if self.token.kind == "end":
            return "the end of the file"
        if self.token.kind == "string":
            return f'the text "{self.token.text}"'
        return f"'{self.token.text}'"

    # --- messages and fields ------------------------------------------------------------

    def whole(self, kind: str) -> Message:
        """The message that the whole text is."""
        message = Message(KINDS[kind], position=Position(self.file, 1, 1))
        self.fields(message, "")
        return message

    def fields(self, message: Message, closing: str) -> None:
        """The fields up to the closing bracket, or the end of the file."""
        self.depth += 1
        while not (self.token.kind == "mark" and self.token.text == closing):
            if self.token.kind == "end":
                if not closing:
                    break
                begun = message.position.line if message.position else 0
                self.refuse(
                    f"found the end of the file, expected '{closing}'"
                    f"\n  it closes what begins in line {begun}"
                )
            self.field(message, closing)
        if closing:
            self.advance()
        self.depth -= 1

    def field(self, message: Message, closing: str) -> None:
        """One field, with the mark that may stand behind it."""
        if self.token.kind != "word":
            or_end = f" or '{closing}'" if closing else ""
            self.refuse(f"found {self.found()}, expected the name of a field{or_end}")
        name, position = self.token.text, self.at(self.token.index)
        field = message.kind.fields.get(name)
        if field is None:
            known = message.kind.fields
            hint = _OTHER_FILE.get((message.kind.name, _owner(name)), "")
            hint = hint or did_you_mean(name, known) or one_of(list(known))
            self.refuse(f"{message.kind.name} has no field '{name}'{hint}")
        if not field.repeated and name in message.values:
            first = message.at(name)
            line = f"\n  first in line {first.line}; remove one of them" if first else ""
            self.refuse(f"the field '{name}' is given twice{line}")
        self.advance()
        colon = self.accept(":")
        if not colon and not field.is_message:
            self.refuse(f"found {self.found()}, expected ':' behind '{name}'")
        if field.repeated and self.accept("["):
            self.listed(message, field, position)
        else:
            message.add(name, self.value(field, position), position)
        if self.depth == 1 and field.is_message:
            self.tell(message, name)
        self.accept(";") or self.accept(",")

    def tell(self, message: Message, name: str) -> None:
        """Give what was written before an outermost message, in it and behind it to it."""
        values = message.values[name]
        target = values[-1] if isinstance(values, list) and values else values
        if isinstance(target, Message):
            line_end = self.text.find("\n", self.left)
            end = len(self.text) if line_end < 0 else line_end
            target.comments = [text for index, text in self.comments if index < end]
            self.comments = [each for each in self.comments if each[0] >= end]

    def listed(self, message: Message, field: Field, position: Position) -> None:
        """The values of ``[a, b]``, behind the opening bracket."""
        message.values.setdefault(field.name, [])
        message.places.setdefault(field.name, [])
        if self.accept("]"):
            return
        while True:
            message.add(field.name, self.value(field, position), position)
            if self.accept("]"):
                return
            if not self.accept(","):
                self.refuse(f"found {self.found()}, expected ',' or ']'")

    def accept(self, mark: str) -> bool:
        """Whether this mark is there; it is then passed."""
        there = self.token.kind == "mark" and self.token.text == mark
        if there:
            self.advance()
        return there

    # --- values -------------------------------------------------------------------------

    def value(self, field: Field, position: Position) -> Any:
        """One value of a field."""
        if field.is_message:
            closing = {"{": "}", "<": ">"}.get(self.token.text)
            if self.token.kind != "mark" or closing is None:
                self.refuse(f"found {self.found()}, expected '{{' behind '{field.name}'")
            self.advance()
            inner = Message(KINDS[field.type], position=position)
            self.fields(inner, closing)
            return inner
        if field.is_enum:
            return self.enum(field)
        match field.type:
            case "s" | "y":
                return self.string(field)
            case "b":
                return self.boolean(field)
            case "f" | "d":
                return self.real(field)
        return self.whole_number(field)

    def string(self, field: Field) -> str:
        """One text, or several that stand side by side."""
        if self.token.kind != "string":
            quoted = f'\n  write "{self.token.text}"' if self.token.kind == "word" else ""
            self.refuse(
                f"found {self.found()}, expected a text in quotes for '{field.name}'{quoted}"
            )
        parts = []
        while self.token.kind == "string":
            parts.append(self.unescaped(self.token))
            self.advance()
        data = b"".join(parts)
        return data.decode("utf-8", "backslashreplace")

    def unescaped(self, token: Token) -> bytes:
        """The bytes that a text stands for."""

        def replaced(found: re.Match[str]) -> str:
            if plain := found["plain"]:
                return _ESCAPES[plain]
            if number := found["four"] or found["eight"]:
                code = int(number, 16)
                if code <= sys.maxunicode and not 0xD800 <= code < 0xE000:  # noqa: PLR2004  # halves
                    return chr(code)
            for digits, base in ((found["octal"], 8), (found["hex"], 16)):
                if digits is not None and int(digits, base) < 256:  # noqa: PLR2004  # a byte
                    code = int(digits, base)
                    return chr(code) if code < 128 else chr(0xDC00 + code)  # noqa: PLR2004  # ASCII
            return self.refuse(
                f"the text has no character {found[0]}\n  write \\\\ for a backslash",
                token.index + 1 + found.start(),
            )

        return _ESCAPE.sub(replaced, token.text).encode("utf-8", "surrogateescape")

    def boolean(self, field: Field) -> bool:
        if self.token.kind == "word" and self.token.text in _BOOLS:
            return _BOOLS[self.advance().text]
        if self.token.kind == "number" and self.token.text in ("0", "1"):
            return self.advance().text == "1"
        return self.refuse(f"found {self.found()}, expected true or false for '{field.name}'")

    def enum(self, field: Field) -> str:
        """The name; a number stands for its name."""
        names = ENUMS[field.type]
        if self.token.kind == "word" and self.token.text in names:
            return self.advance().text
        if self.token.kind == "number":
            for name, number in names.items():
                if str(number) == self.token.text:
                    self.advance()
                    return name
        hint = did_you_mean(self.token.text, names) or one_of(list(names))
        return self.refuse(f"found {self.found()} for '{field.name}'{hint}")

    def sign(self) -> int:
        return -1 if self.accept("-") else 1

    def whole_number(self, field: Field) -> int:
        """Decimal, hexadecimal, or octal with a leading 0."""
        begin = self.token.index
        low, high = _RANGES[field.type]
        what = f"a whole number for '{field.name}'"
        if low == 0 and self.token.text == "-":
            self.refuse(f"found '-', expected {what}, at least 0")
        sign, text = self.sign(), self.token.text
        if self.token.kind != "number" or not re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", text):
            self.refuse(f"found {self.found()}, expected {what}")
        octal = text[0] == "0" and text[1:2] not in ("", "x", "X")
        if octal and not re.fullmatch("[0-7]+", text):
            self.refuse(f"found {self.found()}: a number with a leading 0 is octal\n  remove the 0")
        value = sign * int(text, 8 if octal else 16 if text[1:2] in ("x", "X") else 10)
        if not low <= value <= high:
            self.refuse(f"found {value}, expected {what} from {low} to {high}", begin)
        self.advance()
        return value

    def real(self, field: Field) -> float:
        """A decimal number, with or without point, exponent and ``f``; or inf or nan."""
        sign, text = self.sign(), self.token.text
        word = self.token.kind == "word" and text.lower() in ("inf", "infinity", "nan")
        if not word and self.token.kind != "number":
            self.refuse(f"found {self.found()}, expected a number for '{field.name}'")
        if self.token.kind == "number" and re.fullmatch(r"0[xX].*|0[0-9]+", text):
            self.refuse(f"found {self.found()}, expected a decimal number for '{field.name}'")
        self.advance()
        value = sign * float(text if word else text.rstrip("fF"))
        return float32(value) if field.type == "f" else value
