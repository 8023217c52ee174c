"""nets/unet_digits_draw.py: pictures, areas and answers."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import graphnet as gn

SCRIPT = Path(__file__).parent.parent / "nets" / "unet_digits_draw.py"
NAMES = runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of the net as it is filled at first."""
    net = gn.load_net(NAMES["NET"], phase="test", seed=3)
    path = tmp_path_factory.mktemp("model") / "model.h5"
    gn.save_model(net, path)
    net.close()
    return str(path)


def test_what_is_seen_goes_together(model):
    """Where there is no ink there is no digit, and the answers are the largest scores."""
    data, label, said = NAMES["seen"](model, 5)
    assert data.shape == (5, 1, 32, 32)
    assert label.shape == said.shape == (5, 32, 32)
    assert (label[data[:, 0] == 0] == 10).all()
    assert 1 <= len(np.unique(label)) <= 11
    assert said.max() <= 10


def test_colours_and_words():
    """A colour for each digit; the ground is black and not spoken of."""
    classes = np.array([[3, 10], [7, 3]])
    image = NAMES["coloured"](classes)
    assert image.shape == (3, 2, 2)
    assert (image[:, 0, 1] == 0).all()
    np.testing.assert_array_equal(image[:, 0, 0], image[:, 1, 1])
    assert len(np.unique(NAMES["COLOURS"], axis=0)) == 11
    assert NAMES["digits_in"](classes) == "3 7"
    assert NAMES["digits_in"](np.full((2, 2), 10)) == "none"


def test_the_command(model, tmp_path, capsys):
    """Three rows of tiles in a new file."""
    target = tmp_path / "areas.svg"
    NAMES["main"]([model, str(target), "--count", "4"])
    assert capsys.readouterr().out == f"drawn: {target}\n"
    assert target.read_text("utf-8").count("<image ") == 12
    for words in ([str(target)], [str(tmp_path / "a.png")], [str(tmp_path / "b.svg"), "--count=0"]):
        with pytest.raises(SystemExit, match="2"):
            NAMES["main"]([model, *words])
    assert "expected the name of a new .svg file" in capsys.readouterr().err
