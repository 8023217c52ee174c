"""Which files of a folder a run has made."""

import json

import numpy as np
import pytest

from graphnet.errors import SnapshotError
from graphnet.files.folder import Folder
from graphnet.solver.record.claim import checksum, foreign_files, is_snapshot_name, read_record
from graphnet.solver.record.run_directory import RunDirectory
from graphnet.solver.record.snapshot_file import Contents, Meta, to_bytes
from graphnet.solver.spec import SolverSpec

NET = "name: net\nlayers:\n- name: x\n  type: Input\n"
SOLVER = SolverSpec(max_iter=3, exp_dir="run").to_yaml()
SNAPSHOT = to_bytes(Contents(Meta(versions={}, backend="", dtype="", seed=0), {"a/b": np.zeros(1)}))
RECORD = json.dumps({"starts": []})
CLAIMS = [{"run_json": RECORD}, {"snapshots__snapshot-000001_h5": SNAPSHOT}]


def foreign(folder, **files):
    """The foreign files of a folder with these."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with Folder(folder) as held:
        return foreign_files(held)


def test_an_empty_folder(tmp_path):
    """Anything can be made of it; so of one with files of other names."""
    assert foreign(tmp_path) == []
    (tmp_path / "snapshots").mkdir()
    assert foreign(tmp_path, notes_txt="x", net_yml="x", snapshots__photo_jpg="x") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("net_yaml", NET),
        ("solver_yaml", SOLVER),
        ("statistics_jsonl", '{"iter": 0, "key": "loss", "value": 1}\n'),
        ("run_json", '{"mine": 1}'),
        ("run_json", "not JSON"),
        ("lock", "mine"),
        ("snapshots__best_h5", SNAPSHOT),
        ("snapshots__snapshot-000001_h5", "mine"),
    ],
)
def test_a_folder_that_is_no_runs(tmp_path, name, content):
    """Whatever is under a name that a run writes to is somebody else's."""
    file = name.replace("__", "/").replace("_", ".")
    assert foreign(tmp_path, **{name: content}) == [file]
    with pytest.raises(SnapshotError, match=r": no run has written it, and .*\n  choose another"):
        RunDirectory(tmp_path).open(pytest.fail)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()} == {file}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_runs_folder(tmp_path, claim):
    """Its record says so, or a snapshot; of an earlier graphnet, too, which noted no checksums."""
    files = {
        "net_yaml": NET,
        "solver_yaml": SOLVER,
        "statistics_jsonl": '{"iter": 0, "key": "loss", "value": 1}\n',
        "lock": "process 4711 on here\n",
        "snapshots__best_h5": "damaged",
        "snapshots__snapshot-000002_h5": "damaged",
    }
    assert foreign(tmp_path, **claim, **files) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("net_yaml", "# mine\n" + NET),
        ("net_yaml", "name: net\nsolver: s.yaml\nlayers: []\n"),
        ("net_yaml", "]["),
        ("net_yaml", b"\xff\xfe"),
        ("solver_yaml", "max_iter: 6\nexp_dir: .\n"),
        ("solver_yaml", SOLVER.replace("max_iter", "# mine\nmax_iter")),
        ("lock", "mine\n"),
    ],
)
@pytest.mark.parametrize("claim", CLAIMS)
def test_a_file_of_the_users_own_in_a_runs_folder(tmp_path, claim, name, content):
    """One that no run would have written so; as in a folder that an earlier graphnet wrote over."""
    assert foreign(tmp_path, **claim, **{name: content}) == [name.replace("_", ".")]


@pytest.mark.parametrize(
    "text",
    [
        *("process 4711 on here\n"[:n] for n in range(21)),
        "process 12 on here\n1 on here\n",
        "process 123n here\n",
        "\0\0\0",
        "process 47\0\0\0",
    ],
)
def test_a_lock_that_a_power_cut_has_left(tmp_path, text):
    """A part of what was written, zeros, or the end of what an earlier run had written: a run's."""
    assert foreign(tmp_path, lock=text) == []


@pytest.mark.parametrize(
    "text", ["mine", "processes of mine", "process data\n", "p\n", "process 1\n2\n3\n"]
)
def test_a_lock_of_the_users_own(tmp_path, text):
    """Whatever no run would write, and no part of it."""
    assert foreign(tmp_path, lock=text) == ["lock"]


def test_a_record_of_the_users_own_beside_snapshots(tmp_path):
    """It is none; one that has suffered is."""
    claim = {"snapshots__snapshot-000001_h5": SNAPSHOT}
    assert foreign(tmp_path, **claim, run_json='{"mine": 1}') == ["run.json"]
    for damaged in (
        "",
        '{"starts": 4}',
        '{"starts"',
        b"\0\0\0",
        '{"net": 1, "data": 2, "stxrts": 3}',
    ):
        assert foreign(tmp_path, **claim, run_json=damaged) == []


def test_a_text_that_was_changed(tmp_path):
    """The record knows what the run has written."""
    record = {"starts": [], "files": {"net.yaml": [checksum(NET), checksum("name: earlier\n")]}}
    claim = {"run_json": json.dumps(record)}
    for text in (NET, "name: earlier\n"):
        assert foreign(tmp_path, **claim, net_yaml=text) == []
    assert foreign(tmp_path, **claim, net_yaml=NET + "- name: y\n  type: Input\n") == ["net.yaml"]
    assert foreign(tmp_path, solver_yaml=SOLVER) == ["net.yaml", "solver.yaml"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '{"starts": 1}', "{}"])
def test_what_is_no_record(tmp_path, text):
    """Nothing is taken for one that is none."""
    (tmp_path / "run.json").write_text(text)
    with Folder(tmp_path) as folder:
        assert read_record(folder) is None


def test_names_of_snapshots():
    """As a run gives them."""
    for name in ("best.h5", "snapshot-000001.h5", "snapshot-1234567.h5"):
        assert is_snapshot_name(name)
    for name in ("snapshot-1.h5", "best.hdf5", "snapshot-000001.h5.unfinished", "x.h5"):
        assert not is_snapshot_name(name)


def test_a_damaged_record(tmp_path):
    """What is not of the right kind in it is left out."""
    record = {"starts": [], "outputs": 5, "files": {"net.yaml": 7}, "net": "x"}
    (tmp_path / "run.json").write_text(json.dumps(record))
    with Folder(tmp_path) as folder:
        assert read_record(folder) == {"starts": [], "net": "x"}
