"""Tokens: pieces of text that a byte-pair tokenizer has learned, by the package ``tokenizers``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from graphnet.data.regular_file import read_bytes, regular_file
from graphnet.errors import DataError, MissingExtraError
from graphnet.files.paths import refuse_to_replace
from graphnet.files.writing import Advice, write_durably
from graphnet.installation import pip_install

#: A token for each byte, so that every text can be written in them.
LEAST_TOKENS = 256
#: About how many characters are cut into tokens at a time: what the library notes of each is large.
_PIECE = 1 << 20
_ADVICE = Advice(DataError)

T = TypeVar("T")


class Tokens:
    """What the numbers of a text stand for where they are tokens.

    Args:
        path: A file in the format of the package ``tokenizers``, as ``graphnet data tokenizer``
            or another program has written it.

    Raises:
        DataError: If it cannot be read, or is none.
        MissingExtraError: If the package is not here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        regular_file(path)
        self._content = read_bytes(path)
        self._tokenizer = _opened(self._content, str(path))

    @cached_property
    def n(self) -> int:
        """How many there are: one more than the highest number."""
        return 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Each as text; what is no whole character by itself as the file spells it."""
        found = [""] * self.n
        for spelt, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            text = self.text_of([number])
            found[number] = text if text and "\ufffd" not in text else spelt
        return tuple(found)

    def numbers_of(self, text: str, where: str) -> np.ndarray:
        """The tokens of a text, ``(n,)``, of the smallest type that holds all.

        Args:
            text: Any.
            where: Names the text in a message.

        Raises:
            DataError: If the tokenizer cannot cut it.
        """
        return _numbers(self._content, text, where, str(self.path))

    def text_of(self, numbers: Sequence[int]) -> str:
        """What tokens say; a byte that is no character by itself is U+FFFD."""
        plain = [int(number) for number in numbers]
        return str(self._tokenizer.decode(plain, skip_special_tokens=False))

    def begin_of(self, text: str, index: int) -> int:
        """At which character of a text a token of it begins."""
        start, before = 0, 0
        for piece in pieces(text):
            offsets = self._tokenizer.encode(piece, add_special_tokens=False).offsets
            if index < before + len(offsets):
                return start + int(offsets[index - before][0])
            start, before = start + len(piece), before + len(offsets)
        return len(text)


def train_tokens(text: str, n_tokens: int) -> str:
    """A tokenizer of bytes and of the pairs that a text has most often, as its file holds it.

    It cuts as GPT-2's does: no token reaches from one word into the next, and any text comes back
    from its tokens as it was. The same text gives the same tokenizer.

    Args:
        text: To learn from.
        n_tokens: How many, from 256; there are fewer if the text has no more pairs.

    Raises:
        DataError: If they are too few, or the text is empty.
        MissingExtraError: If the package ``tokenizers`` is not here.
    """
    if n_tokens < LEAST_TOKENS:
        raise DataError(
            f"{n_tokens} tokens are too few\n  expected at least {LEAST_TOKENS}: one for each byte"
        )
    if not text:
        raise DataError("the text is empty\n  give one to learn from")
    library = _library()
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=n_tokens,
        initial_alphabet=sorted(library.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(pieces(text), trainer)
    return str(tokenizer.to_str(pretty=True)) + "\n"


def write_tokens(content: str, path: Path, *, force: bool = False) -> None:
    """Write what :func:`train_tokens` gave.

    Raises:
        SpecError: If the file is there and ``force`` is not given.
        DataError: If it cannot be written.
    """
    refuse_to_replace([path], force=force)
    write_durably(path, content.encode(), _ADVICE)


def pieces(text: str) -> list[str]:
    r"""A text in parts of about a million characters, each beginning behind a ``\n``.

    A part begins with no blank, so that GPT-2's rule cuts all of them as it would the whole.
    """
    found, start = [], 0
    while len(text) - start > _PIECE:
        end = start + _PIECE
        while (end := text.find("\n", end) + 1) and text[end : end + 1].isspace():
            pass
        if not end or end == len(text):
            break
        found.append(text[start:end])
        start = end
    return [*found, text[start:]]


@lru_cache(maxsize=2)  # a net asks several times; the two parts of a text have it in common
def _numbers(content: bytes, text: str, where: str, path: str) -> np.ndarray:
    tokenizer = _opened(content, path)
    n = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    dtype = np.min_scalar_type(max(1, n - 1))
    what = f"{where} cannot be cut by the tokenizer {path}"
    cut = partial(tokenizer.encode, add_special_tokens=False)
    found = [np.array(_asked(partial(cut, piece), what).ids, dtype) for piece in pieces(text)]
    numbers = np.concatenate(found)
    numbers.flags.writeable = False
    return numbers


def _opened(content: bytes, path: str) -> Any:
    library = _library()
    tokenizer = _asked(
        lambda: library.Tokenizer.from_str(content.decode()),  # which may be no text
        f"{path} is no tokenizer of the package tokenizers",
        "write one: graphnet data tokenizer TEXT --tokens N --to FILE",
    )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _asked(call: Callable[[], T], what: str, cure: str = "use another one") -> T:
    """What the library gives; its complaints, which have no type of their own, as an error."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of its Rust is no Exception
        raise DataError(f"{what}: {error}\n  {cure}") from error


def _library() -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError(
            f"a tokenizer needs the package tokenizers: {error}"
            f"\n  install it: {pip_install('tokens')}"
        ) from error
    return tokenizers
