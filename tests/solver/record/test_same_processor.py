"""Processors of one kind, and of another."""

import pytest

from graphnet.solver.record.same_processor import other_kind

HERE = {
    "model": "A 9",
    "architecture": "x86_64",
    "blas": ["openblas 0.3.31 for Haswell"],
    "vectors": ["X86_V3", "X86_V4"],
}


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({}, ""),
        ({"model": "B 3"}, ""),
        ({"blas": ["openblas 0.3.31 for Zen"]}, "A 9, now A 9: BLAS openblas 0.3.31 for Zen, now "),
        (
            {"model": "", "architecture": "arm64"},
            "unknown, now A 9: architecture arm64, now x86_64",
        ),
        ({"vectors": ["X86_V3"]}, "A 9, now A 9: NumPy's instructions with X86_V4"),
        ({"vectors": ["X86_V3", "Y"]}, "NumPy's instructions without Y and with X86_V4"),
    ],
)
def test_what_decides(then, said):
    """Instructions and kernels do; the model alone does not."""
    found = other_kind({**HERE, **then}, HERE)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize("then", [None, "x", 3, [], {"blas": None}])
def test_what_an_older_graphnet_has_recorded(then):
    """Nothing is known, and nothing is said."""
    assert other_kind(then, HERE) == ""
