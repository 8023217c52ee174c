"""The layer harness itself: each way in which a layer can be wrong is found."""

# ruff: noqa: D101, D102  (each wrong layer is named after what is wrong with it)

from typing import Any, ClassVar

import numpy as np
import pytest
from support.cuda_shim import COMPILER, NO_COMPILER
from support.layer_case import LayerCase, Rig, check_layer
from support.layer_device import check_device

from graphnet.backend.base import ScratchDecl
from graphnet.blob import columns
from graphnet.layers.base import Kind, Layer, LayerSpec, LossLayer, Reads, exactly
from graphnet.params.param import ParamDecl, StateDecl


class Cube(LayerSpec):
    """y = w · x³ with one weight for all; the subclasses of its layer are wrong in one way each."""

    type: str = "Cube"
    name: str = "cube"
    layer: ClassVar[Any]

    def top_shapes(self, bottoms):
        return [bottoms[0]]

    def param_decls(self, bottoms):
        return {"weight": ParamDecl((1,))}

    def scratch(self, bottoms, backend, *, backward):
        return {
            "call": ScratchDecl(bottoms[0], blob=True),
            "pass": ScratchDecl(bottoms[0], lifetime="pass", blob=True),
        }

    def build(self, binding):
        return self.layer(self, binding)


class Right(Layer):
    def setup(self):
        (self.x,), (self.y,), self.w = self.bottoms, self.tops, self.params["weight"]

    def forward(self):
        self.xp.multiply(self.x.data, self.x.data, out=self.scratch["pass"])  # x²
        self.xp.multiply(self.scratch["pass"], self.x.data, out=self.y.data)
        self.y.data *= self.w.data

    def backward(self):
        if self.w.diff is not None:
            self.weight_gradient()
        if self.x.diff is not None:
            self.xp.multiply(self.scratch["pass"], self.y.diff, out=self.x.diff)
            self.x.diff *= 3 * self.w.data

    def weight_gradient(self):
        self.xp.multiply(self.scratch["pass"], self.x.data, out=self.scratch["call"])
        self.scratch["call"] *= self.y.diff
        self.w.diff[0] = self.scratch["call"].sum()


class WrongValue(Right):
    def forward(self):
        super().forward()
        self.y.data += 1e-6


class LeavesTop(Right):
    def forward(self):
        super().forward()
        self.y.data[-1, -1] = np.nan  # as if never written


class WrongGradient(Right):
    def backward(self):
        super().backward()
        if self.x.diff is not None:
            self.x.diff *= 1 + 1e-4


class WrongParamGradient(Right):
    def weight_gradient(self):
        super().weight_gradient()
        self.w.diff *= 0.99


class Accumulates(Right):
    def backward(self):
        if self.x.diff is not None:
            before = self.x.diff.copy()
        super().backward()
        if self.x.diff is not None:
            self.x.diff += before


class AccumulatesParam(Right):
    def weight_gradient(self):
        before = self.w.diff.copy()
        super().weight_gradient()
        self.w.diff += before


class KeepsCallScratch(Right):
    def forward(self):
        super().forward()
        self.scratch["call"][...] = self.scratch["pass"]

    def backward(self):
        if self.x.diff is not None:
            self.xp.multiply(self.scratch["call"], self.y.diff, out=self.x.diff)
            self.x.diff *= 3 * self.w.data
        if self.w.diff is not None:
            self.weight_gradient()


class ReadsTop(Right):
    def weight_gradient(self):
        self.xp.multiply(self.y.data, self.y.diff, out=self.scratch["call"])
        self.w.diff[0] = self.scratch["call"].sum() / self.w.data[0]


class WritesBottom(Right):
    def forward(self):
        super().forward()
        self.x.data[...] = 0


class WritesTopDiff(Right):
    def backward(self):
        super().backward()
        self.y.diff *= 2


class Remembers(Right):
    calls = 0

    def forward(self):
        super().forward()
        self.calls += 1
        if self.calls > 1:
            self.y.data += 1e-3


