"""What the control groups of Linux allow, on systems that are made up."""

import pytest
from support.systems import FakeSystem

from graphnet.control_groups import cpu_quota, free_memory


@pytest.fixture
def system(tmp_path):
    """One without control groups, so far."""
    return FakeSystem(tmp_path)


def quota_of(text):
    return {"cpu.max": text}


def quota_1(quota, period=100_000):
    return {"cpu.cfs_quota_us": str(quota), "cpu.cfs_period_us": str(period)}


def rooms(system):
    return [n_bytes for n_bytes, _ in free_memory(system.root)]


def test_without_control_groups(system):
    """As on another system, or where nothing is limited."""
    assert (cpu_quota(system.root), rooms(system)) == (None, [])
    system.version_2("/")
    assert (cpu_quota(system.root), rooms(system)) == (None, [])
    system.group(".", **quota_of("max 100000"), **{"memory.max": "max", "memory.current": "9"})
    assert (cpu_quota(system.root), rooms(system)) == (None, [])


def test_on_this_machine():
    """Whatever it is."""
    quota = cpu_quota()
    assert quota is None or quota > 0
    assert all(n_bytes >= 0 for n_bytes, _ in free_memory())


def test_every_group_around_counts(system):
    """The least of all quotas; all rooms, the innermost first."""
    system.version_2("/pod/box/task")
    system.group("pod", **quota_of("150000 100000"))
    system.group("pod/box/task", **quota_of("400000 100000"))
    assert cpu_quota(system.root) == 1.5
    system.group("pod/box", **quota_of("10000 40000"))
    assert cpu_quota(system.root) == 0.25
    system.group("pod", **{"memory.max": "9000", "memory.current": "1000"})
    system.group("pod/box/task", **{"memory.max": "900", "memory.current": "1000"})
    assert rooms(system) == [0, 8000]


def test_what_is_asked_for_politely(system):
    """``memory.high`` is a limit too; files kept in memory are given back."""
    system.version_2("/box")
    stat = "anon 9\ninactive_file 300\nactive_file 5"
    used = {"memory.current": "3500", "memory.stat": stat}
    system.group("box", **used, **{"memory.max": "max", "memory.high": "4000"})
    assert rooms(system) == [800]


def test_inside_a_container(system):
    """What is mounted is the container's own group, wherever it says that it is."""
    for path, root in (
        ("/", "/"),  # a namespace of its own
        ("/docker/abc", "/docker/abc"),
        ("/docker/abc", "/"),  # its own group stands for the root, which is not said
        ("/../../other", "/"),
        ("/elsewhere", "/docker/abc"),
    ):
        system.version_2(path, root)
        system.group(
            ".", **quota_of("200000 100000"), **{"memory.max": "50", "memory.current": "9"}
        )
        assert (cpu_quota(system.root), rooms(system)) == (2.0, [41]), (path, root)


def test_version_1(system):
    """A tree for each controller; -1 and a huge number are no limit."""
    system.version_1("/docker/abc", "cpu", "cpuacct")
    system.group("cpu,cpuacct", **quota_1(-1))
    assert cpu_quota(system.root) is None
    system.group("cpu,cpuacct/docker/abc", **quota_1(50_000))
    assert cpu_quota(system.root) == 0.5
    system.version_1("/docker/abc", "memory", root="/docker")
    limit = {"memory.limit_in_bytes": "4000", "memory.usage_in_bytes": "3900"}
    system.group("memory/abc", **limit, **{"memory.stat": "total_inactive_file 50"})
    assert rooms(system) == [150]


def test_a_folder_with_blanks(system):
    """The kernel writes them as octal escapes."""
    system.version_2("/box")
    info = (system.root / "proc/self/mountinfo").read_text("utf-8")
    system.write("proc/self/mountinfo", info.replace("/sys/fs/cgroup", "/my\\040groups"))
    system.write("my groups/box/cpu.max", "300000 100000")
    assert cpu_quota(system.root) == 3.0


@pytest.mark.parametrize("text", ["", "x", "100000", "max", "0 100000", "5 0", "-1 5", "\udcff"])
def test_files_that_say_nothing(system, text):
    """Nothing is limited by what cannot be read."""
    system.version_2("/box")
    (system.root / "sys/fs/cgroup/box").mkdir(parents=True)
    for name in ("cpu.max", "memory.max", "memory.current", "memory.stat"):
        path = system.root / "sys/fs/cgroup/box" / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cpu_quota(system.root) is None
    (system.root / "proc/self/cgroup").write_bytes(text.encode("utf-8", "surrogateescape"))
    (system.root / "proc/self/mountinfo").write_bytes(b"1 2 - cgroup2\n\xff - \n")
    assert (cpu_quota(system.root), rooms(system)) == (None, [])
