"""What all tests stand on: no network, and none of the user's data."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
#: Folders of tests about numbers: NumPy and kernels decide on them, which are the same with every
#: Python. What a Python lacks, mypy finds with the oldest, and the tests of nets, which run layers.
NUMERIC = frozenset(("backend", "layers", "metrics", "params"))


@pytest.hookimpl(tryfirst=True)  # before tests are left out by their markers
def pytest_collection_modifyitems(items):
    """Mark what is in the folders of numbers."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in NUMERIC:
            item.add_marker("any_python")


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
