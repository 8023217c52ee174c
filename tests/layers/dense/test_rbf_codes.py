"""The codes of RBF: drawn digits and random signs."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from graphnet.errors import ShapeError
from graphnet.layers.dense.rbf_codes import AnyCodes, DigitBitmaps, RandomSigns, digit_bitmaps
from graphnet.params.initializers import Xavier


def test_digits_are_drawings():
    """Ten drawings of 12 × 7 pixels, ink 1 and paper −1; the 1 is a stroke with a foot."""
    digits = digit_bitmaps()
    assert digits.shape == (10, 12, 7)
    assert set(np.unique(digits)) == {-1.0, 1.0}
    assert "".join("#" if v > 0 else "." for v in digits[1, -1]) == ".#####."
    assert (digits[1, :-1, 3] == 1).all()


def test_digits_differ():
    """Any two differ in at least a seventh of their pixels; alike digits in fewer than others."""
    codes = digit_bitmaps().reshape(10, 84)
    apart = (codes[:, None] != codes[None]).sum(-1)
    assert apart[~np.eye(10, dtype=bool)].min() >= 12
    assert apart[0, 8] < apart[0, 1]


def test_sample():
    """As an initializer it gives the flattened drawings, whatever the generator."""
    values = DigitBitmaps().sample(np.random.default_rng(0), (10, 84))
    np.testing.assert_array_equal(values, digit_bitmaps().reshape(10, 84))
    with pytest.raises(ShapeError, match=r"but the codes are 10×100\n  .* RandomSigns"):
        DigitBitmaps().sample(np.random.default_rng(0), (10, 100))


def test_random_signs():
    """Signs in equal shares, drawn from the generator."""
    signs = RandomSigns().sample(np.random.default_rng(0), (100, 84))
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.05
    np.testing.assert_array_equal(RandomSigns().sample(np.random.default_rng(0), (100, 84)), signs)


def test_by_name():
    """Codes are named as initializers are, and any initializer will do."""
    codes = TypeAdapter(AnyCodes)
    assert codes.validate_python("DigitBitmaps") == DigitBitmaps()
    assert codes.validate_python({"type": "RandomSigns"}) == RandomSigns()
    assert codes.validate_python("Xavier") == Xavier()
