"""Operations are tested as passes run them."""

from __future__ import annotations

import pytest

from graphnet.backend.numpy.limits import limits


@pytest.fixture(autouse=True, scope="module")
def _within_limits(request):
    """Bits depend on BLAS's threads; the tests of the limits themselves do without."""
    if request.module.__name__.endswith("test_limits"):
        yield
    else:
        with limits():
            yield
