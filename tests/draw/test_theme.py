"""Tests of graphnet.draw.theme."""

import pytest

from graphnet.draw.theme import HEATS, ROOMS, THEME


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("side", ["light", "dark"])
def test_texts_can_be_read_on_every_box(side):
    """A contrast of 4.5 to 1, as WCAG asks for small text."""
    looks = {name: getattr(both, side) for name, both in THEME.items()}
    for ink in ("ink", "muted"):
        for name in (*ROOMS, "page", "badge", *(f"heat{i}" for i in range(HEATS))):
            found = contrast(looks[ink].fill, looks[name].fill)
            assert found >= 4.5, f"{ink} on {name}: {found:.2f}"
