"""``graphnet solve``: what it prints, leaves behind, continues and refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

import graphnet
import graphnet as gn
from graphnet.data.datasets import fetch
from graphnet.solver.run_directory import snapshots_in


def facts(result, name):
    """The lines of a fact: ``data`` and what stands below it."""
    found, inside = [], False
    for line in result.lines:
        if line.startswith(name + " "):
            inside = True
            found.append(line[len(name) :].strip())
        elif inside and line.startswith(" "):
            found.append(line.strip())
        else:
            inside = False
    return found


def params(folder):
    """The bytes of all params in the last snapshot of a run."""
    with h5py.File(folder / "snapshots" / "snapshot-000006.h5") as file:
        return [file[f"params/ip1/{name}"][()].tobytes() for name in ("weight", "bias")]


def fake_mnist(folder):
    """A few samples where the published set would be; what is in them does not matter."""
    files = fetch("digits28", to_dir=folder / "made")
    for split, path in files.items():
        target = folder / "data" / "mnist" / f"{split}.h5"
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)


def test_a_run_says_what_it_is_and_how_it_ended(folder, run):
    """Net, data, size, machine, directory, defaults; then statistics, snapshots and time."""
    found = run("solve net.yaml --threads 1")
    assert (found.code, found.err) == (0, "")
    assert facts(found, "net") == ["small, phase train (net.yaml)"]
    assert facts(found, "data") == [
        f"train-data: {folder / 'train.h5'}",
        f"test-data: {folder / 'test.h5'}",
    ]
    assert facts(found, "params") == ["12"]
    assert facts(found, "memory")[0].endswith(" planned")
    assert facts(found, "backend") == ["numpy, 1 threads"]
    assert facts(found, "run") == ["run, fresh"]
    assert facts(found, "in force")[0] == "seed 0 (default)"
    assert "finished at iteration 6, epoch 2 (run)" in found.lines
    final = facts(found, "final")
    assert any(line.startswith("accuracy ") for line in final)
    assert all(line.endswith(" at iteration 6") for line in final)
    assert not any(line.startswith(("lr ", "momentum ")) for line in final)
    assert facts(found, "saved") == ["run/snapshots/snapshot-000006.h5"]
    assert facts(found, "time")[0].endswith(" s")


def test_a_run_leaves_its_files(folder, run):
    """Snapshots, statistics, net, solver, and a record of the start."""
    run("solve net.yaml")
    assert list(snapshots_in(folder / "run")) == [0, 3, 6]
    lines = (folder / "run" / "statistics.jsonl").read_text().splitlines()
    assert {"iter", "key", "value"} == set(json.loads(lines[0]))
    for name in ("net.yaml", "solver.yaml", "run.json"):
        assert (folder / "run" / name).exists()


def test_off_a_terminal_lines_are_plain(run):
    """No colour, no control characters, no progress bar."""
    out = run("solve net.yaml").out
    assert out.isprintable() or not any(c in out for c in "\x1b\r\b")
    assert "━" not in out


def test_quiet_says_nothing(folder, run):
    """The run happens all the same."""
    found = run("solve net.yaml --quiet")
    assert (found.code, found.out, found.err) == (0, "", "")
    assert 6 in snapshots_in(folder / "run")


def test_a_run_continues(folder, run):
    """With more iterations it goes on; the result is that of one go."""
    run("solve net.yaml --set max_iter=3")
    found = run("solve net.yaml")
    assert facts(found, "run") == ["run, continuing at iteration 3"]
    run("solve net.yaml --exp-dir other")
    assert params(folder / "run") == params(folder / "other")


def test_a_finished_run_says_so(run):
    """And exits with 0."""
    run("solve net.yaml")
    found = run("solve net.yaml")
    assert found.code == 0
    assert "was finished before at iteration 6, epoch 2 (run)" in found.lines
    assert any(line.startswith("accuracy ") for line in facts(found, "final"))


def test_fresh_begins_anew(run):
    """What was there is set aside."""
    run("solve net.yaml")
    found = run("solve net.yaml --fresh")
    assert facts(found, "run") == ["run, fresh"]
    assert "the earlier run is now in run/earlier-001" in found.lines


def test_the_solver_can_be_chosen(folder, run):
    """Instead of the one the net names."""
    (folder / "solver.yaml").rename(folder / "mine.yaml")
    assert run("solve net.yaml").code == 1
    assert run("solve net.yaml --solver mine.yaml").code == 0


def test_the_solver_is_found_relative_to_the_net_and_exp_dir_to_here(folder, run, monkeypatch):
    """Paths in a YAML are relative to it; the run's directory is not."""
    (folder / "work").mkdir()
    monkeypatch.chdir(folder / "work")
    assert run("solve ../net.yaml").code == 0
    assert (folder / "work" / "run" / "snapshots").is_dir()


