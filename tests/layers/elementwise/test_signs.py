"""Signs of numbers, beside NumPy's."""

import numpy as np
import pytest

from graphnet.layers.elementwise.signs import SMALL, write_sign


def numbers(dtype, n):
    """Of all sizes, the smallest and the largest, and none."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(0)
    x = rng.normal(size=n) * 2.0 ** rng.integers(info.minexp, info.maxexp, n)
    odd = [0.0, -0.0, np.inf, -np.inf, np.nan, info.smallest_subnormal, -info.smallest_subnormal]
    return np.concatenate([x, odd, [info.tiny, -info.tiny, info.max, info.min]]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [5, 2 * SMALL])
def test_write_sign(dtype, n):
    """As NumPy's, without a warning, in place too."""
    x = numbers(dtype, n)
    out = np.empty_like(x)
    with np.errstate(all="raise", under="ignore"):
        write_sign(np, x, out)
    assert np.array_equal(out, np.sign(x), equal_nan=True)
    write_sign(np, x, x)
    assert np.array_equal(x, out, equal_nan=True)
