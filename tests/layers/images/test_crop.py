"""Crop through the layer harness: the middle, and the draws of each sample."""

import numpy as np
import pytest
from support.layer_case import (
    FIRST_SAMPLE,
    ITERATION,
    SEED,
    LayerCase,
    Rig,
    check_layer,
    numpy_backend,
)

from graphnet.errors import ShapeError
from graphnet.layers.images.crop import Crop
from graphnet.random.keys import stream_key


def spec(*size, **properties):
    return Crop(name="crop", bottoms=("x",), tops=("y",), crop_size=size, **properties)


def crop(layer, *, chance=True):
    """Sample by sample."""

    def reference(bottoms, _):
        (x,) = bottoms
        draws = numpy_backend().empty_blob((len(x), 3), np.dtype(np.float64))
        key = stream_key(SEED, "crop/draws")
        numpy_backend().fill_uniform(key, ITERATION, FIRST_SAMPLE, draws)
        height, width = layer.crop_size
        spare = [x.shape[2] - height, x.shape[3] - width]
        samples = []
        for sample, draw in zip(x, draws, strict=True):
            top, left = (s // 2 for s in spare)
            if chance and layer.random_crop:
                top, left = (int(u * (s + 1)) for u, s in zip(draw, spare, strict=False))
            cut = sample[:, top : top + height, left : left + width]
            flip = chance and layer.random_mirror and draw[2] >= 0.5
            samples.append(cut[..., ::-1] if flip else cut)
        return [np.array(samples)]

    return reference


SHAPE = (4, 3, 6, 7)
CASES = [
    LayerCase(s := spec(2, 3), [SHAPE], crop(s), label="middle"),
    LayerCase(s := spec(4, 5), [SHAPE], crop(s), label="all of it"),
    LayerCase(s := spec(3, 2), [SHAPE], crop(s), label="uneven"),
    LayerCase(s := spec(2, 3, random_crop=True), [SHAPE], crop(s), draws=True, label="place"),
    LayerCase(s := spec(2, 3, random_mirror=True), [SHAPE], crop(s), draws=True, label="mirror"),
    LayerCase(
        s := spec(2, 2, random_crop=True, random_mirror=True),
        [SHAPE],
        crop(s),
        draws=True,
        label="place and mirror",
    ),
    LayerCase(
        s := spec(2, 3, random_crop=True, random_mirror=True),
        [SHAPE],
        crop(s, chance=False),
        phase="test",
        label="in test",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """The window of each sample; what is cut away takes no gradient."""
    check_layer(case)


def test_samples_differ():
    """Every place and both directions occur, each sample having draws of its own."""
    x = np.tile(np.arange(20.0).reshape(1, 1, 4, 5), (200, 1, 1, 1))
    layer = spec(2, 3, random_crop=True, random_mirror=True)
    top = Rig(LayerCase(layer, [x], None)).forward()["top 0"]
    seen = {tuple(sample.ravel()) for sample in top}
    assert len(seen) == 3 * 3 * 2


@pytest.mark.parametrize(
    ("bottom", "message"),
    [
        ((2, 12), r"shape 2×12 is no batch of images\n  expected \(N, C, H, W\)"),
        ((2, 3, 4, 2), r"crop_size 3×3 is larger than the images of a bottom of shape 2×3×4×2"),
    ],
)
def test_window_must_fit(bottom, message):
    """A window larger than the image is refused."""
    with pytest.raises(ShapeError, match=message):
        spec(3, 3).top_shapes([bottom])