def test_the_seed_option_is_the_solvers_seed(folder, run):
    """It is recorded, shown, and changes the params."""
    run("solve net.yaml")
    found = run("solve net.yaml --seed 7 --exp-dir seven")
    assert facts(found, "in force")[0] == "seed 7 (--seed 7)"
    assert json.loads((folder / "seven" / "run.json").read_text())["seed"] == 7
    assert params(folder / "run") != params(folder / "seven")


def test_the_number_of_threads_changes_nothing(folder, run):
    """The same bits."""
    for name, threads in (("one", 1), ("two", 2)):
        assert run(f"solve net.yaml --threads {threads} --exp-dir {name}").code == 0
    assert params(folder / "one") == params(folder / "two")


def test_shards(folder, run):
    """Each batch is cut as asked, which is shown and recorded; other bits, nearly the same."""
    assert facts(run("solve net.yaml"), "shards") == []
    found = run("solve net.yaml --shards 3 --exp-dir three")
    assert found.code == 0
    assert facts(found, "shards")[0].startswith("3 of ")
    assert "shards: 3" in (folder / "three" / "solver.yaml").read_text()
    assert params(folder / "three") != params(folder / "run")
    assert run("solve net.yaml --shards 3 --exp-dir again").code == 0
    assert params(folder / "three") == params(folder / "again")


def test_without_a_directory_nothing_is_written(folder, run):
    """And that is said at the start."""
    found = run("solve net.yaml --set exp_dir= --set coffee_breaks=[]")
    assert found.code == 0
    assert facts(found, "run") == ["nothing is written: the solver has no exp_dir"]
    assert facts(found, "saved") == []
    assert not (folder / "run").exists()


def test_the_fall_back_is_announced_and_recorded(fallback_folder, run):
    """Loudly: what is missing, what is read instead, how to get it; and in the run's files."""
    found = run("solve net.yaml --set max_iter=1")
    assert found.code == 0
    assert found.lines[:5] == [
        "! FALL-BACK DATA: this is not the data that the net names.",
        "! why: the data set 'mnist' is not on this machine, and downloads are off",
        "! train-data reads dataset:digits28/train instead of dataset:mnist/train",
        "! test-data reads dataset:digits28/test instead of dataset:mnist/test",
        "! to get the real data: graphnet data mnist",
    ]
    assert facts(found, "data")[0] == "train-data: dataset:digits28/train"
    record = json.loads((fallback_folder / "run" / "run.json").read_text())
    assert record["data"]["train-data"] == "dataset:digits28/train"


@pytest.mark.usefixtures("fallback_folder")
def test_quiet_does_not_hide_the_fall_back(run):
    """It is a warning."""
    found = run("solve net.yaml --set max_iter=1 --quiet")
    assert (found.code, found.out) == (0, "")
    assert found.err.startswith("! FALL-BACK DATA")


def test_a_run_on_the_fall_back_stays_there(fallback_folder, run):
    """Even when the real data has come; --fresh takes it."""
    run("solve net.yaml --set max_iter=1")
    fake_mnist(fallback_folder)
    found = run("solve net.yaml --set max_iter=2")
    assert found.code == 0
    assert found.lines[1] == (
        "! why: the run in run began on the fall-back and keeps it; --fresh would begin anew"
    )
    assert facts(found, "data")[0] == "train-data: dataset:digits28/train"
    found = run("solve net.yaml --set max_iter=1 --fresh")
    assert found.code == 0
    assert facts(found, "data")[0] == "train-data: dataset:mnist/train"


