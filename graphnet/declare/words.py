"""Words in braces, and the lists of layers in which they stand for something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from graphnet.declare.yaml_reader import Document, KeyPath, Repeated
from graphnet.errors import Position, SpecError, did_you_mean, one_of

#: What a word may stand for.
Scalar: TypeAlias = str | int | float | bool

NAME = re.compile(r"[A-Za-z_]\w*")
WORD = re.compile(r"\{([A-Za-z_]\w*(?:-1)?)\}")
_MOST_CHARACTERS = 10_000  # of a text that has a word in it


@dataclass(frozen=True)
class ListPlace:
    """Where a list of layers stands, and what words stand for there.

    Attributes:
        document: The file it is in.
        path: The list's, in that document.
        within: The repetitions and files that it is in, for messages.
        words: What each word stands for; known only to what is written behind it.
        is_strict: Whether a word that stands for nothing is a mistake.
        repeated: The repetitions that it is in.
        files: The files that include each other down to here.
    """

    document: Document
    path: KeyPath
    within: str
    words: Mapping[str, Scalar]
    is_strict: bool = False
    repeated: tuple[Repeated, ...] = ()
    files: tuple[Path, ...] = ()
    depth: int = 0

    def at(self, *key: str | int) -> Position | None:
        """The position of what stands there, or of the nearest thing around it."""
        return self.marked(self.document.at((*self.path, *key)))

    def key_at(self, *key: str | int) -> Position | None:
        """The position of a key."""
        return self.marked(self.document.key_at((*self.path, *key)))

    def marked(self, position: Position | None) -> Position | None:
        """A position that says which repetition it is of."""
        if position is None or not position.line:
            return position
        return Position(position.file, position.line, position.column, self.within)

    def refuse(self, message: str, *key: str | int) -> NoReturn:
        """Report what is wrong at a key."""
        raise SpecError(message, self.at(*key))

    def deeper(self, within: str, **changes: Any) -> ListPlace:
        """A place within this one."""
        outer = f", {self.within}" if self.within else ""
        return replace(self, within=f"{within}{outer}", depth=self.depth + 1, **changes)

    def text(self, text: str, *inner: str | int) -> Scalar:
        """A text with its words replaced; a single word alone becomes what it stands for."""
        words = WORD.findall(text)
        unknown = [word for word in words if word not in self.words]
        if unknown and self.is_strict:
            known = [f"{{{word}}}" for word in self.words]
            hint = did_you_mean(f"{{{unknown[0]}}}", known) or (one_of(known) if known else "")
            self.refuse(f"the word '{{{unknown[0]}}}' stands for nothing here{hint}", *inner)
        whole = WORD.fullmatch(text)
        if whole and whole[1] in self.words:
            return self.words[whole[1]]
        result = WORD.sub(lambda m: written(self.words.get(m[1], m[0])), text)
        if words and len(result) > _MOST_CHARACTERS:
            self.refuse(
                f"a text of {len(result):,} characters, {_MOST_CHARACTERS:,} at most",
                *inner,
            )
        return result


def written(value: Scalar) -> str:
    """A value as it stands in a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_keys(
    item: Mapping[str, Any], known: tuple[str, ...], what: str, place: ListPlace
) -> None:
    """See that nothing else is said.

    Raises:
        SpecError: With the first key that is not known.
    """
    for key in item:
        if key not in known:
            hint = did_you_mean(str(key), known) or one_of(known)
            raise SpecError(f"{what} has no key '{key}'{hint}", place.key_at(key))
