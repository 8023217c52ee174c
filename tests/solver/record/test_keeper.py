# ruff: noqa: ARG001, ARG005  # breaks take what the contract hands them
"""What a run leaves on disk, and how it comes back from there."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.fake_net import FakeNet, Lines

from graphnet.errors import BreakError, SnapshotError, SpecError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.methods import METHODS
from graphnet.solver.record.keeper import Keeper
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.snapshot_file import read, to_bytes
from graphnet.solver.record.statistics_file import Measured, StatisticsFile, read_statistics
from graphnet.solver.record.weights import save_model
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

BREAKS = [
    {"type": "TrainingSummary", "every_n_iter": 5},
    {"type": "Snapshot", "every_n_iter": 7, "keep_last": 2, "keep_best": "test-loss"},
    {"type": "TrainingSummary", "every_n_epoch": 1},
    {"type": "ValidationPerformance", "every_n_iter": 4, "every_n_epoch": 3},
    {"type": "Plateau", "key": "test-loss", "patience": 2, "gamma": 0.7, "cooldown": 1},
    {"type": "DecayOnValidation", "key": "accuracy", "gamma": 0.9},
    {"type": "EarlyStopping", "key": "accuracy", "patience": 50},
]


def solver_for(folder, n, breaks=BREAKS, **keys):
    return Solver(
        SolverSpec(
            max_iter=n,
            exp_dir=str(folder),
            lr_policy={"type": "Exp", "base_lr": 0.02, "gamma": 0.99},
            coffee_breaks=breaks,
            **keys,
        )
    )


def train(folder, n, net=None, *, fresh=False, breaks=BREAKS, **keys):
    reporter = Lines()
    solver = solver_for(folder, n, breaks, **keys)
    state = solve(solver, net or FakeNet(), fresh=fresh, reporter=reporter)
    return state, reporter


class Killed(BaseException):
    """Ends a run without any care, as kill -9 does."""


def kill_at(net, n):
    """Have the n-th forward of a net never return."""
    forward, calls = net.forward, []

    def forward_or_die():
        calls.append(1)
        if len(calls) == n:
            raise Killed("killed")
        forward()

    net.forward = forward_or_die
    return net


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Runs have relative paths, so that their snapshots are comparable byte by byte.

    Waiting for the disk is left out; test_durable.py sees that it is done.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def assert_same(*names):
    """The run and the whole run have written the same bytes."""
    for name in names:
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes(), name


def assert_same_best():
    """The best snapshots are the same but for the ``max_iter`` of the start that wrote them."""
    run, whole = (read(Path(folder) / "snapshots/best.h5") for folder in ("run", "whole"))
    run.solver_yaml = whole.solver_yaml
    assert to_bytes(run) == to_bytes(whole)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [14, 17])
def test_going_on_is_exact(method, n):
    """Half a run and the other half are the whole run: each byte of snapshot and statistics."""
    train("run", 34, method=method)
    shutil.move("run", "whole")
    train("run", n, method=method)
    train("run", 34, method=method)
    assert_same("snapshots/snapshot-000034.h5", "statistics.jsonl")
    assert_same_best()


@pytest.mark.parametrize("keys", [{"iter_size": 3}, {"clip_gradients": 0.1}, {"seed": 7}])
def test_going_on_is_exact_with_other_settings(keys):
    """Accumulation and clipping keep nothing between iterations; another seed is another run."""

    def seeded():
        return FakeNet(seed=keys.get("seed", 0))

    train("run", 20, seeded(), **keys)
    shutil.move("run", "whole")
    train("run", 9, seeded(), **keys)
    train("run", 20, seeded(), **keys)
    assert_same("snapshots/snapshot-000020.h5", "statistics.jsonl")


@pytest.mark.parametrize("at", [1, 3, 8, 9, 15, 23, 30])
def test_a_crash_loses_nothing(at):
    """Killed in any iteration, before or after the first snapshot, once and once more."""
    train("run", 30, method="Adam")
    shutil.move("run", "whole")
    for kill in (at, 2):
        with pytest.raises(Killed, match="killed"):
            train("run", 30, kill_at(FakeNet(), kill), method="Adam")
    train("run", 30, method="Adam")
    assert_same("snapshots/snapshot-000030.h5", "snapshots/best.h5", "statistics.jsonl")


def test_a_damaged_snapshot_costs_only_its_iterations(tmp_path):
    """The one before is taken, with a warning, and the end is the same."""
    train("run", 30)
    shutil.copytree("run", "whole")
    path = tmp_path / "run" / "snapshots" / "snapshot-000030.h5"
    path.write_bytes(path.read_bytes()[:-100])
    _, reporter = train("run", 30)
    assert reporter.warnings[0].endswith("is damaged: its checksum is wrong\n  it is passed over")
    assert reporter.lines[0] == "going on from iteration 28 (run/snapshots/snapshot-000028.h5)"
    assert_same("snapshots/snapshot-000030.h5", "statistics.jsonl")


RARE = [
    {"type": "ValidationPerformance", "every_n_iter": 8},
    {"type": "Snapshot", "keep_best": "accuracy"},
    {"type": "EarlyStopping", "key": "accuracy", "patience": 2},
]


def measured(folder, key="accuracy"):
    return [m.iter for m in read_statistics(Path(folder) / "statistics.jsonl") if m.key == key]


def test_the_end_is_measured_and_forgotten_when_prolonged():
    """A longer run goes on as if it had never ended, its best snapshot included."""
    train("run", 13, breaks=RARE)
    assert measured("run") == [0, 8, 13]
    train("run", 21, breaks=RARE)
    assert measured("run") == [0, 8, 16, 21]
    train("whole", 21, breaks=RARE)
    run, whole = (read(Path(f) / "snapshots/snapshot-000021.h5") for f in ("run", "whole"))
    whole.solver_yaml = run.solver_yaml  # exp_dir differs
    assert to_bytes(run) == to_bytes(whole)
    assert_same("statistics.jsonl")


@pytest.mark.parametrize("where", ["evaluate", "record_end"])
def test_a_crash_while_the_end_is_measured(where, monkeypatch):
    """Solving again measures it again, once."""
    train("run", 13, breaks=RARE)
    shutil.move("run", "whole")
    with monkeypatch.context() as patch:
        owner = FakeNet if where == "evaluate" else Keeper
        original = getattr(owner, where)

        def crash(self, *args):
            if where == "record_end" or self.context.iteration == 13:
                raise Killed("killed")
            return original(self, *args)

        patch.setattr(owner, where, crash)
        with pytest.raises(Killed, match="killed"):
            train("run", 13, breaks=RARE)
    _, reporter = train("run", 13, breaks=RARE)
    assert reporter.lines[-1].startswith("finished at iteration 13")
    assert_same("statistics.jsonl", "snapshots/snapshot-000013.h5")
    _, reporter = train("run", 13, breaks=RARE)
    assert reporter.lines[-1].startswith("was finished before")


def test_files_of_a_run(tmp_path):
    """All of them, under their names; the last iteration always has a snapshot."""
    train("run", 15)
    found = sorted(
        str(p.relative_to("run")) for p in (tmp_path / "run").relative_to(tmp_path).rglob("*")
    )
    assert found == [
        "lock",
        "net.yaml",
        "run.json",
        "snapshots",
        "snapshots/best.h5",
        "snapshots/snapshot-000014.h5",
        "snapshots/snapshot-000015.h5",
        "solver.yaml",
        "statistics.jsonl",
    ]
    assert (tmp_path / "run/net.yaml").read_text() == FakeNet().yaml_text
    assert "max_iter: 15\n" in (tmp_path / "run/solver.yaml").read_text()


def test_record_of_a_run(tmp_path):
    """When, from where to where, with which versions and data; a second start is added."""
    train("run", 3)
    train("run", 5)
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert record["data"] == {"sources": {"data": "memory"}, "fell_back": False}
    assert (record["net"], record["seed"], record["precision"]) == ("fake", 0, "float64")
    assert set(record["versions"]) == {"graphnet", "numpy", "h5py", "python"}
    assert [(s["from_iter"], s["to_iter"], s["outcome"]) for s in record["starts"]] == [
        (0, 3, "finished"),
        (3, 5, "finished"),
    ]


def test_record_of_a_start_that_failed(tmp_path):
    """How it ended is said, and where."""
    with pytest.raises(Killed, match="killed"):
        train("run", 9, kill_at(FakeNet(), 3))
    (start,) = json.loads((tmp_path / "run/run.json").read_text())["starts"]
    assert (start["to_iter"], start["outcome"]) == (2, "failed: Killed")


def test_snapshots_kept(tmp_path):
    """keep_last counts the ordinary ones; the best stays in a file of its own."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 2},
        {"type": "Snapshot", "every_n_iter": 5, "keep_last": 2, "keep_best": "accuracy"},
    ]
    train("run", 22, breaks=breaks)
    assert list(snapshots_in(tmp_path / "run")) == [20, 22]
    values = {
        m["iter"]: m["value"]
        for m in map(json.loads, (tmp_path / "run/statistics.jsonl").read_text().splitlines())
        if m["key"] == "accuracy"
    }
    assert read(tmp_path / "run/snapshots/best.h5").iter == max(values, key=values.get)


