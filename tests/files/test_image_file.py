"""Arrays as PNG files, read back by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest

from graphnet.files.image_file import png_of


@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (4, 3, 3)])
def test_pillow_reads_the_same_values(shape):
    """Grey and in colours."""
    image = pytest.importorskip("PIL.Image", reason="needs the extra images")
    values = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = np.asarray(image.open(io.BytesIO(png_of(values))))
    np.testing.assert_array_equal(found, values)