def test_a_run_on_the_real_data_never_falls_back(fallback_folder, run):
    """It refuses, and says how to go on."""
    fake_mnist(fallback_folder)
    assert run("solve net.yaml --set max_iter=1").code == 0
    for path in (fallback_folder / "data" / "mnist").glob("*.h5"):
        path.unlink()
    found = run("solve net.yaml --set max_iter=2")
    assert found.code == 1
    lines = found.err.splitlines()
    assert lines[0] == (
        "run: the data this run was trained on cannot be had now: the data set 'mnist' is not on "
        "this machine, and downloads are off"
    )
    assert lines[-1] == "  to begin anew on the fall-back: --fresh"


def test_a_run_whose_sources_have_changed_is_refused(folder, run):
    """Another file under the same run would be another run."""
    run("solve net.yaml")
    (folder / "train.h5").rename(folder / "new.h5")
    found = run("solve net.yaml --set layers.train-data.source=new.h5 --set max_iter=8")
    assert found.code == 1
    assert "so it cannot go on:" in found.err
    assert "solve with --fresh (in Python fresh=True) to begin anew" in found.err


def test_a_named_set_is_fetched_once(fallback_folder, run, monkeypatch):
    """By itself; with --offline not even tried."""
    asked = []

    def fetched(name, *, offline=False, **_):
        asked.append((name, offline))
        fake_mnist(fallback_folder)
        return {}

    monkeypatch.setattr("graphnet.data.datasets.fetch", fetched)
    found = run("solve net.yaml --set max_iter=1")
    assert asked == [("mnist", False)]
    assert facts(found, "data")[0] == "train-data: dataset:mnist/train"
    assert "FALL-BACK" not in found.out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_exits(folder, number, code):
    """One line says where it is saved; the run can go on."""
    (folder / "my_hooks.py").write_text(
        "import os\nimport graphnet as gn\n"
        "class Stop(gn.CoffeeBreak):\n"
        "    def enjoy(self, net, state, lounge):\n"
        f"        if state.iter == 2: os.kill(os.getpid(), {int(number)})\n"
    )
    item = "coffee_breaks=[{type: my_hooks.Stop, every_n_iter: 1}]"
    done = subprocess.run(
        [sys.executable, "-m", "graphnet", "solve", "net.yaml", "--set", item],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(graphnet.__file__).parents[1])},
    )
    assert done.returncode == code
    assert done.stderr == (
        f"stopped by {number.name}; saved run/snapshots/snapshot-000002.h5, solve again to go on\n"
    )
    assert list(snapshots_in(folder / "run")) == [2]


HOOK = """\
import graphnet as gn


class Espresso(gn.CoffeeBreak):
    def __init__(self, layer: str) -> None:
        self.layer = layer

    def enjoy(self, net, state, lounge):
        weight = net.params[self.layer]["weight"].data
        lounge.update_statistics(f"{self.layer}.norm", float((weight**2).sum() ** 0.5))
"""


def test_a_coffee_break_of_the_users_own(folder, run):
    """A class beside the YAML, with a key of its own."""
    (folder / "my_hooks.py").write_text(HOOK)
    item = "{type: my_hooks.Espresso, layer: ip1, every_n_iter: 2}"
    assert run(f"solve net.yaml --set 'coffee_breaks=[{item}]'").code == 0
    lines = (folder / "run" / "statistics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [(m["iter"], m["key"]) for m in found] == [(i, "ip1.norm") for i in (0, 2, 4, 6)]


@pytest.mark.parametrize(
    "command",
    [
        "solve net.yaml",
        "check net.yaml",
        "check-grad net.yaml",
        "test net.yaml --weights model.h5",
        "predict net.yaml --weights model.h5 --input test.h5 --output out.npy --blob data",
    ],
)
def test_a_net_that_needs_too_much_memory_is_refused(run, command):
    """Before anything is made; each command has the option."""
    net = gn.load_net("net.yaml")
    gn.save_model(net, "model.h5")
    net.close()
    found = run(f"{command} --memory-limit 1M")
    assert found.code == 0, found.err
    found = run(f"{command} --memory-limit 100")
    assert found.code == 1
    assert "the net does not fit into memory: it needs 0.0 MiB or more, and 0.0 MiB" in found.err
    assert "memory_limit (--memory-limit) allows more" in found.err