def test_all_snapshots_are_kept_by_default(tmp_path):
    """Iteration 0 among them."""
    train("run", 7, breaks=[{"type": "Snapshot", "every_n_iter": 3}])
    assert list(snapshots_in(tmp_path / "run")) == [0, 3, 6, 7]


def test_best_lost_in_a_crash_is_made_good(tmp_path):
    """A crash between a new best snapshot and its copy leaves the copy out of date."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 3},
        {"type": "Snapshot", "keep_best": "accuracy", "mode": "min"},
    ]
    train("run", 6, FakeNet(learn=-0.01), breaks=breaks)  # gets worse, which mode calls better
    best = tmp_path / "run/snapshots/best.h5"
    assert read(best).iter == 6
    whole = best.read_bytes()
    best.unlink()
    train("run", 6, FakeNet(learn=-0.01), breaks=breaks)
    assert best.read_bytes() == whole


def test_fresh_begins_anew_and_keeps_the_old(tmp_path):
    """The same run again, and the first one whole in a folder beside."""
    train("run", 10)
    shutil.copytree("run", "whole")
    _, reporter = train("run", 10, fresh=True)
    assert reporter.lines[0] == "the earlier run is now in run/earlier-001"
    for name in ("snapshots/snapshot-000010.h5", "statistics.jsonl", "net.yaml"):
        expected = (tmp_path / "whole" / name).read_bytes()
        assert (tmp_path / "run" / name).read_bytes() == expected
        assert (tmp_path / "run/earlier-001" / name).read_bytes() == expected


def test_a_new_run_starts_from_the_beginning(tmp_path):
    """Whatever was done with the net before: its data, statistics and carried state restart."""
    used, new = FakeNet(), FakeNet()
    state = used.store.state["ip"]
    for _ in range(3):
        used.forward()
    state["mean"][...] = 0  # running statistics are the net's; only what is carried restarts
    train("a", 5, used)
    train("b", 5, new)
    np.testing.assert_array_equal(used.store.data, new.store.data)
    np.testing.assert_array_equal(state["carried"], new.store.state["ip"]["carried"])
    assert used.statistics() == new.statistics()


def test_another_run_in_the_directory_is_refused(tmp_path):
    """Before anything is written; every difference is listed."""
    train("run", 5)
    before = (tmp_path / "run/solver.yaml").read_bytes()
    with pytest.raises(SnapshotError, match=r"solver.regu_coef: 0.0005 there, 0.1 here\n  solve"):
        train("run", 9, regu_coef=0.1)
    assert (tmp_path / "run/solver.yaml").read_bytes() == before


def deceive(change):
    """Change what the newest snapshot holds, as nobody but its writer should."""
    path = Path("run/snapshots/snapshot-000005.h5")
    contents = read(path)
    change(contents)
    path.write_bytes(to_bytes(contents))


def test_statistics_of_another_run_are_refused():
    """As params and history are, by name."""
    train("run", 5)
    name = next(iter(read(Path("run/snapshots/snapshot-000005.h5")).statistics))
    deceive(lambda contents: contents.statistics.update({name: np.zeros(9)}))
    with pytest.raises(SnapshotError, match=rf"000005\.h5: its statistics of '{name}' are not of"):
        train("run", 9)


def test_breaks_that_cannot_go_on_name_the_snapshot():
    """Which one it was, and in which file."""
    breaks = [{"type": "TrainingSummary", "every_n_iter": 1}]
    train("run", 5, breaks=breaks)
    deceive(lambda contents: contents.meta.breaks.update(TrainingSummary={"sums/loss": "x"}))
    with pytest.raises(BreakError, match=r"000005\.h5: coffee break 'TrainingSummary': its load_"):
        train("run", 9, breaks=breaks)


def test_other_versions_are_told(monkeypatch):
    """The run goes on, and nobody is left to wonder about the last digits."""
    train("run", 4)
    _, reporter = train("run", 6)
    assert reporter.warnings == []
    monkeypatch.setattr(np, "__version__", "1.26.4")
    state, reporter = train("run", 8)
    (warning,) = reporter.warnings
    assert warning.startswith("this run was begun with numpy 2.")
    assert ", now 1.26.4\n  it goes on, but its numbers may differ" in warning
    assert state.iter == 8


def test_two_at_once_are_refused(tmp_path):
    """The second says who holds the directory."""

    class Again(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            train("run", 5)

    solver = solver_for("run", 5)
    solver.add_coffee_break(Again(), every_n_iter=3)
    with pytest.raises(Exception, match="another run is going on there"):
        solve(solver, FakeNet(), reporter=Lines())


@pytest.mark.parametrize("source", ["run", "run/snapshots/snapshot-000006.h5", "model.h5"])
def test_load_from(tmp_path, source):
    """A run, a snapshot or a model: its params, in a run of its own from iteration 0."""
    net = FakeNet()
    train("run", 6, net)
    save_model(net, "model.h5")
    other = FakeNet()
    state, reporter = train("other", 0, other, load_from=source)
    assert state.iter == 0
    assert reporter.lines[0].startswith("loaded 4 of 4 params from ")
    np.testing.assert_array_equal(other.store.data, net.store.data)
    np.testing.assert_array_equal(other.store.state["ip"]["mean"], net.store.state["ip"]["mean"])


def test_load_from_is_not_used_by_a_run_that_goes_on():
    """It only says where a new run starts; by then it may be gone."""
    train("run", 6)
    train("other", 3, load_from="run")
    shutil.rmtree("run")
    state, _ = train("other", 5, load_from="run")
    assert state.iter == 5


def test_load_from_nothing_is_an_error():
    """Never a silent start from scratch."""
    with pytest.raises(SnapshotError, match=r"nowhere: there is no such run, snapshot or model"):
        train("run", 3, load_from="nowhere")


def test_restore_best_brings_params_and_history_back(tmp_path):
    """Iterations count on, and what was learned since the best is gone."""
    breaks = [
        {"type": "ValidationPerformance", "every_n_iter": 5},
        {"type": "DecayOnValidation", "key": "loss-key", "mode": "min", "restore_best": True},
        {"type": "Snapshot", "keep_best": "loss-key", "mode": "min"},
    ]
    net, kept = FakeNet(), {}
    sibling = net.sibling("test")
    scores = iter([3.0, 1.0, 2.0, 5.0])
    vars(sibling)["evaluate"] = lambda: (1, {"loss-key": next(scores)})
    net.sibling = lambda phase: sibling

    class Keep(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            kept[state.iter] = net.store.data.copy()

    solver = solver_for("run", 10, breaks, mom_policy={"type": "Fixed", "momentum": 0.9})
    solver.add_coffee_break(Keep(), every_n_iter=1)
    reporter = Lines()
    state = solve(solver, net, reporter=reporter)
    assert "back to the params of iteration 5" in reporter.lines
    assert state.iter == 10
    assert state.lr_scale == 0.5
    np.testing.assert_array_equal(net.store.data, kept[5])
    assert (kept[10] != kept[5]).any()
    final, best = (
        read(tmp_path / "run/snapshots" / name) for name in ("snapshot-000010.h5", "best.h5")
    )
    for group in ("params", "history", "state"):
        for name, array in getattr(best, group).items():
            np.testing.assert_array_equal(getattr(final, group)[name], array)


def test_statistics_elsewhere(tmp_path):
    """A file of one's own choice is added to, started over, or not touched at all."""
    elsewhere = tmp_path / "kept" / "s.jsonl"
    file = StatisticsFile(elsewhere)
    file.append(Measured(99, "accuracy", 0.5))
    file.close()
    seen = []

    class Look(CoffeeBreak):
        def enjoy(self, net, state, lounge):
            seen.append(lounge.get_statistics("accuracy"))

    def run(file_exists):
        solver = Solver(SolverSpec(max_iter=0, coffee_breaks=[BREAKS[3]]))
        solver.add_coffee_break(Look(), every_n_iter=1)
        solver.setup_coffee_lounge(save_into=elsewhere, file_exists=file_exists)
        reporter = Lines()
        solve(solver, FakeNet(), reporter=reporter)
        return reporter

    with pytest.raises(SpecError, match=r"s.jsonl: the statistics file exists\n  move it"):
        run("panic")
    assert len(elsewhere.read_text().splitlines()) == 1
    run("merge")
    assert sorted(seen[-1]) == [0, 99]
    assert len(elsewhere.read_text().splitlines()) == 3
    reporter = run("overwrite")
    assert sorted(seen[-1]) == [0]
    assert len(elsewhere.read_text().splitlines()) == 2
    assert reporter.warnings == [f"{elsewhere} is overwritten"]


