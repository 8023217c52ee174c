"""Counts, bytes and seconds as people read them."""

from __future__ import annotations

import pytest

from graphnet.amounts import bytes_text, count_text, exact_text, seconds_text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0 k"),
        (18_432_000, "18.4 M"),
        (99_949_999, "99.9 M"),
        (99_950_000, "100 M"),
        (999_499_999, "999 M"),
        (999_500_000, "1.0 G"),
        (2 * 10**15, "2.0 P"),
        (10**19, "10000 P"),
    ],
)
def test_counts(n, text):
    """Three digits and a unit of 1000."""
    assert count_text(n) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (101_800, "99.4 KiB"),
        (102_400, "100 KiB"),
        (1_048_575, "1.0 MiB"),
        (5 * 2**30, "5.0 GiB"),
        (3 * 2**50, "3072 TiB"),
    ],
)
def test_bytes(n, text):
    """Two or three digits and a unit."""
    assert bytes_text(n) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (4.24, "4.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_seconds(seconds, text):
    """In the unit that fits."""
    assert seconds_text(seconds) == text


def test_exact_amounts():
    """Whole ones in full, sums of weights to one digit."""
    assert [exact_text(n) for n in (0, 18_400, 18_400.0, 0.25)] == [
        "0",
        "18,400",
        "18,400.0",
        "0.2",
    ]
