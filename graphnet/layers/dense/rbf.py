"""RBF: the squared distance of each sample to one code vector per class."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ScratchDecl
from graphnet.blob import Shape, rows
from graphnet.declare.fields import PositiveInt
from graphnet.layers.base import Layer, LayerSpec, Reads, ScratchDecls, Shapes
from graphnet.layers.dense.rbf_codes import AnyCodes, RandomSigns
from graphnet.layers.learned import Learned
from graphnet.params.param import ParamDecl


class RBF(LayerSpec):
    """Euclidean radial basis function units: ``top[n, k] = Σ (x[n] − codes[k])²``.

    A small value says that the sample is like class k. Values of the bottom should be of the
    codes' size, as those of a Tanh are. RBFLoss trains it; for Accuracy, which looks for the
    largest value, put a Power with ``scale: -1`` between. With ``frozen: true`` the codes stay as
    they are, as LeNet-5's did at first.

    Bottoms:
        each: ``(N, …)``; the axes after the first are flattened to ``D``.
    Tops:
        each: ``(N, output_dim)``.
    Params:
        codes: ``(output_dim, D)``.
    Args:
        output_dim: How many classes.
        param_key: Layers with the same key share their codes. Default: the layer's name.
        codes_init: ``RandomSigns`` (default: 1 and −1 at random), ``DigitBitmaps`` (drawings of
            the ten digits, for 84 inputs), or any initializer.
    Example:
        - {name: f6, type: InnerProduct, output_dim: 84, neuron: Tanh, bottoms: [c5], tops: [f6]}
        - {name: output, type: RBF, output_dim: 10, codes_init: DigitBitmaps, frozen: true,
           bottoms: [f6], tops: [distance]}
        - {name: loss, type: RBFLoss, bottoms: [distance, label]}
    Source:
        LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document
        recognition", eq. 7.
    """

    each_bottom: ClassVar[bool] = True
    learned: ClassVar[Mapping[str, Learned]] = {"codes": Learned(RandomSigns(), inits=AnyCodes)}

    type: Literal["RBF"] = "RBF"
    output_dim: PositiveInt
    param_key: str | None = None

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        self.init_of("codes").check(self.codes_shape(bottoms[0]))
        return [(bottoms[0][0], self.output_dim)]

    def codes_shape(self, bottom: Shape) -> Shape:
        """``(output_dim, D)``."""
        return (self.output_dim, prod(bottom[1:]))

    def param_decls(self, bottoms: Shapes) -> dict[str, ParamDecl]:
        shape = self.codes_shape(bottoms[0])
        return {"codes": self.decl("codes", shape)}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        n, size = bottoms[0][0], self.codes_shape(bottoms[0])[1]
        return {"difference": ScratchDecl((n, size), blob=True)}

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * self.output_dim

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(0,))


class RBFLayer(Layer[RBF]):
    """Runs :class:`RBF`, code by code.

    ``|x|² − 2 x · code + |code|²`` would be a matrix product, but small distances between large
    vectors would lose all their digits.
    """

    def setup(self) -> None:
        (x,), (y,), codes = self.bottoms, self.tops, self.params["codes"]
        self.x, self.codes, axes_sum = rows(x.data), codes.data, self.backend.axes_sum
        self.dx: Any = None if x.diff is None else rows(x.diff)
        self.dy: Any = y.diff
        self.difference, self.dcodes = self.scratch["difference"], codes.diff
        numbers = range(self.spec.output_dim)
        self.add_squares = [axes_sum(self.difference, (1,), y.data[:, k : k + 1]) for k in numbers]
        self.add_samples: list[Any] = []
        if codes.diff is not None:
            self.add_samples = [
                axes_sum(self.difference, (0,), codes.diff[k : k + 1]) for k in numbers
            ]

    def forward(self) -> None:
        xp, difference = self.xp, self.difference
        for code, add_squares in zip(self.codes, self.add_squares, strict=True):
            xp.subtract(self.x, code, out=difference)
            xp.multiply(difference, difference, out=difference)
            add_squares()

    def backward(self) -> None:
        """Assign dx = 2 Σ_k dy_k (x − code_k) and dcode_k = −2 Σ_n dy_k (x − code_k)."""
        xp, difference, dx = self.xp, self.difference, self.dx
        for k, code in enumerate(self.codes):
            xp.subtract(self.x, code, out=difference)
            xp.multiply(difference, self.dy[:, k : k + 1], out=difference)
            if self.add_samples:
                self.add_samples[k]()
            if dx is not None and k == 0:
                xp.copyto(dx, difference)
            elif dx is not None:
                xp.add(dx, difference, out=dx)
        if dx is not None:
            xp.multiply(dx, 2.0, out=dx)
        if self.dcodes is not None:
            xp.multiply(self.dcodes, -2.0, out=self.dcodes)
