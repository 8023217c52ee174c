"""One harness for all layers: everything that is checked of a case.

A test of a layer is a list of cases and one line::

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_layer(case):
        check_layer(case)

The reference is written independently of the layer, in float64, with plain NumPy.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
from support.layer_device import check_device
from support.layer_rig import (
    FIRST_SAMPLE,
    ITERATION,
    SEED,
    LayerCase,
    Results,
    Rig,
    all_same,
    close,
    numpy_backend,
    same,
)

from graphnet.layers.base import Kind, MeasureLayer

__all__ = [
    "FIRST_SAMPLE",
    "ITERATION",
    "SEED",
    "LayerCase",
    "Rig",
    "check_adjoint",
    "check_gradient",
    "check_layer",
    "numpy_backend",
]

STEP = 1e-5  # of the numeric gradient
TOLERANCE = 1e-6  # of the numeric gradient, relative to the larger of 1 and the gradient
LARGE = 2**18  # elements of the first bottom where threads and allocation are checked
ALLOWED_BYTES = 16 * 1024  # Python objects of one pass; one array of the large checks is more


def check_layer(case: LayerCase) -> None:
    """Everything that holds of every layer.

    Raises:
        AssertionError: Naming the blob or param that is not as it should be.
    """
    spec, n_bottoms = case.spec, len(case.bottoms)
    assert n_bottoms in spec.n_bottoms, f"{spec.type} takes {spec.n_bottoms} bottoms"
    rig = Rig(case)
    assert len(rig.tops) in spec.n_tops, f"{spec.type} gives {spec.n_tops} tops"
    made = rig.run()
    check_forward(case, rig, made)
    if case.gradient:
        check_gradient(rig, made)
    all_same(rig.run(), made, "the second run")
    all_same(Rig(case, backward=False).forward(), made, "forward alone")
    check_unwanted(case, made)
    check_overlay(case, made)
    if not case.draws:
        check_precision(case)
    if isinstance(rig.layer, MeasureLayer):
        check_measure(case)
    if case.bottoms:
        check_large(case)
    check_device(case, made)


def check_forward(case: LayerCase, rig: Rig, made: Results) -> None:
    """Shapes and values are the reference's."""
    expected = case.expected(rig.values)
    if case.spec.kind is Kind.LOSS:
        expected = {"loss": expected, f"statistic {case.spec.name}": expected}
    elif case.spec.kind is Kind.STATISTIC:
        name = case.spec.name
        expected = {f"statistic {name}.{k}" if k else f"statistic {name}": v
                    for k, v in expected.items()}  # fmt: skip
    else:
        expected = {f"top {i}": top for i, top in enumerate(expected)}
    forward = {k: v for k, v in made.items() if not k.startswith("diff")}
    assert forward.keys() == expected.keys()
    for name, value in expected.items():
        close(name, forward[name], value, 1e-9)


def check_gradient(rig: Rig, made: Results) -> None:
    """Every diff is the derivative of the objective, by central differences.

    Elements within a step of a kink are passed over: there the second difference is of the
    order of the step, not of its square.
    """
    if not rig.backward_runs:
        return
    rig.fill_bottoms()
    middle = rig.objective()
    arrays = {f"diff of bottom {i}": b for i, b in enumerate(rig.bottoms) if b.diff is not None}
    arrays |= {f"diff of param {n}": p for n, p in rig.params.items() if p.diff is not None}
    for what, blob in arrays.items():
        numeric, smooth = np.empty(blob.shape), np.ones(blob.shape, bool)
        for index in np.ndindex(blob.shape):
            value = float(blob.data[index])
            ends = []
            for step in (STEP, -STEP):
                blob.data[index] = value + step
                ends.append(rig.objective())
            blob.data[index] = value
            numeric[index] = (ends[0] - ends[1]) / (2 * STEP)
            bend = abs(ends[0] - 2 * middle + ends[1])
            smooth[index] = bend < 1e-3 * STEP * max(1.0, abs(numeric[index]))
        assert smooth.mean() > 0.75 or smooth.size == 0, f"{what}: too many elements at kinks"
        scale = np.maximum(1.0, np.abs(numeric))
        analytic = np.where(smooth, made[what], numeric)
        close(f"{what}: analytic and numeric", analytic / scale, numeric / scale, TOLERANCE)


