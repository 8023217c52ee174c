"""RBF: the squared distance of each sample to one code vector per class."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, InnerProductArrays, ScratchDecl
from graphnet.blob import Shape, rows
from graphnet.fields import PositiveInt
from graphnet.layers.base import Binding, Layer, LayerSpec, Reads, Shapes
from graphnet.layers.learned import Learned
from graphnet.layers.rbf_codes import AnyCodes, RandomSigns
from graphnet.param import ParamDecl


class RBF(LayerSpec):
    """Euclidean radial basis function units: ``top[n, k] = Σ (x[n] − codes[k])²``.

    A small value says that the sample is like class k. The bottom is best a squashed one of the
    codes' size, such as a Tanh. RBFLoss trains it; for Accuracy, which looks for the largest
    value, put a Power with ``scale: -1`` between. With ``frozen: true`` the codes stay as they
    are, as LeNet-5's did at first.

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

    def scratch(
        self, bottoms: Shapes, backend: Backend, *, backward: bool
    ) -> dict[str, ScratchDecl]:
        codes = self.codes_shape(bottoms[0])
        n = bottoms[0][0]
        return {
            "of_x": ScratchDecl((n, codes[1]), blob=True),
            "of_codes": ScratchDecl(codes),
            "per_sample": ScratchDecl((n, 1), blob=True),
            "per_code": ScratchDecl(codes[:1]),
        }

    def macs(self, bottoms: Shapes) -> int:
        return prod(bottoms[0]) * self.output_dim

    def build(self, binding: Binding) -> RBFLayer:
        return RBFLayer(self, binding)

    def backward_reads(self) -> Reads:
        return Reads(bottoms=(0,))


class RBFLayer(Layer[RBF]):
    """Runs :class:`RBF` as ``|x|² − 2 x · codes + |codes|²``, whose second term is a product."""

    def setup(self) -> None:
        (x,), (y,), codes = self.bottoms, self.tops, self.params["codes"]
        self.x, self.y, self.codes = rows(x.data), y.data, codes.data
        self.dx: Any = None if x.diff is None else rows(x.diff)
        self.dy: Any = y.diff
        self.dcodes = codes.diff
        self.product = self.backend.inner_product(
            InnerProductArrays(
                self.x, codes.data, None, y.data, self.dx, dweight=codes.diff, dy=y.diff
            )
        )
        self.of_x, self.of_codes, self.per_sample, self.per_code = (
            self.scratch[name] for name in ("of_x", "of_codes", "per_sample", "per_code")
        )

    def forward(self) -> None:
        xp, y = self.xp, self.y
        self.product.forward()
        xp.multiply(y, -2.0, out=y)
        xp.multiply(self.codes, self.codes, out=self.of_codes)
        xp.sum(self.of_codes, axis=1, out=self.per_code)
        xp.add(y, self.per_code, out=y)
        xp.multiply(self.x, self.x, out=self.of_x)
        xp.sum(self.of_x, axis=1, keepdims=True, out=self.per_sample)
        xp.add(y, self.per_sample, out=y)
        xp.clip(y, 0.0, xp.inf, out=y)  # rounding may leave a little less than 0

    def backward(self) -> None:
        """Assign the gradients.

        dx = 2 (x Σ_k dy − dy · codes) and dcodes = 2 (codes Σ_n dy − dyᵀ · x).
        """
        xp = self.xp
        self.product.backward()
        if self.dx is not None:
            xp.sum(self.dy, axis=1, keepdims=True, out=self.per_sample)
            xp.multiply(self.x, self.per_sample, out=self.of_x)
            xp.subtract(self.of_x, self.dx, out=self.dx)
            xp.multiply(self.dx, 2.0, out=self.dx)
        if self.dcodes is not None:
            xp.sum(self.dy, axis=0, out=self.per_code)
            xp.multiply(self.codes, self.per_code[:, None], out=self.of_codes)
            xp.subtract(self.of_codes, self.dcodes, out=self.dcodes)
            xp.multiply(self.dcodes, 2.0, out=self.dcodes)
