"""What the breaks that lower the rate share."""

import pytest
from support.fake_net import table

from graphnet.solver.coffee.lower_rate import lower_rate


@pytest.mark.parametrize(
    ("lr", "factor", "min_lr", "expected"),
    [(0.1, 0.5, 0.0, 0.5), (0.1, 0.5, 0.08, 0.8), (0.1, 0.5, 0.1, None), (0.1, 0.5, 0.2, None)],
)
def test_scale(lr, factor, min_lr, expected):
    """By the factor, at most to the least rate, or not at all and then nothing is said."""
    _, state, _, lines = table()
    state._lr = lr
    assert lower_rate(state, factor, min_lr, "why") == (expected is not None)
    assert state.lr_scale == pytest.approx(expected or 1.0)
    assert len(lines.lines) == (expected is not None)
