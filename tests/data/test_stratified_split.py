"""Splitting samples by class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnet.data.stratified_split import by_class, share_of_each


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0, 1), st.randoms())
def test_shares(labels, part, rng):
    """As many as asked for, and of each class its share up to one sample."""
    label, n_test = np.array(labels), round(len(labels) * part)
    mixed = np.array(rng.sample(range(len(labels)), len(labels)))
    groups = by_class(label, mixed)
    assert sorted(np.concatenate(groups)) == list(range(len(labels)))
    is_test = share_of_each(groups, n_test)
    assert is_test.sum() == n_test
    for group in groups:
        assert len(set(label[group])) == 1
        assert abs(is_test[group].sum() - len(group) * n_test / len(labels)) < 1


@pytest.mark.parametrize("n", [10, 1000])
def test_labels_that_are_all_different(n):
    """The test set is drawn from all of them, not from the smallest."""
    mixed = np.random.default_rng(0).permutation(n)
    is_test = share_of_each(by_class(np.arange(n), mixed), n // 5)
    assert set(np.flatnonzero(is_test)) == set(mixed[: n // 5])
