"""No call in the package asks CuPy for what it does not have."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from support.cupy_calls import calls
from support.cupy_table import made_table, table

import graphnet

PACKAGE = Path(graphnet.__file__).parent
#: Modules whose arrays are all the host's.
HOST = re.compile(
    r"data/|cli/|random/|backend/numpy/|draw/|runs/|report/|interchange/|inference/|metrics/|serving/"
    r"|estimators/|tuning/"
)
FEWEST_CALLS = 500  # there are more; a scan that finds fewer has stopped looking


def test_every_call_fits_cupy():
    """Names, keywords and numbers of arguments are those of CuPy 14.2, in every module."""
    count, wrong = 0, []
    for path in sorted(PACKAGE.rglob("*.py")):
        short = path.relative_to(PACKAGE).as_posix()
        for call in calls(path.read_text(encoding="utf-8"), on_device=not HOST.match(short)):
            count += 1
            if call.problem:
                where = f"graphnet/{short}:{call.line}"
                wrong.append(f"{where}: {call.name}: {call.problem}")
    assert not wrong, "\n".join(wrong)
    assert count > FEWEST_CALLS


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("xp.sum(x, axis=0, where=mask)", "it has no 'where'"),
        ("self.xp.max(x, initial=0)", "it has no 'initial'"),
        ("xp.einsum('ij,ij->i', a, b, out=c)", "it has no 'out'"),
        ("backend.xp.take(x, i, mode='clip')", "it has no 'mode'"),
        ("xp.add(a, b, out=c, where=mask)", "has no keyword 'where'"),
        ("xp.add(a, b, c, d)", "4 positional arguments"),
        ("xp.add(a, out=b)", "1 positional arguments"),
        ("partial(xp.tanh, a, b, c)", "3 positional arguments"),
        ("partial(xp.matmul, a, b, c)", "too many positional arguments"),
        ("partial(self.xp.copyto, a, b, 'no', m, 1)", "too many positional arguments"),
        ("xp.concatenate(arrays=parts)", "it has no 'arrays'"),
        ("xp.concatenate()", "missing a required argument: 'tup'"),
        ("xp.errstate(all='ignore')", "has no 'errstate'"),
        ("xp.add.at(x, i, y)", "adds in no fixed order"),
        ("xp.nditer(x)", "has no 'nditer'"),
        ("add = xp.vecdot", "has no 'vecdot'"),
        ("x.sum(axis=0, out=y, where=mask)", "it has no 'where'"),
        ("x.max(initial=0)", "it has no 'initial'"),
        ("x.reshape(shape, newshape=1)", "it has no 'newshape'"),
        ("x.swapaxes(0)", "missing a required argument"),
    ],
)
def test_what_cupy_lacks_is_found(line, problem):
    """A planted call that CuPy would refuse is reported with its line."""
    found = [call for call in calls(f"\n{line}\n") if call.problem]
    assert [call.line for call in found] == [2]
    assert problem in found[0].problem


@pytest.mark.parametrize(
    "line",
    [
        "xp.sum(x, axis=(0, 2), keepdims=True, out=y)",
        "partial(self.xp.copyto, a, zero, 'same_kind', mask)",
        "partial(xp.matmul, a, b, out=c)",
        "(xp.greater if first else xp.greater_equal)(a, b, out=c)",
        "np.abs(x).max(initial=0)",
        "x.reshape(*shape, -1)",
        "x.transpose(1, 0)",
    ],
)
def test_what_cupy_has_passes(line):
    """Calls that CuPy takes are none of the scan's business."""
    assert not [call for call in calls(line) if call.problem]


def test_the_table_is_cupys():
    """The checked-in table is what the installed CuPy gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about libraries that are not installed
        cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if cupy.__version__ != table()["version"]:
        pytest.skip(f"the table is of CuPy {table()['version']}, here is {cupy.__version__}")
    assert made_table() == table()
