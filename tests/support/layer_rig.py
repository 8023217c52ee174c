"""What the layer harness binds and runs: a case, and a layer with arrays of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from graphnet.backend import open_backend
from graphnet.backend.base import Backend
from graphnet.blob import Array, Blob, Shape
from graphnet.layers.base import (
    Binding,
    Layer,
    LayerSpec,
    LossLayer,
    MeasureLayer,
    PassContext,
    Phase,
)
from graphnet.params.param import Param, ParamDecl

SEED = 1405  #: of the pass context, for references of layers that draw
ITERATION = 3
FIRST_SAMPLE = 20

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
        whole: Bottoms whose first axis is not one of samples.
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
    whole: Sequence[int] = ()

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
        backend: Where it runs; by default NumPy's.
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
        backend: Backend | None = None,
    ) -> None:
        self.case, self.dtype = case, np.dtype(dtype)
        self.spec = case.spec.model_copy(update={"frozen": True}) if frozen else case.spec
        self.values = case.values() if values is None else values
        self.backend = backend or numpy_backend(threads)
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
            diff = self.like(self.tops[0].diff, shapes[0])
            self.bottoms[0] = Blob("bottom0", self.bottoms[0].data, diff)
        self.params = {
            name: Param(
                name,
                self.plain(value),
                None if frozen or name not in decls else self.plain(value),
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
        if array.flags.c_contiguous:
            return array.reshape(shape)
        flat = array.transpose((*range(1, array.ndim), 0)).reshape(-1)
        assert np.shares_memory(flat, array), "the array is not stored batch-last"
        last = flat.reshape((*shape[1:], shape[0]))
        return last.transpose((len(shape) - 1, *range(len(shape) - 1)))

    def plain(self, value: np.ndarray) -> Array:
        """A plain array with these values."""
        array = self.backend.zeros(value.shape, self.dtype)
        self.put(value, array)
        return array

    def put(self, value: np.ndarray, array: Array) -> None:
        """Write values of the host."""
        self.backend.upload(np.asarray(value, array.dtype, order="C"), array)

    def fill_bottoms(self) -> None:
        """Write the bottoms' values."""
        for blob, value in zip(self.bottoms, self.values, strict=True):
            self.put(value, blob.data)

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
        self.call(self.layer.forward)
        for i, (blob, value) in enumerate(zip(self.bottoms, self.values, strict=True)):
            if not (self.overlay and i == 0 and not self.spec.views):
                same(f"bottom {i} after forward", self.copy(blob.data), value.astype(self.dtype))
        self.check_params()
        return self.outcome()

    def call(self, of_layer: Callable[[], None]) -> None:
        """Run the layer's forward or backward."""
        of_layer()

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
                self.put(projection, top.diff)
        self.call(self.layer.backward)
        for i, (top, projection) in enumerate(zip(self.tops, self.projections(), strict=True)):
            if top.diff is not None and not self.overlay_diff:
                kept_diff = self.copy(top.diff)
                same(f"diff of top {i} after backward", kept_diff, projection.astype(self.dtype))
        for before, blob in zip(kept, (*self.bottoms, *self.tops), strict=True):
            same(f"{blob.name} after backward", self.copy(blob.data), before)
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
            found = self.copy(self.params[name].data)
            same(f"param {name}", found, value.astype(self.dtype))

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
    """Of one shape, finite and equal except for rounding, relative to the largest element."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: {found.shape}, expected {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(
        found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=what, equal_nan=False
    )
