"""What graphnet needs is read from its metadata, and compared with what is here."""

from __future__ import annotations

import pytest

from graphnet import dependencies
from graphnet.dependencies import Dependency, version_of


def test_of_this_environment():
    """NumPy is needed, and here; what extras bring comes last."""
    found = dependencies.dependencies(["pillow>=10.3; extra == 'images'", "numpy>=2.3"])
    assert [(d.name, d.wanted, d.extra) for d in found] == [
        ("numpy", ">=2.3", ""),
        ("pillow", ">=10.3", "images"),
    ]
    assert found[0].is_met
    assert version_of("no-such-package") == ""


def test_where_it_was_not_installed(monkeypatch):
    """A copy that is only on the path has no metadata."""
    monkeypatch.setattr(dependencies, "DISTRIBUTION", "no-such-package")
    assert dependencies.dependencies() == []


@pytest.mark.parametrize(
    ("version", "wanted", "is_met"),
    [
        ("2.3.0", ">=2.3", True),
        ("2.3", ">=2.3.0", True),
        ("2.10.1", ">=2.3", True),
        ("2.2.9", ">=2.3", False),
        ("2.12", "<3,>=2.12", True),
        ("3.0.0", "<3,>=2.12", False),
        ("3.0rc1", "<3", False),
        ("1.2", "==1.2.0", True),
        ("1.3", "==1.2", False),
        ("1.3", ">1.2,<=1.3", True),
        ("anything", "", True),
        ("", "", False),
    ],
)
def test_versions(version, wanted, is_met):
    """They are compared number by number."""
    assert Dependency("x", wanted, "", version).is_met == is_met
