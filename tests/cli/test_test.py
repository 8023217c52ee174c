"""``graphnet test``: the whole test set, each sample once, with given params."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest


@pytest.fixture
def trained(folder, run):
    """A finished run."""
    assert run("solve net.yaml --quiet").code == 0
    return folder


@pytest.mark.usefixtures("trained")
def test_json_is_what_programs_rely_on(run):
    """The number of samples, ragged last batch included, and every statistic."""
    found = run("test net.yaml --weights run --json")
    assert (found.code, found.err) == (0, "")
    value = json.loads(found.out)
    assert value["samples"] == 6
    assert set(value["statistics"]) == {"loss", "accuracy"}


def test_the_numbers_are_those_of_the_last_validation(trained, run):
    """The same net, the same data, the same params."""
    value = json.loads(run("test net.yaml --weights run --json").out)
    lines = (trained / "run" / "statistics.jsonl").read_text().splitlines()
    last = {m["key"]: m["value"] for m in map(json.loads, lines) if m["iter"] == 6}
    for key, number in value["statistics"].items():
        assert number == pytest.approx(last[key], rel=1e-6)


@pytest.mark.usefixtures("trained")
def test_the_plain_form(run):
    """What was tested, on how much, and a line for each statistic."""
    found = run("test net.yaml --weights run")
    assert found.lines[0] == "small: 6 samples, run/snapshots/snapshot-000006.h5"
    assert [line.split()[0] for line in found.lines[1:3]] == ["loss", "accuracy"]


@pytest.mark.usefixtures("trained")
def test_a_snapshot_can_be_named(run):
    """Not only the newest."""
    found = run("test net.yaml --weights run/snapshots/snapshot-000003.h5")
    assert found.lines[0].endswith("run/snapshots/snapshot-000003.h5")


def test_training_data_is_not_needed(trained, run):
    """Only what the test phase reads must be there."""
    (trained / "train.h5").unlink()
    assert run("test net.yaml --weights run").code == 0


@pytest.mark.usefixtures("trained")
def test_other_data_can_be_tested(run):
    """With an override."""
    found = run("test net.yaml --weights run --json --set layers.test-data.source=train.h5")
    assert json.loads(found.out)["samples"] == 10


def test_a_number_that_is_none_is_null(trained, run):
    """JSON has no NaN."""
    import h5py

    with h5py.File(trained / "test.h5", "a") as file:
        file["data"][...] = 3e38
    found = run("test net.yaml --weights run --json --set layers.test-data.check_finite=false")
    assert found.code == 0
    assert "NaN" not in found.out
    json.loads(found.out)


@pytest.mark.usefixtures("trained")
def test_overrides_of_the_solver_make_no_sense(run):
    """There is none."""
    found = run("test net.yaml --weights run --set max_iter=3")
    assert found.code == 1
    assert found.err == (
        "--set max_iter=3: 'max_iter' is a key of a solver\n"
        "  leave it out: no solver is used here\n"
    )


@pytest.mark.usefixtures("fallback_folder")
def test_a_run_on_the_fall_back_is_tested_on_it(run):
    """Announced on stderr, so that JSON stays JSON."""
    run("solve net.yaml --set max_iter=1")
    found = run("test net.yaml --weights run --json")
    assert json.loads(found.out)["samples"] == 360
    assert found.err.startswith("! FALL-BACK DATA")


@pytest.fixture
def named(folder, run):
    """A run whose classes have names."""
    for name in ("train.h5", "test.h5"):
        with h5py.File(folder / name, "a") as file:
            file.attrs["classes"] = json.dumps(["red", "green", "blue"])
    assert run("solve net.yaml --quiet").code == 0
    return folder


@pytest.mark.usefixtures("named")
def test_json_says_who_was_taken_for_whom(run):
    """With names; as many as there are samples, whatever the batch."""
    found = json.loads(run("test run --json --worst 2").out)
    assert found["classes"] == ["red", "green", "blue"]
    assert sum(map(sum, found["confusion"])) == found["samples"] == 6
    right = sum(found["confusion"][i][i] for i in range(3))
    assert found["accuracy"] == right / 6 == found["statistics"]["accuracy"]
    assert [one["class"] for one in found["per_class"]] == found["classes"]
    assert all(one["file"] == "test.h5" for one in found["worst"])
    whole = json.loads(run("test run --json --worst 9 --set layers.test-data.batch_size=6").out)
    assert sorted(one["row"] for one in whole["worst"]) == list(range(6))
    assert whole["confusion"] == found["confusion"]
    assert whole["worst"][:2] == found["worst"]


def test_the_worst_rows_are_found_in_a_shuffled_source(named, run):
    """By their number in the file; more than one file is named."""
    expected = json.loads(run("test run --json --worst 6").out)["worst"]
    shuffled = "--set layers.test-data.shuffle=true"
    found = json.loads(run(f"test run --json --worst 6 {shuffled}").out)["worst"]
    assert {(o["row"], o["label"], o["answer"]) for o in found} == {
        (o["row"], o["label"], o["answer"]) for o in expected
    }
    (named / "twice.txt").write_text("test.h5\ntrain.h5\n")
    more = f"--set layers.test-data.source={named}/twice.txt --set layers.test-data.batch_size=5"
    found = json.loads(run(f"test run --json --worst 16 {more}").out)["worst"]
    assert sorted((one["file"], one["row"]) for one in found) == [
        *[("test.h5", row) for row in range(6)],
        *[("train.h5", row) for row in range(10)],
    ]


@pytest.mark.usefixtures("named")
def test_it_is_printed(run):
    """Losses and statistics first, as before."""
    found = run("test net.yaml --weights run")
    assert (found.code, found.err) == (0, "")
    assert [line.split()[0] for line in found.lines[1:3]] == ["loss", "accuracy"]
    assert "3 classes of 'label'" in found.lines
    assert "worst rows" in found.lines
    assert "worst rows" not in run("test net.yaml --weights run --worst 0").lines


def test_it_is_written(named, run):
    """As a table or as JSON, which is what --json prints."""
    for name in ("o.csv", "o.tsv", "o.json"):
        found = run(f"test run -o {name}")
        assert found.lines[-1] == f"written to {name}"
    assert json.loads((named / "o.json").read_text()) == json.loads(run("test run --json").out)
    lines = (named / "o.csv").read_text().splitlines()
    assert lines[0].startswith("class,precision,recall,f1,support,auc,taken for red")
    assert [line.partition(",")[0] for line in lines[1:]] == ["red", "green", "blue"]
    for name, message in (
        ("o.txt", "o.txt: unknown kind of file"),
        ("run/o.csv", "run/o.csv: lies in the directory of the run run"),
    ):
        found = run(f"test run -o {name}")
        assert (found.code, found.err[: len(message)]) == (1, message)


def test_numbers_and_tags(folder, run):
    """By the loss: how far they are off, in the numbers of the file; which of them are right."""
    with h5py.File(folder / "numbers.h5", "w") as file:
        rows = np.random.default_rng(0).random((20, 3))
        file["data"], file["target"] = rows, 1000 + 10 * rows[:, :2]
        file["tags"] = (rows[:, :2] > 0.5).astype("f4")
    text = """\
