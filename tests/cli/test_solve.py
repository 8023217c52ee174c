"""``graphnet solve``: what it prints, leaves behind, continues and refuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import pytest
import yaml

import graphnet
import graphnet as gn
from graphnet.data.sets.store import fetch
from graphnet.net.net import Net
from graphnet.parallel.sharded_net import ShardedNet
from graphnet.solver.record.run_directory import snapshots_in


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
    assert facts(found, "backend") == ["numpy, 1 thread"]
    assert facts(found, "run") == ["run, fresh"]
    assert facts(found, "settings")[:2] == [
        "method SGD (default)",
        "lr_policy Fixed, base_lr 0.1 (solver.yaml)",
    ]
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


def test_paths_in_a_file_are_relative_to_it_and_others_to_here(folder, run, monkeypatch):
    """The solver's, the data's and the run's alike; what the command line says is from here."""
    (folder / "work").mkdir()
    monkeypatch.chdir(folder / "work")
    assert run("solve ../net.yaml").code == 0
    assert (folder / "run" / "snapshots").is_dir()
    assert list((folder / "work").iterdir()) == []
    assert run("solve ../net.yaml --exp-dir run --set load_from=../run").code == 0
    assert run("solve ../net.yaml --set exp_dir=set").code == 0
    assert sorted(p.name for p in (folder / "work").iterdir()) == ["run", "set"]
    shutil.copy(folder / "train.h5", folder / "work" / "mine.h5")
    assert run("solve ../net.yaml --exp-dir a --set layers.train-data.source=mine.h5").code == 0
    source = json.loads((folder / "work/a/run.json").read_text())["data"]["train-data"]
    assert source == str(folder / "work" / "mine.h5")


def test_a_run_goes_on_from_its_own_files(folder, run):
    """What a run writes of its net and solver declares that run, wherever it has been moved."""
    assert run("solve net.yaml").code == 0
    (folder / "elsewhere").mkdir()
    (folder / "run").rename(folder / "elsewhere" / "moved")
    moved = "elsewhere/moved"
    found = run(f"solve {moved}/net.yaml --solver {moved}/solver.yaml --set max_iter=9")
    assert found.code == 0
    assert "elsewhere/moved, continuing at iteration 6" in facts(found, "run")
    assert (folder / moved / "snapshots/snapshot-000009.h5").exists()
    assert not (folder / "run").exists()


def test_the_seed_option_is_the_solvers_seed(folder, run):
    """It is recorded, shown, and changes the params."""
    run("solve net.yaml")
    found = run("solve net.yaml --seed 7 --exp-dir seven")
    assert "seed 7 (--seed 7)" in facts(found, "settings")
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
    """And that is said at the start, and at the end."""
    found = run("solve net.yaml --set exp_dir= --set coffee_breaks=[]")
    assert found.code == 0
    assert facts(found, "run") == ["nothing is written: the solver has no exp_dir"]
    assert "nothing was saved: the solver has no exp_dir" in found.lines
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
        "! why: the run in run began on the fall-back and keeps it; --fresh would start over"
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
        "run: the data this run was trained on is not available now: the data set 'mnist' is not"
        " on this machine, and downloads are off"
    )
    assert lines[-1] == "  to start over on the fall-back: --fresh"


def test_a_run_whose_sources_have_changed_is_refused(folder, run):
    """Another file under the same run would be another run."""
    run("solve net.yaml")
    (folder / "train.h5").rename(folder / "new.h5")
    found = run("solve net.yaml --set layers.train-data.source=new.h5 --set max_iter=8")
    assert found.code == 1
    assert "so it cannot go on:" in found.err
    assert "solve with --fresh (in Python fresh=True) to start over" in found.err


