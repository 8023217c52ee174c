"""No command writes to a path that it did not make or was not told to."""

from __future__ import annotations

import os
import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphnet.data.hdf5.writer import write_files

HOOKS = """\
import os

import graphnet as gn


class Wander(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        os.chdir("elsewhere" if os.path.isdir("elsewhere") else "..")
"""
OUTPUT = "  - {name: out, type: HDF5Output, phase: test, filename: out.h5, bottoms: [prob]}\n"
CAFFE = """name: "made"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
        inner_product_param { num_output: 2 } }
"""
#: Names that a command could stumble on: its own, those beside, and those of its neighbours.
NAMES = [
    *("net.yaml", "solver.yaml", "run.json", "lock", "statistics.jsonl", "notes.unfinished"),
    *("snapshots/best.h5", "snapshots/snapshot-000003.h5", "snapshots/photo.jpg"),
    *("net.yaml.unfinished", "lock.unfinished", "snapshots/snapshot-000003.h5.unfinished"),
    *("o.h5", "o.npy", "o.h5.unfinished", ".o.h5.4711", "out.h5", "out.h5.unfinished"),
    *("train.h5", "test.h5", "mean.h5", "train.h5.unfinished", "earlier-001/run.json"),
    *("mnist/train.h5", "mnist/test.h5", "iris/train.h5"),
    *("o.svg", "o.png", "o.csv", "o.jsonl", "o.prototxt", "o.caffemodel", "o.onnx", "model.h5"),
]
#: What is done, in which folder, and which files there it may make or replace.
COMMANDS = {
    "solve net.yaml --exp-dir {}": (),
    "solve net.yaml --exp-dir {} --fresh": (),
    "solve wander.yaml --exp-dir {}": (),
    "solve output.yaml --exp-dir {}/run --set layers.out.filename={}/out.h5": ("run", "out.h5"),
    "check net.yaml --set exp_dir={}": (),
    "test net.yaml --weights good": (),
    "test good --output {}/o.csv": ("o.csv",),
    "test output.yaml --weights good --set layers.out.filename={}/out.h5": ("out.h5",),
    "time output.yaml --phase test --steps 1 --set layers.out.filename={}/out.h5": (),
    "check-grad output.yaml --set layers.out.filename={}/out.h5": (),
    "predict net.yaml --weights good --input rows.npy --output {}/o.h5": ("o.h5",),
    "predict net.yaml --weights good --input rows.npy --output {}/o.npy": ("o.npy",),
    "predict net.yaml --weights good --input {}/o.npy --output {}/o.npy": (),
    "predict good rows.npy": (),
    "predict good rows.npy --output {}/o.csv": ("o.csv",),
    "predict good rows.npy --output {}/o.jsonl": ("o.jsonl",),
    "data pack data=rows.npy --to {}": (),
    "data pack data=rows.npy --to {} --force --mean": ("train.h5", "mean.h5"),
    "data iris --to {}": (),
    "data info {}/train.h5": (),
    "data statistics train.h5 --to {}/s.h5": ("s.h5",),
    "data tokenizer net.yaml --tokens 256 --to {}/t.json": ("t.json",),  # where the extra is
    "data info train.h5 --picture {}/o.svg": ("o.svg",),
    "snapshot info {}": (),
    "snapshot info good": (),
    "snapshot model good --to {}/o.h5": (),
    "draw net.yaml -o {}/o.svg": ("o.svg",),
    "plot good -o {}/o.png": ("o.png",),
    "plot good": (),
    "find-lr net.yaml": (),
    "sweep net.yaml --grid lr_policy.base_lr=0.1 -o {}": (),
    "find-lr net.yaml -o {}/o.csv": ("o.csv",),
    "report good -o {}/o.html --steps 0": ("o.html",),
    "nets": (),
    "doctor": (),
    "new {}/run.json --like iris": (),
    "runs list {}": (),
    "runs diff good good": (),
    "runs rm {}": (),
    "import caffe made.prototxt -o {}": (),
    "import caffe made.prototxt -o {} --force": ("net.yaml",),
    "export caffe net.yaml -o {}/o.prototxt": (),
    "export features good --blob ip1 --phase train -o {}/o.npy": ("o.npy",),
    "export caffe net.yaml --weights good -o {}/o.prototxt --force": (
        *("o.prototxt", "o.caffemodel"),
    ),
    "export caffe net.yaml -o {}/net.yaml --force": (),
    "export safetensors net.yaml --weights good -o {}/model.h5": (),
    "export npz net.yaml --weights good -o {}/model.h5 --force": ("model.h5",),
    "export mocha net.yaml --weights good -o {}/o.h5 --force": ("o.h5",),
    "import npz net.yaml --weights good.npz -o {}": (),
    "import npz net.yaml --weights good.npz -o {} --force": ("net.yaml", "model.h5"),
    "import npz net.yaml --weights {}/o.npy -o {} --force": (),
    "import onnx made.onnx -o {}": (),
    "import onnx made.onnx -o {} --force": ("net.yaml", "model.h5"),
    "export onnx net.yaml -o {}/o.onnx": (),
    "export onnx net.yaml --weights good -o {}/o.onnx --force": ("o.onnx",),
}


