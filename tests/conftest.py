"""What all tests stand on: no network, and none of the user's data."""

from __future__ import annotations

import gc

import pytest


def pytest_collection_finish():
    """Thousands of tests are no garbage: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def alone(tmp_path_factory):
    """The results do not depend on what has been fetched here before, or could be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHNET_OFFLINE", "1")
        patch.setenv("GRAPHNET_DATA", str(tmp_path_factory.mktemp("data")))
        yield
