"""``graphnet test``: the whole test set, each sample once, with given params."""

from __future__ import annotations

import json

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
    assert [line.split()[0] for line in found.lines[1:]] == ["loss", "accuracy"]


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
