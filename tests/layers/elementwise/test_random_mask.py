"""RandomMask through the layer harness."""

import numpy as np
import pytest
from support.layer_case import FIRST_SAMPLE, ITERATION, SEED, LayerCase, check_layer, numpy_backend

from graphnet.layers.elementwise.random_mask import RandomMask
from graphnet.random.keys import stream_key


def corrupt(ratio):
    """Without scaling."""

    def reference(bottoms, _):
        u = numpy_backend().empty_blob(bottoms[0].shape, np.dtype(np.float64))
        key = stream_key(SEED, "corrupt/mask")
        numpy_backend().fill_uniform(key, ITERATION, FIRST_SAMPLE, u)
        return [np.where(u >= ratio, bottoms[0], 0)]

    return reference


CASES = [
    LayerCase(RandomMask(name="corrupt", bottoms=("x",)), [(3, 40)], corrupt(0.5), draws=True),
    LayerCase(RandomMask(name="corrupt", ratio=0.1), [(2, 3, 4, 4)], corrupt(0.1), draws=True),
    LayerCase(
        RandomMask(name="corrupt", ratio=0.3),
        [(3, 40)],
        corrupt(0.3),
        phase="test",
        label="test",
        draws=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer(case):
    """A random part is zero, the rest as it was, in both phases."""
    check_layer(case)
