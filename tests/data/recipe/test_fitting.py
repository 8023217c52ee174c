"""Means and deviations of the training rows, and nothing of the others."""

import numpy as np
import pytest

from graphnet.data.recipe import fitting
from graphnet.data.recipe.columns import NumberColumn, WordColumn
from graphnet.data.recipe.fitting import fitted
from graphnet.data.recipe.table import TableRecipe
from graphnet.errors import DataError

RECIPE = TableRecipe(
    n_columns=4,
    columns=(
        NumberColumn(heading="a", place=0, fill=0.0),
        WordColumn(heading="b", place=1, words=("x", "y")),
        NumberColumn(heading="c", place=3),
    ),
)
CODES = np.random.default_rng(0).normal(100, 5, (1000, 4))
CODES[::3, 0] = np.nan
TRAIN = np.arange(0, 1000, 2)


def fit(codes=CODES, rows=TRAIN, *, standardize=True, by_mean=True):
    kinds = dict(standardize=standardize, where="f")  # noqa: C408  # as keywords
    return fitted(RECIPE, codes, rows, [0, 1, 3], [by_mean] * 3, **kinds)


@pytest.mark.parametrize("block_bytes", [1, 1 << 23])
def test_fitted(monkeypatch, block_bytes):
    """Of the values that are there, in blocks of any size."""
    monkeypatch.setattr(fitting, "_BLOCK_BYTES", block_bytes)
    a, words, c = fit().columns
    assert words is RECIPE.columns[1]
    assert a.fill == a.mean == pytest.approx(np.nanmean(CODES[TRAIN, 0]), rel=1e-12)
    assert a.std == pytest.approx(np.nanstd(CODES[TRAIN, 0]), rel=1e-12)
    assert (c.mean, c.std) == pytest.approx((CODES[TRAIN, 3].mean(), CODES[TRAIN, 3].std()))
    assert c.fill is None
    assert fit(by_mean=False).columns[0].fill == 0


def test_what_is_not_asked_for():
    """Without standardising, what fills gaps alone is found."""
    a, _, c = fit(standardize=False).columns
    assert (a.fill, a.mean, a.std) == (pytest.approx(np.nanmean(CODES[TRAIN, 0])), 0, 1)
    assert c == RECIPE.columns[2]


def test_other_rows_are_not_looked_at():
    """Not even where they have no value."""
    changed = CODES.copy()
    changed[1::2] = np.nan
    assert fit(changed) == fit()


def test_a_constant():
    """It is brought to 0."""
    codes = np.full((10, 4), 7.0)
    assert (
        fit(codes, np.arange(10)).columns[2].mean,
        fit(codes, np.arange(10)).columns[2].std,
    ) == (7, 1)


def test_refused():
    """Gaps alone in the training rows, and numbers that have no mean in float64."""
    codes = CODES.copy()
    codes[TRAIN, 0] = np.nan
    with pytest.raises(DataError, match="f, column 'a' has nothing but gaps in the training rows"):
        fit(codes)
    codes = np.full((4, 4), 1e308)
    with pytest.raises(DataError, match="column 'a': its values are too large"):
        fit(codes, np.arange(4))
