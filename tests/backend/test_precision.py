"""Which precisions of products there are, and how a backend with one is opened."""

from __future__ import annotations

import pytest

from graphnet.backend import open_backend
from graphnet.backend.precision import PRECISIONS
from graphnet.errors import BackendError


@pytest.mark.parametrize("precision", PRECISIONS)
def test_each_has_a_backend(precision):
    """By its name, in as many threads."""
    backend = open_backend("numpy", 2, precision)
    assert (backend.name, backend.precision, backend.threads) == ("numpy", precision, 2)


def test_another_is_refused():
    """With those there are."""
    with pytest.raises(BackendError, match="no precision 'half'") as caught:
        open_backend("numpy", 1, "half")
    assert "bfloat16" in str(caught.value)
