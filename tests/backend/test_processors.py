"""How many threads are computed in where nobody says."""

import os

import pytest
from support.systems import FakeSystem

from graphnet.backend import open_backend
from graphnet.backend.processors import n_processors


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Eight processors that may be used, and no quota."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)
    return FakeSystem(tmp_path)


def test_those_that_may_be_used(system, monkeypatch):
    """As taskset says; where the system does not tell, all there are."""
    assert n_processors(system.root) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert n_processors(system.root) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert n_processors(system.root) == 1


@pytest.mark.parametrize(
    ("quota", "expected"), [("50000", 1), ("150000", 2), ("200000", 2), ("max", 8), ("900000", 8)]
)
def test_a_quota(system, quota, expected):
    """A container has no more; a part of a processor is one."""
    system.version_2("/box")
    system.group("box", **{"cpu.max": f"{quota} 100000"})
    assert n_processors(system.root) == expected


def test_it_is_the_backends_default():
    """Of every net that is loaded without a word about threads."""
    assert open_backend("numpy").threads == n_processors()
