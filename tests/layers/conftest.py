"""Layers are tested as passes run them."""

from __future__ import annotations

import pytest

from graphnet.backend.numpy.limits import limits


@pytest.fixture(autouse=True, scope="module")
def _within_limits():
    """NumPy's buffers, for which it takes memory in each call, are small."""
    with limits():
        yield