def test_a_named_set_is_fetched_once(fallback_folder, run, monkeypatch):
    """By itself; with --offline not even tried."""
    asked = []

    def fetched(name, *, offline=False, **_):
        asked.append((name, offline))
        fake_mnist(fallback_folder)
        return {}

    monkeypatch.setattr("graphnet.data.sets.store.fetch", fetched)
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
        "solve net.yaml --shards 2",
        "time net.yaml --steps 1",
        "check-grad net.yaml",
        "test net.yaml --weights model.h5",
        "predict net.yaml --weights model.h5 --input test.h5 --output out.npy",
    ],
)
def test_nets_are_closed(run, monkeypatch, command):
    """Their files and threads are given back."""
    net = gn.load_net("net.yaml")
    gn.save_model(net, "model.h5")
    net.close()
    opened, closed = set(), set()

    def note(cls, name, noted):
        wrapped = getattr(cls, name)

        def call(net, *args, **keywords):
            noted.add(net)
            return wrapped(net, *args, **keywords)

        monkeypatch.setattr(cls, name, call)

    for cls in (Net, ShardedNet):
        note(cls, "__init__", opened)
        note(cls, "close", closed)
    found = run(f"{command} --threads 1")
    assert found.code == 0, found.err
    assert opened == closed != set()


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


def test_a_run_of_an_earlier_graphnet_goes_on(folder, run):
    """Its record knows no checksums of the texts, and its solver.yaml names its directory."""
    assert run("solve net.yaml").code == 0
    record = json.loads((folder / "run/run.json").read_text())
    for key in ("files", "outputs"):
        del record[key]
    (folder / "run/run.json").write_text(json.dumps(record, indent=2))
    path = folder / "run/solver.yaml"
    path.write_text(path.read_text().replace("exp_dir: .\n", "exp_dir: run\n"))
    (folder / "run/lock").write_text("process 4711 on here\n")
    left = folder / "run/snapshots/snapshot-000005.h5.unfinished"
    left.write_text("half")
    assert run("solve net.yaml --set max_iter=9").code == 0
    assert max(snapshots_in(folder / "run")) == 9
    assert not left.exists()


OUTPUT = "  - {name: out, type: HDF5Output, filename: out.h5, phase: test, bottoms: [prob]}\n"


@pytest.mark.parametrize("phase", ["test", "train"])
def test_a_run_that_writes_what_it_computes_goes_on(folder, run, phase):
    """The file has one pass in it, and is the same as if the run had not been stopped."""
    net = (folder / "net.yaml").read_text() + OUTPUT.replace("phase: test", f"phase: {phase}")
    net = net.replace("bottoms: [prob]}", "bottoms: [ip1]}")
    (folder / "net.yaml").write_text(net)
    solve = "solve net.yaml --quiet --set coffee_breaks.ValidationPerformance.every_n_iter=2"

    def contents():
        with h5py.File(folder / "out.h5") as file:
            return {name: file[name][()].tolist() for name in file}

    assert run(f"{solve} --set max_iter=9 --exp-dir whole").code == 0
    whole = contents()
    assert len(whole["ip1"]) == (6 if phase == "test" else 4)
    found = run(f"{solve} --exp-dir part")
    assert found.code == 1
    assert "out.h5 exists already" in found.err, "another run's is not replaced"
    shutil.rmtree(folder / "part")
    (folder / "out.h5").unlink()
    for n in (3, 5, 9, 9):
        found = run(f"{solve} --set max_iter={n} --exp-dir part")
        assert (found.code, found.err) == (0, "")
    assert contents() == whole
    assert [p.name for p in folder.glob("out*")] == ["out.h5"]
    (folder / "out.h5").write_text("mine")
    found = run(f"{solve} --set max_iter=12 --exp-dir part")
    assert (found.code, "out.h5 exists already" in found.err) == (1, True)
    assert (folder / "out.h5").read_text() == "mine"


def test_timing_and_checking_write_no_files(folder, run):
    """Not even what the net declares."""
    text = (folder / "net.yaml").read_text()
    (folder / "net.yaml").write_text(text + OUTPUT.replace("phase: test, ", ""))
    (folder / "net.yaml").write_text(
        (folder / "net.yaml").read_text().replace("bottoms: [prob]}", "bottoms: [ip1]}")
    )
    before = sorted(p.name for p in folder.iterdir())
    for command in ("time net.yaml --steps 1", "check net.yaml", "check-grad net.yaml"):
        assert run(command).code == 0
    assert sorted(p.name for p in folder.iterdir()) == before


