"""nets/char_rnn_sample.py: text from a net, character by character."""

from __future__ import annotations

import runpy
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn
from graphnet.data.sets.docs_text import SYMBOLS, docs_text, encode

SCRIPT = Path(__file__).parent.parent / "nets" / "char_rnn_sample.py"
NAMES = runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def net():
    """The net as it is filled at first."""
    net = gn.load_net(NAMES["NET"], phase="test", seed=3)
    yield net
    net.close()


def written(net, prompt, n, temperature=1.0, seed=0):
    return "".join(islice(NAMES["sample"](net, prompt, temperature, seed), n))


def test_a_short_sample(net):
    """The same seed writes the same text, another seed another."""
    text = written(net, "a layer", 12)
    assert len(text) == 12
    assert set(text) <= set(SYMBOLS)
    assert written(net, "a layer", 12) == text
    assert written(net, "a layer", 12, seed=1) != text


def test_each_character_is_the_likeliest_of_what_the_net_says(net):
    """At temperature 0 it goes on as the net's own test phase predicts, state and all."""
    row = docs_text()["test"]["text"][:1]
    cont = np.ones((1, 64))
    cont[0, 0] = 0
    prob = net.predict({"text": row, "cont": cont})["prob"][0]
    for n in (1, 20, 64):
        prompt = "".join(SYMBOLS[i] for i in row[0, :n])
        assert written(net, prompt, 1, temperature=0) == SYMBOLS[prob[n - 1].argmax()]


def test_a_long_prompt_slides(net):
    """Only the last 64 characters are read."""
    long = "x" * 10 + "some text " * 10
    assert written(net, long, 3) == written(net, long[-64:], 3)


def test_temperature():
    """It sharpens the probabilities: p ** (1 / temperature), normalised."""
    prob = np.array([0.1, 0.3, 0.6])
    rng = np.random.default_rng(0)
    for temperature in (1.0, 0.5):
        drawn = [NAMES["draw"](prob, temperature, rng) for _ in range(4000)]
        expected = prob ** (1 / temperature) / (prob ** (1 / temperature)).sum()
        np.testing.assert_allclose(np.bincount(drawn) / 4000, expected, atol=0.04)


def test_the_command(net, tmp_path, capsys):
    """It prints the prompt and what follows."""
    gn.save_model(net, tmp_path / "model.h5")
    NAMES["main"]([str(tmp_path / "model.h5"), "--prompt", "a net", "--length", "5"])
    out = capsys.readouterr().out
    assert out == "a net" + written(net, "a net", 5, temperature=0.5) + "\n"


def test_wrong_use(capsys):
    """A prompt that the net cannot read is refused."""
    with pytest.raises(SystemExit, match="2"):
        NAMES["main"](["run", "--prompt", "Ä"])
    assert "expected a temperature that is not negative, and a prompt of" in capsys.readouterr().err
    assert encode("ab\n").tolist() == [2, 3, 1]
