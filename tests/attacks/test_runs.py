"""Runs whose files were edited, copied, removed or made by a newer graphnet; signals; locks."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import threading
from dataclasses import replace

import h5py
import numpy as np
import pytest

from graphnet.cli.interrupts import note_signals
from graphnet.errors import SnapshotError
from graphnet.solver.record import run_directory
from graphnet.solver.record.run_directory import RunDirectory
from graphnet.solver.record.snapshot_file import (
    HEADER_BYTES,
    NewerFormatError,
    header_for,
    read,
    to_bytes,
    write_text,
)
from graphnet.solver.signals import SignalWatch

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def sealed(body):
    """A snapshot file of this content, with the right checksum."""
    import hashlib

    return header_for(hashlib.sha256(body).hexdigest()) + body


@pytest.fixture
def trained(theirs, run):
    """A run of 4 iterations, with snapshots at 2 and 4."""
    assert run("solve theirs/net.yaml").code == 0
    return theirs / "run"


def snapshot(folder, iteration):
    """The path of a snapshot."""
    return folder / "snapshots" / f"snapshot-{iteration:06d}.h5"


# --- snapshots ------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [True, False])
def test_many_data_sets_that_each_claim_the_whole_file(tmp_path, packed):
    """The checksum is right: it tells damage, and nothing of who wrote the file."""
    image = io.BytesIO()
    with h5py.File(image, "w", userblock_size=HEADER_BYTES) as file:
        write_text(file, "meta", "{}")
        file["pad"] = np.zeros(250_000, "f4")
        for i in range(800):
            more = {"chunks": (1000,), "compression": "gzip"} if packed else {}
            file.create_dataset(f"params/l{i}/w", (200_000,), "f4", **more)
    path = tmp_path / "a.h5"
    path.write_bytes(sealed(image.getvalue()[HEADER_BYTES:]))
    with pytest.raises(SnapshotError, match="it claims more than is stored in the file"):
        read(path)


def test_a_chunk_that_is_larger_than_its_data_set(tmp_path):
    """It would be unpacked whole."""
    image = io.BytesIO()
    with h5py.File(image, "w", userblock_size=HEADER_BYTES) as file:
        write_text(file, "meta", "{}")
        file.create_dataset("params/l/w", (4,), "f4", chunks=(1 << 28,), maxshape=(None,),
                            compression="gzip")  # fmt: skip
    path = tmp_path / "a.h5"
    path.write_bytes(sealed(image.getvalue()[HEADER_BYTES:]))
    with pytest.raises(SnapshotError, match="it claims more than is stored in the file"):
        read(path)


def test_texts_that_refer_to_one_another(tmp_path):
    """Texts are stored as graphnet writes them, not as references to a heap."""
    image = io.BytesIO()
    with h5py.File(image, "w", userblock_size=HEADER_BYTES) as file:
        file.create_dataset("meta", (3,), h5py.string_dtype())
        file["pad"] = np.zeros(1000, "f4")
    path = tmp_path / "a.h5"
    path.write_bytes(sealed(image.getvalue()[HEADER_BYTES:]))
    with pytest.raises(SnapshotError, match="'meta' is not a text"):
        read(path)


def test_a_newer_format_is_not_passed_over(trained, run):
    """The run would go on from an older snapshot and write over the newer one."""
    newest = snapshot(trained, 4)
    content = newest.read_bytes().replace(b"graphnet snapshot 1 ", b"graphnet snapshot 2 ", 1)
    newest.write_bytes(content)
    with pytest.raises(NewerFormatError, match="has format 2"):
        read(newest)
    result = run("solve theirs/net.yaml --set max_iter=6")
    assert result.code == 1
    assert "has format 2, and this graphnet knows 1" in result.err
    assert newest.read_bytes() == content


def test_a_copied_snapshot_of_a_higher_number(trained, run):
    """Each start would begin again at the iteration that was copied."""
    shutil.copy(snapshot(trained, 2), snapshot(trained, 900))
    result = run("solve theirs/net.yaml --set max_iter=6")
    assert result.code == 0
    assert "is of iteration 2, though its name says 900" in result.text
    assert read(snapshot(trained, 6)).iter == 6
    result = run("solve theirs/net.yaml --set max_iter=8")
    assert read(snapshot(trained, 8)).iter == 8


@pytest.mark.parametrize(
    "change",
    [
        {"cursors": {"data": -5}},
        {"cursors": {"data": 10**30}},
        {"statistics_bytes": -5},
        {"statistics_bytes": 10**25},
        {"solver": {"iter": -4}},
        {"solver": {"epoch": 10**20}},
    ],
    ids=str,
)
def test_counts_that_are_none(trained, run, change):
    """Negative cursors and the like: such a snapshot is damaged, and the one before is taken."""
    newest = snapshot(trained, 4)
    contents = read(newest)
    if "solver" in change:
        change = {"solver": contents.meta.solver.model_copy(update=change["solver"])}
    newest.write_bytes(to_bytes(replace(contents, meta=contents.meta.model_copy(update=change))))
    result = run("solve theirs/net.yaml")
    assert result.code == 0
    assert "its /meta is not as expected" in result.text
    assert read(newest).meta.cursors == contents.meta.cursors


# --- what stands beside them ----------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"starts": [1, None]},
        {"starts": [{"to_iter": "x", "seconds": "y", "time": 5, "outcome": [1]}]},
        {"starts": [{"seconds": [1], "to_iter": {}}]},
        {"starts": [{"seconds": float("inf"), "to_iter": 10**400}]},
        {"starts": [{"seconds": float("nan"), "to_iter": -3}]},
        {"net": [], "seed": {}, "versions": 3, "machine": None},
        {"data": "x", "outputs": [1], "files": {"net.yaml": [1]}},
        {"data": [1], "statistics": {"a": 1}, "backend": [1], "precision": {}},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "command",
    ["runs theirs", "runs diff theirs/run theirs/run", "plot theirs/run", "solve theirs/net.yaml"],
)
def test_a_record_edited_by_hand(trained, run, command, change):
    """Values of another kind are passed over; no command falls over them."""
    record = json.loads((trained / "run.json").read_text())
    (trained / "run.json").write_text(json.dumps(record | change))
    run(command)


def test_a_report_of_an_edited_record(trained, run):
    """Likewise; and what it repeats is text, never markup."""
    record = json.loads((trained / "run.json").read_text())
    evil = "<script>alert(1)</script>"
    record |= {"net": evil, "machine": evil, "versions": {evil: evil}, "data": {evil: evil}}
    record["starts"] = [{"time": evil, "to_iter": evil, "outcome": evil, "seconds": evil}]
    (trained / "run.json").write_text(json.dumps(record))
    assert run("report theirs/run -o page.html --steps 0").code == 0
    with open("page.html", encoding="utf-8") as page:  # noqa: PTH123  # in the working directory
        assert "<script>alert" not in page.read()


@pytest.mark.parametrize("command", ["runs theirs", "runs diff theirs/run other"])
@pytest.mark.parametrize("kind", ["aliases", "long", "nested", "number"])
def test_settings_that_expand(trained, run, command, kind):
    """The net and solver in a run's directory are read by lists of runs: quickly, or not at all."""
    shutil.copytree(trained, "other")
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} {{{', '.join(f'k{i}: *{before}' for i in range(10))}}}")
    text = {
        "aliases": "\n".join(lines),
        "long": "l: [" + "1, " * 400_000 + "]",
        "nested": "l: " + "[" * 5000,
        "number": "n: 0x" + "f" * 5000 + "\nd: 9999-99-99",
    }[kind]
    (trained / "net.yaml").write_text(text)
    assert run(command).code == 0