def check_adjoint(case: LayerCase, made: Results, what: str) -> None:
    """A diff is exact where the tops are linear in ``what``: <x, dx> = <top, its diff>.

    Much cheaper than :func:`check_gradient`; it holds of a maximum too, but of no bias.
    """
    values = {f"bottom {i}": v for i, v in enumerate(case.values())}
    values |= {f"param {name}": v for name, v in case.param_values().items()}
    forward = sum((made[f"top {i}"] * p).sum() for i, p in enumerate(Rig(case).projections()))
    close(f"<{what}, its diff>", (values[what] * made[f"diff of {what}"]).sum(), forward, 1e-10)


def check_unwanted(case: LayerCase, made: Results) -> None:
    """A diff that nobody wants changes no other one."""
    wanted = case.spec.differentiable(len(case.bottoms))
    for i in wanted:
        rig = Rig(case, wanted=[w for w in wanted if w != i])
        all_same(rig.run(), made, f"without the diff of bottom {i}")
    if case.param_values():
        all_same(Rig(case, frozen=True).run(), made, "frozen")
    n_tops = len(case.spec.top_shapes([v.shape for v in case.values()]))
    if n_tops > 1 and wanted:
        for i in range(n_tops):
            rig = Rig(case, unread=[i])
            check_gradient(rig, rig.run())


def check_overlay(case: LayerCase, made: Results) -> None:
    """A layer that says it may run in its bottom's memory gives the same there."""
    spec = case.spec
    one_view = spec.views and len(spec.top_shapes([v.shape for v in case.values()])) == 1
    if not (spec.overwrites or one_view):
        return
    rig = Rig(case, overlay=True)
    all_same(rig.forward(), made, "forward in place")
    if rig.backward_runs and (one_view or 0 not in spec.backward_reads().bottoms):
        all_same(rig.backward(), made, "backward in place")
    if rig.backward_runs:
        all_same(Rig(case, overlay_diff=True).run(), made, "with the diffs in one place")


def check_precision(case: LayerCase) -> None:
    """Float32 gives what float64 gives of the same (rounded) numbers."""
    rounded = [v.astype(np.float32).astype(np.float64) for v in case.values()]
    single = Rig(case, rounded, dtype=np.float32)
    for top in single.tops:
        assert top.data.dtype == np.float32
    double = Rig(case, rounded).run()
    for name, value in single.run().items():
        close(f"{name} in float32", value, double[name], 1e-4)


def check_measure(case: LayerCase) -> None:
    """Only valid rows count, and two batches count as all their rows together."""
    values = case.values()
    rows = values[0].shape[0]
    rig = Rig(case)
    rig.forward()
    assert isinstance(rig.layer, MeasureLayer)
    rig.layer.reset_statistics()
    assert all(np.isnan(v) for v in rig.layer.statistics().values()), "reset did not forget"
    if rows == 1:
        return
    valid = rows - 1
    cut = [v if i in case.whole else v[:valid] for i, v in enumerate(values)]
    part, alone = Rig(case, n_valid=valid), Rig(case, cut)
    found, expected = part.run(), alone.run()
    for name, value in found.items():
        if name.startswith("diff"):
            same(f"{name} of rows that do not count", value[valid:], np.zeros_like(value[valid:]))
            value = value[:valid]  # noqa: PLW2901
        close(f"{name} with {valid} of {rows} rows valid", value, expected[name], 1e-9)
    check_forward(replace(case, bottoms=cut), alone, expected)
    if case.adds_up:
        rig.layer.forward()
        rig.context.n_valid = valid
        rig.layer.forward()
        both = [
            v if i in case.whole else np.concatenate([v, c])
            for i, (v, c) in enumerate(zip(values, cut, strict=True))
        ]
        made = {k: v for k, v in rig.outcome().items() if k.startswith("statistic")}
        expected = Rig(case, both).forward()
        for name, value in made.items():
            close(f"{name} of two batches", value, expected[name], 1e-9)


def check_large(case: LayerCase) -> None:
    """On a batch large enough to be split: any number of threads, and no allocation."""
    values = case.values()
    repeats = -(-LARGE // values[0].size)
    tiled = [
        v if i in case.whole else np.tile(v, (repeats,) + (1,) * (v.ndim - 1))
        for i, v in enumerate(values)
    ]
    one, two = (Rig(case, tiled, dtype=np.float32, threads=n) for n in (1, 2))
    all_same(two.run(), one.run(), "two threads")
    one.fill_bottoms()
    check_allocation(one)


def check_allocation(rig: Rig) -> None:
    """A pass after the first allocates no array."""

    def run() -> None:
        rig.layer.forward()
        if rig.backward_runs:
            rig.layer.backward()

    run()
    tracemalloc.start()
    try:
        run()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < ALLOWED_BYTES, f"a pass allocates {peak - before} bytes"
