"""graphnet's own documentation as text to learn from, character by character.

The text is written in 64 symbols and cut into streams: slot n of each batch of 32 goes on where
slot n of the batch before it ended.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from graphnet.errors import DataError

#: Of the set.
NAME = "docs-text"
#: What the indices stand for.
SYMBOLS = " \nabcdefghijklmnopqrstuvwxyz0123456789" + "`|,.-:*()_#[];/'{}\"+=&<>^@"
#: Streams: one for each slot of a batch.
STREAMS = 32
#: Characters in a row.
STEPS = 64
#: Batches of each split.
BATCHES = {"train": 40, "test": 4}
#: Characters in the text: those of the splits, and one behind each, which is only predicted.
LENGTH = sum(BATCHES.values()) * STREAMS * STEPS + len(BATCHES)
FILE = Path(__file__).parent / "embedded" / "docs-text.txt.gz"

_SPELLED = str.maketrans(
    {"…": "...", "·": "*", "×": "*", "−": "-", "–": "-", "→": "->", "←": "<-", "²": "^2"}
)


def plain(text: str) -> str:
    """Text in the 64 symbols: in lower case, a few signs spelled out, all others left out."""
    lower = text.lower().translate(_SPELLED)
    return "".join(c for c in lower if c in SYMBOLS)


def encode(text: str) -> np.ndarray:
    """The index of each character, ``(n,)`` uint8."""
    strange = sorted(set(text) - set(SYMBOLS))
    if strange:
        raise DataError(
            f"{', '.join(map(repr, strange))} cannot be written in the {len(SYMBOLS)} symbols\n"
            f"  expected only: {SYMBOLS!r}"
        )
    return np.array([SYMBOLS.index(c) for c in text], np.uint8)


def decode(indices: np.ndarray) -> str:
    """The text that indices stand for."""
    return "".join(SYMBOLS[int(i)] for i in indices)


def streams(indices: np.ndarray, n_streams: int, n_steps: int) -> dict[str, np.ndarray]:
    """A text as rows that batches of ``n_streams`` read, in order, as so many long sequences.

        text  a b c d e f g h i j k l m      n_streams = 2, n_steps = 3
        rows  [a b c] [g h i]   [d e f] [j k l]
               batch 0           batch 1

    Args:
        indices: One more than a multiple of ``n_streams · n_steps``.
        n_streams: Samples in a batch.
        n_steps: Characters in a row.

    Returns:
        ``text`` ``(n, n_steps)``; ``cont``, 0 where a stream begins, else 1; and ``next``, the
        character after each.
    """

    def rows(part: np.ndarray) -> np.ndarray:
        by_stream = part.reshape(n_streams, -1, n_steps)
        return by_stream.swapaxes(0, 1).reshape(-1, n_steps)

    text = rows(indices[:-1])
    cont = np.ones_like(text)
    cont[:n_streams, 0] = 0
    return {"text": text, "cont": cont, "next": rows(indices[1:])}


def split_text(split: str) -> str:
    """The text of a split; the test set is the end."""
    text = gzip.decompress(FILE.read_bytes()).decode("ascii")
    start = 0
    for name, n_batches in BATCHES.items():
        stop = start + n_batches * STREAMS * STEPS + 1
        if name == split:
            return text[start:stop]
        start = stop
    raise KeyError(split)


@lru_cache(maxsize=1)
def docs_text() -> dict[str, Mapping[str, np.ndarray]]:
    """The splits: ``text``, ``cont`` and ``next``, each ``(n, 64)``; the test set is the end."""
    splits: dict[str, Mapping[str, np.ndarray]] = {}
    for split in BATCHES:
        splits[split] = samples = streams(encode(split_text(split)), STREAMS, STEPS)
        for array in samples.values():
            array.flags.writeable = False  # it is shared by everyone who asks
    return splits