class NeedsDiff(Right):
    def backward(self):
        super().backward()
        if self.x.diff is None:
            self.w.diff *= 2


class NeedsParamDiff(Right):
    def backward(self):
        super().backward()
        if self.w.diff is None:
            self.x.diff *= 2


class Allocates(Right):
    def forward(self):
        super().forward()
        self.y.data[...] = self.x.data**3 * self.w.data


class LosesPrecision(Right):
    def forward(self):
        super().forward()
        if self.y.data.dtype == np.float32:
            self.y.data *= 1.001


class DependsOnThreads(Right):
    def forward(self):
        super().forward()
        if self.backend.threads > 1:
            np.nextafter(self.y.data, np.inf, out=self.y.data, dtype=self.y.data.dtype)


def case(layer, **spec_methods):
    """The case of a cube whose layer is this class."""
    spec = type("Cube", (Cube,), {"layer": layer, "__module__": __name__, **spec_methods})
    return LayerCase(spec(), [(4, 3)], lambda bottoms, params: [params["weight"] * bottoms[0] ** 3])


def test_right_layer_passes():
    """Nothing is found in a layer that keeps the contract."""
    check_layer(case(Right))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (WrongValue, "top 0"),
        (LeavesTop, "top 0"),
        (WrongGradient, "diff of bottom 0: analytic and numeric"),
        (WrongParamGradient, "diff of param weight: analytic and numeric"),
        (Accumulates, "diff of bottom 0"),
        (AccumulatesParam, "diff of param weight"),
        (KeepsCallScratch, "diff of bottom 0"),
        (ReadsTop, "diff of param weight"),
        (WritesBottom, "bottom 0 after forward"),
        (WritesTopDiff, "diff of top 0 after backward"),
        (Remembers, "the second run: top 0|bottom 0: analytic"),
        (NeedsDiff, "without the diff of bottom 0: diff of param weight"),
        (NeedsParamDiff, "frozen: diff of bottom 0"),
        (Allocates, "a pass allocates [0-9]+ bytes"),
        (LosesPrecision, "top 0 in float32"),
        (DependsOnThreads, "two threads: top 0"),
    ],
)
def test_wrong_layer_fails(layer, message):
    """Each wrong layer fails, and the message says where."""
    with pytest.raises(AssertionError, match=message):
        check_layer(case(layer))


class MakesTheHostWait(Right):
    def forward(self):
        super().forward()
        float(self.y.data.sum())


class DecidesByTheData(Right):
    def backward(self):
        super().backward()
        if (self.y.data > 0).all():
            self.xp.multiply(self.x.diff, 1, out=self.x.diff)


class SendsEachTime(Right):
    def forward(self):
        super().forward()
        self.backend.upload(np.full((4, 3), 3, self.dtype), self.scratch["call"])


class ComputesWithNumPy(Right):
    def forward(self):
        np.multiply(self.x.data, self.x.data, out=self.scratch["pass"])
        super().forward()


class MixesHostAndDevice(Right):
    def setup(self):
        super().setup()
        self.one = np.ones((4, 1), self.dtype)

    def forward(self):
        super().forward()
        self.xp.multiply(self.y.data, self.one[: len(self.y.data)], out=self.y.data)


class UsesWhatCuPyLacks(Right):
    def weight_gradient(self):
        super().weight_gradient()
        self.xp.sum(self.scratch["call"], keepdims=True, initial=0)


class IndexesFromTheHost(Right):
    def forward(self):
        super().forward()
        self.y.data[np.arange(1)] *= 1


class KnowsHowItIsStored(Right):
    def setup(self):
        super().setup()
        columns(self.x.data)


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (MakesTheHostWait, r"\(1, 0, 0\) downloads, uploads, waits"),
        (DecidesByTheData, r"\(1, 0, 0\) downloads, uploads, waits"),
        (SendsEachTime, r"\(0, 1, 0\) downloads, uploads, waits"),
        (ComputesWithNumPy, "does not support ufuncs"),
        (MixesHostAndDevice, "Unsupported type .*numpy.ndarray"),
        (UsesWhatCuPyLacks, "unexpected keyword argument 'initial'"),
        (IndexesFromTheHost, "an index of the host"),
        (KnowsHowItIsStored, "is not stored batch-last"),
    ],
)
def test_layer_wrong_on_a_device_fails(layer, message):
    """What only a device would show is found without one."""
    wrong = case(layer)
    made = Rig(wrong).run()
    with pytest.raises((AssertionError, TypeError, ValueError), match=message):
        check_device(wrong, made)


