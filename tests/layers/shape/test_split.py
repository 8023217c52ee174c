"""Split through the layer harness."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_layer

from graphnet.layers.shape.split import Split


def spec(*tops):
    return Split(name="split", bottoms=("x",), tops=tops)


CASES = [
    LayerCase(spec(*tops), [shape], lambda bottoms, _, tops=tops: bottoms * len(tops))
    for tops in (("a",), ("a", "b"), ("a", "b", "c", "d"))
    for shape in [(4, 3), (2, 3, 4, 2), (3,)]
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c}-{len(c.spec.tops)}")
def test_layer(case):
    """Every top is the bottom; the gradient is the sum of the tops' gradients."""
    check_layer(case)


def test_sum_runs_in_the_order_of_the_tops():
    """The gradient is ((d0 + d1) + d2), so that its rounding does not depend on anything else."""
    rig = Rig(LayerCase(spec("a", "b", "c"), [(50, 3)], lambda b, _: b * 3), dtype=np.float32)
    diff = rig.run()["diff of bottom 0"]
    d0, d1, d2 = (p.astype(np.float32) for p in rig.projections())
    np.testing.assert_array_equal(diff, (d0 + d1) + d2)
