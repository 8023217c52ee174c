"""``graphnet snapshot info``: what it says of a run's files, and of damaged ones."""

from __future__ import annotations

import json

import h5py

import graphnet as gn


def test_a_snapshot(run):
    """Where the run stood, how it was trained, what the best was, who wrote the file."""
    keep = "coffee_breaks.Snapshot.keep_best=accuracy"
    run(f"solve net.yaml --set method.type=Adam --set {keep}")
    found = run("snapshot info run/snapshots/snapshot-000003.h5")
    assert (found.code, found.err) == (0, "")
    told = dict(line.split(maxsplit=1) for line in found.lines if not line.startswith(" "))
    assert told["run"] == "run/snapshots/snapshot-000003.h5"
    assert told["file"].endswith(" KiB, format 1, checksum right")
    assert told["net"] == "small, float32 on numpy"
    assert told["iteration"] == "3, epoch 1"
    assert told["method"] == "Adam, lr 0.1, seed 0"
    assert told["best"].startswith("accuracy ")
    assert told["best"].endswith(" at iteration 0")
    assert told["data"] == "train-data, 12 samples delivered"
    assert told["params"] == "12 numbers"
    assert [line.strip() for line in found.lines if line.startswith(" ")] == [
        "ip1/bias 3",
        "ip1/weight 3×3",
    ]
    assert told["versions"].startswith(f"graphnet {gn.__version__}, numpy ")


def test_a_runs_directory(run):
    """Its newest good snapshot."""
    run("solve net.yaml")
    assert run("snapshot info run").lines[0].split() == ["run", "run/snapshots/snapshot-000006.h5"]


def test_json(folder, run):
    """The same for programs; a model has no run."""
    run("solve net.yaml")
    found = json.loads(run("snapshot info run --json").out)
    assert (found["kind"], found["checksum"]) == ("run", "right")
    assert (found["run"]["iter"], found["run"]["method"]) == (6, "SGD")
    assert found["run"]["best"] is None
    assert (
        json.loads(run("snapshot info run/snapshots/snapshot-000000.h5 --json").out)["run"][
            "obj_val"
        ]
        is None
    )  # before the first iteration there is no loss, and JSON has no NaN
    assert found["params"] == {"ip1/bias": [3], "ip1/weight": [3, 3]}
    net = gn.load_net("net.yaml")
    gn.save_model(net, folder / "model.h5")
    net.close()
    found = json.loads(run("snapshot info model.h5 --json").out)
    assert found["kind"] == "model"
    assert "run" not in found
    assert run("snapshot info model.h5").lines[0] == "model     model.h5"


def test_a_damaged_file(folder, run):
    """It is named, with what is wrong, and the exit code is 1."""
    run("solve net.yaml")
    path = folder / "run" / "snapshots" / "snapshot-000006.h5"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found = run("snapshot info run/snapshots/snapshot-000006.h5")
    assert (found.code, found.out) == (1, "")
    assert found.err == "run/snapshots/snapshot-000006.h5: is damaged: its checksum is wrong\n"


def test_no_such_file(run):
    """As with --weights."""
    found = run("snapshot info nowhere.h5")
    assert found.code == 1
    assert found.err.startswith("nowhere.h5: there is no such run, snapshot or model")


def test_the_names_of_classes_travel_with_the_params(folder, run):
    """From the file that was packed to the snapshot, and to a model."""
    with h5py.File(folder / "train.h5", "a") as file:
        file.attrs["classes"] = json.dumps(["red", "green", "blue"])
    run("solve net.yaml")
    assert "classes of 'label'  0 red, 1 green, 2 blue" in run("snapshot info run").lines
    samples = json.loads(run("snapshot info run --json").out)["samples"]
    assert samples["train-data"]["classes"] == {"label": ["red", "green", "blue"]}
    assert samples["test-data"]["shapes"] == {"data": [3], "label": []}
    net = gn.load_net("net.yaml")
    gn.save_model(net, folder / "model.h5")
    net.close()
    assert json.loads(run("snapshot info model.h5 --json").out)["samples"] == samples
