"""Convolution: a bank of filters slid over images."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from graphnet.backend.base import Backend, ConvArrays, ScratchDecl
from graphnet.backend.calls import Op, in_turn
from graphnet.blob import Array, Shape, shape_text
from graphnet.errors import ShapeError
from graphnet.layers.base import Layer, Reads, ScratchDecls, Shapes
from graphnet.layers.channelwise.channels import channels_last_hint
from graphnet.layers.images.filter_bank import FilterBank
from graphnet.layers.merging import ConstantNorm
from graphnet.layers.rectifying import Rectifying, bind_passing

#: A norm is folded into the filters if there are at least so many outputs for each number of the
#: filters. Filters are folded in every pass, which takes as long as two passes over an output of
#: their size; two passes over the real output are saved.
FOLDING_PAYS = 2


class Convolution(Rectifying, FilterBank):
    """Cross-correlates images with a bank of filters: the filters are not flipped.

    Along each side the top has ``(n + 2·pad − dilation·(kernel − 1) − 1) // stride + 1`` places.
    With ``n_group`` g, each of g equal slices of the channels is seen by its own g-th of the
    filters. Several bottoms and as many tops are computed with the same params; their gradients
    add up.

    On the CPU, filters two to seven wide that move one column at a time are applied by Winograd's
    minimal filtering where that is faster. It rounds four to five times as much as the plain sum,
    still less than 1e-6 of a typical value in float32.

    Bottoms:
        each: ``(N, C, H, W)``; ``C`` divisible by ``n_group``.
    Tops:
        each: ``(N, n_filter, H', W')``.
    Params:
        filter: ``(n_filter, C / n_group, kernel height, kernel width)``.
        bias: ``(n_filter,)``, unless ``bias: false``.
    Args:
        n_filter: How many filters, divisible by ``n_group``.
        kernel: ``[height, width]`` of the filters. Default 1.
        stride: The step from one window to the next, ``[height, width]``. Default 1.
        pad: Zeros added ``[above and below, left and right]``. Default 0.
        dilation: ``[height, width]`` from one filter element's pixel to the next. Default 1.
        n_group: Into how many groups channels and filters are split. Default 1; as many as there
            are channels make it depthwise.
        bias: Whether a bias is added. Default true.
        param_key: Layers with the same key share their params. Default: the layer's name.
        neuron: The neuron that is applied to the top, in place.
    Example:
        - {name: conv1, type: Convolution, n_filter: 20, kernel: [5, 5], bottoms: [data],
           tops: [conv1]}
        - {name: conv2, type: Convolution, n_filter: 16, kernel: 3, pad: 1, neuron: ReLU,
           filter_init: MSRA, bias: false, bottoms: [conv1], tops: [conv2]}
        - {name: depthwise, type: Convolution, n_filter: 16, n_group: 16, kernel: 3, pad: 1,
           bottoms: [conv2], tops: [depthwise]}
        - {name: separable, type: Convolution, n_filter: 32, kernel: 1, bottoms: [depthwise],
           tops: [separable]}
    Source:
        Mocha ``ConvolutionLayer`` (which has no dilation and lets ``n_filter`` be 1 by default),
        Caffe ``Convolution``.
    """

    makes: ClassVar[Literal["scores"]] = "scores"
    takes_images: ClassVar[bool] = True

    type: Literal["Convolution"] = "Convolution"

    def filter_shape(self, bottom: Shape) -> Shape:
        """``(n_filter, C / n_group, kh, kw)``."""
        return (self.n_filter, bottom[1] // self.n_group, *self.kernel)

    def top_shapes(self, bottoms: Shapes) -> list[Shape]:
        (x,) = bottoms
        self.check_bottom(x)
        height, width = self.window.floor_size((x[2], x[3]))
        if height < 1 or width < 1:
            raise ShapeError(
                f"the filters do not fit into a bottom of shape {shape_text(x)}: kernel "
                f"{shape_text(self.kernel)}, dilation {shape_text(self.dilation)}, pad "
                f"{shape_text(self.pad)}\n  expected a smaller kernel or a larger pad"
                f"{channels_last_hint(x)}"
            )
        return [(x[0], self.n_filter, height, width)]

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        (x,) = bottoms
        filter_ = self.filter_shape(x)
        decls = backend.conv2d_scratch(self.window, self.n_group, x, filter_, backward=backward)
        return {**decls, **self.rectifier_scratch(self.top_shapes(bottoms)[0], backward=backward)}

    def normalised(self, norm: ConstantNorm, bottoms: Shapes) -> NormalisedConvolution | None:
        n_outputs = prod(self.top_shapes(bottoms)[0])
        if n_outputs < FOLDING_PAYS * prod(self.filter_shape(bottoms[0])):
            return None
        return NormalisedConvolution(**dict(self), norm=norm)

    def backward_reads(self) -> Reads:
        return self.reads_of_rectifier(super().backward_reads())


class ConvolutionLayer(Layer[Convolution]):
    """Runs :class:`Convolution`."""

    def setup(self) -> None:
        bias = self.params.get("bias")
        op = bind_convolution(self, self.params["filter"].data, bias.data if bias else None)
        self.bind_passes(forward=op.forward, backward=op.backward)


class NormalisedConvolution(Convolution):
    """A convolution that does the work of the norm behind it, by other filters and another bias.

    With s = scale / √(variance + epsilon),

        (conv(x, filter) + b − mean) · s + bias  =  conv(x, filter · s) + (b − mean) · s + bias

    Two passes over its output are saved for one over its filters.

    Args:
        norm: The norm.
    """

    norm: ConstantNorm

    def normalised(self, norm: ConstantNorm, bottoms: Shapes) -> None:
        """It does one norm; another behind that does its own work."""

    def borrowed_params(self) -> dict[str, tuple[str, str]]:
        if not self.norm.is_affine:
            return {}
        return {f"norm.{name}": (self.norm.key, name) for name in ("scale", "bias")}

    def borrowed_state(self) -> dict[str, tuple[str, str]]:
        return {f"norm.{name}": (self.norm.key, name) for name in ("mean", "variance")}

    def scratch(self, bottoms: Shapes, backend: Backend, *, backward: bool) -> ScratchDecls:
        return {
            **super().scratch(bottoms, backend, backward=backward),
            "folded": ScratchDecl(self.filter_shape(bottoms[0])),
            "factors": ScratchDecl((2, self.n_filter)),
        }


class NormalisedConvolutionLayer(Layer[NormalisedConvolution]):
    """Runs :class:`NormalisedConvolution`: the filters are folded anew in each pass."""

    def setup(self) -> None:
        folded, (_, added) = self.scratch["folded"], self.scratch["factors"]
        op = bind_convolution(self, folded, added)
        self.bind_passes(forward=in_turn([self.fold, op.forward]))

    def fold(self) -> None:
        """Write the filters and the bias that take in the norm."""
        xp, (slope, added), bias = self.xp, self.scratch["factors"], self.params.get("bias")
        scale, shift = self.params.get("norm.scale"), self.params.get("norm.bias")
        xp.add(self.state["norm.variance"], self.spec.norm.epsilon, out=slope)
        xp.sqrt(slope, out=slope)
        xp.divide(1 if scale is None else scale.data, slope, out=slope)
        if bias is None:
            xp.negative(self.state["norm.mean"], out=added)
        else:
            xp.subtract(bias.data, self.state["norm.mean"], out=added)
        xp.multiply(added, slope, out=added)
        if shift is not None:
            xp.add(added, shift.data, out=added)
        xp.multiply(self.params["filter"].data, slope[:, None, None, None], self.scratch["folded"])


def bind_convolution(layer: Layer[Any], filter_: Array, bias: Array | None) -> Op:
    """The operation of a convolution's ``layer``, with these filters and this bias.

    Their gradients are those of its params.
    """
    (x,), (y,), params, spec = layer.bottoms, layer.tops, layer.params, layer.spec
    dbias = params["bias"].diff if "bias" in params else None
    dfilter, (dy, pass_on) = params["filter"].diff, bind_passing(layer)
    arrays = ConvArrays(x.data, filter_, bias, y.data, x.diff, dfilter, dbias, dy, spec.bound)
    op = layer.backend.conv2d(spec.window, spec.n_group, arrays, layer.scratch)
    return Op(op.forward, in_turn([*pass_on, op.backward]))
