# ruff: noqa: INP001, T201  # a script that prints, not a module of a package
"""Writes text with nets/char-rnn.yaml, one character after the other.

Train it first, then let it go on from a beginning of your own::

    graphnet solve nets/char-rnn.yaml
    python nets/char_rnn_sample.py runs/char-rnn --prompt "a layer "
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import graphnet as gn
from graphnet.data.sets.docs_text import STEPS, SYMBOLS, decode, encode

NET = Path(__file__).with_name("char-rnn.yaml")


def sample(net: gn.Net, prompt: str, temperature: float, seed: int) -> Iterator[str]:
    """Characters that go on from ``prompt``, without end.

    The net reads the last 64 characters for each one it writes: its sequences are that long, and
    what lies after the last one cannot change what it predicts there.

    Args:
        net: Trained; nets/char-rnn.yaml or one with the same blobs.
        prompt: At least one character.
        temperature: Below 1 it prefers what is likely even more; 0 takes the likeliest.
        seed: Of the random numbers.

    Raises:
        GraphnetError: If the prompt has a character that the net does not know.
    """
    rng = np.random.default_rng(seed)
    written = encode(prompt).tolist()
    cont = np.ones((1, STEPS))
    cont[0, 0] = 0  # a sequence of its own, whatever was read before
    while True:
        written = written[-STEPS:]
        text = np.zeros((1, STEPS))
        text[0, : len(written)] = written
        prob = net.predict({"text": text, "cont": cont})["prob"][0, len(written) - 1]
        written.append(draw(prob.astype(np.float64), temperature, rng))
        yield decode(written[-1:])


def draw(prob: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    """An index, drawn with probabilities in proportion to ``prob ** (1 / temperature)``."""
    if temperature == 0:
        return int(prob.argmax())
    weights = (prob / prob.max()) ** (1 / temperature)
    return int(rng.choice(len(prob), p=weights / weights.sum()))


def main(arguments: list[str] | None = None) -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Write text with nets/char-rnn.yaml.")
    parser.add_argument("weights", metavar="RUN|SNAPSHOT|MODEL", help="what it has learned")
    parser.add_argument("--prompt", default="\n", help="what to go on from; default: a new line")
    parser.add_argument("--length", type=int, default=400, help="characters; default 400")
    parser.add_argument("--temperature", type=float, default=0.5, help="0 to 1; default 0.5")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.temperature < 0 or not given.prompt or set(given.prompt) - set(SYMBOLS):
        parser.error(
            "expected a temperature that is not negative, and a prompt of the characters"
            f" {SYMBOLS.strip()}, space and new line"
        )
    net = gn.load_net(NET, phase="test")
    gn.load_weights(net, given.weights, strict=True)
    characters = sample(net, given.prompt, given.temperature, given.seed)
    print(given.prompt, end="")
    for _ in range(given.length):
        print(next(characters), end="", flush=True)
    print()
    net.close()


if __name__ == "__main__":
    try:
        main()
    except gn.GraphnetError as error:
        sys.exit(str(error))
