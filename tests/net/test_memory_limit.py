"""A net that would not fit is refused before anything is allocated."""

import resource

import numpy as np
import pytest
from support.nets import net_spec

from graphnet.backend import open_backend
from graphnet.errors import ShapeError
from graphnet.net import memory_limit
from graphnet.net.compiled import compile_net
from graphnet.net.load import load_net
from graphnet.net.memory_limit import available_bytes

SMALL = """
- {name: in, type: Input, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}
- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [y]}
- {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
"""
HUGE = """
- {name: in, type: Input, batch_size: 100000, shapes: {x: [3, 100000, 100000]}, tops: [x]}
- {name: c, type: Convolution, n_filter: 64, kernel: 5, bottoms: [x], tops: [c]}
- {name: p, type: Pooling, kernel: 2, stride: 2, bottoms: [c], tops: [p]}
- {name: ip, type: InnerProduct, output_dim: 100000, bottoms: [p], tops: [ip]}
"""


def test_what_the_machine_has():
    """More than nothing, and no more than it could have."""
    n_bytes = available_bytes()
    assert n_bytes is not None
    assert 1 << 20 < n_bytes < 1 << 50


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine whose /proc and /sys are files of the test."""
    monkeypatch.setattr(memory_limit, "Path", lambda name: tmp_path / str(name).lstrip("/"))
    return tmp_path


MEMINFO = "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:  5000 kB\n"


def test_what_is_free_counts(system):
    """Files that are only kept in memory do not take any."""
    write(system / "proc", meminfo=MEMINFO)
    assert available_bytes() == 5000 * 1024


def test_a_control_group_counts(system):
    """A container may have less than its machine; its own files in memory do not count."""
    write(system / "proc", meminfo=MEMINFO, self__cgroup="0::/box\n")
    group = system / "sys" / "fs" / "cgroup" / "box"
    write(group, **{"memory.max": "4000", "memory.current": "3500"})
    assert available_bytes() == 500
    write(group, **{"memory.stat": "anon 9\ninactive_file 300\n"})
    assert available_bytes() == 800
    write(group, **{"memory.max": "max\n"})
    assert available_bytes() == 5000 * 1024


def test_an_old_control_group_counts(system):
    """Of version 1; the container sees its own as the root."""
    cgroup = "9:name=systemd:/\n4:cpu,memory:/outside/of/it\n0::/\n"
    write(system / "proc", meminfo=MEMINFO, self__cgroup=cgroup)
    group = system / "sys" / "fs" / "cgroup" / "memory"
    limit = {"memory.limit_in_bytes": "4000", "memory.usage_in_bytes": "3900"}
    write(group, **limit, **{"memory.stat": "total_inactive_file 50\n"})
    assert available_bytes() == 150


@pytest.mark.usefixtures("system")
def test_elsewhere_what_is_built_in_counts(monkeypatch):
    """And where nobody can say, nothing is refused."""
    sizes = {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(memory_limit.os, "sysconf", sizes.__getitem__)
    assert available_bytes() == 40960
    monkeypatch.delattr(memory_limit.os, "sysconf")
    assert available_bytes() is None


def test_the_limit_is_exact():
    """A net of just so many bytes is allowed, and none that needs one more."""
    spec = net_spec(SMALL)
    need = load_net(spec).compiled.planned_bytes
    assert load_net(spec, memory_limit=need).compiled.memory_limit == need
    with pytest.raises(ShapeError, match="does not fit into memory: it needs 0"):
        load_net(spec, memory_limit=need - 1)


def test_a_huge_net_is_refused_at_once():
    """At the layer of its largest array, with the next ones and the way out; nothing is made."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        ShapeError,
        match=r"net.yaml:3:3: layer 'c' \(Convolution\): the net does not fit into memory: "
        r"it needs [\d,.]+ GiB or more, and [\d.]+ \wiB may be used\n"
        r"  largest: blob 'c' 100000×64×99996×99996 \([\d,.]+ GiB\), blob 'p' 1.*, param 'ip/.*\n"
        r"  a smaller batch_size in 'in' needs less; memory_limit \(--memory-limit\) allows more",
    ):
        load_net(net_spec(HUGE))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_the_plan_counts_not_the_blobs_alone():
    """Scratch and diffs are part of what a net needs."""
    spec, backend = net_spec(SMALL), open_backend("numpy", 1)
    plain = compile_net(spec, "train", backend, np.dtype("float32"), memory_limit=None)
    assert plain.planned_bytes > sum(blob.n_bytes for blob in plain.graph.all_blobs)
    with pytest.raises(ShapeError, match="does not fit"):
        compile_net(
            spec, "train", backend, np.dtype("float32"), memory_limit=plain.planned_bytes - 1
        )


def test_nets_that_share_params_keep_the_limit():
    """Each for itself, the params not counted again."""
    text = SMALL.replace("name: in,", "name: in, phase: train,") + (
        "- {name: big, type: Input, phase: test, batch_size: 90000, shapes: {x: [5], label: []},"
        " tops: [x, label]}"
    )
    net = load_net(net_spec(text), memory_limit=1 << 20)
    with pytest.raises(ShapeError, match=r"batch_size in 'big' needs less"):
        net.sibling("test")
    assert net.share(net_spec(SMALL), "test").compiled.memory_limit == 1 << 20
