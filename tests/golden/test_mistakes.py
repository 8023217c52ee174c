"""What a user sees after a mistake: the golden table, one file a mistake in ``cases/``.

A case says in a line what was done, gives the commands (all but the last succeed), the files
they work on, and what the last one writes to stderr and exits with::

    A key is misspelt.
    $ graphnet check net.yaml
    == net.yaml
    - {name: ip1, type: InnerProduct, output_dmi: 10, bottoms: [data], tops: [ip1]}
    == stderr
    net.yaml:1:33: …
    == exit
    1

A section of a ``.h5`` file is YAML: lists, or ``{shape, fill, dtype}``, by data set; a text makes
a file of that text. ``DIR`` stands for the folder the case runs in. After a message was changed
on purpose, ``GOLDEN=write python -m pytest tests/golden`` writes it into the cases; read the diff.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphnet.cli import main
from graphnet.declare.yaml_reader import parse_yaml

CASES = sorted(Path(__file__).with_name("cases").glob("*.txt"))


def read_case(path):
    """The sections of a case; the first, without a name, holds the commands."""
    parts = re.split(r"^== (.+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    return parts[0], dict(zip(parts[1::2], parts[2::2], strict=True))


def write_file(path, text):
    """One file of a case."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".h5" or not text:
        path.write_text(text, "utf-8")
        return
    sets = parse_yaml(text, path.name).value
    if isinstance(sets, str):
        path.write_text(sets, "utf-8")
        return
    with h5py.File(path, "w") as file:
        for name, values in sets.items():
            if isinstance(values, dict):
                shape, dtype = tuple(values["shape"]), values.get("dtype", "float32")
                file[name] = np.full(shape, values.get("fill", 0), dtype)
            else:
                file[name] = values


@pytest.fixture(autouse=True)
def forget_modules():
    """Modules from beside a YAML of another test are not there."""
    for name in [n for n, module in list(sys.modules.items()) if "__beside__" in vars(module)]:
        del sys.modules[name]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_mistake(path, tmp_path, monkeypatch, capsys):
    """The exact words on stderr, and the exit code."""
    head, sections = read_case(path)
    files = {name: text for name, text in sections.items() if name not in ("stderr", "exit")}
    for name, text in files.items():
        write_file(tmp_path / name, text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHNET_OFFLINE", "1")
    monkeypatch.setenv("GRAPHNET_DATA", str(tmp_path / "data"))
    *before, last = re.findall(r"^\$ graphnet (.+)$", head, flags=re.MULTILINE)
    for command in before:
        assert main(shlex.split(command)) == 0, capsys.readouterr().err
    capsys.readouterr()
    code = main(shlex.split(last))
    stderr = capsys.readouterr().err.replace(str(tmp_path), "DIR")
    if os.environ.get("GOLDEN") == "write":
        sections |= {"stderr": stderr, "exit": f"{code}\n"}
        path.write_text(head + "".join(f"== {k}\n{v}" for k, v in sections.items()), "utf-8")
    assert stderr == sections["stderr"]
    assert code == int(sections["exit"])


def test_the_table_is_long_enough():
    """At least 45 mistakes, each explained in its first line."""
    assert len(CASES) >= 45
    for path in CASES:
        assert re.match(r"[A-Z].*\.\n\$ graphnet ", path.read_text("utf-8")), path


def test_every_message_is_well_formed():
    """What follows a message's first line is indented by two spaces; nothing is a traceback."""
    for path in CASES:
        stderr = read_case(path)[1]["stderr"]
        assert stderr, path
        assert "Traceback" not in stderr, path
        if "Usage:" not in stderr:
            for line in stderr.splitlines():
                assert re.match(r"(  )?\S", line), (path, line)
