"""The memory that is planned is the memory that is used."""

from __future__ import annotations

import pytest

from benchmarks.cases import CASES, DEEP
from benchmarks.graphnet_case import rows_of
from benchmarks.memory import tables, trace

SEVERAL = [
    CASES["mnist"],
    CASES["lenet-adam"].with_sizes(batch=100),
    CASES["lenet5-fashion"].with_sizes(batch=64),
    CASES["cifar10-quick"].with_sizes(batch=20),
    CASES["nielsen"],
    CASES["iris"],
    CASES["char-rnn"],
    CASES["tiny-gpt"].with_sizes(batch=8),
    DEEP.with_sizes(batch=16, depth=4, lr=1e-5),
]

ROUNDED = [
    CASES["mnist"],
    CASES["lenet5-fashion"].with_sizes(batch=64),
    CASES["char-rnn"],
    CASES["tiny-gpt"].with_sizes(batch=8),
]


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("case", ROUNDED, ids=lambda case: case.name)
def test_rounded_operands_are_planned_too(case, precision):
    """To a tenth, in mixed precision; more than without where a layer multiplies as a whole."""
    rows, _ = rows_of(case, 4 * case.batch)
    found = trace(case, rows, threads=1, precision=precision)
    assert 0.9 < found["traced"] / found["planned"] < 1.1, found
    assert found["left_per_step"] == 0
    assert found["risen_per_step"] < 64 * 1024


@pytest.mark.parametrize("case", SEVERAL, ids=lambda case: case.name)
def test_planned_bytes_are_those_that_numpy_allocates(case):
    """To a tenth; and once a net has settled, a step leaves no array and makes none of its size."""
    rows, _ = rows_of(case, 4 * case.batch)
    # alone: another thread makes its blocks when it first gets something to do, which may be late
    found = trace(case, rows, threads=1)
    assert 0.9 < found["traced"] / found["planned"] < 1.1, found
    assert found["left_per_step"] == 0
    assert found["risen_per_step"] < 64 * 1024  # NumPy's buffers for iterating, small objects
    row = tables([{"net": case.name, "batch": case.batch} | found])[0].rows[0]
    assert row[0] == f"{case.name} ({case.batch})"
