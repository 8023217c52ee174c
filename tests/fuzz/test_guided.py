"""What coverage-guided fuzzing tries, without it: seeds are read, damage is an error."""

import os
import random

import pytest

from graphnet.errors import GraphnetError
from tests.fuzz import guided
from tests.fuzz.mutate_bytes import mutated_bytes


@pytest.mark.parametrize("name", guided.READERS)
def test_readers(tmp_path, name):
    """Each seed is sound, and what is made of it ends in nothing but an error of graphnet's own."""
    read, once = guided.reader(name, tmp_path), guided.trial(name, tmp_path)
    found = guided.seeds(name, tmp_path)
    assert found
    chance = random.Random(1)  # noqa: S311  # nobody guesses it
    n_rejected = 0
    for content in found:
        if name != "net":  # solvers are among them
            read(content)
        for _ in range(max(40 // len(found), 2)):
            damaged = mutated_bytes(chance, content)
            once(damaged)
            try:
                read(damaged)
            except GraphnetError:
                n_rejected += 1
    assert n_rejected


def test_a_fault_is_not_taken_for_an_error(tmp_path, monkeypatch):
    """What is not graphnet's own gets through, and ends the fuzzer."""

    def broken(_content):
        raise KeyError("lost")

    monkeypatch.setattr(guided, "reader", lambda _name, _folder: broken)
    with pytest.raises(KeyError, match="lost"):
        guided.trial("yaml", tmp_path)(b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="seeds are made in a fork")
def test_seeds_are_written(tmp_path):
    """By a process of their own; one that fails says so."""
    guided.write_seeds("idx", tmp_path, tmp_path)
    assert (tmp_path / "seed-0").read_bytes() in guided.seeds("idx", tmp_path)
    with pytest.raises(RuntimeError, match="the seeds of idx could not be made"):
        guided.write_seeds("idx", tmp_path, tmp_path / "missing")
