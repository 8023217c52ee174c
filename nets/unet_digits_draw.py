# ruff: noqa: INP001, T201  # a script that prints, not a module of a package
"""Draws what nets/unet-digits.yaml makes of pictures it has not seen: picture, areas, answer.

Train it first::

    graphnet solve nets/unet-digits.yaml
    python nets/unet_digits_draw.py runs/unet-digits areas.svg
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import graphnet as gn
from graphnet.draw.pixels import Thumbnail, grid
from graphnet.draw.svg import svg

NET = Path(__file__).with_name("unet-digits.yaml")
#: A colour for each digit, from 0 to 1; what is no digit is black.
COLOURS = np.array(
    [
        *((0.90, 0.30, 0.25), (0.95, 0.60, 0.20), (0.95, 0.90, 0.30), (0.50, 0.80, 0.30)),
        *((0.20, 0.60, 0.35), (0.30, 0.80, 0.80), (0.30, 0.50, 0.95), (0.55, 0.35, 0.85)),
        *((0.95, 0.55, 0.80), (0.75, 0.75, 0.75), (0.0, 0.0, 0.0)),
    ]
)
SIDE = 84.0


def seen(weights: str, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first rows of the test set.

    Args:
        weights: A run, a snapshot or a model.
        n: How many.

    Returns:
        The pictures ``(n, 1, 32, 32)`` from 0 to 1, the class of each pixel ``(n, 32, 32)``, and
        the class that the net gives it.
    """
    net = gn.load_net(NET, phase="test")
    gn.load_weights(net, weights, strict=True)
    net.forward()
    data, label = (np.array(net.blobs[name].data[:n], order="C") for name in ("data", "label"))
    said = net.predict({"data": data})["scores"].argmax(axis=1)
    net.close()
    return data, label.astype(int), said


def coloured(classes: np.ndarray) -> np.ndarray:
    """``(3, H, W)`` of the class of each pixel ``(H, W)``."""
    return COLOURS[classes].transpose(2, 0, 1)


def digits_in(classes: np.ndarray) -> str:
    """The digits that have any pixels, in words."""
    found = [str(c) for c in np.unique(classes) if c < len(COLOURS) - 1]
    return " ".join(found) or "none"


def picture_of(data: np.ndarray, label: np.ndarray, said: np.ndarray) -> str:
    """Three rows of tiles as SVG: pictures, what is right, what is said."""
    tiles: Sequence[Thumbnail] = [
        *(Thumbnail(np.repeat(picture, 3, axis=0)) for picture in data),
        *(Thumbnail(coloured(areas), (digits_in(areas),)) for areas in label),
        *(Thumbnail(coloured(areas), (digits_in(areas),)) for areas in said),
    ]
    width = 32 + len(data) * (SIDE + 8)
    title = "pictures, the digits in them, and what the net says"
    return svg(grid(title, tiles, side=SIDE, width=width, scale=(0, 1)))


def main(arguments: list[str] | None = None) -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Draw what nets/unet-digits.yaml sees.")
    parser.add_argument("weights", metavar="RUN|SNAPSHOT|MODEL", help="what it has learned")
    parser.add_argument("target", metavar="FILE.svg", help="a new file")
    parser.add_argument("--count", type=int, default=8, help="pictures, up to 16; default 8")
    given = parser.parse_args(arguments)
    target = Path(given.target)
    if target.suffix != ".svg" or target.exists():
        parser.error("expected the name of a new .svg file")
    if not 0 < given.count <= 16:  # noqa: PLR2004
        parser.error("--count: expected 1 to 16")
    target.write_text(picture_of(*seen(given.weights, given.count)), "utf-8")
    print(f"drawn: {target}")


if __name__ == "__main__":
    try:
        main()
    except gn.GraphnetError as error:
        sys.exit(str(error))
