"""A net that would not fit is refused before anything is allocated."""

import resource

import numpy as np
import pytest
from support.nets import net_spec
from support.systems import FakeSystem

from graphnet.backend import open_backend
from graphnet.backend.host_memory import available_memory
from graphnet.backend.numpy.backend import NumpyBackend
from graphnet.errors import ShapeError
from graphnet.net.compiled import compile_net
from graphnet.net.load_net import load_net

SMALL = """
- {name: in, type: Input, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}
- {name: ip, type: InnerProduct, output_dim: 3, bottoms: [x], tops: [y]}
- {name: loss, type: SoftmaxLoss, bottoms: [y, label]}
"""
HUGE = """
- {name: in, type: Input, batch_size: 100000, shapes: {x: [3, 10000, 1000000]}, tops: [x]}
- {name: c, type: Convolution, n_filter: 64, kernel: 5, bottoms: [x], tops: [c]}
- {name: p, type: Pooling, kernel: 2, stride: 2, bottoms: [c], tops: [p]}
- {name: ip, type: InnerProduct, output_dim: 100000, bottoms: [p], tops: [ip]}
"""


def test_what_allows_no_more_is_said(tmp_path, monkeypatch):
    """A container's limit is not the machine's."""
    system = FakeSystem(tmp_path)
    system.version_2("/box")
    system.group("box", **{"memory.max": "1000", "memory.current": "900"})
    room = available_memory(system.root)
    monkeypatch.setattr(NumpyBackend, "free_memory", lambda _: room)
    with pytest.raises(ShapeError, match=r"0\.0 MiB may be used \(left of .*box/memory\.max\)"):
        load_net(net_spec(SMALL))
    with pytest.raises(ShapeError, match=r"may be used \(memory_limit\)"):
        load_net(net_spec(SMALL), memory_limit=8)


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
        r"it needs [\d,.]+ GiB or more, and [\d.]+ \wiB may be used \(.*\)\n"
        r"  largest: blob 'c' 100000×64×9996×999996 \([\d,.]+ GiB\), blob 'p' 1.*, param 'ip/.*\n"
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
