"""From nothing to predictions with the wheel alone: what the tutorials promise, without a checkout.

The wheel is built, installed into an environment of its own, and used by its command in an empty
folder. The environment sees the packages that graphnet needs, but not this checkout.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from support.shipped_nets import ROOT


class Told(NamedTuple):
    """What a command has printed."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory):
    """The folder of the programs of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip, which builds the wheel")
    isolation = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    built = subprocess.run(
        [*pip, "wheel", "-q", "--no-deps", *isolation, "-w", folder, ROOT],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"pip cannot build the wheel here: {built.stderr.strip()[-200:]}")
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    installed = subprocess.run(
        [*pip, "--python", python, "install", "-q", "--no-deps", "--no-index", wheel],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    # its own packages come first; editable installations of the others are not looked at
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    theirs = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(own.stdout.strip()) / "theirs.pth").write_text("\n".join(theirs) + "\n")
    return scripts


@pytest.fixture(name="run")
def _run(place, tmp_path):
    """Runs a command line in the empty folder; it must end well."""
    hidden = ("PYTHONPATH", "GRAPHNET_CACHE")
    variables = {k: v for k, v in os.environ.items() if k not in hidden}
    variables |= {"GRAPHNET_OFFLINE": "1", "PYTHONNOUSERSITE": "1", "OPENBLAS_NUM_THREADS": "1"}

    def command(line):
        name, *words = line.split()
        done = subprocess.run(
            [place / name, *words],
            cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return Told(done.returncode, done.stdout, done.stderr)

    return command


def test_it_is_the_wheel(run, place):
    """And not this checkout that the tests below try."""
    found = run("python -c print(__import__('graphnet').__file__)").out
    assert Path(found).is_relative_to(place.parent)


def test_a_table_with_words_and_gaps(run, tmp_path):
    """Packed, a net made for it, trained, tested, and asked of new rows: names of classes."""
    rng = np.random.default_rng(0)
    with (tmp_path / "fruit.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["weight", "colour", "length", "kind"])
        for i in range(240):
            kind = ("apple", "banana", "cherry")[i % 3]
            colour = {"apple": "red", "banana": "yellow", "cherry": "red"}[kind]
            weight = {"apple": 150, "banana": 120, "cherry": 8}[kind] * rng.uniform(0.8, 1.2)
            length = {"apple": 8, "banana": 19, "cherry": 2}[kind] * rng.uniform(0.8, 1.2)
            gap = i % 11 == 0
            write.writerow([f"{weight:.1f}", "" if i % 17 == 0 else colour,
                            "" if gap else f"{length:.1f}", kind])  # fmt: skip
    packed = run(
        "graphnet data pack fruit.csv --label kind --missing mean --standardize --split 0.25"
        " --to fruit"
    )
    assert "colour" in packed.out
    run("graphnet new net --from fruit")
    run("graphnet solve net/net.yaml --quiet --set max_epoch=20")
    tested = run("graphnet test net/run")
    assert "confusion" in tested.out or "precision" in tested.out
    found = json.loads(run("graphnet test net/run --json").out)
    assert found["classes"] == ["apple", "banana", "cherry"]
    assert np.array(found["confusion"]).shape == (3, 3)
    assert found["accuracy"] > 0.9
    (tmp_path / "new.csv").write_text(
        "length,weight,colour\n18.5,118,yellow\n2.1,9,red\n,150,red\n"
    )
    lines = run("graphnet predict net/run new.csv --json").out.splitlines()
    assert [json.loads(line)["top"][0][0] for line in lines] == ["banana", "cherry", "apple"]


def test_a_folder_of_pictures_of_several_sizes(run, tmp_path):
    """The names of the folders are the classes."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(1)
    for kind in ("stripes", "spots"):
        (tmp_path / "pics" / kind).mkdir(parents=True)
        for i in range(40):
            size = int(rng.integers(20, 40))
            values = rng.integers(0, 60, (size, size)).astype(np.uint8)
            if kind == "stripes":
                values[:, ::4] += 180
            else:
                values[size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] += 180
            image.fromarray(values).save(tmp_path / "pics" / kind / f"{i:02}.png")
    run("graphnet data pack pics --size 16x16 --grey --split 0.25 --to pics.packed")
    run("graphnet new net --from pics.packed")
    run("graphnet solve net/net.yaml --quiet --set max_epoch=12")
    found = json.loads(run("graphnet test net/run --json").out)
    assert found["classes"] == ["spots", "stripes"]
    assert found["accuracy"] > 0.8
    said = run("graphnet predict net/run pics/spots/07.png pics/stripes/11.png --json --top 2").out
    for line in map(json.loads, said.splitlines()):
        assert {name for name, _ in line["top"]} == {"spots", "stripes"}


def test_a_copy_of_a_shipped_net(run, tmp_path):
    """It comes with the wheel, and its schema line leads to a file."""
    assert "mnist" in run("graphnet nets").out
    run("graphnet new mine --like mnist")
    first = (tmp_path / "mine" / "net.yaml").read_text("utf-8").splitlines()[0]
    address = first.partition("$schema=")[2]
    assert address.startswith("file://"), first
    schema = Path(url2pathname(urlsplit(address).path))
    assert json.loads(schema.read_text("utf-8"))["title"] == "graphnet net"
    run("graphnet solve mine/net.yaml --quiet --set max_iter=40")
    assert "samples" in run("graphnet test mine/run").out
