"""Layers of images beside PyTorch's, in float64; skipped where PyTorch is not installed."""

from __future__ import annotations

import numpy as np
import pytest

import graphnet as gn

torch = pytest.importorskip("torch")
functional = torch.nn.functional

CASES = {
    "type: PixelShuffle, scale: 2": lambda x: functional.pixel_shuffle(x, 2),
    "type: PixelUnshuffle, scale: 2": lambda x: functional.pixel_unshuffle(x, 2),
    **{
        f"type: AdaptivePooling, size: {size}, pooling: {how}": lambda x, size=size, name=name: (
            getattr(functional, name)(x, size)
        )
        for size in ([3, 5], [7, 4], [6, 8], [1, 1], [9, 11])
        for how, name in (("Max", "adaptive_max_pool2d"), ("Mean", "adaptive_avg_pool2d"))
    },
    "type: Upsample, scale: [2, 3]": lambda x: functional.interpolate(x, scale_factor=(2, 3)),
    **{
        f"type: Upsample, size: {size}": lambda x, size=size: functional.interpolate(x, size)
        for size in ([9, 8], [4, 5], [7, 12])
    },
    "type: Interp, scale: 2": lambda x: functional.interpolate(
        x, scale_factor=2, mode="bilinear", align_corners=True
    ),
    "type: Interp, scale: [1.7, 0.6], align_corners: false": lambda x: functional.interpolate(
        x, scale_factor=(1.7, 0.6), mode="bilinear", recompute_scale_factor=True
    ),
    "type: Interp, size: [4, 11], align_corners: false": lambda x: functional.interpolate(
        x, (4, 11), mode="bilinear"
    ),
}


@pytest.mark.parametrize("keys", CASES)
def test_layer(keys):
    """The top, and the gradient."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((3, 4, 6, 8))
    theirs = torch.tensor(x, requires_grad=True)
    y = CASES[keys](theirs)
    target = rng.standard_normal(y.shape)
    net = gn.load_net(
        f"""\
layers:
  - {{name: in, type: MemoryData, batch_size: 3, tops: [x, t],
     shapes: {{x: [4, 6, 8], t: {list(target.shape[1:])}}}}}
  - {{name: zero, type: PositionEmbedding, bottoms: [rows], tops: [moved]}}
  - {{name: rows, type: Reshape, shape: [4, 48], bottoms: [x], tops: [rows]}}
  - {{name: images, type: Reshape, shape: [4, 6, 8], bottoms: [moved], tops: [images]}}
  - {{name: l, {keys}, bottoms: [images], tops: [y]}}
  - {{name: loss, type: SquareLoss, bottoms: [y, t]}}
""",
        dtype="float64",
        inputs={"x": x, "t": target},
    )
    (param,) = net.params["zero"].values()
    param.data[...] = 0
    net.forward()
    net.backward()
    loss = ((y - torch.tensor(target)) ** 2).sum() / 6
    loss.backward()
    np.testing.assert_allclose(net.blobs["y"].data, y.detach().numpy(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(net.blobs["images"].diff, theirs.grad.numpy(), rtol=0, atol=1e-9)