def contents(folder):
    """All that is in a folder: files by their bytes, links by where they lead."""
    return {
        str(path.relative_to(folder)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def fill(folder, chance, rows):
    """Put files of the user's own there: texts, arrays, HDF5 files, links."""
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "profile").write_text("mine")
    for name in chance.sample(NAMES, chance.randint(1, len(NAMES))):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match chance.choice(["text", "empty", "array", "hdf5", "link", "hard", "dangling"]):
            case "text":
                path.write_text("layers: []  # mine\n")
            case "empty":
                path.touch()
            case "array":
                with path.open("wb") as file:
                    np.save(file, rows)
            case "hdf5":
                write_files({path: {"data": rows}}, {"title": "mine"}, 10)
            case "link":
                path.symlink_to(outside / "profile")
            case "hard":
                os.link(outside / "profile", path)
            case "dangling":
                path.symlink_to(outside / "new")


@pytest.fixture
def trained(folder, run):
    """A good run, rows, and nets that do what nets may."""
    (folder / "elsewhere").mkdir()
    (folder / "hooks.py").write_text(HOOKS)
    net, solver = (folder / "net.yaml").read_text(), (folder / "solver.yaml").read_text()
    (folder / "output.yaml").write_text(net + OUTPUT)
    (folder / "wander.yaml").write_text(net.replace("solver.yaml", "wandering.yaml"))
    item = "coffee_breaks:\n  - {type: hooks.Wander, every_n_iter: 2}"
    (folder / "wandering.yaml").write_text(solver.replace("coffee_breaks:", item))
    assert run("solve net.yaml --quiet --exp-dir good").code == 0
    (folder / "made.prototxt").write_text(CAFFE)
    arrays = {"ip1.weight": np.ones((3, 3), "f4"), "ip1.bias": np.ones(3, "f4")}
    np.savez(folder / "good.npz", **arrays)
    run("export onnx net.yaml -o made.onnx")  # where the extra is installed
    np.save(folder / "rows.npy", np.random.default_rng(0).random((7, 3)).astype("f4"))
    return folder


@pytest.mark.parametrize("block", range(6))
def test_whatever_lies_there(trained, run, block, monkeypatch):
    """What a command did not make stays as it is; it succeeds or says what is in its way."""
    rows = np.load(trained / "rows.npy")
    codes = []
    for seed in range(block * 15, (block + 1) * 15):
        chance = random.Random(seed)  # noqa: S311  # nobody guesses it
        case = trained / f"case-{seed}"
        place = case / "place"
        place.mkdir(parents=True)
        fill(place, chance, rows)
        command = chance.choice(list(COMMANDS))
        before, around = contents(case), contents(trained)
        found = run(command.replace("{}", str(place.relative_to(trained))))
        monkeypatch.chdir(trained)
        codes.append(found.code)
        assert found.code in (0, 1), (seed, command)
        assert found.code == 0 or found.err, (seed, command)
        after = contents(case)
        told = {f"place/{name}" for name in COMMANDS[command]}
        if command.startswith("snapshot model"):  # a model takes the place of an empty file
            told |= {name for name in before if before[name] == b""}
        changed = {name for name in before if before[name] != after.get(name)} - told
        assert not changed, (seed, command, changed, found.err)
        assert after.keys() - {n for n in after if n.startswith("place/")} == before.keys() - {
            n for n in before if n.startswith("place/")
        }, (seed, command)
        new = {n for n in contents(trained) if not n.startswith(case.name)} - around.keys()
        assert not {n for n in new if not n.startswith("__pycache__")}, (seed, command, new)
        if found.code:
            made = {n for n in after.keys() - before.keys() if n.endswith((".unfinished", ".h5"))}
            assert not made, (seed, command, made, found.err)
    assert set(codes) == {0, 1}


@pytest.mark.parametrize(
    "alias", ["rows.npy", "./rows.npy", "link.npy", "hard.npy", "d/../rows.npy"]
)
def test_predictions_never_replace_what_they_are_made_from(trained, run, alias):
    """However it is called."""
    (trained / "d").mkdir()
    (trained / "link.npy").symlink_to("rows.npy")
    os.link(trained / "rows.npy", trained / "hard.npy")
    before = contents(trained)
    found = run(f"predict net.yaml --weights good --input rows.npy --output {alias}")
    assert found.code == 1
    assert f"{Path(alias)}: this is the input, which would be lost\n  choose" in found.err
    assert contents(trained) == before


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("train.h5", "this is what the net reads (train.h5), which would be lost"),
        ("good/snapshots/snapshot-000006.h5", "this is the weights, which would be lost"),
        ("good/snapshots/snapshot-000003.h5", "lies in the directory of the run good"),
        ("good/new.h5", "lies in the directory of the run good"),
        ("other.h5", "is a snapshot or model, which would be lost"),
        ("net.h5", "this is the net, which would be lost"),
        ("solver.h5", "this is the net's solver, which would be lost"),
        ("link.h5", "it is a symbolic link, and none is followed: remove it"),
    ],
)
def test_predictions_never_replace_what_is_needed(trained, run, output, message):
    """Data, weights, a run's files, the net's own."""
    (trained / "other.h5").write_bytes((trained / "good/snapshots/snapshot-000003.h5").read_bytes())
    for name in ("net", "solver"):
        os.link(trained / f"{name}.yaml", trained / f"{name}.h5")
    (trained / "link.h5").symlink_to("none.h5")
    before = contents(trained)
    found = run(f"predict net.yaml --weights good --input rows.npy --output {output}")
    assert found.code == 1
    assert message in found.err
    assert contents(trained) == before


