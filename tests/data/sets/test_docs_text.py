"""The documentation as text: symbols, streams, and what is shipped."""

import gzip
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from graphnet.data.sets import docs_text
from graphnet.data.sets.docs_text import LENGTH, STREAMS, SYMBOLS, decode, encode, plain, streams
from graphnet.errors import DataError

ROOT = Path(__file__).parents[3]


def test_symbols():
    """64, all different."""
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 64


def test_plain():
    """Lower case, a few signs spelled out, others left out."""
    assert plain("Σ A·b → “C”…\n") == " a*b -> c...\n"
    assert plain(SYMBOLS) == SYMBOLS


def test_encode_and_decode():
    """They undo each other; what is no symbol is named."""
    text = "layer: {name: ip1}\n"
    assert decode(encode(text)) == text
    with pytest.raises(DataError, match=r"'A', '!' cannot be written|'!', 'A' cannot be written"):
        encode("A!")


def test_streams():
    """Row r of a batch goes on where row r of the batch before it ended."""
    found = streams(np.arange(2 * 3 * 4 + 1), n_streams=2, n_steps=4)
    assert found["text"].tolist() == [
        [0, 1, 2, 3],
        [12, 13, 14, 15],
        [4, 5, 6, 7],
        [16, 17, 18, 19],
        [8, 9, 10, 11],
        [20, 21, 22, 23],
    ]
    assert np.array_equal(found["next"], found["text"] + 1)
    assert found["cont"][:, 0].tolist() == [0, 0, 1, 1, 1, 1]
    assert found["cont"][:, 1:].all()


def test_what_is_shipped():
    """The streams put together are the text, and its end is what is tested on."""
    text = gzip.decompress(docs_text.FILE.read_bytes()).decode("ascii")
    assert len(text) == LENGTH
    assert plain(text) == text
    assert "graphnet" in text
    read = ""
    for samples in docs_text.docs_text().values():
        rows = samples["text"].reshape(-1, STREAMS, 64).swapaxes(0, 1)
        read += decode(rows.reshape(-1)) + decode(samples["next"][-1:, -1])
    assert read == text


def test_the_script_makes_it(tmp_path):
    """The documentation there is now is enough for another text of that length."""
    main = runpy.run_path(str(ROOT / "docs" / "make_docs_text.py"))["main"]
    main.__globals__["FILE"] = target = tmp_path / "text.gz"
    main()
    text = gzip.decompress(target.read_bytes()).decode("ascii")
    assert len(text) == LENGTH
    assert re.match(r"# graphnet", text)


def test_cannot_be_changed():
    """The arrays are shared, so nobody may write to them."""
    with pytest.raises(ValueError, match="read-only"):
        docs_text.docs_text()["train"]["text"][0] = 1