def test_statistics_taken_away_meanwhile(tmp_path):
    """A run goes on, and says that they were shorter than they should be."""
    train("run", 10)
    (tmp_path / "run/statistics.jsonl").write_text("")
    state, reporter = train("run", 12)
    assert state.iter == 12
    assert reporter.warnings[0] == (
        "run/statistics.jsonl is shorter than when the snapshot was written; what is left is kept"
    )


def test_a_run_that_goes_on_remembers_its_statistics():
    """Breaks see what was recorded before."""
    seen = []

    class Look(CoffeeBreak):
        def open(self, net, state, lounge):
            seen.append((lounge.is_resumed, sorted(lounge.get_statistics("accuracy"))))

    for n in (8, 9):
        solver = solver_for("run", n)
        solver.add_coffee_break(Look())
        solve(solver, FakeNet(), reporter=Lines())
    assert seen == [(False, []), (True, [0, 4, 8])]


def test_without_a_directory_nothing_is_written(tmp_path):
    """No files at all."""
    solve(Solver(SolverSpec(max_iter=3)), FakeNet(), reporter=Lines())
    assert list(tmp_path.iterdir()) == []


def test_solving_twice_with_one_solver():
    """The breaks of a solver begin each new run as they were made."""
    solver = Solver(
        SolverSpec(
            max_iter=9,
            coffee_breaks=[
                {"type": "ValidationPerformance", "every_n_iter": 1},
                {"type": "EarlyStopping", "key": "accuracy", "patience": 3, "mode": "min"},
            ],
        )
    )
    first, second = (solve(solver, FakeNet(), reporter=Lines()) for _ in range(2))
    assert (first.iter, first.stop_reason) == (second.iter, second.stop_reason)


