"""Which job a process belongs to."""

import re
import subprocess
import sys

import pytest

from graphnet.errors import RankError
from graphnet.installation import pip_install
from graphnet.parallel.communicator import LocalCommunicator
from graphnet.parallel.launch import check_one_process, current, elastic_of, launched, launched_as


@pytest.fixture(autouse=True)
def _anew(monkeypatch):
    for name in ("PMI_RANK", "PMI_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PMIX_RANK", raising=False)
    launched.cache_clear()
    yield
    launched.cache_clear()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"PMI_SIZE": "4"}, None),
        ({"PMI_RANK": "2", "PMI_SIZE": "4"}, (2, 4)),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"}, (0, 1)),
        ({"PMIX_RANK": "3"}, (3, None)),
        ({"PMI_RANK": "none"}, None),
    ],
)
def test_launched_as(environ, expected):
    """What MPICH, Open MPI and PMIx say."""
    assert launched_as(environ) == expected


def test_without_a_launcher_there_is_no_mpi():
    """It is not even imported."""
    assert current().size == 1
    code = (
        "import sys; from graphnet.parallel.launch import current; current();"
        "import graphnet.solver.solver; sys.exit('mpi4py' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_launcher_and_no_mpi4py(monkeypatch):
    """The message names what to install; only rank 0 says it."""
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.delitem(sys.modules, "graphnet.parallel.mpi", raising=False)
    monkeypatch.setenv("PMI_RANK", "0")
    with pytest.raises(RankError, match=re.escape(pip_install("mpi"))):
        current()
    monkeypatch.setenv("PMI_RANK", "1")
    with pytest.raises(SystemExit, match="1"):
        current()


def test_what_is_for_one_process():
    """Rank 0 of several refuses it, the others leave."""
    check_one_process("graphnet test", {})
    check_one_process("graphnet test", {"PMI_RANK": "0", "PMI_SIZE": "1"})
    with pytest.raises(RankError, match=r"'graphnet test' is for one process.* rank 0 of 2"):
        check_one_process("graphnet test", {"PMI_RANK": "0", "PMI_SIZE": "2"})
    with pytest.raises(SystemExit, match="1"):
        check_one_process("graphnet test", {"PMI_RANK": "1", "PMI_SIZE": "2"})


def test_one_rank_is_not_elastic():
    """There is none that could go on without it; how to start several is said."""
    job = LocalCommunicator()
    made, why_not = elastic_of(job, 1)
    assert made is job
    assert why_not.startswith("there is one rank, which cannot do without itself\n  start it as")
    assert "mpiexec --with-ft ulfm" in why_not
