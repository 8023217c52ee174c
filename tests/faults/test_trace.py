"""The disk after a power cut, made from what was done to it."""

from random import Random

import pytest

from tests.faults.trace import KEPT, Step, Trace, after_power_cut


def drawn(seed):
    return Random(seed)  # noqa: S311  # nobody guesses it


def trace_of(tmp_path, *steps):
    return Trace(tmp_path, {"run": None}, [Step(*step) for step in steps])


SAVED = (
    ("make", "run/a.unfinished", ""),
    ("write", "run/a.unfinished", "", "", 0, b"x" * 1000),
    ("sync", "run/a.unfinished", ""),
    ("rename", "run/a.unfinished", "", "run/a"),
    ("sync folder", "run", ""),
)


def disks(tmp_path, trace, n, kept):
    """What is in the folder after so many steps, for some draws."""
    found = []
    for seed in range(120):
        to = tmp_path / f"{kept}-{n}-{seed}"
        after_power_cut(trace, n, to, kept, drawn(seed))
        found.append({p.name: p.read_bytes() for p in (to / "run").iterdir()})
    return found


@pytest.mark.parametrize("kept", KEPT)
def test_what_was_synced_is_there(tmp_path, kept):
    """File and name, whatever the disk does."""
    assert disks(tmp_path, trace_of(tmp_path, *SAVED), 5, kept) == [{"a": b"x" * 1000}] * 120


def test_a_name_may_be_missing_until_its_folder_is_synced(tmp_path):
    """The new one, the old one, or none; a file under its last name is whole."""
    found = disks(tmp_path, trace_of(tmp_path, *SAVED), 4, "any")
    names = {tuple(one) for one in found}
    assert names == {(), ("a",), ("a.unfinished",)}
    assert all(one["a"] == b"x" * 1000 for one in found if "a" in one)
    assert disks(tmp_path, trace_of(tmp_path, *SAVED), 4, "nothing") == [{}] * 120
    assert disks(tmp_path, trace_of(tmp_path, *SAVED), 4, "all") == [{"a": b"x" * 1000}] * 120


def test_a_content_may_be_torn_until_it_is_synced(tmp_path):
    """Sectors, in any order, or its first part."""
    contents = {
        one.get("a.unfinished") for one in disks(tmp_path, trace_of(tmp_path, *SAVED), 2, "any")
    }
    assert bytes(1000) in contents
    assert bytes(512) + b"x" * 488 in contents
    assert b"x" * 512 in contents
    first = {
        one.get("a.unfinished")
        for one in disks(tmp_path, trace_of(tmp_path, *SAVED), 2, "the first")
    }
    assert len(first) > 3
    assert all(one is None or one == b"x" * len(one) for one in first)


def test_what_was_renamed_without_a_sync_is_found_out(tmp_path):
    """The fault that the campaign is to find: a file that is not whole under its last name."""
    trace = trace_of(tmp_path, *(step for step in SAVED if step[0] != "sync"))
    found = disks(tmp_path, trace, 4, "any")
    assert any(one["a"] != b"x" * 1000 for one in found)


def test_a_folder_s_name_has_to_be_synced_too(tmp_path):
    """Else all that is in it is lost, however often that was synced."""
    trace = Trace(tmp_path, {}, [Step("mkdir", "run", ""), *(Step(*step) for step in SAVED)])
    after_power_cut(trace, 6, tmp_path / "lost", "nothing", drawn(0))
    assert list((tmp_path / "lost").iterdir()) == []
    trace.steps.append(Step("sync folder", ".", ""))
    after_power_cut(trace, 7, tmp_path / "there", "nothing", drawn(0))
    assert (tmp_path / "there/run/a").read_bytes() == b"x" * 1000


def test_changes_of_a_file_that_is_there(tmp_path):
    """Lengths and what is appended count from the last sync."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/log").write_bytes(b"1\n2\n")
    trace = Trace(tmp_path)
    trace.begin(tmp_path / "run")
    trace.steps += [
        Step("truncate", "run/log", "", "", 2),
        Step("write", "run/log", "", "", 2, b"3\n"),
    ]
    assert disks(tmp_path, trace, 2, "nothing")[0] == {"log": b"1\n2\n"}
    assert disks(tmp_path, trace, 2, "all")[0] == {"log": b"1\n3\n"}
    trace.steps += [Step("sync", "run/log", ""), Step("unlink", "run/log", "")]
    assert disks(tmp_path, trace, 4, "nothing")[0] == {"log": b"1\n3\n"}
    assert disks(tmp_path, trace, 4, "all")[0] == {}


def test_a_trace_is_kept_in_a_file(tmp_path):
    """As it was; and it knows which snapshot was complete at which step."""
    trace = trace_of(tmp_path, *SAVED, ("saved", "run", "", "", 6), ("saved", "run", "", "", 8))
    trace.save(tmp_path / "trace")
    again = Trace.load(tmp_path / "trace", tmp_path)
    assert (again.before, again.steps) == (trace.before, trace.steps)
    assert [again.saved(n, 4) for n in (5, 6, 7)] == [4, 6, 8]