name: numbers
layers:
  - name: data
    type: HDF5Data
    source: numbers.h5
    batch_size: 6
    tops: [data, TOP]
    transformers: {TOP: [{type: SubMean, mean: MEAN}]}
  - {name: ip1, type: InnerProduct, output_dim: 2, bottoms: [data], tops: [ip1]}
  - {name: loss, type: LOSS, bottoms: [ip1, TOP]}
"""
    for top, mean, loss in (
        ("target", "1005", "SquareLoss"),
        ("tags", "0", "SigmoidCrossEntropyLoss"),
    ):
        made = text.replace("TOP", top).replace("MEAN", mean).replace("LOSS", loss)
        (folder / "numbers.yaml").write_text(made)
        command = f"solve numbers.yaml --solver solver.yaml --quiet --fresh --exp-dir {top}"
        assert (
            run(f"{command} --set coffee_breaks=[{{type:' 'Snapshot,' 'every_n_iter:' '3}}]").code
            == 0
        )
    found = json.loads(run("test target --json").out)
    assert found["kind"] == "numbers"
    assert 0 < found["mae"] < 10
    assert 990 < found["worst"][0]["label"][0] < 1020
    assert found["statistics"]["loss"] == pytest.approx(found["rmse"] ** 2, rel=1e-4)
    found = json.loads(run("test tags --json").out)
    assert (found["kind"], found["classes"]) == ("tags", ["0", "1"])
    assert 0 <= found["exact"] <= 1 - found["hamming"]


def test_weights_count_in_every_table(trained, run):
    """As they do in the statistic that has them; rows without weight are none of the worst."""
    plain = json.loads(run("test net.yaml --weights run --json").out)
    with h5py.File(trained / "test.h5", "a") as file:
        file["w"] = np.array([1, 0, 0.5, 1, 0, 2], "f4")
    net = (trained / "net.yaml").read_text()
    at = net.index("source: test.h5")
    net = net[:at] + "tops: [data, label, w]\n    " + net[at:]
    judged = "phase: test, bottoms: [ip1, label"
    (trained / "net.yaml").write_text(net.replace(judged, f"{judged}, w"))
    found = json.loads(run("test net.yaml --weights run --json").out)
    assert found["weights"] == "w"
    assert "weights" not in plain
    assert found["accuracy"] == pytest.approx(found["statistics"]["accuracy"])
    assert np.sum(found["confusion"]) == pytest.approx(4.5)
    assert sum(one["support"] for one in found["per_class"]) == pytest.approx(4.5)
    assert not {1, 4} & {one["row"] for one in found["worst"]}
    assert "rows weighed by 'w'" in run("test net.yaml --weights run").out