def test_predictions_replace_earlier_ones(trained, run):
    """As any output."""
    for _ in range(2):
        command = "predict net.yaml --weights good --input rows.npy --output o.h5"
        assert run(command).code == 0
    with h5py.File(trained / "o.h5") as file:
        assert file["prob"].shape == (7, 3)


def test_packing_never_replaces_what_is_packed(trained, run):
    """Not even when it may replace what is there."""
    for name in ("train.h5", "mean.h5"):
        source = trained / name
        source.unlink(missing_ok=True)
        source.write_bytes((trained / "rows.npy").read_bytes())
        before = contents(trained)
        found = run(f"data pack data={name} --to . --force --mean")
        assert found.code == 1
        assert f"{name}: this is the source {name}, which would be lost" in found.err
        assert contents(trained) == before


def test_a_named_set_replaces_its_own_files_alone(trained, run):
    """Those it has made before; files of the user's own of the same names are refused."""
    for _ in range(2):
        assert run("data iris --to sets").code == 0
    path = Path("sets/mnist/train.h5")
    write_files({path: {"data": np.zeros((2, 2))}}, {"title": "mine"}, 10)
    before = contents(trained)
    found = run("data mnist --to sets --from .")
    assert found.code == 1
    assert found.err.startswith(f"{trained / path} is there already, and it is not of the data se")
    assert contents(trained) == before