LEAVING = """\
import sys

import graphnet as gn
from graphnet.layers import base
from graphnet.layers.neurons.identity import Identity


class Leave(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        if state.iter == 4:
            sys.exit(0)


class Close(gn.CoffeeBreak):
    def close(self, net, state, lounge):
        sys.exit()


class Interrupt(gn.CoffeeBreak):
    def enjoy(self, net, state, lounge):
        if state.iter == 4:
            raise KeyboardInterrupt


class Make(gn.CoffeeBreak):
    def __init__(self) -> None:
        raise SystemExit


class Layer(base.LayerSpec):
    def top_shapes(self, bottoms):
        return [bottoms[0]]

    def build(self, binding):
        return Running(self, binding)


class Early(Layer):
    def top_shapes(self, bottoms):
        sys.exit(0)


class Running(base.Layer):
    def forward(self):
        if self.context.iteration == 4:
            sys.exit(0)
        self.tops[0].data[...] = self.bottoms[0].data

    def backward(self):
        self.bottoms[0].diff[...] = self.tops[0].diff


import threading
from pathlib import Path


class Transform(gn.transformers.Scale):
    leave: str

    def bind(self, shape, batch_size, dtype, key):
        numbers = iter(range(6))

        def apply(x, out, samples):
            if next(numbers) == 4:
                Path("thread").write_text(threading.current_thread().name)
                if self.leave == "sys.exit":
                    sys.exit(0)
                raise SystemExit if self.leave == "SystemExit" else KeyboardInterrupt
            out[...] = x

        return apply


class Reader:
    def model_post_init(self, context):
        self.transformers["data"] = (Transform(leave=self.leave),)


class Data(Reader, gn.layers.HDF5Data):
    type: str = "leaving.Data"
    leave: str


class AsyncData(Reader, gn.layers.AsyncHDF5Data):
    type: str = "leaving.AsyncData"
    leave: str
"""


def with_break(folder, kind):
    """The solver with a break of the user's own before the others."""
    text = (folder / "solver.yaml").read_text()
    when = "" if kind == "Close" else ", every_n_iter: 1"
    item = f"coffee_breaks:\n  - {{type: leaving.{kind}{when}}}"
    (folder / "solver.yaml").write_text(text.replace("coffee_breaks:", item))
    (folder / "leaving.py").write_text(LEAVING)


def with_layer(folder, kind):
    """The net with a layer of the user's own."""
    text = (folder / "net.yaml").read_text()
    layer = f"  - {{name: mine, type: leaving.{kind}, bottoms: [ip1], tops: [mine]}}\n"
    text = text.replace("SoftmaxLoss, bottoms: [ip1", "SoftmaxLoss, bottoms: [mine")
    (folder / "net.yaml").write_text(text + layer)
    (folder / "leaving.py").write_text(LEAVING)


@pytest.mark.parametrize(
    ("kind", "message", "saved"),
    [
        ("Leave", "leaving.py:11:13: coffee break 'leaving.Leave' failed at iteration 4: it c", 4),
        ("Close", "leaving.py:16:9: coffee break 'leaving.Close' failed at iteration 6: it c", 6),
        ("Make", "solver.yaml:5:5: coffee_breaks[0] (leaving.Make): it cannot be made: it c", -1),
    ],
)
def test_a_break_that_ends_the_program(folder, run, kind, message, saved):
    """A fault of the break: it is named, a snapshot is written, and the exit code is 1."""
    with_break(folder, kind)
    found = run("solve net.yaml --quiet")
    assert found.code == 1
    assert found.err.startswith(message), found.err
    assert max(snapshots_in(folder / "run"), default=-1) == saved


def test_a_break_that_interrupts_the_program(folder, run):
    """As if the user had: it ends, and not as if all had gone well."""
    with_break(folder, "Interrupt")
    found = run("solve net.yaml --quiet")
    assert (found.code, found.err) == (130, "interrupted\n")
    assert max(snapshots_in(folder / "run")) == 3


def test_a_break_that_ends_the_program_may_be_skipped(folder, run):
    """As any other that fails."""
    with_break(folder, "Leave")
    found = run("solve net.yaml --quiet --set on_error=continue")
    assert found.code == 0
    assert "'leaving.Leave' failed at iteration 4" in found.err
    assert max(snapshots_in(folder / "run")) == 6