def test_undeclared_read_is_found():
    """Data that ``backward_reads`` does not name is gone when backward runs."""
    nothing = case(Right, backward_reads=lambda _: Reads())
    with pytest.raises(AssertionError, match="diff of param weight"):
        check_layer(nothing)


def test_wrong_overlay_is_found():
    """A layer that may not run in its bottom's memory must not say so."""
    wrong = case(Right, overwrites=True)
    # forward in place is fine here; backward is not asked, as it reads the bottom
    check_layer(wrong)

    class ReadsTwice(Right):
        def forward(self):
            self.xp.multiply(self.x.data, self.w.data, out=self.y.data)
            self.y.data *= self.x.data
            self.y.data *= self.x.data
            self.xp.multiply(self.x.data, self.x.data, out=self.scratch["pass"])

    check_layer(case(ReadsTwice))
    with pytest.raises(AssertionError, match="forward in place: top 0"):
        check_layer(case(ReadsTwice, overwrites=True))


def test_wrong_shape_is_found():
    """The declared shape is the reference's."""
    wrong = LayerCase(case(Right).spec, [(4, 3)], lambda b, p: [p["weight"] * b[0].T ** 3])
    with pytest.raises(AssertionError, match=r"top 0: \(4, 3\), expected \(3, 4\)"):
        check_layer(wrong)


class Sum(LayerSpec):
    """The sum of the rows that count, over their number."""

    kind: ClassVar[Kind] = Kind.LOSS
    n_tops: ClassVar = exactly(0)
    type: str = "Sum"
    name: str = "sum"
    layer: ClassVar[Any]

    def top_shapes(self, bottoms):
        return []

    def differentiable(self, n_bottoms):
        return (0,)

    def build(self, binding):
        return self.layer(self, binding)


class RightSum(LossLayer):
    def rows(self):
        return self.context.n_valid

    def forward(self):
        n = self.rows()
        self.loss = self.backend.number(self.bottoms[0].data[:n].sum()) / n
        self.add(n, self.loss)

    def backward(self):
        n = self.rows()
        self.bottoms[0].diff[:n] = 1 / n
        self.bottoms[0].diff[n:] = 0


class CountsAllRows(RightSum):
    def rows(self):
        return len(self.bottoms[0].data)


class GradientOfAllRows(RightSum):
    def backward(self):
        self.bottoms[0].diff.fill(1 / self.rows())


class WeightsBatchesAlike(RightSum):
    def add(self, weight, *means):
        super().add(1, *means)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (RightSum, None),
        (CountsAllRows, "with 3 of 4 rows valid|rows that do not count"),
        (GradientOfAllRows, "diff of bottom 0 of rows that do not count"),
        (WeightsBatchesAlike, "statistic sum of two batches"),
    ],
)
def test_measures(layer, message):
    """A loss counts valid rows only, and two batches as all their rows."""
    spec = type("Sum", (Sum,), {"layer": layer, "__module__": __name__})
    loss = LayerCase(spec(), [(4, 3)], lambda b, _: b[0].sum() / len(b[0]))
    if message is None:
        check_layer(loss)
        return
    with pytest.raises(AssertionError, match=message):
        check_layer(loss)


class WrongState(Right):
    def forward(self):
        super().forward()
        self.state["seen"][...] += 1
        self.y.data += self.state["seen"] - 1


def test_state_starts_afresh():
    """State that a forward changes is put back before the next one."""
    check_layer(case(WrongState, state_decls=lambda *_: {"seen": StateDecl((1,))}))
