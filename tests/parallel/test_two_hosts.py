"""A job over two hosts: network namespaces of this machine, joined by a cable that can be cut."""

import shutil
import subprocess
import sys

import pytest

from tests.parallel.jobs import MPIEXEC, end, needs_mpi, solve_job, start, write_job
from tests.parallel.recipe import results

pytestmark = [needs_mpi, pytest.mark.slow]

#: By address: the name of the host, and that of its end of the cable.
HOSTS = {"10.99.7.1": ("graphnet-a", "gn-a"), "10.99.7.2": ("graphnet-b", "gn-b")}
FIRST = HOSTS["10.99.7.1"]

#: What mpiexec calls in place of ssh: HOST COMMAND …, after options.
LAUNCHER = """\
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
case $host in
%s
esac
exec ip netns exec $name sh -c "$*"
"""


def ip(*arguments):
    return subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)


def cable_bytes():
    """What has left the first host."""
    shown = ip("netns", "exec", FIRST[0], "cat", f"/sys/class/net/{FIRST[1]}/statistics/tx_bytes")
    return int(shown.stdout)


@pytest.fixture(name="hosts")
def _hosts():
    """Two of them, each with nothing but its end of the cable."""
    if not shutil.which("ip"):
        pytest.skip("needs the command ip (iproute2)")
    for name, _ in HOSTS.values():
        ip("netns", "del", name)  # of a test that was killed
    try:
        made = [ip("netns", "add", name) for name, _ in HOSTS.values()]
        ends = [device for _, device in HOSTS.values()]
        made.append(ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1]))
        if any(done.returncode for done in made):
            pytest.skip(f"may not make network namespaces: {made[-1].stderr.strip()}")
        for address, (name, device) in HOSTS.items():
            for arguments in (
                ("link", "set", device, "netns", name),
                ("-n", name, "addr", "add", f"{address}/24", "dev", device),
                ("-n", name, "link", "set", "lo", "up"),
                ("-n", name, "link", "set", device, "up"),
            ):
                assert ip(*arguments).returncode == 0, arguments
        yield
    finally:
        for name, _ in HOSTS.values():
            ip("netns", "del", name)


def start_on(folder, **environment):
    """A job of four ranks, two on each host, which reach each other by TCP alone."""
    launcher = folder / "launcher"
    cases = "\n".join(f"  {address}) name={name} ;;" for address, (name, _) in HOSTS.items())
    launcher.write_text(LAUNCHER % cases)
    launcher.chmod(0o755)
    first, *_ = HOSTS
    command = ["ip", "netns", "exec", FIRST[0], str(MPIEXEC)]
    command += ["-launcher", "ssh", "-launcher-exec", str(launcher), "-localhost", first]
    command += ["-hosts", ",".join(HOSTS), "-n", "4", "-ppn", "2"]
    command += ["-genv", "UCX_TLS", "tcp,self"]  # else it would find that memory is shared
    command += [sys.executable, "-m", "graphnet", "solve", "net.yaml"]
    return start(0, folder, command=command, **environment)


@pytest.mark.usefixtures("hosts")
def test_two_hosts(tmp_path):
    """The gradients go over the cable, and the result is that of one process."""
    folder = tmp_path / "job"
    write_job(folder)
    assert solve_job(0, folder, "--shards", "4").code == 0
    whole = results(folder / "run")
    shutil.rmtree(folder / "run")
    before = cable_bytes()
    ended = end(start_on(folder))
    assert ended.code == 0, ended.err
    assert results(folder / "run") == whole
    n_params = 1139
    assert cable_bytes() - before > 12 * 4 * n_params  # 12 iterations, half a gradient each way


@pytest.mark.usefixtures("hosts")
def test_a_cable_that_is_cut(tmp_path):
    """The job ends, saying who is silent, and goes on over the repaired cable."""
    folder = tmp_path / "job"
    write_job(folder)
    assert solve_job(0, folder, "--shards", "4").code == 0
    whole = results(folder / "run")
    shutil.rmtree(folder / "run")
    process = start_on(folder, SLOW="0.1", GRAPHNET_RANK_TIMEOUT="3")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("iter      6"):
            break
    assert ip("-n", FIRST[0], "link", "set", FIRST[1], "down").returncode == 0
    ended = end(process)
    assert ended.code == 1
    assert "has been silent for 3 s" in ended.err
    assert ip("-n", FIRST[0], "link", "set", FIRST[1], "up").returncode == 0
    ended = end(start_on(folder))
    assert ended.code == 0, ended.err
    assert "going on from iteration 5" in ended.out
    assert results(folder / "run") == whole
