"""``graphnet import`` and ``export`` of weights: tables, files, maps, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphnet.solver.record.snapshot_file import read


@pytest.fixture
def trained(run):
    """A run of the folder's net."""
    assert run("solve net.yaml --quiet").code == 0


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("name", "file", "there"),
    [
        ("safetensors", "m.safetensors", "ip1.weight"),
        ("npz", "m.npz", "ip1.weight"),
        ("mocha", "m.h5", "ip1___weight"),
    ],
)
def test_there_and_back(run, name, file, there):
    """Two tables, and the model that was exported."""
    found = run(f"export {name} net.yaml --weights run -o {file}")
    assert (found.code, found.err) == (0, "")
    assert found.lines[0].split() == ["param", "shape", "there"]
    assert found.lines[1].split() == ["ip1/weight", "3×3", there]
    assert file in found.lines[-1]
    found = run(f"import {name} net.yaml --weights {file} -o out")
    assert (found.code, found.err) == (0, "")
    assert found.lines[1].split() == ["ip1/weight", "3×3", there, "name"]
    assert [line.split()[0] for line in found.lines[-2:]] == ["net.yaml", "model.h5"]
    snapshots = sorted(Path("run/snapshots").iterdir())
    own, made = read(snapshots[-1]).params, read(Path("out/model.h5")).params
    assert own.keys() == made.keys()
    assert all(np.array_equal(own[key], made[key]) for key in own)
    assert run("test out/net.yaml --weights out/model.h5 --json").code == 0
    again = run(f"import {name} net.yaml --weights {file} -o out")
    assert again.code == 1
    assert again.err.startswith("out/net.yaml, out/model.h5: there already\n")
    assert run(f"import {name} net.yaml --weights {file} -o out --force").code == 0


@pytest.mark.usefixtures("trained")
def test_names_of_pytorchs(run):
    """Where they are asked for; other words are refused before anything is read."""
    found = run("export npz net.yaml --weights run -o m.npz --names torch")
    assert found.code == 0
    with np.load("m.npz") as file:
        assert sorted(file) == ["ip1.bias", "ip1.weight"]
    assert run("export npz net.yaml --weights run -o n.npz --names keras").code == 2
    assert run("export mocha net.yaml --weights run -o n.h5 --names torch").code == 2


def test_a_map_is_printed_edited_and_read(run):
    """What nothing fills is a comment in it; what is left over is told."""
    arrays = {"w": np.ones((3, 3), "f4"), "b1": np.ones(3, "f4"), "b2": np.zeros(3)}
    np.savez("m.npz", **arrays)
    found = run("import npz net.yaml --weights m.npz -o out")
    assert found.code == 1
    assert found.err.splitlines()[0] == (
        "m.npz: fills 0 of the 2 params of net 'small', so none is taken"
    )
    assert not Path("out").exists()
    found = run("import npz net.yaml --weights m.npz --print-map")
    assert (found.code, found.err) == (0, "")
    assert "# ip1/bias: ?  # 3: nothing was found" in found.lines
    text = found.out.replace("# ip1/bias: ?", "ip1/bias: b1").replace("# ip1/weight: ?",
                                                                      "ip1/weight: w")  # fmt: skip
    Path("map.yaml").write_text(text, "utf-8")
    found = run("import npz net.yaml --weights m.npz --map map.yaml -o out")
    assert (found.code, found.err) == (0, "")
    assert found.lines[1].split() == ["ip1/weight", "3×3", "w", "the", "map"]
    assert found.lines[-1] == "not used  b2 (3 float64)"
    Path("map.yaml").write_text("ip1/bias: b3", "utf-8")
    found = run("import npz net.yaml --weights m.npz --map map.yaml -o out")
    assert found.code == 1
    assert found.err.startswith("map.yaml:1:11: ip1/bias: there is no array 'b3' in m.npz")


def test_a_folder_or_the_map(run):
    """One of them is wanted."""
    np.savez("m.npz", a=np.ones(3))
    found = run("import npz net.yaml --weights m.npz")
    assert found.code == 1
    assert found.err.startswith("there is no folder to write to\n  give one: -o DIR")


@pytest.mark.usefixtures("trained")
def test_what_mocha_cannot_say(run):
    """All of it, and nothing is written."""
    text = Path("net.yaml").read_text("utf-8").replace("bottoms: [ip1]", "bottoms: [p]")
    text += "  - {name: act, type: PReLU, phase: test, bottoms: [ip1], tops: [p]}\n"
    Path("net.yaml").write_text(text, "utf-8")
    found = run("export mocha net.yaml --weights run -o m.h5")
    assert found.code == 1
    assert found.err == "layer 'act' (PReLU): Mocha has no param such as its 'slope', 3\n"
    assert not Path("m.h5").exists()
