# ruff: noqa: INP001, T201  # a script that prints, not a module of a package
"""Writes text with nets/tiny-gpt.yaml, and draws what each of its heads looks at.

Train it first, then let it go on from a beginning of your own::

    graphnet solve nets/tiny-gpt.yaml
    python nets/tiny_gpt_sample.py runs/tiny-gpt --prompt "a layer "
    python nets/tiny_gpt_sample.py runs/tiny-gpt --prompt "a layer that learns" --maps maps.svg
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import graphnet as gn
from graphnet.data.text.windows import TextPart
from graphnet.declare.yaml_reader import read_yaml
from graphnet.draw.pixels import Thumbnail, grid
from graphnet.draw.svg import svg

NET = Path(__file__).with_name("tiny-gpt.yaml")
LONGEST_CHARACTER = 4  # bytes of UTF-8


def with_maps(source: Path) -> dict[str, Any]:
    """The net with a second top of each attention: its weights, as ``maps1`` to ``maps4``."""
    net: dict[str, Any] = read_yaml(source).value
    for item in net["layers"]:
        for key in item.keys() & {"source", "tokenizer"}:
            if not item[key].startswith("dataset:"):
                item[key] = str(source.absolute().parent / item[key])
        for layer in item.get("layers", []):
            if layer.get("type") == "MultiHeadAttention":
                layer["tops"].append("maps{i}")
    return net


def load(weights: str, *, maps: bool = False) -> tuple[gn.Net, TextPart]:
    """The net with what it has learned, and its text, which knows what numbers stand for."""
    net = gn.load_net(with_maps(NET) if maps else NET, phase="test")
    gn.load_weights(net, weights, strict=True)
    (data,) = (n.spec for n in net.compiled.spec.data_nodes() if n.spec.phase == "test")
    return net, data.windows()


def padded(numbers: Sequence[int], steps: int) -> tuple[np.ndarray, int]:
    """The last numbers as a row of the net, and the place of the last one.

    The net sees nothing behind a place, so what lies there does not matter.
    """
    kept = list(numbers)[-steps:]
    row = np.zeros((1, steps))
    row[0, : len(kept)] = kept
    return row, len(kept) - 1


def sample(
    net: gn.Net, text: TextPart, prompt: str, temperature: float, seed: int
) -> Iterator[str]:
    """Characters (or tokens) that go on from ``prompt``, without end.

    What is no whole character by itself is blank, and comes with what makes it one.

    Args:
        net: Trained; nets/tiny-gpt.yaml or one with the same blobs.
        text: That it has learned from.
        prompt: At least one character.
        temperature: Below 1 it prefers what is likely even more; 0 takes the likeliest.
        seed: Of the random numbers.

    Raises:
        GraphnetError: If the prompt has a character that the net does not know.
    """
    rng = np.random.default_rng(seed)
    steps = net.blobs["text"].shape[1]
    numbers = text.numbers_of(prompt, "the prompt").tolist()
    unsaid: list[int] = []
    while True:
        row, last = padded(numbers, steps)
        prob = net.predict({"text": row})["prob"][0, last].astype(np.float64)
        numbers = [*numbers[-steps:], draw(prob, temperature, rng)]
        unsaid.append(numbers[-1])
        said = text.text_of(unsaid)
        if said.endswith("\ufffd") and len(unsaid) < LONGEST_CHARACTER:
            yield ""
        else:
            unsaid.clear()
            yield said


def draw(prob: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    """An index, drawn with probabilities in proportion to ``prob ** (1 / temperature)``."""
    if temperature == 0:
        return int(prob.argmax())
    weights = (prob / prob.max()) ** (1 / temperature)
    return int(rng.choice(len(prob), p=weights / weights.sum()))


def attention_maps(net: gn.Net, text: TextPart, prompt: str) -> dict[str, np.ndarray]:
    """What each head of each block looks at: ``(heads, T, T)``, a row for each symbol.

    Args:
        net: Loaded with maps.
        text: That it has learned from.
        prompt: Its last symbols are read, as many as the net has steps.
    """
    numbers = text.numbers_of(prompt, "the prompt").tolist()
    row, last = padded(numbers, net.blobs["text"].shape[1])
    found = net.predict({"text": row})
    size = last + 1
    names = sorted(name for name in found if name.startswith("maps"))
    return {name: found[name][0, :, :size, :size] for name in names}


def picture_of(maps: dict[str, np.ndarray], text: str) -> str:
    """The maps as SVG, a row for each block; in each, a row of pixels is a character that looks."""
    n_heads = len(next(iter(maps.values())))
    tiles = [
        Thumbnail(head[None] / head.max(axis=1, keepdims=True), (f"block {block}, head {i + 1}",))
        for block, heads in enumerate(maps.values(), 1)
        for i, head in enumerate(heads)
    ]
    side = 150.0
    width = 32 + n_heads * (side + 8)
    title = text.replace("\n", " ")
    return svg(grid(f"what looks at what: {title}", tiles, side=side, width=width, scale=(0, 1)))


def main(arguments: list[str] | None = None) -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Write text with nets/tiny-gpt.yaml.")
    parser.add_argument("weights", metavar="RUN|SNAPSHOT|MODEL", help="what it has learned")
    parser.add_argument("--prompt", default="\n", help="what to go on from; default: a new line")
    parser.add_argument("--length", type=int, default=400, help="symbols; default 400")
    parser.add_argument("--temperature", type=float, default=0.5, help="0 to 1; default 0.5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--maps", metavar="FILE.svg", help="draw what is looked at in the prompt")
    given = parser.parse_args(arguments)
    if given.temperature < 0 or not given.prompt:
        parser.error("expected a temperature that is not negative, and a prompt")
    net, text = load(given.weights, maps=given.maps is not None)
    if given.maps is not None:
        target = Path(given.maps)
        if target.suffix != ".svg" or target.exists():
            parser.error("--maps: expected the name of a new .svg file")
        steps = net.blobs["text"].shape[1]
        maps = attention_maps(net, text, given.prompt)
        seen = text.text_of(text.numbers_of(given.prompt, "the prompt")[-steps:].tolist())
        target.write_text(picture_of(maps, seen), "utf-8")
        print(f"drawn: {target}")
        net.close()
        return
    written = sample(net, text, given.prompt, given.temperature, given.seed)
    print(given.prompt, end="")
    for _ in range(given.length):
        print(next(written), end="", flush=True)
    print()
    net.close()


if __name__ == "__main__":
    try:
        main()
    except gn.GraphnetError as error:
        sys.exit(str(error))
