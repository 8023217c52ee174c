"""RefusalError: a status and a sentence."""

from __future__ import annotations

from graphnet.serving.refusal import RefusalError


def test_it_has_both():
    """As a response needs them."""
    refused = RefusalError(413, "too much")
    assert (refused.status, str(refused)) == (413, "too much")