def test_a_layer_that_ends_the_program(folder, run):
    """The line that did is named, and the exit code is 1; the run is saved as it was before."""
    with_layer(folder, "Layer")
    found = run("solve net.yaml --quiet")
    assert found.code == 1
    saved, said = found.err.split("\n", 1)
    assert saved.startswith("warning: the run is saved as it was at iteration 4: run/snapshots/")
    assert said.startswith(
        "leaving.py:46:13: sys.exit(0) was called while the net was computing, after iteration 4"
    ), found.err
    assert max(snapshots_in(folder / "run")) == 4
    starts = json.loads((folder / "run/run.json").read_text())["starts"]
    assert starts[-1]["outcome"] == "failed: UserCodeError"


@pytest.mark.parametrize("kind", ["Data", "AsyncData"])
@pytest.mark.parametrize(
    ("leave", "code", "said"),
    [
        ("sys.exit", 1, "sys.exit(0) was called while the net was computing, after iteration 4"),
        ("SystemExit", 1, "sys.exit() was called while the net was computing, after iteration 4"),
        ("KeyboardInterrupt", 130, "interrupted\n"),
    ],
)
def test_a_transformer_that_ends_the_program(folder, run, monkeypatch, kind, leave, code, said):
    """In the training thread or in one that reads ahead, which has ended then."""
    monkeypatch.setattr("graphnet.data.batches._QUICK_ELEMENTS", 0)  # read ahead of each batch
    text = (folder / "net.yaml").read_text().replace("HDF5Data", f"leaving.{kind}", 1)
    text = text.replace("transformers: {data: [{type: Scale, scale: 0.5}]}", f"leave: {leave}", 1)
    (folder / "net.yaml").write_text(text)
    (folder / "leaving.py").write_text(LEAVING)
    found = run("solve net.yaml --quiet")
    assert found.code == code
    saved, told = found.err.split("\n", 1)
    assert saved.startswith("warning: the run is saved as it was at iteration 4: run/snapshots/")
    assert said in told
    assert told.startswith("leaving.py:" if code == 1 else said), found.err
    thread = (folder / "thread").read_text()
    assert thread.startswith("graphnet data" if kind == "AsyncData" else "MainThread")
    assert kind == "Data" or thread not in [t.name for t in threading.enumerate()]
    assert not list(folder.rglob("*.unfinished"))
    assert max(snapshots_in(folder / "run")) == 4
    assert run("snapshot info run").code == 0


@pytest.mark.parametrize("command", ["check", "solve", "time", "check-grad", "test --weights run"])
def test_a_layer_that_ends_every_command(folder, run, command):
    """None of them ends as if all had gone well."""
    assert run("solve net.yaml --quiet").code == 0
    with_layer(folder, "Early")
    name, _, rest = command.partition(" ")
    found = run(f"{name} net.yaml {rest}")
    assert found.code == 1
    assert f"sys.exit(0) was called during graphnet {name}" in found.err.replace("_", "-")
    assert found.err.startswith("leaving.py:40:9: ")


