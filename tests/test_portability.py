"""What is not of POSIX: by simulation, as long as nobody tests on another system."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphnet

ROOT = Path(graphnet.__file__).parents[1]
EVERY_MODULE = """\
import importlib, pkgutil, sys
# what others do here that is POSIX's is theirs: on such a system they do something else
sys.modules |= dict.fromkeys(["IPython", "onnx", "optuna", "pandas", "sklearn", "starlette"])
import graphnet
from graphnet.errors import MissingExtraError
elsewhere = (
    *("graphnet.__main__", "graphnet.parallel.mpi", "graphnet.parallel.elastic"),
    *("graphnet.cli.serve", "graphnet.serving."),
)
for module in pkgutil.walk_packages(graphnet.__path__, "graphnet."):
    if module.name not in elsewhere and not module.name.startswith(elsewhere[-1]):
        try:
            importlib.import_module(module.name)
        except MissingExtraError:
            pass
print("imported")
"""


@pytest.fixture
def python(tmp_path):
    """Runs Python in a folder, in a process that has nothing of POSIX."""
    site = tmp_path / "site"
    site.mkdir()
    text = (ROOT / "tests" / "support" / "not_posix.py").read_text("utf-8")
    (site / "sitecustomize.py").write_text(text, "utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}

    def run(*args):
        done = subprocess.run(
            [sys.executable, "-X", "dev", *args],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    assert run("-c", "import fcntl")[0] == 1
    return run


def test_every_module_can_be_imported(python):
    """But for the ranks of MPI, which need its library, and the service: asyncio here is POSIX."""
    assert python("-c", EVERY_MODULE) == (0, "imported\n", "")


#: Trained, gone on with, begun anew, tested, and used.
COMMANDS = """\
solve nets/iris.yaml --quiet --set max_epoch=4
solve nets/iris.yaml --quiet --set max_epoch=8
solve nets/iris.yaml --quiet --set max_epoch=4 --fresh
test nets/iris.yaml --weights runs/iris
predict nets/iris.yaml --weights runs/iris --input rows.npy --output out.h5
predict nets/iris.yaml --weights runs/iris --input rows.npy --output out.h5
predict nets/iris.yaml --weights runs/iris --input rows.npy --output out.H5
check-grad nets/iris.yaml
time nets/iris.yaml --steps 2
data pack data=rows.npy --to packed
data pack data=rows.npy --to packed --force
data info packed/train.h5
snapshot info runs/iris
"""
ALL_OF_THEM = f"""\
from graphnet.cli import main
for command in {COMMANDS!r}.splitlines():
    print(command, main(command.split()))
"""


def test_a_net_is_trained_without_posix(python, tmp_path):
    """And all else works; locks alone are missed, which is said."""
    for folder in ("nets", "solvers"):
        (tmp_path / folder).mkdir()
        text = (ROOT / folder / "iris.yaml").read_text("utf-8")
        (tmp_path / folder / "iris.yaml").write_text(text, "utf-8")
    np.save(tmp_path / "rows.npy", np.ones((3, 4), np.float32))
    code, out, err = python("-c", ALL_OF_THEM)
    assert code == 0, err
    for command in COMMANDS.splitlines():
        assert f"{command} 0\n" in out, err
    said = [line for line in err.splitlines() if not line.startswith("  ")]
    assert all("no file locks" in line or "waits for 'accuracy'" in line for line in said), said
    snapshots = list((tmp_path / "runs" / "iris" / "snapshots").glob("snapshot-*.h5"))
    assert len(snapshots) == 1