@pytest.mark.parametrize(
    "command",
    [
        "runs theirs",
        "plot theirs/run",
        "report theirs/run -o page.html --steps 0",
        "solve theirs/net.yaml",
        "solve theirs/net.yaml --set max_iter=6",
    ],
)
def test_statistics_that_were_removed(trained, run, command):
    """The file is not needed to go on."""
    (trained / "statistics.jsonl").unlink()
    run(command)


# --- the process ----------------------------------------------------------------------------


@posix
def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    """Code of the user's may fork, and the child live on when the run has ended."""
    first = RunDirectory(tmp_path / "run")
    first.open(lambda _: None)
    read_end, write_end = os.pipe()
    began, begins = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write_end)
        os.write(begins, b"!")
        os.read(read_end, 1)  # until the parent closes its end
        os._exit(0)
    os.close(read_end)
    try:
        os.read(began, 1)  # what a fork does in the child is done there
        lock = first._lock
        first._lock = None
        os.close(lock)  # as when the process is killed: nothing is let go by it
        run_directory._locks.clear()
        second = RunDirectory(tmp_path / "run")
        second.open(lambda _: None)
        second.close()
    finally:
        for end in (write_end, began, begins):
            os.close(end)
        os.waitpid(child, 0)
        first.close()


@posix
@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2", "SIGXCPU"])
def test_warnings_of_batch_systems(name):
    """They stop a run after a snapshot, however often they come."""
    number = getattr(signal, name)
    with SignalWatch() as watch:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert watch.stop == number


@posix
def test_signals_while_a_run_starts_up():
    """They do not end it: it answers them when it begins."""
    names = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    for name in names:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        note_signals()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGUSR1)
        with SignalWatch() as watch:
            assert watch.take_hangup()
            assert watch.stop == signal.SIGUSR1
        with SignalWatch() as watch:
            assert not watch.take_hangup()
            assert not watch.stop
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def test_a_limit_on_threads(theirs, run, monkeypatch):
    """Fewer threads compute, to the same result."""

    def refuse(_self):
        raise RuntimeError("can't start new thread")

    assert run("solve theirs/net.yaml --exp-dir many --threads 2").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        result = run("solve theirs/net.yaml --exp-dir few --threads 2")
    assert result.code == 0, result.err
    many, few = (
        read(theirs.parent / n / "snapshots" / "snapshot-000004.h5") for n in ("many", "few")
    )
    assert all(np.array_equal(many.params[k], few.params[k]) for k in many.params)


@pytest.mark.usefixtures("theirs")
def test_an_unknown_user_without_a_home(run, monkeypatch):
    """As in a container: named data sets are then looked for elsewhere, or named as missing."""

    def refuse(*_args):
        raise KeyError("no such user")

    for name in ("HOME", "USERPROFILE", "GRAPHNET_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if os.name != "nt":
        monkeypatch.setattr("pwd.getpwuid", refuse)
        monkeypatch.setattr("pwd.getpwnam", refuse)
    assert run("solve theirs/net.yaml").code == 0
    assert run("data").code in {0, 1}
    run("check theirs/net.yaml --set layers.data.source=dataset:mnist/train")
    run("check theirs/net.yaml --set layers.data.source=~nobody/x.h5")


@posix
@pytest.mark.parametrize("command", ["check net.yaml", "solve net.yaml", "runs", "data", "doctor"])
def test_a_working_directory_that_was_removed(tmp_path, run, monkeypatch, command):
    """It is said what is wrong."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = run(command)
    assert result.code == 1
    assert "the working directory cannot be used" in result.err
