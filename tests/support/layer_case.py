"""One harness for all layers: what a case states, and everything that is checked of it.

A test of a layer is a list of cases and one line::

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_layer(case):
        check_layer(case)

The reference is written independently of the layer, in float64, with plain NumPy.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.blob import Array, Blob, Shape
from graphnet.layers.base import (
    Binding,
    Kind,
    Layer,
    LayerSpec,
    LossLayer,
    MeasureLayer,
    PassContext,
    Phase,
)
from graphnet.param import Param, ParamDecl

SEED = 1405  #: of the pass context, for references of layers that draw
ITERATION = 3
FIRST_SAMPLE = 20

STEP = 1e-5  # of the numeric gradient
TOLERANCE = 1e-6  # of the numeric gradient, relative to the larger of 1 and the gradient
LARGE = 2**18  # elements of the first bottom where threads and allocation are checked
ALLOWED_BYTES = 16 * 1024  # Python objects of one pass; one array of the large checks is more

Reference = Callable[[list[np.ndarray], dict[str, np.ndarray]], Any]
Results = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class LayerCase:
    """A spec, what it is given, and what must come out.

    Attributes:
        spec: The layer.
        bottoms: A shape (filled with draws from N(0, 1)) or the values.
        reference: ``reference(bottoms, params)`` in float64: the list of tops of a compute layer,
            the weighted loss of a loss, ``{key: mean}`` of a statistic.
        params: Values by name; those left out are drawn from N(0, 1), except borrowed ones.
        label: Names the case where type and shapes do not.
        phase: Of the pass.
        draws: True where the layer draws random numbers: in float32 they are other ones.
        gradient: False where backward gives, by design, another gradient than the objective's.
        adds_up: False for a measure whose mean over two batches is not its mean over their rows.
    """

    spec: LayerSpec
    bottoms: Sequence[Shape | np.ndarray]
    reference: Reference
    params: Mapping[str, np.ndarray] = field(default_factory=dict)
    label: str = ""
    phase: Phase = "train"
    draws: bool = False
    gradient: bool = True
    adds_up: bool = True

    def __str__(self) -> str:
        shapes = ",".join("x".join(map(str, v.shape)) for v in self.values())
        return f"{self.spec.type}-{self.label or shapes}"

    def values(self) -> list[np.ndarray]:
        """The bottoms in float64."""
        rng = np.random.default_rng(7)
        return [
            rng.standard_normal(b) if isinstance(b, tuple) else np.asarray(b, np.float64)
            for b in self.bottoms
        ]

    def param_values(self) -> dict[str, np.ndarray]:
        """The params in float64."""
        rng = np.random.default_rng(8)
        decls = self.spec.param_decls([v.shape for v in self.values()])
        known = decls.keys() | self.spec.borrowed_params()
        assert self.params.keys() <= known, f"no such param: {self.params.keys() - known}"
        drawn = {name: rng.standard_normal(decl.shape) for name, decl in decls.items()}
        return drawn | {k: np.asarray(v, np.float64) for k, v in self.params.items()}

    def expected(self, values: list[np.ndarray]) -> Any:
        """What the reference says of these bottoms."""
        return self.reference([v.copy() for v in values], self.param_values())


@cache
def numpy_backend(threads: int = 1) -> Backend:
    """The NumPy backend, opened once per number of threads."""
    return open_backend("numpy", threads=threads)


def poison(array: Array) -> None:
    """Fill with what nobody can compute with unnoticed."""
    if array.dtype.kind == "f":
        array[...] = np.nan
    elif array.dtype.kind == "b":
        array[...] = True
    else:
        array[...] = np.iinfo(array.dtype).max


class Rig:
    """A layer bound to arrays of its own, as a net would bind it.

    Args:
        case: What is bound.
        values: The bottoms instead of the case's.
        dtype: Precision.
        threads: Of the backend.
        wanted: The bottoms whose diff is wanted; by default all that are differentiable.
        unread: Tops nobody gives a gradient: their diff is None.
        frozen: Param diffs are None.
        overlay: Top 0 lies in bottom 0's memory, and bottom 0's diff in top 0's diff.
        overlay_diff: The diffs lie so, the data do not.
        backward: False for a net that never runs backward.
        n_valid: Rows that count; by default all.
    """

    def __init__(
        self,
        case: LayerCase,
        values: list[np.ndarray] | None = None,
        *,
        dtype: type = np.float64,
        threads: int = 1,
        wanted: Sequence[int] | None = None,
        unread: Sequence[int] = (),
        frozen: bool = False,
        overlay: bool = False,
        overlay_diff: bool = False,
        backward: bool = True,
        n_valid: int | None = None,
    ) -> None:
        self.case, self.dtype = case, np.dtype(dtype)
        self.spec = case.spec.model_copy(update={"frozen": True}) if frozen else case.spec
        self.values = case.values() if values is None else values
        self.backend = numpy_backend(threads)
        shapes = [v.shape for v in self.values]
        self.top_shapes = self.spec.top_shapes(shapes)
        if not backward:
            wanted, frozen = (), True
        elif wanted is None:
            wanted = self.spec.differentiable(len(shapes))
        decls = self.spec.param_decls(shapes)
        self.backward_runs = backward and bool(wanted or (decls and not frozen))
        self.overlay, self.overlay_diff = overlay, overlay or overlay_diff

        self.bottoms = [
            Blob(f"bottom{i}", self.blob(s), self.blob(s) if i in wanted else None)
            for i, s in enumerate(shapes)
        ]
        has_diff = self.backward_runs and bool(self.top_shapes)
        self.tops = [
            Blob(
                f"top{i}",
                self.like(self.bottoms[0].data, s)
                if self.spec.views or (overlay and i == 0)
                else self.blob(s),
                self.blob(s) if has_diff and i not in unread else None,
            )
            for i, s in enumerate(self.top_shapes)
        ]
        if self.overlay_diff and self.bottoms[0].diff is not None:
            self.bottoms[0].diff = self.like(self.tops[0].diff, shapes[0])
        self.params = {
            name: Param(
                name,
                value.astype(self.dtype),
                None if frozen or name not in decls else np.empty(value.shape, self.dtype),
                decls.get(name, ParamDecl(value.shape)),
            )
            for name, value in case.param_values().items()
        }
        self.state_decls = self.spec.state_decls(shapes)
        self.state = {
            name: self.backend.full(decl.shape, decl.fill, self.dtype)
            for name, decl in self.state_decls.items()
        }
        self.scratch_decls = self.spec.scratch(shapes, self.backend, backward=self.backward_runs)
        self.scratch = {
            name: self.blob(decl.shape, decl.dtype)
            if decl.blob
            else self.backend.zeros(decl.shape, np.dtype(decl.dtype or self.dtype))
            for name, decl in self.scratch_decls.items()
        }
        for array in self.scratch.values():
            poison(array)
        rows = (shapes or self.top_shapes)[0][0]
        self.context = PassContext(
            case.phase, SEED, ITERATION, FIRST_SAMPLE, rows if n_valid is None else n_valid
        )
        self.fill_bottoms()
        self.layer: Layer[Any] = self.spec.build(
            Binding(
                name=self.spec.name,
                bottoms=self.bottoms,
                tops=self.tops,
                params=self.params,
                state=self.state,
                scratch=self.scratch,
                backend=self.backend,
                context=self.context,
                dtype=self.dtype,
            )
        )

    # --- memory -------------------------------------------------------------------------

    def blob(self, shape: Shape, dtype: str | None = None) -> Array:
        """Memory of its own, in the backend's layout."""
        return self.backend.empty_blob(shape, np.dtype(dtype or self.dtype))

    def like(self, array: Array, shape: Shape) -> Array:
        """The memory of ``array`` seen in another shape, element after element."""
        flat = array.transpose((*range(1, array.ndim), 0)).reshape(-1)
        assert np.shares_memory(flat, array), "the array is not stored batch-last"
        last = flat.reshape((*shape[1:], shape[0]))
        return last.transpose((len(shape) - 1, *range(len(shape) - 1)))

    def fill_bottoms(self) -> None:
        """Write the bottoms' values."""
        for blob, value in zip(self.bottoms, self.values, strict=True):
            blob.data[...] = value

    def poison_scratch(self, *lifetimes: str) -> None:
        """Spoil the working memory of these lifetimes."""
        for name, decl in self.scratch_decls.items():
            if decl.lifetime in lifetimes:
                poison(self.scratch[name])

    def poison_unread(self) -> None:
        """Spoil the data that backward has not declared it reads."""
        reads = self.spec.backward_reads()
        # the tops that lie in bottom 0's memory: what one of them needs, all must leave alone
        shared = range(len(self.tops)) if self.spec.views else range(int(self.overlay))
        needed = 0 in reads.bottoms or any(i in reads.tops for i in shared)
        for i, blob in enumerate(self.bottoms):
            if not (i in reads.bottoms or (i == 0 and shared and needed)):
                poison(blob.data)
        for i, blob in enumerate(self.tops):
            if not (i in reads.tops or (i in shared and needed)):
                poison(blob.data)

    # --- running ------------------------------------------------------------------------

    def reset_state(self) -> None:
        """Persistent state as at the start of a run."""
        for name, decl in self.state_decls.items():
            self.state[name][...] = decl.fill

    def forward(self) -> Results:
        """One forward pass over spoilt memory; the tops, or the loss and the statistics."""
        self.fill_bottoms()
        self.reset_state()
        for i, top in enumerate(self.tops):
            if not self.spec.views and not (self.overlay and i == 0):
                poison(top.data)
        for blob in (*self.bottoms, *self.tops, *self.params.values()):
            if blob.diff is not None:
                poison(blob.diff)
        self.poison_scratch("call", "pass")
        if isinstance(self.layer, MeasureLayer):
            self.layer.reset_statistics()
        self.layer.forward()
        for i, (blob, value) in enumerate(zip(self.bottoms, self.values, strict=True)):
            if not (self.overlay and i == 0 and not self.spec.views):
                same(f"bottom {i} after forward", blob.data, value.astype(self.dtype))
        self.check_params()
        return self.outcome()

    def outcome(self) -> Results:
        """What forward made, as copies."""
        made = {f"top {i}": self.copy(top.data) for i, top in enumerate(self.tops)}
        if isinstance(self.layer, LossLayer):
            made["loss"] = np.asarray(float(self.layer.loss))
        if isinstance(self.layer, MeasureLayer):
            made |= {f"statistic {k}": np.asarray(v) for k, v in self.layer.statistics().items()}
        return made

    def backward(self, spoil: bool = True) -> Results:
        """One backward pass after :meth:`forward`, over spoilt memory; the diffs."""
        if not self.backward_runs:
            return {}
        if spoil:
            self.poison_scratch("call")
            self.poison_unread()
            for blob in (*self.bottoms, *self.params.values()):
                if blob.diff is not None:
                    poison(blob.diff)
        kept = [self.copy(blob.data) for blob in (*self.bottoms, *self.tops)]
        for top, projection in zip(self.tops, self.projections(), strict=True):
            if top.diff is not None:
                top.diff[...] = projection
        self.layer.backward()
        for i, (top, projection) in enumerate(zip(self.tops, self.projections(), strict=True)):
            if top.diff is not None and not self.overlay_diff:
                same(f"diff of top {i} after backward", top.diff, projection.astype(self.dtype))
        for before, blob in zip(kept, (*self.bottoms, *self.tops), strict=True):
            same(f"{blob.name} after backward", blob.data, before)
        self.check_params()
        blobs = {f"bottom {i}": b for i, b in enumerate(self.bottoms)} | {
            f"param {n}": p for n, p in self.params.items()
        }
        return {
            f"diff of {what}": self.copy(blob.diff)
            for what, blob in blobs.items()
            if blob.diff is not None
        }

    def run(self) -> Results:
        """Forward and backward."""
        return self.forward() | self.backward()

    def check_params(self) -> None:
        """The values of the params are as they were."""
        for name, value in self.case.param_values().items():
            same(f"param {name}", self.params[name].data, value.astype(self.dtype))

    def projections(self) -> list[np.ndarray]:
        """The gradient of the objective with respect to each top: fixed random numbers."""
        rng = np.random.default_rng(9)
        return [rng.standard_normal(shape) for shape in self.top_shapes]

    def objective(self) -> float:
        """The loss, or a random projection of the tops, of the data as it stands."""
        self.reset_state()
        self.layer.forward()
        if isinstance(self.layer, LossLayer):
            return float(self.layer.loss)
        return float(
            sum(
                (p * t.data).sum()
                for t, p in zip(self.tops, self.projections(), strict=True)
                if t.diff is not None
            )
        )

    def copy(self, array: Array) -> np.ndarray:
        """On the host, C order."""
        return self.backend.download(array)


