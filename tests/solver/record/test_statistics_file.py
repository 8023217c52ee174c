"""statistics.jsonl."""

import json
import os
import tracemalloc

import pytest

from graphnet.errors import SnapshotError
from graphnet.files.folder import Folder
from graphnet.solver.record import statistics_file
from graphnet.solver.record.statistics_file import (
    Recorded,
    StatisticsFile,
    begins_as_statistics,
    columns_in,
    values_by_key,
)

VALUES = [
    Recorded(0, "accuracy", 0.125),
    Recorded(100, "obj_val", 1 / 3),
    Recorded(100, "kl-löss", 1e-300),
]


def by_key(values):
    """Values as :func:`values_by_key` gives them."""
    found = {}
    for one in values:
        found.setdefault(one.key, {})[one.iter] = one.value
    return found


def write(path, values):
    file = StatisticsFile(path)
    for value in values:
        file.append(value)
    return file


def test_a_line_for_each_value(tmp_path):
    """The format other programs rely on."""
    write(tmp_path / "s.jsonl", VALUES[:2]).close()
    assert (tmp_path / "s.jsonl").read_text() == (
        '{"iter": 0, "key": "accuracy", "value": 0.125}\n'
        '{"iter": 100, "key": "obj_val", "value": 0.3333333333333333}\n'
    )


def test_values_come_back_exactly(tmp_path):
    """Every bit of a float survives."""
    write(tmp_path / "s.jsonl", VALUES).close()
    assert values_by_key(tmp_path / "s.jsonl") == by_key(VALUES)


