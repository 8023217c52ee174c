# ruff: noqa: ARG001  # breaks take what the contract hands them
"""What a run leaves on disk, and how it comes back from there."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import fake_runs
from support.fake_net import FakeNet
from support.fake_runs import BREAKS, Killed, kill_at, solver_for, train, train_with
from support.lines import Lines

from graphnet.errors import SnapshotError, SpecError
from graphnet.solver.coffee.base import CoffeeBreak
from graphnet.solver.methods import METHODS
from graphnet.solver.record.run_directory import snapshots_in
from graphnet.solver.record.run_record import RunRecord
from graphnet.solver.record.snapshot_file import read, to_bytes
from graphnet.solver.record.statistics_file import Recorded, StatisticsFile
from graphnet.solver.record.weights import save_model
from graphnet.solver.solver import Solver, solve
from graphnet.solver.spec import SolverSpec

_folder = pytest.fixture(autouse=True)(fake_runs.in_a_folder_of_its_own)


def assert_same(*names):
    """The run and the whole run have written the same bytes."""
    for name in names:
        assert (Path("run") / name).read_bytes() == (Path("whole") / name).read_bytes(), name


def assert_same_best():
    """The best snapshots are the same except for the ``max_iter`` of the start that wrote them."""
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
    lines = (Path(folder) / "statistics.jsonl").read_bytes().splitlines()
    return [m.iter for m in map(Recorded.from_line, lines) if m is not None and m.key == key]


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


@pytest.mark.parametrize("where", ["evaluate", "end"])
def test_a_crash_while_the_end_is_measured(where, monkeypatch):
    """Solving again measures it again, once."""
    train("run", 13, breaks=RARE)
    shutil.move("run", "whole")
    with monkeypatch.context() as patch:
        owner = FakeNet if where == "evaluate" else RunRecord
        original = getattr(owner, where)

        def crash(self, *args):
            if where == "end" or self.context.iteration == 13:
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
    with pytest.raises(
        SnapshotError, match=r"solver.regu_coef: 0.0005 there, 0.1 here\n  to go on(?s:.)*solve"
    ):
        train("run", 9, regu_coef=0.1)
    assert (tmp_path / "run/solver.yaml").read_bytes() == before


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


def test_statistics_elsewhere(tmp_path):
    """A file of one's own choice is added to, started over, or not touched at all."""
    elsewhere = tmp_path / "kept" / "s.jsonl"
    file = StatisticsFile(elsewhere)
    file.append(Recorded(99, "accuracy", 0.5))
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


def test_a_statistics_file_that_must_not_exist_and_does_not():
    """It is made."""
    solver = Solver(SolverSpec(max_iter=2))
    solver.setup_coffee_lounge(save_into="new.jsonl", file_exists="panic")
    solve(solver, FakeNet(), reporter=Lines())
    assert Path("new.jsonl").read_text() == ""


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
            seen.append((state.run.is_resumed, sorted(lounge.get_statistics("accuracy"))))

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
        file.write(Recorded(1, "loss", 1.0).to_line())
    with pytest.raises(SnapshotError, match=r"other.jsonl: has more in it than the run that goes"):
        to("other.jsonl", 12, "run")
    assert Path("other.jsonl").read_bytes().startswith(before)
