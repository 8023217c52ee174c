"""nets/tiny_gpt_sample.py: text from a transformer, and what it looks at."""

from __future__ import annotations

import runpy
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet.data.sets.docs_text import SYMBOLS, split_text
from graphnet.data.text.tokens import Tokens, train_tokens, write_tokens
from graphnet.errors import DataError

SCRIPT = Path(__file__).parent.parent / "nets" / "tiny_gpt_sample.py"
NAMES = runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of the net as it is filled at first."""
    net = gn.load_net(NAMES["NET"], phase="test", seed=3)
    path = tmp_path_factory.mktemp("model") / "model.h5"
    gn.save_model(net, path)
    net.close()
    return str(path)


@pytest.fixture(scope="module")
def loaded(model):
    """The net and its text."""
    net, text = NAMES["load"](model)
    yield net, text
    net.close()


def written(loaded, prompt, n, temperature=1.0, seed=0):
    return "".join(islice(NAMES["sample"](*loaded, prompt, temperature, seed), n))


def test_a_short_sample(loaded):
    """The same seed writes the same text, another seed another."""
    text = written(loaded, "a layer", 12)
    assert len(text) == 12
    assert set(text) <= set(SYMBOLS)
    assert written(loaded, "a layer", 12) == text
    assert written(loaded, "a layer", 12, seed=1) != text


def test_each_character_is_the_likeliest_of_what_the_net_says(loaded):
    """Whatever lies behind the prompt in the row: the net is causal."""
    net, _ = loaded
    text = split_text("test")[:64]
    row = np.array([[SYMBOLS.index(c) for c in text]], float)
    prob = net.predict({"text": row})["prob"][0]
    for n in (1, 20, 64):
        assert written(loaded, text[:n], 1, temperature=0) == SYMBOLS[prob[n - 1].argmax()]


def test_a_long_prompt_slides(loaded):
    """Only the last 64 characters are read."""
    long = "x" * 10 + "some text " * 10
    assert written(loaded, long, 3) == written(loaded, long[-64:], 3)


def test_a_strange_character(loaded):
    """Is refused, with its place."""
    with pytest.raises(DataError, match="the prompt:1:3: the character 'Ä'"):
        written(loaded, "abÄ", 1)


def test_maps(model):
    """Weights of what came before: a triangle of which each row adds up to 1."""
    net, text = NAMES["load"](model, maps=True)
    found = NAMES["attention_maps"](net, text, "a layer")
    net.close()
    assert list(found) == ["maps1", "maps2", "maps3", "maps4"]
    for maps in found.values():
        assert maps.shape == (4, 7, 7)
        np.testing.assert_allclose(maps.sum(axis=2), 1, rtol=1e-5)
        assert (np.triu(maps, 1) == 0).all()


def test_tokens(tmp_path):
    """A net of tokens, with its text and tokenizer beside it, goes on from a prompt."""
    pytest.importorskip("tokenizers", reason="needs the extra tokens")
    words = "the größe of the cat 😀\n" * 60
    (tmp_path / "book.txt").write_text(words, "utf-8")
    write_tokens(train_tokens(words, 300), tmp_path / "book.json")
    net = NAMES["NET"].read_text("utf-8").replace("_dim: 64", "_dim: {n}")
    n = Tokens(tmp_path / "book.json").n
    for split in ("train", "test"):
        net = net.replace(
            f"dataset:docs-text/{split}",
            "book.txt\n    tokenizer: book.json"
            if split == "train"
            else "book.txt, tokenizer: book.json",
        )
    (tmp_path / "tiny-gpt.yaml").write_text(net.replace("{n}", str(n)), "utf-8")
    script = tmp_path / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    names = runpy.run_path(str(script))
    made = gn.load_net(tmp_path / "tiny-gpt.yaml", phase="test", seed=3)
    gn.save_model(made, tmp_path / "model.h5")
    made.close()
    net, text = names["load"](str(tmp_path / "model.h5"))
    said = list(islice(names["sample"](net, text, "the 😀", 1.0, 0), 40))
    again = list(islice(names["sample"](net, text, "the 😀", 1.0, 0), 40))
    assert said == again
    assert "".join(said)
    assert names["attention_maps"](*names["load"](str(tmp_path / "model.h5"), maps=True), "the cat")
    net.close()


def test_the_commands(model, loaded, tmp_path, capsys):
    """One prints the prompt and what follows, one draws."""
    NAMES["main"]([model, "--prompt", "a net", "--length", "5"])
    assert capsys.readouterr().out == "a net" + written(loaded, "a net", 5, 0.5) + "\n"
    target = tmp_path / "maps.svg"
    NAMES["main"]([model, "--prompt", "a net", "--maps", str(target)])
    assert target.read_text("utf-8").count("<image ") == 16
    with pytest.raises(SystemExit, match="2"):
        NAMES["main"]([model, "--prompt", "a net", "--maps", str(target)])
    assert "expected the name of a new .svg file" in capsys.readouterr().err


def test_wrong_use(capsys):
    """No prompt, or a temperature that is none."""
    for words in (["--prompt", ""], ["--temperature", "-1"]):
        with pytest.raises(SystemExit, match="2"):
            NAMES["main"](["run", *words])
    assert "expected a temperature that is not negative" in capsys.readouterr().err