@pytest.mark.parametrize(
    ("value", "word"),
    [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity")],
)
def test_what_is_not_finite_is_a_word(tmp_path, value, word):
    """Strict JSON, and ``float()`` reads it."""
    write(tmp_path / "s.jsonl", [Recorded(1, "loss", value)]).close()
    text = (tmp_path / "s.jsonl").read_text()
    found = json.loads(text, parse_constant=pytest.fail)["value"]
    assert found == word
    assert repr(float(found)) == repr(value)


def test_other_lines_are_passed_over(tmp_path):
    """Half a line from a crash, somebody's notes, or what no iteration can be."""
    path = tmp_path / "s.jsonl"
    endless = b'{"iter": 1e999, "key": "x", "value": 1}\n' + b"[" * 100_000 + b"\n"
    others = b'{"iter": 1}\nnotes\n[1]\n\xff\n' + endless
    path.write_bytes(others + VALUES[0].to_line().encode() + b'{"it')
    assert values_by_key(path) == by_key(VALUES[:1])


def test_cut_takes_back_what_came_later(tmp_path):
    """A resumed run's file is what it was at the snapshot, and goes on from there."""
    path = tmp_path / "runs" / "s.jsonl"
    file = write(path, VALUES[:2])
    position = file.sync()
    assert position == path.stat().st_size
    file.append(VALUES[2])
    assert file.cut(position)
    again = Recorded(0, "accuracy", 0.5)
    file.append(again)
    file.close()
    lines = [one.to_line() for one in (*VALUES[:2], again)]
    assert path.read_text("utf-8") == "".join(lines)


def test_cut_says_if_the_file_is_too_short(tmp_path):
    """Somebody has taken lines away; what is left stays."""
    file = write(tmp_path / "s.jsonl", VALUES[:1])
    assert not file.cut(10_000)
    file.close()
    assert values_by_key(tmp_path / "s.jsonl") == by_key(VALUES[:1])


def test_flush_shows_the_lines(tmp_path):
    """Other programs can follow a run."""
    file = write(tmp_path / "s.jsonl", VALUES[:1])
    file.flush()
    assert values_by_key(tmp_path / "s.jsonl") == by_key(VALUES[:1])
    file.close()


def test_no_place_for_it(tmp_path):
    """The message names the file and what the system said."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(SnapshotError, match=r"s.jsonl: cannot be written"):
        StatisticsFile(tmp_path / "taken" / "s.jsonl")


def test_full_disk_says_so(tmp_path, monkeypatch):
    """The way out is in the message."""
    file = write(tmp_path / "s.jsonl", VALUES[:1])

    def full(_descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SnapshotError, match=r"No space left on device\n  the disk is full"):
        file.sync()
    file.close()


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"", True),
        (b"\0\0", True),
        (b'{"iter": 1, "key": "a", "value": 2}\n{', True),
        (b'{"iter": 1, "k', True),
        (b'{"it', True),
        (b'{"iter": 1, "key", "value": 2}\n{"iter"', True),
        (b"\n", True),
        (b"mine\n", False),
        (b"{}\n", False),
        (b"export A=1", False),
        (b"[1]\n", False),
    ],
)
def test_what_begins_as_statistics(beginning, expected):
    """A value in its first line, or nothing, as after a power cut."""
    assert begins_as_statistics(beginning) == expected


def test_a_file_with_another_name(tmp_path):
    """A copy by a hard link stays what it is."""
    path, copy = tmp_path / "s.jsonl", tmp_path / "copy.jsonl"
    path.write_text(Recorded(1, "a", 2.0).to_line())
    os.link(path, copy)
    file = StatisticsFile(path)
    file.append(Recorded(2, "a", 3.0))
    file.close()
    assert len(path.read_text().splitlines()) == 2
    assert len(copy.read_text().splitlines()) == 1


def test_what_is_cut_must_be_the_runs(tmp_path):
    """Of the iteration it stood at or later, except for what a crash has left of the last line."""
    path = tmp_path / "s.jsonl"
    lines = [Recorded(i, "a", 0.5).to_line() for i in (1, 5, 6)]
    path.write_text("".join(lines) + '{"iter": 7, "k')
    file = StatisticsFile(path)
    with pytest.raises(SnapshotError, match="has more in it than the run that goes on has written"):
        file.cut(len(lines[0]), 6)
    assert file.cut(len(lines[0]), 5)
    file.close()
    assert path.read_text() == lines[0]


@pytest.mark.parametrize("tail", ["", '{"iter": 9, "ke', "\0\0\0\n", "[]\n", '{"iter": 9}\n'])
def test_values_by_key_are_those_of_the_lines(tmp_path, tail):
    """Read as one or line by line; damaged lines are passed over, and the last value counts."""
    path = tmp_path / "s.jsonl"
    again = Recorded(VALUES[0].iter, VALUES[0].key, 0.25)
    lines = "".join(one.to_line() for one in (*VALUES, again))
    path.write_text(lines + tail)
    expected = by_key([*VALUES, again])
    found = values_by_key(path)
    assert list(found) == list(expected)
    for key, values in expected.items():
        assert repr(found[key]) == repr(values)
    assert found[again.key][again.iter] == 0.25


def test_pieces_end_where_lines_do(tmp_path, monkeypatch):
    """However small they are: no line is lost, and a piece with a damaged one keeps its others."""
    path = tmp_path / "s.jsonl"
    made = [Recorded(i, f"k{i % 3}", i / 7) for i in range(400)]
    lines = [one.to_line() for one in made]
    path.write_text("".join(lines[:200]) + "notes\n" + "".join(lines[200:]))
    expected = values_by_key(path)
    assert sum(map(len, expected.values())) == 400
    for piece in (1, 40, 64, 1000):
        monkeypatch.setattr(statistics_file, "_PIECE", piece)
        assert values_by_key(path) == expected


@pytest.mark.parametrize("key", ["a", "a b", 'say "hi"', "back\\slash", "größe", "", "\n"])
@pytest.mark.parametrize("value", [0.0, -1.5, 1e-300, 2.5e22, float("inf"), -float("inf")])
def test_what_is_written_is_read(tmp_path, key, value):
    """Any key, any value, in lines that are taken apart together and one by one."""
    path = tmp_path / "s.jsonl"
    path.write_text(Recorded(7, key, value).to_line())
    assert values_by_key(path) == {key: {7: value}}


def test_millions_of_lines_need_no_copies_of_themselves(tmp_path):
    """While a file is read, memory is that of the values, not of its text."""
    path = tmp_path / "s.jsonl"
    path.write_text("".join(Recorded(i % 50, "k", i / 7).to_line() for i in range(200_000)))
    tracemalloc.start()
    values_by_key(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 2


def test_an_iteration_that_no_run_comes_to(tmp_path):
    """Is nobody's; the other lines stay."""
    path = tmp_path / "s.jsonl"
    path.write_text(VALUES[0].to_line() + f'{{"iter": {1 << 70}, "key": "a", "value": 1}}\n')
    assert values_by_key(path) == by_key(VALUES[:1])


def test_what_was_recorded_since(tmp_path):
    """By the bytes that were there before; of several at one iteration all come, in order."""
    file = write(tmp_path / "s.jsonl", VALUES[:2])
    found, position = file.read_from(0)
    assert {key: column.by_iter() for key, column in found.items()} == by_key(VALUES[:2])
    assert file.read_from(position) == ({}, position)
    file.append(Recorded(100, "obj_val", 0.5))
    file.append(Recorded(100, "obj_val", 0.25))
    found, last = file.read_from(position)
    assert list(found["obj_val"].values) == [0.5, 0.25]
    assert last == (tmp_path / "s.jsonl").stat().st_size
    file.close()
    with pytest.raises(SnapshotError, match=r"s.jsonl: cannot be (read|written)"):
        file.read_from(0)


def move(path):
    path.rename(path.with_name("moved"))


def move_as_logrotate_does(path):
    move(path)
    path.touch()


@pytest.mark.parametrize("take_away", [os.remove, move, move_as_logrotate_does])
@pytest.mark.parametrize("is_own", [True, False])
def test_a_file_that_is_taken_away_is_written_anew(tmp_path, take_away, is_own):
    """With all that was in it; whoever has moved it has a copy."""
    path, said = tmp_path / "s.jsonl", []
    with Folder(tmp_path) as folder:
        file = StatisticsFile(path, folder if is_own else None, said.append)
        for one in VALUES[:2]:
            file.append(one)
        file.flush()
        assert said == []
        take_away(path)
        file.append(VALUES[2])
        n_bytes = file.sync()
        assert n_bytes == path.stat().st_size
        file.close()
    assert path.read_text("utf-8") == "".join(one.to_line() for one in VALUES)
    (text,) = said
    assert text.endswith(
        "s.jsonl was moved, removed or exchanged while the run was going on: it is written anew,"
        " with all that was in it"
    )


def test_a_file_that_is_cut_short_meanwhile(tmp_path):
    """It is told once, and what comes later is added to what is left."""
    path, said = tmp_path / "s.jsonl", []
    file = StatisticsFile(path, warn=said.append)
    file.append(VALUES[0])
    file.flush()
    path.write_bytes(b"")
    for one in VALUES[1:]:
        file.append(one)
        file.flush()
    file.close()
    assert values_by_key(path) == by_key(VALUES[1:])
    (text,) = said
    assert "s.jsonl was cut short by another program" in text
    assert text.endswith("\n  leave it alone until the run has ended")


def test_another_file_in_its_place_is_left_alone(tmp_path):
    """The message says what to do with it."""
    path = tmp_path / "s.jsonl"
    file = write(path, VALUES[:1])
    file.flush()
    move(path)
    path.write_text("mine\n")
    with pytest.raises(SnapshotError, match=r"was replaced by another file .*\n  move that elsewh"):
        file.sync()
    assert path.read_text() == "mine\n"


def test_a_file_is_not_looked_for_where_its_folder_has_gone(tmp_path):
    """Whoever holds the folder says so."""

    def gone():
        raise SnapshotError("the folder has gone")

    file = StatisticsFile(tmp_path / "s.jsonl", look=gone)
    file.flush()
    (tmp_path / "s.jsonl").unlink()
    with pytest.raises(SnapshotError, match="the folder has gone"):
        file.flush()


def test_columns_keep_what_was_recorded_in_turn(tmp_path):
    """Sixteen bytes for each value, whatever the order."""
    path = tmp_path / "s.jsonl"
    made = [Recorded(i // 2, f"k{i % 3}", i / 7) for i in range(600)]
    path.write_text("".join(one.to_line() for one in made))
    found = columns_in(path)
    assert list(found) == ["k0", "k1", "k2"]
    assert list(found["k1"].iters) == [one.iter for one in made if one.key == "k1"]
    assert list(found["k1"].values) == [one.value for one in made if one.key == "k1"]