def test_a_module_that_ends_the_program(folder, run):
    """While it is imported."""
    with_layer(folder, "Layer")
    (folder / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    found = run("check net.yaml")
    assert found.code == 1
    assert "cannot import 'leaving.Layer': SystemExit: 0\n  in " in found.err


def test_another_rate_for_a_run_that_goes_on(run, folder):
    """Where it is asked for: the run is that of a solver that had planned it; run.json says it."""
    assert run("solve net.yaml --quiet").code == 0
    found = run("solve net.yaml --set max_iter=9 --set lr_policy.base_lr=0.3 --quiet")
    assert found.code == 1
    assert "\n  to go on with what is declared now: --override lr_policy (in Python" in found.err
    found = run("solve net.yaml --set max_iter=9 --override lr_policy.base_lr=0.3")
    assert found.code == 0
    said = (
        "  with another lr_policy: Fixed unit iter base_lr 0.3, before Fixed unit iter base_lr 0.1"
    )
    assert said in found.lines
    starts = json.loads((folder / "run" / "run.json").read_text("utf-8"))["starts"]
    assert [start.get("changed", {}).get("lr_policy", {}).get("to") for start in starts] == [
        None,
        {"type": "Fixed", "unit": "iter", "base_lr": 0.3},
    ]
    planned = (
        "{type: Staged, stages: [{length: 7, policy: {type: Fixed, base_lr: 0.1}},"
        " {policy: {type: Fixed, base_lr: 0.3}}]}"
    )
    text = (folder / "solver.yaml").read_text("utf-8")
    (folder / "planned.yaml").write_text(
        text.replace("{type: Fixed, base_lr: 0.1}", planned).replace("max_iter: 6", "max_iter: 9"),
        "utf-8",
    )
    assert run("solve net.yaml --solver planned.yaml --exp-dir planned --quiet").code == 0
    values = []
    for name in ("run", "planned"):
        with h5py.File(folder / name / "snapshots" / "snapshot-000009.h5") as file:
            values.append(file["params/ip1/weight"][()])
    assert values[0].tobytes() == values[1].tobytes()
    assert run("solve net.yaml --set max_iter=12 --quiet").code == 1  # the rate is the new one now
    command = "solve net.yaml --set max_iter=12 --override lr_policy --quiet"
    assert run(command).code == 0


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("method=SGD", "Invalid value for --override: 'method=SGD' is of another key"),
        ("seed", "expected lr_policy, mom_policy, regu_coef, clip_gradients"),
        (
            "lr_policy.base_lr=x",
            "--override lr_policy.base_lr=x: key 'lr_policy.base_lr': expected",
        ),
        ("lr_policy.=x", "Invalid value for --override: expected KEY.PATH=VALUE"),
    ],
)
def test_what_cannot_be_overridden(run, option, message):
    """What can is said."""
    found = run(f"solve net.yaml --override {option}")
    assert found.code in (1, 2)
    assert message in " ".join(found.err.split()) or message in found.err


def test_override_in_python(folder):
    """Names of keys, checked."""
    solver = gn.load_solver(folder / "solver.yaml")
    with pytest.raises(gn.SpecError, match=r"^override: "):
        gn.solve(solver, gn.load_net(folder / "net.yaml"), override=["method"])
    state = gn.solve(solver, gn.load_net(folder / "net.yaml"), override="lr_policy")
    assert state.iter == 6


def test_the_last_lines_are_commands_that_work(run, folder):
    """As they stand, when pasted: with the net's settings, and names that need quotes."""
    (folder / "net.yaml").rename(folder / "my net.yaml")
    found = run(
        "solve 'my net.yaml' --exp-dir 'the run' --set layers.ip1.neuron=ReLU --set max_iter=4"
    )
    start = next(i for i, line in enumerate(found.lines) if line.startswith("next"))
    commands = [line.removeprefix("next").strip() for line in found.lines[start:]]
    assert [command.split()[:2] for command in commands] == [
        ["graphnet", "test"],
        ["graphnet", "plot"],
        ["graphnet", "report"],
    ]
    for command in commands:
        done = run(command.removeprefix("graphnet "))
        assert done.code == 0, (command, done.err)
    assert "6 samples" in run(commands[0].removeprefix("graphnet ")).out


def test_a_run_without_test_phase_has_no_test_to_suggest(run, folder):
    """And one without a directory nothing."""
    net = yaml.safe_load((folder / "net.yaml").read_text())
    net["layers"] = [layer for layer in net["layers"] if layer.get("phase") != "test"]
    net["layers"] = [layer for layer in net["layers"] if layer["name"] != "loss"] + [
        {"name": "loss", "type": "SoftmaxLoss", "phase": "train", "bottoms": ["ip1", "label"]}
    ]
    (folder / "net.yaml").write_text(yaml.safe_dump(net))
    (folder / "solver.yaml").write_text("max_iter: 2\nlr_policy: {type: Fixed, base_lr: 0.1}\n")
    assert "next" not in run("solve net.yaml").out
    found = run("solve net.yaml --exp-dir run")
    assert "graphnet test" not in found.out
    assert "next   graphnet plot run" in found.lines


def test_a_run_can_be_plotted_over_its_epochs(folder, run):
    """What a TrainingSummary records suffices."""
    assert run("solve net.yaml --quiet").code == 0
    assert run("plot run --over epoch -o e.svg").code == 0
    text = (folder / "e.svg").read_text("utf-8")
    assert ">epoch</text>" in text
    assert ">2</text>" in text  # six batches of 4 of 10 samples
    assert ">6</text>" not in text
