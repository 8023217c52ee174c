"""How much memory there is: the machine's, the container's, the process's."""

import resource
import sys

import pytest
from support.systems import FakeSystem

from graphnet.backend import base, host_memory, open_backend
from graphnet.backend.host_memory import available_memory

MEMINFO = "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:    5000 kB\n"


@pytest.fixture
def system(tmp_path):
    """A machine whose /proc and /sys are files of the test."""
    return FakeSystem(tmp_path)


def test_what_the_machine_has():
    """More than nothing, and no more than it could have."""
    room = available_memory()
    assert room is not None
    assert 1 << 20 < room.n_bytes < 1 << 50


def test_what_is_free_counts(system):
    """Files that are only kept in memory do not take any."""
    system.write("proc/meminfo", MEMINFO)
    assert available_memory(system.root) == (5000 * 1024, "free on this machine")


def test_the_least_counts(system):
    """Of the machine and every control group around the process."""
    system.write("proc/meminfo", MEMINFO)
    system.version_2("/pod/box")
    system.group("pod", **{"memory.max": "9000", "memory.current": "7000"})
    system.group("pod/box", **{"memory.max": "4000", "memory.current": "1000"})
    folder = system.root / "sys/fs/cgroup/pod"
    assert available_memory(system.root) == (2000, f"left of {folder / 'memory.max'}")
    system.group("pod", **{"memory.max": str(1 << 40)})
    assert available_memory(system.root) == (3000, f"left of {folder / 'box' / 'memory.max'}")
    system.group("pod/box", **{"memory.max": "max"})
    assert available_memory(system.root) == (5000 * 1024, "free on this machine")


def test_a_limit_of_the_process_counts(system, monkeypatch):
    """``ulimit -v`` counts all that is mapped already."""
    system.write("proc/meminfo", MEMINFO)
    system.write("proc/self/statm", "3 2 1 0 0 0 0")
    page = resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5 * page, 5 * page))
    room = available_memory(system.root)
    assert room == (2 * page, "left of the limit on address space, ulimit -v")


def test_elsewhere_what_is_built_in_counts(system, monkeypatch):
    """And where nobody can say, nothing is refused."""
    sizes = {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(host_memory.os, "sysconf", sizes.__getitem__)
    assert available_memory(system.root) == (40960, "what this machine has")
    monkeypatch.delattr(host_memory.os, "sysconf")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert available_memory(system.root) is None
    monkeypatch.setattr(base, "available_memory", lambda: None)
    assert open_backend("numpy", 1).free_memory() is None
