"""What all tests stand on: no network, and none of the user's data."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def alone(tmp_path_factory):
    """The results do not depend on what has been fetched here before, or could be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_OFFLINE", "1")
        patch.setenv("GRAPHNET_DATA", str(tmp_path_factory.mktemp("data")))
        yield