class Once(CoffeeBreak):
    """Does something at iteration 6."""

    def __init__(self, do):
        self.do = do

    def enjoy(self, net, state, lounge):  # noqa: D102
        if state.iter == 6:
            self.do(net, state, lounge)


def train_with(do, folder="run", n=10, breaks=(), **keys):
    solver = solver_for(folder, n, [*breaks, {"type": "Snapshot", "every_n_iter": 2}], **keys)
    solver.add_coffee_break(Once(do), every_n_iter=1)
    return solve(solver, FakeNet(), reporter=Lines())


def files(folder):
    return {p: p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_a_directory_that_is_moved_while_a_run_goes_on():
    """The run ends and says so; another run in its place is left alone; it goes on when asked."""
    second = {}

    def move(net, state, lounge):
        shutil.move("run", "old")
        train("run", 3)
        second.update(files("run"))

    with pytest.raises(SnapshotError, match="run: was moved, removed or replaced"):
        train_with(move)
    assert files("run") == second
    assert list(snapshots_in(Path("old"))) == [0, 2, 4]
    train_with(lambda *_: None, "old")
    assert (Path("old") / "snapshots/snapshot-000010.h5").exists()


def test_a_working_directory_that_changes_while_a_run_goes_on(tmp_path):
    """The run's files stay together."""
    (tmp_path / "elsewhere").mkdir()
    train_with(lambda *_: os.chdir("elsewhere"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert list(snapshots_in(tmp_path / "run")) == [0, 2, 4, 6, 8, 10]


def test_best_params_are_not_taken_from_another_run():
    """Where the directory has been replaced, its best snapshot is not this run's."""

    def move(net, state, lounge):
        shutil.move("run", "old")
        train("run", 3)
        lounge.request_restore()

    with pytest.raises(SnapshotError, match="run: was moved"):
        train_with(move, breaks=[{"type": "ValidationPerformance", "every_n_iter": 1}])


def test_files_of_the_users_own_are_not_written_over(tmp_path):
    """A run in their folder is refused before anything is written."""
    for name in ("net.yaml", "solver.yaml"):
        (tmp_path / name).write_text("# mine\n")
    with pytest.raises(SnapshotError, match=r"^net.yaml, solver.yaml: no run has written them"):
        train(".", 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.yaml", "solver.yaml"]


def test_a_text_of_a_run_that_was_edited():
    """It is the user's own now."""
    train("run", 3)
    path = Path("run/solver.yaml")
    text = path.read_text()
    path.write_text(text + "# note\n")
    for fresh in (False, True):
        with pytest.raises(SnapshotError, match=r"run/solver.yaml: no run has written it, and"):
            train("run", 5, fresh=fresh)
    path.write_text(text)
    train("run", 5)
    assert path.read_text() == text.replace("max_iter: 3", "max_iter: 5")


@pytest.mark.parametrize("file_exists", ["merge", "overwrite"])
def test_statistics_into_a_file_of_another_kind(tmp_path, file_exists):
    """Nothing is added to it, and nothing is cut off."""
    (tmp_path / "notes.txt").write_text("mine\n")
    solver = Solver(SolverSpec(max_iter=2))
    solver.setup_coffee_lounge(save_into="notes.txt", file_exists=file_exists)
    with pytest.raises(SnapshotError, match=r"notes.txt: holds no statistics, so none are added"):
        solve(solver, FakeNet(), reporter=Lines())
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


def test_statistics_of_another_run_are_not_cut():
    """A run that goes on into another file than before leaves what is there."""

    def to(name, n, folder):
        solver = solver_for(folder, n)
        solver.setup_coffee_lounge(save_into=name)
        return solve(solver, FakeNet(), reporter=Lines())

    to("long.jsonl", 30, "long")
    to("short.jsonl", 5, "run")
    before = Path("long.jsonl").read_bytes()
    assert to("long.jsonl", 9, "run").iter == 9
    assert Path("long.jsonl").read_bytes().startswith(before)
    record = json.loads(Path("run/run.json").read_text())
    assert record["statistics"] == str(Path("long.jsonl").absolute())
    del record["statistics"]  # as an earlier graphnet left it
    Path("run/run.json").write_text(json.dumps(record))
    before = Path("long.jsonl").read_bytes()
    shutil.copy("long.jsonl", "other.jsonl")
    with Path("other.jsonl").open("a") as file:
        file.write(Measured(1, "loss", 1.0).to_line())
    with pytest.raises(SnapshotError, match=r"other.jsonl: has more in it than the run that goes"):
        to("other.jsonl", 12, "run")
    assert Path("other.jsonl").read_bytes().startswith(before)


def test_files_are_named_in_the_record():
    """So that they are known to be the run's."""
    train("run", 3)
    record = json.loads(Path("run/run.json").read_text())
    assert set(record["files"]) == {"net.yaml", "solver.yaml"}
    assert record["outputs"] == []


def test_the_recorded_solver_names_the_directory_it_lies_in():
    """Wherever that is, and in every snapshot."""
    train("run", 3)
    assert "exp_dir: .\n" in Path("run/solver.yaml").read_text()
    assert "exp_dir: .\n" in read(Path("run/snapshots/snapshot-000003.h5")).solver_yaml