# --- comparing --------------------------------------------------------------------------


def same(what: str, found: np.ndarray, expected: np.ndarray) -> None:
    """Equal to the last bit."""
    np.testing.assert_array_equal(found, expected, err_msg=what)


def all_same(found: Results, expected: Results, what: str) -> None:
    """What both have is equal to the last bit."""
    assert found, f"{what}: nothing came out"
    for name in found.keys() & expected.keys():
        same(f"{what}: {name}", found[name], expected[name])


def close(what: str, found: Any, expected: Any, tolerance: float) -> None:
    """Of one shape, finite and equal but for rounding, relative to the largest element."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: {found.shape}, expected {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(
        found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=what, equal_nan=False
    )


# --- the checks -------------------------------------------------------------------------


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
    cut = [v[:valid] for v in values]
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
        both = [np.concatenate([v, c]) for v, c in zip(values, cut, strict=True)]
        made = {k: v for k, v in rig.outcome().items() if k.startswith("statistic")}
        expected = Rig(case, both).forward()
        for name, value in made.items():
            close(f"{name} of two batches", value, expected[name], 1e-9)


def check_large(case: LayerCase) -> None:
    """On a batch large enough to be split: any number of threads, and no allocation."""
    values = case.values()
    repeats = -(-LARGE // values[0].size)
    tiled = [np.tile(v, (repeats,) + (1,) * (v.ndim - 1)) for v in values]
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
