"""BatchNormBlock: what BatchNorm computes of some of its channels."""

from __future__ import annotations

from math import prod
from typing import Any

from graphnet.backend.rectifier import rectifier
from graphnet.layers.base import Layer
from graphnet.layers.channelwise.channels import all_but_channels, beside
from graphnet.layers.rectifying import pass_on


class BatchNormBlock:
    """Some of the channels: their part of every array, and what is computed of it.

    The arrays are used again as soon as what they hold is no longer needed. With m elements a
    channel, x̂ the normalised bottom and r = 1 / √(variance + epsilon), they hold after each part as
    follows. Where the means are near 0, as the backend's ``moments`` finds, mean and variance come
    from sums of x and x², and no pass goes by way of x − mean.

    ===============  ======  ========  =========  =========  =========  ========
    part             mean    rate      sums[0]    sums[1]    factors    y
    ===============  ======  ========  =========  =========  =========  ========
    find_mean        mean              least x    largest x
    find_variance    mean    variance                                   x − mean
    normalise        mean    variance                        r · scale  the top
    ===============  ======  ========  =========  =========  =========  ========

    ===============  ======  ========  =========  =========  =========  ========
    part             mean    rate      sums[0]    sums[1]    factors    dx
    ===============  ======  ========  =========  =========  =========  ========
    before           mean    r                               r · scale
    sum_up           mean    r         Σ dy       Σ dy · x̂   r · scale  x − mean, if centred
    finish_backward  mean    r         Σ dy       Σ dy · x̂   r · scale  the diff
    ===============  ======  ========  =========  =========  =========  ========
    """

    def __init__(self, layer: Layer[Any], channels: slice) -> None:
        (bottom,), (top,) = layer.bottoms, layer.tops
        self.xp, self.spec = layer.xp, layer.spec
        n_axes = len(bottom.shape)
        self.axes, self.channel_products = all_but_channels(n_axes), layer.backend.channel_products
        self.part = 1 / (prod(bottom.shape) // bottom.shape[1])

        self.x, self.y = bottom.data[:, channels], top.data[:, channels]
        self.dx = None if bottom.diff is None else bottom.diff[:, channels]
        self.dy: Any = None if top.diff is None else top.diff[:, channels]
        self.centred: Any = self.dx
        if self.dx is None and "centred" in layer.scratch:
            self.centred = layer.scratch["centred"][:, : channels.stop - channels.start]

        scale, bias = layer.params.get("scale"), layer.params.get("bias")
        self.scale: Any = 1 if scale is None else scale.data[channels]
        self.bias = None if bias is None else beside(bias.data[channels], n_axes)
        self.wants_sums = scale is not None and scale.diff is not None
        self.mean, self.rate = layer.scratch["mean"][channels], layer.scratch["rate"][channels]
        self.sums = layer.scratch["sums"][0, channels], layer.scratch["sums"][1, channels]
        self.factors = [factor[channels] for factor in layer.scratch["factors"]]
        self.mean_beside = beside(self.mean, n_axes)
        self.factors_beside = [beside(factor, n_axes) for factor in self.factors]
        self.add_x = layer.backend.axes_sum(self.x, self.axes, self.mean)
        self.find_moments = layer.backend.moments(self.x, self.mean, self.rate)
        self.is_centred = True  # whether the passes go by way of x − mean
        bound = layer.spec.bound
        self.is_rectified = bound is not None
        if bound is not None:
            operand = layer.backend.operand(bound, layer.dtype)
            self.rectify, self.differentiate = rectifier(bound, operand)
        if bound is not None and self.dy is not None:
            self.sent, self.dy = self.dy, layer.scratch["passed"][:, channels]
        if self.dy is not None:
            self.add_dy = layer.backend.axes_sum(self.dy, self.axes, self.sums[0])

    # --- forward ------------------------------------------------------------------------

    def forward_batch(self) -> None:
        """Normalise with the batch's statistics."""
        self.is_centred = not self.find_moments()
        if self.is_centred:
            self.find_mean()
            self.find_variance()
            self.normalise()
            return
        xp, (slope, shift, _) = self.xp, self.factors
        self.find_slope()
        xp.multiply(self.mean, slope, out=shift)
        if self.bias is None:
            xp.negative(shift, out=shift)
        else:
            xp.subtract(self.bias.reshape(-1), shift, out=shift)
        self.scale_and_shift()

    def find_mean(self) -> None:
        """The mean of these samples; of equal ones it is that number, in spite of rounding."""
        xp, mean, (least, most) = self.xp, self.mean, self.sums
        self.add_x()
        xp.multiply(mean, self.part, out=mean)
        self.x.min(axis=self.axes, out=least)
        self.x.max(axis=self.axes, out=most)
        xp.maximum(mean, least, out=mean)
        xp.minimum(mean, most, out=mean)

    def find_variance(self) -> None:
        """Their mean square about the batch's mean; leaves the centred values in the top."""
        xp, variance = self.xp, self.rate
        xp.subtract(self.x, self.mean_beside, out=self.y)
        self.channel_products(self.y, self.y, variance)
        xp.multiply(variance, self.part, out=variance)

    def normalise(self) -> None:
        """Scale and shift the centred values in the top, given the variance."""
        xp = self.xp
        self.find_slope()
        xp.multiply(self.y, self.factors_beside[0], out=self.y)
        if self.bias is not None:
            xp.add(self.y, self.bias, out=self.y)
        self.cut_off()

    def find_slope(self) -> None:
        """Write ``scale / √(variance + epsilon)``, given the variance, to the first factor."""
        xp, slope = self.xp, self.factors[0]
        xp.add(self.rate, self.spec.epsilon, out=slope)
        xp.sqrt(slope, out=slope)
        xp.divide(self.scale, slope, out=slope)

    def scale_and_shift(self) -> None:
        """Write ``x · slope + shift``, the first two factors."""
        slope, shift, _ = self.factors_beside
        self.xp.multiply(self.x, slope, out=self.y)
        self.xp.add(self.y, shift, out=self.y)
        self.cut_off()

    def cut_off(self) -> None:
        """Apply the ReLU that only it reads, while the top is in the cache."""
        if self.is_rectified:
            self.rectify(self.xp, self.y, self.y)

    # --- backward -----------------------------------------------------------------------

    def pass_on(self) -> None:
        """Write what the ReLU lets through of the top's diff to dy."""
        if self.is_rectified:
            pass_on(self.differentiate, self.xp, self.y, self.sent, self.dy)

    def sum_up(self) -> None:
        """Σ dy and Σ dy · x̂."""
        self.pass_on()
        xp, (sum_dy, sum_dy_x) = self.xp, self.sums
        self.add_dy()
        if self.is_centred:
            xp.subtract(self.x, self.mean_beside, out=self.centred)
            self.channel_products(self.dy, self.centred, sum_dy_x)
        else:
            self.channel_products(self.dy, self.x, sum_dy_x)
            of_mean = xp.multiply(sum_dy, self.mean, out=self.factors[1])
            xp.subtract(sum_dy_x, of_mean, out=sum_dy_x)
        xp.multiply(sum_dy_x, self.rate, out=sum_dy_x)

    def backward_batch(self) -> None:
        """Write dx = rate · scale · (dy − Σ dy / m − x̂ · Σ (dy · x̂) / m), m elements a channel."""
        self.sum_up()
        self.finish_backward()

    def finish_backward(self) -> None:
        """Write dx, given the sums and the slope."""
        xp, dx, (sum_dy, sum_dy_x) = self.xp, self.dx, self.sums
        _, by_centred, added = self.factors
        slope, by_centred_beside, added_beside = self.factors_beside
        xp.multiply(sum_dy_x, self.rate, out=by_centred)
        if self.is_centred:
            off, x = sum_dy, dx
        else:
            xp.multiply(by_centred, self.mean, out=added)
            off, x = xp.subtract(sum_dy, added, out=added), self.x
        xp.multiply(off, -self.part, out=added)
        xp.multiply(by_centred, -self.part, out=by_centred)
        xp.multiply(x, by_centred_beside, out=dx)
        xp.add(dx, added_beside, out=dx)
        xp.add(dx, self.dy, out=dx)
        xp.multiply(dx, slope, out=dx)

    def backward_running(self) -> None:
        """Write dx = rate · scale · dy: the running statistics are constants."""
        if self.wants_sums:
            self.sum_up()
        else:
            self.pass_on()
        if self.dx is not None:
            self.xp.multiply(self.dy, self.factors_beside[0], out=self.dx)
