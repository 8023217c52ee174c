"""Text in any encoding, and lines whose writing never fails.

ASCII, Latin-1 and the code pages of Windows lack some characters. These are written in ASCII:
``→`` as ``->``, ``×`` as ``x``; letters without a likeness, and bytes of a file's name that are
not text, as escapes.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from typing import TextIO

#: The name of the error handler that does this; ``open`` and ``encode`` take it.
ERRORS = "graphnet.readable"
#: The same for JSON, in which any missing character becomes an escape of JSON.
JSON_ERRORS = "graphnet.json"

_LIKE: Mapping[str, str] = {
    "→": "->", "←": "<-", "↔": "<->", "⇒": "=>", "↑": "^", "↓": "v",
    "×": "x", "·": "*", "÷": "/", "−": "-", "±": "+-", "√": "sqrt", "∘": "o", "∞": "inf",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∈": "in", "⌊": "floor(", "⌋": ")",
    "²": "^2", "³": "^3", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁻": "^-", "ᵗ": "^t", "ᵀ": "^T",
    "₀": "0", "₂": "2", "½": "1/2", "‖": "|",
    "Σ": "sum ", "∑": "sum ", "Δ": "Delta", "α": "alpha", "β": "beta", "γ": "gamma",
    "δ": "delta", "ε": "epsilon", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma",
    "Φ": "Phi", "φ": "phi", "µ": "u", "\u0302": "^", "°": " deg", "§": "section ", "©": "(c)",
    "…": "...", "–": "-", "—": "-", "‐": "-", "‑": "-", "•": "*", "\xa0": " ",
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"',
    "»": '"', "▶": ">", "✓": "ok", "✔": "ok", "✗": "x", "✘": "x",
}  # fmt: skip


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_likeness, error.object[error.start : error.end])), error.end


def _likeness(character: str) -> str:
    """A character's likeness in ASCII, or an escape."""
    code = ord(character)
    if character in _LIKE:
        return _LIKE[character]
    if 0xDC80 <= code < 0xDD00:  # noqa: PLR2004  # how Python keeps a byte that is no text
        return f"\\x{code - 0xDC00:02x}"
    return _drawn(character) or character.encode("ascii", "backslashreplace").decode("ascii")


def _drawn(character: str) -> str:
    """The likeness of a character for drawing boxes and bars; nothing for any other."""
    import unicodedata

    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        if " AND " in name:
            return "+"
        return "-" if any(way in name for way in ("HORIZONTAL", "LEFT", "RIGHT")) else "|"
    return "#" if "BLOCK" in name or "SHADE" in name else ""


def _in_json(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ERRORS, _in_ascii)
codecs.register_error(JSON_ERRORS, _in_json)


def readable(text: str, stream: TextIO | None) -> str:
    """The text with the characters that a stream's encoding has."""
    encoding = _encoding(stream)
    try:
        return text.encode(encoding, ERRORS).decode(encoding)
    except LookupError:  # a stream of user code may name an unknown encoding
        return text


def readable_json(text: str, stream: TextIO | None) -> str:
    """JSON with the characters that a stream's encoding has, and with the same values.

    Encodings other than Unicode's get escapes: some do not give back each character they take.
    cp932 turns the cent sign into its wide form, Shift JIS the yen sign into a backslash.
    """
    encoding = "utf-8" if _encoding(stream).lower().startswith("utf") else "ascii"
    text = text.translate(_IN_JSON)
    return text.encode(encoding, JSON_ERRORS).decode(encoding)


#: Characters that change the order in which a line is shown, end it, or hide in it.
_REORDERING = (
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    *(0x2028, 0x2029, 0xFEFF, *range(0xE0000, 0xE0080)),
)
#: What steers a terminal instead of being shown on it: lines and tabs apart.
_STEERING = {
    **{code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)},
    **{code: chr(code).encode("ascii", "backslashreplace").decode() for code in _REORDERING},
}
_IN_A_CELL = {**_STEERING, 9: "\\t", 10: "\\n"}
#: The same as JSON writes them; it has none below the blank but between its values.
_IN_JSON = {code: json.dumps(chr(code))[1:-1] for code in _STEERING if code > 126}  # noqa: PLR2004
#: How Rich colours text, moves over its bars and hides the cursor; nothing else may pass.
_DRAWING = re.compile("(\x1b\\[[0-9;]*m|\x1b\\[[0-9]*[AK]|\x1b\\[\\?25[lh]|\r)")
_SUSPICIOUS = re.compile(f"[{re.escape(''.join(map(chr, _STEERING)))}]")


def visible(text: str, *, in_line: bool = False) -> str:
    """The text with escapes for characters that would steer a terminal, as a file's name may.

    Args:
        text: Any text.
        in_line: Whether it must not have ends of lines and tabs either.
    """
    return text.translate(_IN_A_CELL if in_line else _STEERING)


def drawn_only(text: str) -> str:
    """The text with escapes for what steers a terminal, except for what draws tables and bars."""
    if not _SUSPICIOUS.search(text):
        return text
    parts = _DRAWING.split(text)  # the odd ones draw
    return "".join(part if i % 2 else visible(part) for i, part in enumerate(parts))


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def fitted(parts: Mapping[str, str], width: int | None, leave_out: Sequence[str] = ()) -> str:
    """A line of parts, two spaces between them, no longer than ``width`` if that can be.

    Args:
        parts: Their texts by name, in order; an empty one is no part.
        width: The columns there are; None for any number.
        leave_out: The names of parts that the line may do without, the first to go first.
    """
    left = {name: text for name, text in parts.items() if text}
    for name in leave_out:
        if width is None or len("  ".join(left.values()).rstrip()) <= width:
            break
        left.pop(name, None)
    return "  ".join(left.values()).rstrip()


def write_line(stream: TextIO | None, text: str) -> None:
    """Write a line at once; a stream that is closed, full or gone is ignored."""
    if stream is None:  # closed by ``>&-``, or a program without a console
        return
    try:
        stream.write(readable(visible(text), stream) + "\n")
        stream.flush()
    except (OSError, ValueError):
        pass
