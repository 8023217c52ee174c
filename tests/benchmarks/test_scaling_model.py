"""Tests of benchmarks.scaling."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scaling.__main__ import compared, predictions
from benchmarks.scaling.model import Compute, Job, Link, crowded, fit_link
from benchmarks.scaling.nets import caffenet, vgg16
from graphnet.backend import open_backend
from graphnet.net.compiled import compile_net
from graphnet.net.spec import read_net

LINK = Link("a link", latency=1e-5, rate=1e9, add_rate=1e10)
JOB = Job("a net", 64, 4_000_000, Compute(((1, 0.002), (64, 0.065))))


def test_a_rank_alone_sums_nothing():
    """One rank is as efficient as one rank."""
    assert LINK.sum_seconds(1e6, 1) == 0
    assert JOB.strong(LINK, 1) == JOB.weak(LINK, 1) == 1


def test_sum_by_hand():
    """Four ranks: six messages, 1.5 times the bytes each way, three quarters of them added."""
    expected = 6 * 1e-5 + 1.5e6 / 1e9 + 0.75e6 / 1e10
    assert LINK.sum_seconds(1e6, 4) == pytest.approx(expected)


def test_efficiency_by_hand():
    """Two ranks share the batch of 64, or take one each."""
    whole, half = 0.065, 0.065 - 32 * 0.001
    total = LINK.sum_seconds(4e6, 2)
    assert JOB.strong(LINK, 2) == pytest.approx(whole / (2 * (half + total)))
    assert JOB.weak(LINK, 2) == pytest.approx(whole / (whole + total))


def test_compute_follows_the_measured_points():
    """Between two points a line, beyond them the last line."""
    compute = Compute(((1, 1.0), (3, 2.0), (5, 6.0)))
    assert [compute.seconds(n) for n in (1, 2, 3, 4, 5, 6)] == [1, 1.5, 2, 4, 6, 8]
    assert Compute(((4, 2.0),)).seconds(1) == 0.5


def test_more_ranks_than_processors_take_turns():
    """Four ranks on two processors take twice as long, two no longer than one."""
    assert [crowded(1.0, n, 2) for n in (1, 2, 4)] == [1, 1, 2]


def test_a_link_is_found_again():
    """Latency and rate come out of the sums they explain."""
    sums = [(n, b, LINK.sum_seconds(b, n)) for n in (2, 4) for b in (1e3, 1e5, 1e7)]
    found = fit_link("found", sums, LINK.add_rate)
    assert found.latency == pytest.approx(LINK.latency, rel=1e-6)
    assert found.rate == pytest.approx(LINK.rate, rel=1e-6)


def test_a_link_never_has_negative_costs():
    """Sums that take less the more they carry still give a latency and a rate."""
    found = fit_link("odd", [(2, 1e3, 1e-3), (2, 1e6, 5e-4)], 1e10)
    assert found.latency >= 0
    assert found.rate > 0


@pytest.mark.parametrize(
    ("layers", "n_params", "macs"),
    [(caffenet, 60_965_224, 724_406_816), (vgg16, 138_357_544, 15_470_264_320)],
)
def test_large_nets_are_the_published_ones(layers, n_params, macs):
    """Params and multiply-adds of one row, as the published nets have them."""
    spec = read_net(layers(1))
    compiled = compile_net(spec, "train", open_backend("numpy", 1), np.dtype("f4"), "needed")
    assert compiled.n_param_numbers == n_params
    counted = sum(layer.macs for layer in compiled.layers if layer.type in KINDS_OF_WORK)
    assert counted == macs


KINDS_OF_WORK = ("Convolution", "InnerProduct")


def test_tables_say_what_the_model_says():
    """A column for each number of ranks; a dash where the batch has fewer rows."""
    table = predictions([JOB], LINK)
    assert table.header[1:] == ["1", "2", "4", "8", "16", "64", "256", "1024"]
    shared, each = table.rows
    assert shared[1:3] == ["100", f"{100 * JOB.strong(LINK, 2):.0f}"]
    assert shared[7:] == ["–", "–"]
    assert each[-1] == f"{100 * JOB.weak(LINK, 1024):.0f}"


def test_measured_runs_are_compared_with_one_rank():
    """Speed-up and efficiency are those of the measurements, not of the model."""
    runs = [
        {"net": "a", "ranks": n, "measured_ms": ms, "predicted_ms": 1.0}
        for n, ms in ((1, 8.0), (2, 5.0))
    ]
    table = compared(runs, LINK)
    assert table.rows[1] == ["a", "2", "5.00 ms", "1.00 ms", "1.60", "80 %"]
    assert "10 µs a message" in table.notes[0]
