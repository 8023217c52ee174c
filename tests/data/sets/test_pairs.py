"""Pairs of samples of one class and of two."""

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnet.data.sets import embedded_sets
from graphnet.data.sets.pairs import pairs


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 6), min_size=2, max_size=5),
    per_sample=st.integers(1, 4),
    key=st.integers(0, 99),
)
def test_pairs(sizes, per_sample, key):
    """Every other pair is of one class, never a sample with itself, and each is first as often."""
    label = np.random.default_rng(key).permutation(np.repeat(np.arange(len(sizes)), sizes))
    n = len(label)
    found = pairs({"data": np.arange(n), "label": label}, per_sample, key)
    a, b, similar = found["data_a"], found["data_b"], found["similar"]
    assert (np.bincount(a, minlength=n) == per_sample).all()
    assert (a != b).all()
    np.testing.assert_array_equal(label[a] == label[b], similar)
    np.testing.assert_array_equal(similar, (np.arange(n * per_sample) + 1) % 2)


def test_every_partner_is_as_likely():
    """Over many draws no partner of a class, or of the other classes, is preferred."""
    label = np.repeat(np.arange(3), [2, 4, 6])
    found = pairs({"data": np.arange(12), "label": label}, per_sample=20_000)
    counts = np.zeros((12, 12))
    np.add.at(counts, (found["data_a"], found["data_b"]), 1)
    same = label[:, None] == label
    for row in range(12):
        for partners in (same[row] & (np.arange(12) != row), ~same[row]):
            expected = 10_000 / partners.sum()
            assert np.abs(counts[row, partners] - expected).max() < 5 * np.sqrt(expected)


def test_the_pairs_are_the_same_everywhere():
    """They do not depend on the version of NumPy or the machine."""
    found = pairs(embedded_sets.digits()["test"])
    content = b"".join(found[k].tobytes() for k in ("data_a", "data_b", "similar"))
    assert hashlib.sha256(content).hexdigest() == DIGEST


DIGEST = "69035759931184e0f0e99c77a2294f61c06389ae933060dc6eb3e9500c21203b"
