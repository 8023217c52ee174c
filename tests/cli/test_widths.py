"""Every table, list of facts and progress line fits the terminal, and cuts no word."""

from __future__ import annotations

import io
import re
import shlex

import numpy as np
import pytest

from graphnet.cli import main

WIDTHS = (60, 80, 100)
#: The narrow form of a heading.
SHORTER = {"MACs"}
#: Every command that prints a table, facts, or lines while it runs.
COMMANDS = [
    *("check net.yaml", "check net.yaml --phase test --connections", "time net.yaml --steps 1"),
    *("solve net.yaml --fresh", "test net.yaml --weights run", "nets", "doctor"),
    "check-grad net.yaml --set layers.train-data.batch_size=2",
    *("data list", "data info train.h5", "snapshot info run"),
    *("runs list .", "runs list . --all", "runs diff run other", "plot run"),
    "report run --steps 1",
    "predict net.yaml --weights run --input in.npy --output out.h5",
    *("export caffe net.yaml --weights run -o out.prototxt --force",),
    "import caffe out.prototxt -o imported --force",
]


class Screen(io.StringIO):
    """A terminal."""

    encoding = "utf-8"

    def isatty(self):
        """It is."""
        return True


@pytest.fixture
def trained(folder):
    """Two runs that differ, and what the commands read."""
    np.save(folder / "in.npy", np.ones((5, 3), np.float32))
    assert main(shlex.split("solve net.yaml --quiet")) == 0
    longer = "solve net.yaml --quiet --exp-dir other --set lr_policy.base_lr=0.001 --set max_iter=9"
    assert main(shlex.split(longer)) == 0
    assert main(shlex.split("export caffe net.yaml --weights run -o out.prototxt")) == 0
    return folder


def printed(command, width, monkeypatch):
    """The lines that a command prints on a terminal, without colours and movements."""
    screen = Screen()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", screen)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm-256color")
        assert main(shlex.split(command)) == 0, command
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    return [line.rstrip() for line in re.split(r"[\r\n]", text)]


def alike(lines):
    """The words of lines, all numbers taken for one: times differ."""
    return {re.sub(r"[\d.,]+", "0", word) for line in lines for word in line.split()}


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", COMMANDS)
def test_all_that_is_printed_fits(command, monkeypatch):
    """But for a word that is longer than the line, such as a path, and commands to be pasted."""
    whole = alike(printed(command, 500, monkeypatch))
    for width in WIDTHS:
        lines = printed(command, width, monkeypatch)
        too_long = [
            line
            for line in lines
            if len(line) > width and len(line.split()) > 2 and " graphnet " not in line
        ]
        assert not too_long, (command, width, too_long)
        cut = alike(lines) - whole - SHORTER
        assert not {w for w in cut if re.search("[a-z]", w)}, (command, width, cut)
